"""What a crash leaves: no event lost, none applied twice, no command lost, none twice."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.contracts.decode import EventDecoder
from streams.contracts.encode import EffectEncoder
from streams.local import LocalParts, LocalTask
from streams.ports import TaskSettings
from streams.programs import Programs
from streams.runtime.commit import POSITION_KEY, decode_position
from streams.store.memory import MemoryStore
from tests.harness.examples import examples
from tests.harness.local_shop import BEGIN, CART_FLOW, DAY, HOUR, SKEW, LocalShop

NOON = BEGIN + 12 * HOUR


def test_pitfall_01_a_crash_after_the_commit_and_before_the_store_repeats_nothing(
    shop: LocalShop,
) -> None:
    shop.customer(BEGIN, "ada")
    shop.cart(NOON, "ada")
    shop.local.advance(NOON + DAY)
    shop.local.commit(NOON + DAY, with_store=False)
    assert len(shop.sent()) == 1
    assert shop.local.store.get(b"ada") is None
    shop.local.restart()
    assert shop.local.store.get(b"ada") is not None
    shop.until(NOON + 2 * DAY)
    assert len(shop.sent()) == 1


def test_pitfall_02_a_crash_before_the_commit_leaves_everything_as_it_was(shop: LocalShop) -> None:
    shop.customer(BEGIN, "ada")
    shop.until(NOON)
    before = dict(shop.local.store.items())
    shop.cart(NOON + 1, "ada")
    shop.local.advance(NOON + DAY)
    shop.local.restart()
    assert dict(shop.local.store.items()) == before
    shop.until(NOON + DAY)
    assert len(shop.sent()) == 1


def test_pitfall_07_after_a_failed_commit_the_same_records_give_the_same_output(
    shop: LocalShop,
) -> None:
    shop.customer(BEGIN, "ada")
    shop.cart(NOON, "ada")
    shop.local.advance(NOON + DAY)
    failed = shop.local.task.prepare_commit(NOON + DAY)
    shop.local.restart()
    shop.local.advance(NOON + DAY)
    again = shop.local.task.prepare_commit(NOON + DAY)
    assert again.records == failed.records
    assert again.batch == failed.batch


def test_pitfall_20_committed_positions_are_the_next_to_process(shop: LocalShop) -> None:
    shop.customer(BEGIN, "ada")
    shop.cart(NOON, "ada")
    shop.cart(NOON + DAY, "ada")
    shop.until(NOON + HOUR)
    position = decode_position(shop.local.store.get(POSITION_KEY))
    assert position is not None
    assert position.inputs["carts"] == 1  # the second was read, but isn't due
    assert position.inputs["customers"] == 1
    assert position.inputs["orders"] == 0


def test_pitfall_55_a_query_sees_committed_state_only(shop: LocalShop) -> None:
    shop.customer(BEGIN, "ada")
    shop.local.advance(NOON)
    assert shop.local.task.state_of("ada") is None
    shop.local.commit(NOON)
    committed = shop.local.task.state_of("ada")
    shop.cart(NOON, "ada")
    shop.local.advance(NOON + HOUR)
    assert shop.local.task.state_of("ada") == committed


def test_a_task_decides_ahead_while_a_transaction_is_under_way(shop: LocalShop) -> None:
    shop.customer(BEGIN, "ada")
    shop.local.advance(NOON)
    task = shop.local.task
    first = task.prepare_commit(NOON)
    shop.cart(NOON, "ada")
    shop.local.advance(NOON + DAY)
    shop.local.store.write(first.batch)
    task.committed(first, 2)
    second = task.prepare_commit(NOON + DAY)
    topics = {record.topic for record in second.records}
    assert "send-commands" in topics  # what was in flight was seen: ada has an address


def test_an_erased_customer_leaves_a_tombstone(shop: LocalShop) -> None:
    shop.customer(BEGIN, "ada")
    shop.cart(NOON, "ada")
    shop.until(NOON + 1)
    shop.happens(NOON + 2, "customer.erased", "ada")
    shop.until(NOON + DAY)
    assert shop.local.store.get(b"ada") is None
    assert (b"ada", None) in shop.local.changelog
    assert shop.sent() == []


STEPS = st.lists(
    st.sampled_from(["advance", "commit", "commit_only", "crash", "lose_disk"]), max_size=40
)


def run_through(plan: list[str], events: list[tuple[int, str, str]]) -> LocalShop:
    """The same logs, with the events appended as time goes on and `plan` in between."""
    parts = LocalParts(
        MemoryStore, EventDecoder(), EffectEncoder(), Programs(), TaskSettings(clock_skew=SKEW)
    )
    shop = LocalShop(LocalTask(parts))
    fresh = {"count": "order.placed", "in_last": "2d", "at_least": "1"}
    waiting = {"in_flow": "cart"}
    segments = {"fresh": fresh, "waiting": waiting}
    shop.publish(BEGIN - 1, CART_FLOW, segments=segments, followed=segments)
    for customer in ("ada", "bob"):
        shop.customer(BEGIN, customer)
    for number, (at, what, customer) in enumerate(sorted(events)):
        getattr(shop, what)(at, customer)
        if number < len(plan):
            match plan[number]:
                case "advance":
                    shop.local.advance(at)
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
    shop.until(BEGIN + 20 * DAY)
    return shop


@examples(60)
@given(
    plan=STEPS,
    events=st.lists(
        st.tuples(
            st.integers(BEGIN + 1000, BEGIN + 6 * DAY),
            st.sampled_from(["cart", "order"]),
            st.sampled_from(["ada", "bob"]),
        ),
        max_size=25,
        unique=True,
    ),
)
def test_any_crashes_give_the_same_output_as_none(
    plan: list[str], events: list[tuple[int, str, str]]
) -> None:
    undisturbed, disturbed = run_through([], events), run_through(plan, events)
    for topic in (
        "send-commands",
        "flow-decisions",
        "segment-changes",
        "late-records",
        "dead-letters",
    ):
        assert disturbed.outputs(topic) == undisturbed.outputs(topic)
    assert dict(disturbed.local.store.items()) == dict(undisturbed.local.store.items())


@pytest.mark.parametrize("keep_store", [True, False])
def test_restore_gives_the_state_back(
    open_shop: Callable[..., LocalShop], keep_store: bool
) -> None:
    shop = open_shop()
    shop.publish(BEGIN - 1, CART_FLOW)
    shop.customer(BEGIN, "ada")
    shop.cart(NOON, "ada")
    shop.until(NOON + DAY)
    before = dict(shop.local.store.items())
    shop.local.restart(keep_store=keep_store)
    assert dict(shop.local.store.items()) == before
