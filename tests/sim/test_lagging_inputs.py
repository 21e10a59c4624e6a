"""Inputs that are fetched at different paces, by a fetch that the test decides."""

import functools
from collections.abc import Callable, Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.contracts.decode import EventDecoder
from streams.contracts.encode import EffectEncoder
from streams.local import LocalParts, LocalTask
from streams.ports import TaskSettings
from streams.programs import Programs
from streams.store.memory import MemoryStore
from tests.harness.examples import examples
from tests.harness.local_shop import BEGIN, CART_FLOW, DAY, HOUR, SKEW, LocalShop

NOON = BEGIN + 12 * HOUR
CUSTOMERS = ("ada", "bob", "cyd")
OUTPUTS = ("send-commands", "flow-decisions", "late-records", "dead-letters")


def new_shop() -> LocalShop:
    parts = LocalParts(
        MemoryStore, EventDecoder(), EffectEncoder(), Programs(), TaskSettings(clock_skew=SKEW)
    )
    shop = LocalShop(LocalTask(parts))
    shop.publish(BEGIN - 1, CART_FLOW)
    for customer in CUSTOMERS:
        shop.customer(BEGIN, customer)
    return shop


def busy_day(shop: LocalShop) -> Iterator[int]:
    """Carts and orders of a day, some of which come in the very moment of a mail; after each, the
    time."""
    for number in range(40):
        at = NOON + number * HOUR // 2
        (shop.cart if number % 3 else shop.order)(at, CUSTOMERS[number % 3 - 1])
        yield at


@functools.cache
def live() -> LocalShop:
    """Every record is decided before the next comes."""
    shop = new_shop()
    for at in busy_day(shop):
        shop.until(at + 1)
    shop.until(NOON + 2 * DAY)
    return shop


def ends(shop: LocalShop) -> dict[str, int]:
    return {topic: len(log) for topic, log in shop.local.logs.items()}


@pytest.mark.parametrize("lagging", ["orders", "carts", "customers", "control"])
def test_pitfall_24_an_input_that_lags_is_waited_for(lagging: str) -> None:
    """Its end is known, and the others are there in full; nothing is decided beyond what it
    brings, and in the end the decisions are those of a shop in which nothing lagged."""
    shop = new_shop()
    list(busy_day(shop))
    task, wall = shop.local.task, NOON + 2 * DAY
    log = shop.local.logs[lagging]
    task.set_end_offsets(wall, ends(shop))
    for topic, records in shop.local.logs.items():
        if topic != lagging:
            task.feed(topic, records, len(records), len(records))
    for offset, record in enumerate(log):
        while task.run(wall, 100):
            pass
        assert task.waits_for == lagging
        assert task.clock <= record.time
        task.feed(lagging, [record], offset + 1, len(log) if offset + 1 == len(log) else None)
    while task.run(wall, 100):
        pass
    assert task.clock == wall - SKEW
    shop.local.commit(wall)
    expected = live()
    for topic in OUTPUTS:
        assert shop.outputs(topic) == expected.outputs(topic)
    assert len(shop.sent()) > 3


FETCHES = st.lists(
    st.tuples(
        st.sampled_from(["control", "customers", "orders", "carts"]),
        st.integers(1, 20),  # records
        st.integers(0, 30),  # decided after it
        st.booleans(),  # committed after that
    ),
    max_size=40,
)


@examples(40)
@given(FETCHES)
def test_pitfall_25_how_the_logs_are_fetched_changes_no_decision(
    fetches: list[tuple[str, int, int, bool]],
) -> None:
    shop = new_shop()
    list(busy_day(shop))
    task, wall = shop.local.task, NOON + 2 * DAY
    for topic, size, budget, commits in fetches:
        log, start = shop.local.logs[topic], shop.local._fed[topic]
        fed = shop.local._fed[topic] = min(start + size, len(log))
        task.feed(topic, log[start:fed], fed, fed if fed == len(log) else None)
        task.run(wall, budget)
        if commits:
            shop.local.commit(wall)
    shop.until(wall)  # and all that is left
    expected = live()
    for topic in OUTPUTS:
        assert shop.outputs(topic) == expected.outputs(topic)
    assert dict(shop.local.store.items()) == dict(expected.local.store.items())


@pytest.mark.parametrize("moved", ["orders", "carts", "customers"])
def test_pitfall_20_where_one_input_moved_the_others_stay(moved: str) -> None:
    """What is committed is the next record of each input, not how far it was read ahead."""
    shop = new_shop()
    shop.until(NOON)
    before = shop.local.task.positions
    happen: dict[str, Callable[[int, str], None]] = {
        "orders": shop.order,
        "carts": shop.cart,
        "customers": shop.customer,
    }
    happen[moved](NOON, "ada")
    happen[moved](NOON + DAY, "ada")  # read, but not its turn yet
    shop.until(NOON + HOUR)
    shop.local.restart(keep_store=False)
    after = shop.local.task.positions
    assert after == {**before, moved: before[moved] + 1}
    shop.until(NOON + 2 * DAY)
    assert shop.local.task.positions == {**before, moved: before[moved] + 2}


def test_pitfall_07_after_a_failed_commit_all_is_as_at_the_last_one() -> None:
    """Overlay, timers, merge and positions; and the same records give the same ids again."""
    shop = new_shop()
    shop.cart(NOON, "ada")
    shop.until(NOON + HOUR)
    task = shop.local.task
    committed = (task.positions, task.clock, task.next_due, dict(shop.local.store.items()))
    shop.order(NOON + 2 * HOUR, "ada")  # cancels ada's timer
    shop.cart(NOON + 2 * HOUR, "bob")  # sets another
    shop.cart(NOON + 3 * HOUR, "cyd")
    shop.local.advance(NOON + DAY)
    assert (task.positions, task.clock, task.next_due) != committed[:3]
    failed = task.prepare_commit(NOON + DAY)
    shop.local.restart()  # what a worker does when a commit fails (worker/tasks.py)
    task = shop.local.task
    assert (task.positions, task.clock, task.next_due) == committed[:3]
    assert dict(shop.local.store.items()) == committed[3]
    assert task.state_of("cyd") == committed[3][b"cyd"]
    assert task.commit_due(NOON + DAY) is None
    shop.local.advance(NOON + DAY)
    again = task.prepare_commit(NOON + DAY)
    assert [one.topic for one in again.records].count("send-commands") == 2
    assert again.records == failed.records
    assert again.batch == failed.batch
