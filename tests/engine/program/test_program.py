import pytest

from streams.engine import METRICS
from streams.engine.customer.update import ALWAYS_READ, APPLY, APPLY_IN_COUNTRY
from tests.harness.customer import MONDAY, Customer, flow, program_of, send


def test_the_same_set_gives_the_same_versions() -> None:
    one, same = program_of(flow(send())), program_of(flow(send()))
    assert one.flows["flow"].version == same.flows["flow"].version
    assert one.number == same.number
    assert program_of(flow(send()), version="2").number != one.number


def test_a_flows_version_changes_with_the_flow_alone() -> None:
    one = program_of(flow(send()), flow(send(), name="other"))
    two = program_of(flow(send("changed")), flow(send(), name="other"))
    assert one.flows["flow"].version != two.flows["flow"].version
    assert one.flows["other"].version == two.flows["other"].version


def test_facts_change_and_nothing_else() -> None:
    program = program_of(flow(send()))
    with_facts = program.with_facts({"clv.total.mean": 12_000})
    assert with_facts.facts == {"clv.total.mean": 12_000}
    assert program.facts == {}
    assert with_facts.on_metric is program.on_metric


def test_only_fields_that_somebody_reads() -> None:
    where = {"metric": "search.performed", "where": {"filters.colour": "red"}}
    message = send(variables={"query": "$trigger.query"})
    program = program_of(flow(message, trigger=where))
    assert program.fields_read("search.performed") == {"query", "filters"}
    assert program.fields_read("view.item") == {"currency"}
    assert program.fields_read("view.list") == frozenset()
    assert program.fields_read("cart.updated") == {"cart_id", "total", "currency", "items"}
    assert program.fields_read("no.such.metric") == frozenset()


@pytest.mark.parametrize("metric", sorted(METRICS))
def test_every_metric_has_a_plan(metric: str) -> None:
    program = program_of()
    apply = program.on_metric[metric].apply
    if metric in APPLY_IN_COUNTRY:
        assert apply is not None
    else:
        assert apply is APPLY.get(metric)
    assert program.fields_read(metric) >= ALWAYS_READ.get(metric, frozenset())
    assert program.fields_read(metric) <= METRICS[metric].fields.keys()


def test_what_every_event_has_may_be_read_too() -> None:
    where = {"metric": "view.item", "where": {"event_id": {"starts_with": "web-"}}}
    ada = Customer(program_of(flow(send(), trigger=where)))
    ada.view(MONDAY, event_id="app-1")
    assert ada.sent() == []
    ada.view(MONDAY + 1, event_id="web-1")
    assert ada.sent() == [(MONDAY + 1, "hello")]


def test_a_metric_of_no_flow_costs_only_its_counters() -> None:
    program = program_of(flow(send(), on="order.placed"))
    plan = program.on_metric["view.item"]
    assert not plan.flows
    assert not plan.concerns_journeys
