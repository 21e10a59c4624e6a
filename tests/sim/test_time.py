"""Order, clock and timers of a task."""

from collections.abc import Callable

import pytest

from streams.engine import (
    BETWEEN_TASKS,
    INPUTS,
    Cause,
    CustomerState,
    Definitions,
    Due,
    Effects,
    Event,
    Instant,
    Program,
    act,
    compile_program,
)
from streams.engine.compiling.successors import Successors
from streams.ports import CONTROL
from streams.runtime.side_outputs import TIMER_TOPIC
from streams.settings import RecordTime
from tests.harness.local_shop import BEGIN, CART_FLOW, DAY, HOUR, SKEW, LocalShop

NOON = BEGIN + 12 * HOUR


def test_a_cart_mail_is_sent_four_hours_later_without_any_event(shop: LocalShop) -> None:
    """PITFALLS 30: a cut fires the timer."""
    shop.customer(BEGIN, "ada")
    shop.cart(NOON, "ada")
    shop.until(NOON + 4 * HOUR)  # exclusive
    assert shop.sent() == []
    shop.until(NOON + 4 * HOUR + 1)
    assert shop.sent() == [("ada", "your-cart", NOON + 4 * HOUR)]


@pytest.mark.parametrize(("delay", "mails"), [(-1, 0), (0, 0), (1, 1)])
def test_an_order_in_the_very_millisecond_prevents_the_mail(
    shop: LocalShop, delay: int, mails: int
) -> None:
    """SEMANTICS 5.2, F82."""
    shop.customer(BEGIN, "ada")
    shop.cart(NOON, "ada")
    shop.order(NOON + 4 * HOUR + delay, "ada")
    shop.until(NOON + DAY)
    assert len(shop.sent()) == mails


def test_an_unread_order_holds_the_cart_mail_back(shop: LocalShop) -> None:
    """The order is in its topic, but wasn't fetched yet when the mail falls due."""
    shop.customer(BEGIN, "ada")
    shop.cart(NOON, "ada")
    shop.until(NOON + 1)
    shop.order(NOON + HOUR, "ada")
    wall = NOON + 5 * HOUR
    task = shop.local.task
    ends = {"control": 1, "orders": 1, "carts": 1, "customers": 1}
    task.set_end_offsets(wall, {**dict.fromkeys(INPUTS, 0), **ends})
    assert not task.run(wall, 1000)
    assert task.waits_for == "orders"
    assert task.clock <= NOON + HOUR
    shop.until(wall)
    assert shop.sent() == []


def test_pitfall_23_idle_inputs_are_proved_idle_by_end_offsets(shop: LocalShop) -> None:
    shop.cart(NOON, "ada")
    task = shop.local.task
    task.feed("carts", shop.local.logs["carts"], 1, 1)
    wall = NOON + HOUR
    task.run(wall, 1000)
    assert set(task.needs_end_offsets(wall)) == {CONTROL, *INPUTS} - BETWEEN_TASKS


def test_a_task_goes_on_waiting_while_other_inputs_are_fed(shop: LocalShop) -> None:
    """At the live edge most batches come to a task that waits for another input."""
    shop.cart(NOON, "ada")
    task, (cart,) = shop.local.task, shop.local.logs["carts"]
    task.run(NOON + 2, 1000)
    waits_for = task.waits_for
    assert waits_for not in (None, "carts")
    assert waits_for is not None
    task.feed("carts", [cart], 1, 1)
    assert task.waits_for == waits_for
    task.feed(waits_for, [], 0, 0)
    assert task.waits_for is None


def test_a_late_record_ends_waiting_for_another_input(shop: LocalShop) -> None:
    shop.customer(BEGIN, "ada")
    shop.until(NOON)
    task = shop.local.task
    assert task.waits_for not in (None, "carts")
    shop.cart(BEGIN + 1, "ada")
    (cart,) = shop.local.logs["carts"]
    task.feed("carts", [cart], 1, 1)
    assert task.waits_for is None


def test_an_unreadable_input_is_skipped_after_max_idle(
    open_shop: Callable[..., LocalShop],
) -> None:
    shop = open_shop(max_idle=60_000)
    shop.publish(BEGIN - 1, CART_FLOW)
    shop.customer(BEGIN, "ada")
    shop.cart(NOON, "ada")
    shop.until(NOON + 1)
    wall = NOON + 5 * HOUR
    task = shop.local.task
    shop.live(wall, wall + 60_000, "orders")  # there is one, hidden by an open transaction
    assert task.waits_for == "orders"
    assert task.counts["inputs_given_up"] == 0
    shop.live(wall + 60_000, wall + 70_000, "orders")
    shop.local.commit(wall + 70_000)
    assert len(shop.sent()) == 1
    assert task.counts["inputs_given_up"] == 1
    # The order appears: it is late, and noted.
    shop.order(NOON + HOUR, "ada")
    shop.until(wall + 120_000)
    (late,) = shop.outputs("late-records")
    assert (late["topic"], late["offset"]) == ("orders", 0)


def test_pitfall_21_a_late_record_is_processed_at_the_clock_and_recorded(shop: LocalShop) -> None:
    shop.customer(BEGIN, "ada")
    shop.cart(NOON, "ada")
    shop.until(NOON + HOUR)
    clock = shop.local.task.clock
    assert clock == NOON + HOUR
    shop.order(NOON + 10, "ada", total=7000)
    shop.until(NOON + HOUR + 1)
    (late,) = shop.outputs("late-records")
    assert late == {**late, "topic": "orders", "offset": 0, "effective_time": clock}
    (exited,) = [one for one in shop.outputs("flow-decisions") if one["outcome"] == "exited"]
    assert (exited["reason"], exited["at"]) == ("exit_on", clock)


def test_late_records_of_one_moment_have_a_sequence(shop: LocalShop) -> None:
    shop.until(NOON)
    for _ in range(3):
        shop.order(BEGIN, "ada")
    shop.until(NOON + 1)
    late = shop.outputs("late-records")
    assert [one["sequence"] for one in late] == [1, 2, 3]
    assert {one["effective_time"] for one in late} == {NOON}


def test_pitfall_22_an_event_of_tomorrow_is_clamped_and_one_of_2099_refused(
    shop: LocalShop,
) -> None:
    """Neither moves the clock (SEMANTICS 8.3)."""
    shop.customer(BEGIN, "ada")
    shop.cart(NOON, "ada", occurred_at=NOON + 23 * HOUR)
    shop.cart(NOON + 1, "ada", occurred_at=4_070_908_800_000)
    shop.until(NOON + 5 * HOUR)
    assert shop.local.task.clock == NOON + 5 * HOUR
    assert shop.local.task.counts["clamped"] == 1
    (letter,) = shop.outputs("dead-letters")
    assert "(2099-01-01T00:00:00Z)" in letter["reason"]
    assert shop.sent() == [("ada", "your-cart", NOON + 4 * HOUR)]


@pytest.mark.parametrize("time", [-1, 4_102_444_800_000])
def test_pitfall_22_in_simulated_time_an_impossible_timestamp_is_a_dead_letter(
    open_shop: Callable[..., LocalShop], time: int
) -> None:
    shop = open_shop(record_time=RecordTime.CREATE)
    shop.cart(time, "ada", occurred_at=NOON)
    for one in shop.local.task._merge.inputs:
        one.complete(1 << 50)
    shop.local.advance(NOON + DAY)
    shop.local.commit(NOON + DAY)
    (letter,) = shop.outputs("dead-letters")
    assert "timestamp" in letter["reason"]


def test_pitfall_26_timers_of_a_days_downtime_fire_between_the_events(shop: LocalShop) -> None:
    shop.customer(BEGIN, "ada")
    shop.customer(BEGIN, "bob")
    shop.cart(NOON, "ada")
    shop.cart(NOON + HOUR, "bob")
    shop.until(NOON + 2 * HOUR)
    shop.local.restart()
    shop.order(NOON + 4 * HOUR + 30, "bob")  # after ada's timer, before bob's
    shop.cart(NOON + 6 * HOUR, "ada")
    shop.until(NOON + DAY)
    assert shop.sent() == [("ada", "your-cart", NOON + 4 * HOUR)]


def test_pitfall_28_overdue_timers_fire_once_as_of_their_due_time(shop: LocalShop) -> None:
    shop.customer(BEGIN, "ada")
    shop.cart(NOON, "ada")
    shop.until(NOON + HOUR)
    shop.local.restart(keep_store=False)
    shop.until(NOON + 30 * DAY)
    shop.until(NOON + 31 * DAY)
    assert shop.sent() == [("ada", "your-cart", NOON + 4 * HOUR)]


def test_pitfall_29_the_clock_survives_a_restart(shop: LocalShop) -> None:
    shop.customer(BEGIN, "ada")
    shop.cart(NOON, "ada")
    shop.until(NOON + 5 * HOUR)
    clock = shop.local.task.clock
    shop.local.restart()
    assert shop.local.task.clock == clock
    shop.order(NOON, "ada")
    shop.until(NOON + 6 * HOUR)
    (late,) = shop.outputs("late-records")
    assert late["effective_time"] == clock


def test_a_crash_takes_an_idle_clock_back_to_the_committed_one(shop: LocalShop) -> None:
    shop.customer(BEGIN, "ada")
    shop.cart(NOON, "ada")
    shop.until(NOON + HOUR)
    shop.until(NOON + 2 * HOUR)  # nothing is decided, nothing is committed
    assert shop.local.task.clock == NOON + 2 * HOUR
    shop.local.restart()
    assert shop.local.task.clock == NOON + HOUR
    shop.order(NOON + HOUR, "ada")  # before the lost clock, not before the committed one
    shop.until(NOON + 3 * HOUR)
    assert shop.outputs("late-records") == []
    (exited,) = [one for one in shop.outputs("flow-decisions") if one["outcome"] == "exited"]
    assert exited["at"] == NOON + HOUR


def test_pitfall_14_an_idle_task_has_nothing_to_commit(shop: LocalShop) -> None:
    shop.customer(BEGIN, "ada")
    shop.until(NOON)
    for hour in range(10):
        wall = NOON + hour * HOUR
        shop.local.advance(wall)
        assert shop.local.task.commit_due(wall) is None


def test_output_is_committed_at_once_at_the_live_edge_and_else_by_the_interval(
    shop: LocalShop,
) -> None:
    task = shop.local.task
    shop.until(NOON - 2000)  # the day before has been told of
    shop.customer(NOON - 1000, "ada")
    shop.local.advance(NOON)
    assert task.commit_due(NOON) == NOON + task.settings.commit_interval
    shop.cart(NOON, "ada")
    shop.local.advance(NOON + 500)
    assert task.commit_due(NOON + 500) == NOON + 500


def test_timers_fill_a_transaction_as_events_do(open_shop: Callable[..., LocalShop]) -> None:
    """A flood of timers after a long rest mustn't grow into one transaction without bounds."""
    shop = open_shop(commit_events=10)
    shop.publish(BEGIN - 1, CART_FLOW)
    for number in range(12):
        shop.customer(BEGIN, f"c{number}")
        shop.cart(NOON, f"c{number}")
    shop.until(NOON + 1)
    task, wall = shop.local.task, NOON + DAY
    task.set_end_offsets(wall, {topic: len(log) for topic, log in shop.local.logs.items()})
    task.run(wall, 9)
    assert task.uncommitted == 9
    assert task.commit_due(wall) == wall + task.settings.commit_interval
    task.run(wall, 1)
    assert task.commit_due(wall) == wall


def test_pitfall_61_an_error_of_our_own_at_one_event_becomes_a_dead_letter(
    shop: LocalShop, monkeypatch: pytest.MonkeyPatch
) -> None:
    def act_badly(
        program: Program, state: CustomerState, cause: Cause, now: Instant, effects: Effects
    ) -> bool:
        act(program, state, cause, now, effects)
        is_cart = isinstance(cause, Event) and cause.metric == "cart.updated"
        if is_cart and state.customer_id == "bob":
            raise ZeroDivisionError("a bug")
        return True

    monkeypatch.setattr("streams.runtime.acting.act", act_badly)
    for customer in ("ada", "bob"):
        shop.customer(BEGIN, customer)
        shop.cart(NOON, customer)
    shop.until(NOON + DAY)
    assert [customer for customer, _, _ in shop.sent()] == ["ada"]
    (letter,) = shop.outputs("dead-letters")
    assert (letter["topic"], letter["offset"]) == ("carts", 1)
    assert "failed" in letter["reason"]


def test_pitfall_61_an_error_at_one_timer_stops_no_other_customer(
    shop: LocalShop, monkeypatch: pytest.MonkeyPatch
) -> None:
    def act_badly(
        program: Program, state: CustomerState, cause: Cause, now: Instant, effects: Effects
    ) -> bool:
        act(program, state, cause, now, effects)
        if isinstance(cause, Due) and state.customer_id == "bob":
            raise ZeroDivisionError("a bug")
        return True

    monkeypatch.setattr("streams.runtime.acting.act", act_badly)
    for customer in ("ada", "bob"):
        shop.customer(BEGIN, customer)
        shop.cart(NOON, customer)
    shop.until(NOON + DAY)
    assert [customer for customer, _, _ in shop.sent()] == ["ada"]
    (letter,) = shop.outputs("dead-letters")
    assert letter["topic"] == TIMER_TOPIC


def test_pitfall_56_a_poison_record_becomes_a_dead_letter_in_the_same_transaction(
    shop: LocalShop,
) -> None:
    shop.customer(BEGIN, "ada")
    for key, value in [(b"ada", b"\xc3\x01nonsense"), (None, b"x"), (b"ada", None), (b"ada", b"")]:
        shop.local.append("carts", NOON, key, value)
    shop.cart(NOON, "ada")
    shop.until(NOON + DAY)
    letters = shop.outputs("dead-letters")
    assert [(one["topic"], one["partition"], one["offset"]) for one in letters] == [
        ("carts", 0, offset) for offset in range(4)
    ]
    assert all(one["reason"] for one in letters)
    assert len(shop.sent()) == 1


def test_definitions_published_later_decide_from_their_time_on(shop: LocalShop) -> None:
    shop.customer(BEGIN, "ada")
    shop.cart(NOON, "ada")
    changed = [{"wait": "4h", "id": "pause"}, {"send": "email", "template": "changed"}]
    shop.publish(NOON + HOUR, {**CART_FLOW, "steps": changed})
    shop.until(NOON + DAY)
    assert shop.sent() == [("ada", "changed", NOON + 4 * HOUR)]
    shop.local.restart(keep_store=False)
    shop.cart(NOON + 2 * DAY, "ada")
    shop.until(NOON + 3 * DAY)
    assert [template for _, template, _ in shop.sent()] == ["changed", "changed"]


def test_broken_definitions_are_a_dead_letter_and_the_old_ones_stay(shop: LocalShop) -> None:
    shop.customer(BEGIN, "ada")
    shop.local.append("control", BEGIN + 20, b"definitions", b"\xc3\x01broken")
    shop.cart(NOON, "ada")
    shop.until(NOON + DAY)
    assert len(shop.sent()) == 1
    (letter,) = shop.outputs("dead-letters")
    assert letter["topic"] == "control"
    shop.local.restart()
    shop.until(NOON + 2 * DAY)
    assert len(shop.outputs("dead-letters")) == 1


def test_wall_time_never_decides(shop: LocalShop, open_shop: Callable[..., LocalShop]) -> None:
    """The same logs, read at another pace and much later, give the same output."""
    other = open_shop()
    other.publish(BEGIN - 1, CART_FLOW)
    for one in (shop, other):
        one.customer(BEGIN, "ada")
        one.cart(NOON, "ada")
        one.order(NOON + 2 * DAY, "ada")
        one.cart(NOON + 3 * DAY, "ada")
    for hour in range(24 * 5):
        shop.until(NOON + hour * HOUR)
    shop.until(NOON + 100 * DAY + SKEW)
    other.until(NOON + 100 * DAY + SKEW)
    for topic in ("send-commands", "flow-decisions", "late-records", "dead-letters"):
        assert shop.outputs(topic) == other.outputs(topic)
    assert len(shop.sent()) == 2


def test_pitfall_61_definitions_that_cannot_be_compiled_leave_the_older_ones_in_force(
    shop: LocalShop, monkeypatch: pytest.MonkeyPatch
) -> None:
    def compile_badly(definitions: Definitions, version: str, successors: Successors) -> Program:
        if version == f"v{NOON}":
            raise ZeroDivisionError("a bug")
        return compile_program(definitions, version, successors)

    monkeypatch.setattr("streams.programs.compile_program", compile_badly)
    shop.customer(BEGIN, "ada")
    shop.publish(NOON, CART_FLOW)
    shop.cart(NOON + 1, "ada")
    shop.until(NOON + DAY)
    assert len(shop.sent()) == 1
    (letter,) = shop.outputs("dead-letters")
    assert letter["topic"] == "control"
