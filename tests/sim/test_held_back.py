"""What a task waits for, for how long, and what it never goes on without."""

import logging
from collections.abc import Callable

import pytest

from streams.contracts.control import DefinitionsRecord, encode_definitions
from streams.engine import BETWEEN_TASKS, INPUTS
from streams.errors import Refused
from streams.programs import SEMANTICS
from streams.runtime.time_policy.ticks import TICK_HEADER
from streams.settings import RecordTime
from tests.harness.local_shop import BEGIN, CART_FLOW, DAY, HOUR, LocalShop

NOON = BEGIN + 12 * HOUR
IN_2099 = 4_070_908_800_000

OpenShop = Callable[..., LocalShop]


# ── Inputs that can't be read to their end ────────────────────────────────────────────────────────


def test_inputs_that_are_blocked_together_are_skipped_together(open_shop: OpenShop) -> None:
    """As when a broker is away that leads several of them: `max_idle` passes once."""
    shop = open_shop(max_idle=60_000)
    shop.publish(BEGIN - 1, CART_FLOW)
    shop.customer(BEGIN, "ada")
    shop.cart(NOON, "ada")
    shop.until(NOON + 1)
    due = NOON + 4 * HOUR
    shop.live(due, due + 60_000, "orders", "searches", "views")
    shop.local.commit(due + 60_000)
    assert shop.sent() == []
    assert shop.local.task.waits_for == "orders"
    shop.live(due + 60_000, due + 72_000, "orders", "searches", "views")
    shop.local.commit(due + 72_000)
    assert shop.sent() == [("ada", "your-cart", due)]
    assert shop.local.task.counts["inputs_given_up"] == 3


def test_an_input_that_stays_blocked_is_logged_once(
    open_shop: OpenShop, caplog: pytest.LogCaptureFixture
) -> None:
    shop = open_shop(max_idle=60_000)
    shop.until(NOON)
    task = shop.local.task
    with caplog.at_level(logging.WARNING):
        shop.live(NOON, NOON + 200_000, "orders")
    assert task.clock > NOON + 190_000
    assert [record.message for record in caplog.records] == [
        "task 0: orders not readable to its end for 63980 ms; continuing without it, its "
        "records will be late"
    ]
    shop.order(NOON, "ada")  # it's there again, and hidden again later
    shop.until(NOON + HOUR)
    shop.live(NOON + HOUR, NOON + 2 * HOUR, "orders")
    assert task.counts["inputs_given_up"] == 2


def test_the_time_in_which_the_task_itself_did_not_run_counts_for_no_input(
    open_shop: OpenShop,
) -> None:
    """A rebalance that takes long, a machine that slept: the inputs weren't even asked."""
    shop = open_shop(max_idle=60_000)
    shop.publish(BEGIN - 1, CART_FLOW)
    shop.customer(BEGIN, "ada")
    shop.cart(NOON, "ada")
    due = NOON + 4 * HOUR
    shop.live(due - 20_000, due - 4_000)
    task = shop.local.task
    shop.order(due, "ada")
    assert not task.run(due + HOUR, 1000)
    assert task.counts["inputs_given_up"] == 0
    shop.until(due + HOUR)
    assert shop.sent() == []


def test_definitions_in_force_before_a_restart_are_never_skipped(open_shop: OpenShop) -> None:
    """`control` is read anew by each worker. Without what was in force, every journey would end."""
    shop = open_shop(max_idle=60_000)
    shop.publish(BEGIN - 1, CART_FLOW)
    shop.customer(BEGIN, "ada")
    shop.cart(NOON, "ada")
    shop.until(NOON + 1)
    shop.local.restart()
    task = shop.local.task
    wall = NOON + 5 * HOUR
    published, shop.local.logs["control"] = shop.local.logs["control"], []
    for topic in task.positions:
        end = len(shop.local.logs[topic])
        task.feed(topic, [], end, end)
    shop.live(wall, wall + HOUR, "control")
    assert task.waits_for == "control"
    shop.local.logs["control"] = published
    shop.until(wall + DAY)
    assert shop.sent() == [("ada", "your-cart", NOON + 4 * HOUR)]


# ── Definitions of a newer version ────────────────────────────────────────────────────────────────


def test_definitions_that_need_a_newer_version_stop_the_task(shop: LocalShop) -> None:
    """Deciding on by the older set would make two workers decide by different rules (DESIGN 3)."""
    record = DefinitionsRecord(1, "v2", SEMANTICS[-1] + 1, "test", "{}", {})
    shop.local.append("control", NOON, b"definitions", encode_definitions(record))
    with pytest.raises(Refused, match="upgrade sendflow"):
        shop.until(NOON + 1)


# ── Timestamps that can't be, in simulated time ───────────────────────────────────────────────────


TICKED = [topic for topic in INPUTS if topic not in BETWEEN_TASKS]


def tick(shop: LocalShop, at: int) -> None:
    for topic in TICKED:
        shop.local.append(topic, at, None, None).headers = [(TICK_HEADER, b"")]


@pytest.mark.parametrize("as_tick", [False, True])
def test_pitfall_22_a_timestamp_beyond_now_neither_moves_the_clock_nor_blocks_its_input(
    open_shop: OpenShop, as_tick: bool
) -> None:
    shop = open_shop(record_time=RecordTime.CREATE)
    shop.publish(1, CART_FLOW)
    shop.customer(BEGIN, "ada")
    shop.customer(BEGIN, "bob")
    shop.cart(NOON, "ada")
    if as_tick:
        tick(shop, IN_2099)
    else:
        shop.order(IN_2099, "bob", occurred_at=NOON)
        shop.cart(IN_2099, "bob", occurred_at=NOON)
    shop.cart(NOON + HOUR, "bob")
    shop.order(NOON + 2 * HOUR, "ada")
    tick(shop, NOON + DAY)
    now = NOON + 30 * DAY
    shop.local.advance(now)
    shop.local.commit(now)
    assert shop.local.task.clock == NOON + DAY
    assert shop.sent() == [("bob", "your-cart", NOON + 5 * HOUR)]
    letters = shop.outputs("dead-letters")
    assert {letter["time"] for letter in letters} == {IN_2099}
    assert len(letters) == (len(TICKED) if as_tick else 2)
    assert all("timestamp" in letter["reason"] for letter in letters)
    assert shop.outputs("late-records") == []


def test_a_record_of_this_very_millisecond_is_none_of_the_future(open_shop: OpenShop) -> None:
    shop = open_shop(record_time=RecordTime.CREATE)
    shop.publish(1, CART_FLOW)
    now = NOON + DAY
    shop.customer(now, "ada")
    shop.cart(now + 1, "ada", occurred_at=now)
    tick(shop, now)
    shop.local.advance(now)
    shop.local.commit(now)
    assert shop.local.store.get(b"ada") is not None
    assert [letter["time"] for letter in shop.outputs("dead-letters")] == [now + 1]
