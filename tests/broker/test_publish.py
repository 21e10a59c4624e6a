"""Sets that are published while a worker runs and customers wait (SEMANTICS 6.1, 6.2): each flow is
changed in another way, and one customer waits in each. Read from the topic of decisions.

    events      publish B                  due             publish C
    |-----------|--------------------------|---------------|
    entered     deleted steps are left,    edited, moved,  the paused flow
                archived flows end         inserted        is live again
"""

import json
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from streams.contracts.decisions import DECISIONS, read_decisions
from streams.contracts.encode import encode_event
from streams.embedded.broker_process import BrokerProcess
from streams.kafka.event_producer import EventProducer
from streams.operations.publish import publish_set, published_sets, read_set
from streams.ports import OutputRecord
from tests.harness.events import now
from tests.harness.eventually import eventually
from tests.harness.topics import records_of
from tests.harness.worker_process import WorkerProcess
from tests.harness.worker_shop import Shop

pytestmark = pytest.mark.slow

SHORT = 15_000
"""How long those wait who are to be overtaken by a set, ms: a slow machine publishes in less."""

Steps = list[dict[str, Any]]


def short(id_: str = "pause") -> dict[str, Any]:
    return {"wait": f"{SHORT // 1000}s", "id": id_}


def long(id_: str = "pause") -> dict[str, Any]:
    return {"wait": "1h", "id": id_}


def mail(template: str) -> dict[str, Any]:
    return {"send": "email", "template": template}


REACHABLE = {"profile": "email", "exists": "true"}
SEARCHED = {"count": "search.performed", "at_least": "1"}

BEFORE: dict[str, Steps] = {
    "edited": [short(), mail("edited-mail")],
    "deleted": [long(), mail("deleted-mail")],
    "removed": [long(), mail("removed-mail")],
    "inserted": [short(), mail("inserted-mail")],
    "moved": [short(), mail("moved-mail")],
    "renamed": [long("old"), mail("renamed-mail")],
    "branch": [{"if": REACHABLE, "then": [long("inside"), mail("inside-mail")]}, mail("below")],
    "paused": [short(), mail("paused-mail")],
    "archived": [long(), mail("archived-mail")],
    "left-out": [long(), mail("left-out-mail")],
    "untouched": [short(), mail("untouched-mail")],
}
AFTER: dict[str, Steps] = {
    **BEFORE,
    "edited": [long(), mail("edited-mail")],
    "deleted": [mail("deleted-mail")],
    "removed": [long("another"), mail("another-mail")],
    "inserted": [short(), {"if": SEARCHED, "then": [mail("new-mail")]}, mail("inserted-mail")],
    "moved": [{"if": SEARCHED, "then": [short(), mail("moved-mail")]}, mail("moved-below")],
    "renamed": [long("new"), mail("renamed-mail")],
    "branch": [mail("below")],
}
AFTER.pop("left-out")


class Run(msgspec.Struct):
    """What was published when, and every decision."""

    changed_at: int
    live_again_at: int
    decisions: list[dict[str, Any]]

    def of(self, flow: str) -> list[tuple[str, str, str | None]]:
        """Outcome, reason and step of each decision about a flow."""
        ours = [one for one in self.decisions if one["flow"] == flow]
        return [(one["outcome"], one["reason"], one["step"]) for one in ours]

    def at(self, flow: str, outcome: str, step: str | None = None) -> int:
        """When that was decided."""
        (found,) = [
            one["at"]
            for one in self.decisions
            if (one["flow"], one["outcome"]) == (flow, outcome) and step in (None, one["step"])
        ]
        return int(found)


def flows(steps: dict[str, Steps], **status: str) -> dict[str, dict[str, Any]]:
    """Each is started by a search for its own name."""
    return {
        name: {
            "flow": name,
            "status": status.get(name, "live"),
            "transactional": "true",
            "trigger": {"metric": "search.performed", "where": {"query": name}},
            "steps": of_flow,
        }
        for name, of_flow in steps.items()
    }


def put_in_force(shop: Shop, definitions: dict[str, dict[str, Any]]) -> int:
    """Publishes a set; its time."""
    for file in shop.flows.glob("*.yaml"):
        if file.stem != "store":
            file.unlink()
    for name, flow in definitions.items():
        (shop.flows / f"{name}.yaml").write_text(json.dumps(flow))
    publish_set(shop.settings, read_set(shop.flows), now())
    return published_sets(shop.settings)[-1].at


def search(shop: Shop, *queries: str, number: int) -> None:
    """A customer for each query, named like it."""
    with EventProducer(shop.settings) as producer:
        for query in queries:
            fields: dict[str, Any] = {
                "event_id": f"{query}-{number}",
                "customer_id": query,
                "occurred_at": now(),
                "query": query,
                "filters": {},
                "results": 1,
            }
            value = encode_event("search.performed", fields)
            producer.produce(OutputRecord("searches", query.encode(), value))


def register(shop: Shop, *customers: str) -> None:
    with EventProducer(shop.settings) as producer:
        for customer in customers:
            fields = {
                "event_id": f"profile-{customer}",
                "customer_id": customer,
                "occurred_at": now(),
                "set": {"email": f"{customer}@example.com"},
            }
            value = encode_event("customer.updated", fields)
            producer.produce(OutputRecord("customers", customer.encode(), value))


def decisions(shop: Shop) -> list[dict[str, Any]]:
    """All that were committed, in order of time."""
    values = [found.record.value or b"" for found in records_of(shop.settings, DECISIONS)]
    return sorted(
        (one for value in values for one in read_decisions(value)), key=lambda one: int(one["at"])
    )


def wait_for(shop: Shop, worker: WorkerProcess, outcome: str, *wanted: str) -> None:
    """Waits until each of these flows has a decision of this outcome."""

    def missing() -> set[str]:
        found = {one["flow"] for one in decisions(shop) if one["outcome"] == outcome}
        return set(wanted) - found

    eventually(
        lambda: not missing(), 60, every=0.3, message=lambda: f"{missing()} {worker.log_tail()}"
    )


@pytest.fixture(scope="module")
def published(broker: BrokerProcess, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    folder = tmp_path_factory.mktemp("publish")
    prefix = f"{folder.name}-{folder.parent.name}."
    with Shop(broker, prefix, folder / "shop", partitions=2) as shop:
        shop.create_topics()
        put_in_force(shop, flows(BEFORE))
        register(shop, *BEFORE)
        worker = shop.start("one")
        worker.wait_for(2)
        search(shop, *BEFORE, number=1)
        wait_for(shop, worker, "entered", *BEFORE)
        changed_at = put_in_force(shop, flows(AFTER, paused="paused", archived="archived"))
        wait_for(shop, worker, "exited", "deleted", "removed", "renamed", "branch", "archived")
        search(shop, "paused", "archived", "left-out", number=2)
        wait_for(shop, worker, "sent", "edited", "inserted", "moved", "untouched")
        wait_for(shop, worker, "held", "paused")
        wait_for(shop, worker, "not_entered", "paused")
        live_again_at = put_in_force(shop, flows(AFTER, archived="archived"))
        wait_for(shop, worker, "exited", "paused")
        assert worker.stop() == 0
        yield Run(changed_at, live_again_at, decisions(shop))


ENTERED = ("entered", "", None)
FINISHED = ("exited", "finished", None)


def test_an_edited_wait_keeps_its_due_time(published: Run) -> None:
    assert published.of("edited") == [ENTERED, ("sent", "", "edited-mail"), FINISHED]
    assert published.at("edited", "sent") == published.at("edited", "entered") + SHORT


def test_who_waits_at_a_deleted_step_goes_on_at_the_moment_of_publishing(published: Run) -> None:
    assert published.of("deleted") == [ENTERED, ("sent", "", "deleted-mail"), FINISHED]
    assert published.at("deleted", "sent") == published.changed_at


def test_where_nothing_is_left_that_followed_the_journey_ends(published: Run) -> None:
    assert published.of("removed") == [ENTERED, ("exited", "step_removed", "pause")]
    assert published.at("removed", "exited") == published.changed_at


def test_what_is_inserted_below_a_wait_is_judged_when_the_wait_ends(published: Run) -> None:
    assert published.of("inserted") == [
        ENTERED,
        ("branch", "then", "steps[1]"),
        ("sent", "", "new-mail"),
        ("sent", "", "inserted-mail"),
        FINISHED,
    ]
    due = published.at("inserted", "entered") + SHORT
    assert published.at("inserted", "sent", "inserted-mail") == due


def test_a_step_that_moved_is_where_its_id_is(published: Run) -> None:
    assert published.of("moved") == [
        ENTERED,
        ("sent", "", "moved-mail"),
        ("sent", "", "moved-below"),
        FINISHED,
    ]
    due = published.at("moved", "entered") + SHORT
    assert published.at("moved", "sent", "moved-mail") == due


def test_a_renamed_id_is_another_step_and_who_waited_goes_on(published: Run) -> None:
    assert published.of("renamed") == [ENTERED, ("sent", "", "renamed-mail"), FINISHED]
    assert published.at("renamed", "sent") == published.changed_at


def test_who_is_inside_a_branch_that_is_removed_goes_on_a_level_up(published: Run) -> None:
    assert published.of("branch") == [
        ENTERED,
        ("branch", "then", "steps[0]"),
        ("sent", "", "below"),
        FINISHED,
    ]
    assert published.at("branch", "sent") == published.changed_at


def test_a_paused_flow_lets_nobody_in_holds_and_sends_when_it_is_live_again(published: Run) -> None:
    told = published.of("paused")
    assert sorted(told[1:3]) == [
        ("held", "flow_paused", "paused-mail"),
        ("not_entered", "flow_paused", None),
    ]
    assert [told[0], *told[3:]] == [ENTERED, ("sent", "", "paused-mail"), FINISHED]
    assert published.at("paused", "held") == published.at("paused", "entered") + SHORT
    assert published.at("paused", "sent") == published.live_again_at


@pytest.mark.parametrize("flow", ["archived", "left-out"])
def test_an_archived_flow_ends_at_once_and_takes_nobody(published: Run, flow: str) -> None:
    assert published.of(flow) == [ENTERED, ("exited", "archived", "pause")]
    assert published.at(flow, "exited") == published.changed_at


def test_what_wasnt_changed_goes_on_as_if_nothing_had_been(published: Run) -> None:
    assert published.of("untouched") == [ENTERED, ("sent", "", "untouched-mail"), FINISHED]
    due = published.at("untouched", "entered") + SHORT
    assert published.at("untouched", "sent") == due
