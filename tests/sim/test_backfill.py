"""Past customers are added to a flow, through the task: order of topics, crashes, counts."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from streams.contracts.backfill_requests import BackfillRequest, backfill_record
from streams.contracts.decode import EventDecoder
from streams.contracts.encode import EffectEncoder
from streams.engine import Instant
from streams.local import LocalParts, LocalTask
from streams.ports import Record, TaskSettings
from streams.programs import Programs
from streams.store.memory import MemoryStore
from tests.harness.examples import examples
from tests.harness.local_shop import BEGIN, DAY, HOUR, SKEW, LocalShop

LATE_FLOW: dict[str, Any] = {
    "flow": "late",
    "trigger": {"metric": "cart.updated"},
    "key": "cart_id",
    "max_event_age": "1s",
    "exit_on": [{"metric": "order.placed"}],
    "steps": [
        {"wait": "1d", "id": "w1"},
        {"send": "email", "template": "one"},
        {"wait": "1d", "id": "w2"},
        {"send": "email", "template": "two"},
    ],
}


def ask(shop: LocalShop, at: Instant, cart: Record) -> None:
    """The event of this record is to start the flow, afterwards."""
    assert cart.key is not None
    assert cart.value is not None
    request = BackfillRequest(cart.key.decode(), "late", at, None, "carts", cart.time, cart.value)
    record = backfill_record(request)
    shop.local.append(record.topic, at, record.key, record.value)


def old_cart(shop: LocalShop, at: Instant, customer: str, number: int) -> Record:
    """A cart that is recorded an hour after it was left."""
    shop.cart(at + HOUR, customer, occurred_at=at, cart_id=f"c{number}")
    return shop.local.logs["carts"][-1]


def test_5_3_an_event_of_the_same_moment_comes_first(shop: LocalShop) -> None:
    shop.publish(BEGIN - 1, LATE_FLOW)
    shop.customer(BEGIN, "ada")
    cart = old_cart(shop, BEGIN, "ada", 1)
    ask(shop, BEGIN + 2 * HOUR, cart)
    shop.order(BEGIN + 2 * HOUR, "ada")
    shop.until(BEGIN + 9 * DAY)
    assert shop.sent() == []
    assert shop.local.task.counts["backfills_rejected"] == 1
    assert shop.local.task.counts["backfilled"] == 0


def test_it_is_counted_and_what_cannot_be_read_is_a_dead_letter(shop: LocalShop) -> None:
    shop.publish(BEGIN - 1, LATE_FLOW)
    shop.customer(BEGIN, "ada")
    cart = old_cart(shop, BEGIN, "ada", 1)
    ask(shop, BEGIN + 2 * HOUR, cart)
    shop.local.append("backfills", BEGIN + 2 * HOUR, b"ada", json.dumps({"flow": "late"}).encode())
    shop.until(BEGIN + 9 * DAY)
    assert shop.sent() == [("ada", "one", BEGIN + DAY), ("ada", "two", BEGIN + 2 * DAY)]
    assert shop.local.task.counts["backfilled"] == 1
    (letter,) = shop.outputs("dead-letters")
    assert letter["reason"] == "field 'customer_id' is missing"


def test_nothing_is_stored_of_an_unknown_customer(shop: LocalShop) -> None:
    shop.publish(BEGIN - 1, LATE_FLOW)
    cart = old_cart(shop, BEGIN, "ada", 1)
    shop.happens(BEGIN + 2 * HOUR, "customer.erased", "ada")
    ask(shop, BEGIN + 3 * HOUR, cart)
    shop.until(BEGIN + 9 * DAY)
    assert shop.local.store.get(b"ada") is None
    assert shop.local.task.counts["backfills_rejected"] == 1


def run_through(plan: list[str], events: list[tuple[int, str, str]]) -> LocalShop:
    """Carts, orders and backfills of all carts so far, with `plan` in between."""
    parts = LocalParts(
        MemoryStore, EventDecoder(), EffectEncoder(), Programs(), TaskSettings(clock_skew=SKEW)
    )
    shop = LocalShop(LocalTask(parts))
    shop.publish(BEGIN - 1, LATE_FLOW)
    for customer in ("ada", "bob"):
        shop.customer(BEGIN, customer)
    carts: list[Record] = []
    for number, (at, what, customer) in enumerate(sorted(events)):
        match what:
            case "cart":
                carts.append(old_cart(shop, at - HOUR, customer, number))
            case "order":
                shop.order(at, customer)
            case "backfill":
                for cart in carts:
                    ask(shop, at, cart)
        if number < len(plan):
            match plan[number]:
                case "commit":
                    shop.until(at - SKEW)
                case "commit_only":
                    shop.local.advance(at)
                    shop.local.commit(at, with_store=False)
                    shop.local.restart()
                case "crash":
                    shop.local.advance(at)
                    shop.local.restart()
                case "lose_disk":
                    shop.local.restart(keep_store=False)
    shop.order(BEGIN + 19 * DAY, "ada")  # so that there is something to commit at the end
    shop.until(BEGIN + 20 * DAY)
    return shop


@examples(40)
@given(
    plan=st.lists(st.sampled_from(["commit", "commit_only", "crash", "lose_disk"]), max_size=30),
    events=st.lists(
        st.tuples(
            st.integers(BEGIN + 2 * HOUR, BEGIN + 4 * DAY),
            st.sampled_from(["cart", "cart", "order", "backfill"]),
            st.sampled_from(["ada", "bob"]),
        ),
        max_size=20,
        unique=True,
    ),
)
def test_any_crashes_give_the_same_output_as_none(
    plan: list[str], events: list[tuple[int, str, str]]
) -> None:
    undisturbed, disturbed = run_through([], events), run_through(plan, events)
    for topic in ("send-commands", "flow-decisions", "late-records", "dead-letters"):
        assert disturbed.outputs(topic) == undisturbed.outputs(topic)
    assert dict(disturbed.local.store.items()) == dict(undisturbed.local.store.items())


def test_a_crash_between_the_commit_and_the_store_adds_no_customer_twice(shop: LocalShop) -> None:
    shop.publish(BEGIN - 1, LATE_FLOW)
    shop.customer(BEGIN, "ada")
    ask(shop, BEGIN + 2 * HOUR, old_cart(shop, BEGIN, "ada", 1))
    shop.local.advance(BEGIN + 3 * HOUR)
    shop.local.commit(BEGIN + 3 * HOUR, with_store=False)
    shop.local.restart()
    shop.until(BEGIN + 9 * DAY)
    assert [one["outcome"] for one in shop.outputs("flow-decisions")].count("entered") == 1
    assert len(shop.sent()) == 2
