"""Scans over all customers of a task: which, when, in which order, with anything in between."""

from collections.abc import Callable, Iterable
from itertools import islice
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.contracts.decode import EventDecoder
from streams.contracts.encode import EffectEncoder
from streams.engine import Instant, Scanned, act, decode_state
from streams.engine.conditions.truth import Truth
from streams.engine.customer.situation import Situation
from streams.local import LocalParts, LocalTask
from streams.ports import TaskSettings
from streams.programs import Programs
from streams.runtime import scans
from streams.runtime.commit import POSITION_KEY, decode_position
from streams.store.memory import MemoryStore
from tests.harness.examples import examples
from tests.harness.local_shop import BEGIN, CART_FLOW, DAY, HOUR, SKEW, LocalShop

NINE = BEGIN + 9 * HOUR
DAILY: dict[str, Any] = {
    "flow": "daily",
    "trigger": {"schedule": "0 9 * * *", "audience": "everyone"},
    "steps": [{"send": "email", "template": "news", "smart_sending": "false"}],
}
"""Every day at nine, to everyone."""


@pytest.fixture
def chunks_of_three(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scans, "SCAN_CHUNK", 3)


def with_audience(condition: Any, **other: Any) -> dict[str, Any]:
    return {**DAILY, "trigger": {"schedule": "0 9 * * *", "audience": condition}, **other}


def customers(shop: LocalShop, names: Iterable[str], at: Instant = BEGIN) -> None:
    for name in names:
        shop.customer(at, name)


def after_nine(shop: LocalShop) -> list[tuple[str, int]]:
    """(customer, ms after nine) of every command."""
    return [(customer, at - NINE) for customer, _, at in shop.sent()]


# ── Who is in which chunk ─────────────────────────────────────────────────────────────────────────


def test_chunks_of_500_in_order_of_ids_a_millisecond_apart(
    open_shop: Callable[..., LocalShop],
) -> None:
    shop = open_shop()
    shop.publish(BEGIN - 1, DAILY)
    names = [f"p{number:04}" for number in range(1001)]
    for name in reversed(names):
        shop.customer(BEGIN, name)
    shop.until(BEGIN + HOUR)
    shop.until(NINE + 1)
    assert after_nine(shop) == [(name, 0) for name in names[:500]]
    shop.until(NINE + HOUR)
    chunks = [range(500), range(500, 1000), range(1000, 1001)]
    assert after_nine(shop) == [
        (names[place], number) for number, chunk in enumerate(chunks) for place in chunk
    ]


@pytest.mark.parametrize("count", [0, 1, 2, 3, 4, 6, 7])
def test_each_customer_is_scanned_once_around_the_edges_of_chunks(
    open_shop: Callable[..., LocalShop], chunks_of_three: None, count: int
) -> None:
    shop = open_shop()
    shop.publish(BEGIN - 1, DAILY)
    customers(shop, "abcdefg"[:count])
    shop.until(NINE + HOUR)
    assert after_nine(shop) == [(name, place // 3) for place, name in enumerate("abcdefg"[:count])]
    shop.until(NINE + DAY + HOUR)
    assert len(shop.sent()) == 2 * count


def test_ids_are_ordered_by_their_bytes(open_shop: Callable[..., LocalShop]) -> None:
    shop = open_shop()
    shop.publish(BEGIN - 1, DAILY)
    customers(shop, ["b", "é", "B", "a1", "a", "~", "\x01"])
    shop.until(NINE + HOUR)
    assert [name for name, _ in after_nine(shop)] == ["\x01", "B", "a", "a1", "b", "~", "é"]


def test_uncommitted_customers_are_scanned_in_their_place(
    shop: LocalShop, chunks_of_three: None
) -> None:
    shop.publish(BEGIN - 1, DAILY)
    customers(shop, "bdfh")
    shop.until(BEGIN + HOUR)  # committed
    customers(shop, "aceg", NINE - 1)  # not yet
    shop.happens(NINE - 1, "customer.erased", "f")  # still in the store
    shop.local.advance(NINE + SKEW)
    assert shop.local.store.get(b"a") is None
    assert shop.local.store.get(b"f") is not None
    shop.until(NINE + HOUR)
    assert after_nine(shop) == [(name, place // 3) for place, name in enumerate("abcdegh")]


def test_what_is_in_flight_counts_as_it_will_be(shop: LocalShop, chunks_of_three: None) -> None:
    shop.publish(BEGIN - 1, DAILY)
    customers(shop, "bdf")
    shop.until(BEGIN + HOUR)
    customers(shop, "ace", NINE - 1)
    shop.happens(NINE - 1, "customer.erased", "d")
    shop.local.advance(NINE - 1 + SKEW + 1)
    first = shop.local.task.prepare_commit(NINE)
    customers(shop, "g", NINE)
    shop.local.advance(NINE + HOUR)  # decides ahead
    shop.local.changelog += [(key, value) for key, value in first.batch.changes.items()]
    shop.local.store.write(first.batch)
    shop.local.task.committed(first, len(shop.local.changelog))
    shop.local.commit(NINE + HOUR)
    assert after_nine(shop) == [(name, place // 3) for place, name in enumerate("abcefg")]


def test_an_audience_is_judged_by_what_is_not_committed_yet(
    shop: LocalShop, chunks_of_three: None
) -> None:
    shop.publish(BEGIN - 1, with_audience({"count": "order.placed", "equals": "1"}))
    customers(shop, "abcde")
    shop.order(BEGIN, "b")
    shop.order(BEGIN, "c")
    shop.until(BEGIN + HOUR)
    shop.order(NINE - 1, "a")
    shop.order(NINE - 1, "b")
    shop.order(NINE - 1, "e")
    shop.local.advance(NINE + SKEW + 2)
    stored = shop.local.store.get(b"e")
    assert stored is not None
    assert decode_state(stored).orders == 0
    shop.until(NINE + HOUR)
    assert after_nine(shop) == [("a", 0), ("c", 0), ("e", 1)]


def test_an_erased_page_does_not_end_the_scan(shop: LocalShop, chunks_of_three: None) -> None:
    shop.publish(BEGIN - 1, DAILY)
    customers(shop, "abcdefgh")
    shop.until(BEGIN + HOUR)
    for name in "abcdef":
        shop.happens(NINE - 1, "customer.erased", name)
    shop.until(NINE + HOUR)
    assert after_nine(shop) == [("g", 0), ("h", 0)]


# ── When ──────────────────────────────────────────────────────────────────────────────────────────


def test_events_go_in_between_and_decide_at_the_customers_own_chunk(
    shop: LocalShop, chunks_of_three: None
) -> None:
    shop.publish(BEGIN - 1, with_audience({"count": "order.placed", "equals": "0"}))
    customers(shop, "abcdefghi")
    for name in "aei":
        shop.order(NINE + 1, name)  # a's chunk is over, e's is at this moment, i's is to come
    shop.order(NINE + 3, "h")
    shop.until(NINE + HOUR)
    assert [name for name, _ in after_nine(shop)] == list("abcdfgh")


def test_a_new_customer_during_a_scan_is_scanned_if_ahead_of_the_cursor(
    shop: LocalShop, chunks_of_three: None
) -> None:
    shop.publish(BEGIN - 1, DAILY)
    customers(shop, "abcdef")
    customers(shop, ["aa", "da"], NINE + 1)
    shop.until(NINE + HOUR)
    assert after_nine(shop) == [
        *[("a", 0), ("b", 0), ("c", 0)],
        *[("d", 1), ("da", 1), ("e", 1)],
        ("f", 2),
    ]


def test_timers_of_the_same_moment_come_in_order_of_customers(
    open_shop: Callable[..., LocalShop],
) -> None:
    shop = open_shop()
    shop.publish(BEGIN - 1, CART_FLOW, with_audience({"count": "cart.updated", "equals": "0"}))
    customers(shop, "abcd")
    for name in "bd":
        shop.cart(NINE - 4 * HOUR, name)
    shop.until(NINE + HOUR)
    assert [(name, template) for name, template, _ in shop.sent()] == [
        ("a", "news"),
        ("b", "your-cart"),
        ("c", "news"),
        ("d", "your-cart"),
    ]


def test_of_one_customer_schedules_come_before_journeys(
    open_shop: Callable[..., LocalShop],
) -> None:
    shop = open_shop()
    shop.publish(BEGIN - 1, CART_FLOW, DAILY)
    customers(shop, "a")
    shop.cart(NINE - 4 * HOUR, "a")
    shop.until(NINE + HOUR)
    assert [template for _, template, _ in shop.sent()] == ["news"]  # then Smart Sending


def test_two_flows_at_one_moment_go_by_priority_for_each_customer(
    open_shop: Callable[..., LocalShop], chunks_of_three: None
) -> None:
    shop = open_shop()
    high = {
        **DAILY,
        "flow": "high",
        "priority": "60",
        "steps": [{"send": "email", "template": "first"}],
    }
    shop.publish(BEGIN - 1, DAILY, high)
    customers(shop, "abcd")
    shop.until(NINE + HOUR)
    assert [(name, template) for name, template, _ in shop.sent()] == [
        (name, template) for name in "abcd" for template in ("first", "news")
    ]
    assert {at - NINE for name, _, at in shop.sent() if name == "d"} == {1}


def test_scans_of_one_moment_are_merged_by_customer(
    open_shop: Callable[..., LocalShop], chunks_of_three: None
) -> None:
    """One begins two milliseconds after the other: each has its own cursor."""
    shop = open_shop()
    shop.publish(BEGIN - 1, DAILY)
    customers(shop, "abcdefghij")
    once = {
        "flow": "hello",
        "trigger": {"once": "on_publish", "audience": "everyone"},
        "steps": [{"send": "email", "template": "hello", "smart_sending": "false"}],
    }
    shop.publish(NINE + 2, DAILY, once)
    shop.until(NINE + HOUR)
    assert [(at - NINE, name, template) for name, template, at in shop.sent()] == [
        *[(0, name, "news") for name in "abc"],
        *[(1, name, "news") for name in "def"],
        *[(2, name, "hello") for name in "abc"],
        *[(2, name, "news") for name in "ghi"],
        *[(3, name, "hello") for name in "def"],
        *[(3, name, "news") for name in "j"],
        *[(4, name, "hello") for name in "ghi"],
        *[(5, name, "hello") for name in "j"],
    ]


# ── Schedules ─────────────────────────────────────────────────────────────────────────────────────


def test_missed_schedules_come_as_of_their_own_moments_in_order(
    open_shop: Callable[..., LocalShop],
) -> None:
    shop = open_shop()
    shop.publish(BEGIN - 1, DAILY)
    customers(shop, "a")
    shop.order(NINE + DAY + 1, "a")
    shop.until(NINE - 1)
    shop.local.restart()
    shop.until(NINE + 3 * DAY + HOUR)  # nobody was there for three days
    assert [at for _, _, at in shop.sent()] == [NINE + day * DAY for day in range(4)]


@pytest.mark.parametrize(("published", "is_sent"), [(-1, True), (0, False), (1, False)])
def test_a_schedule_begins_after_its_publication(
    open_shop: Callable[..., LocalShop], published: int, is_sent: bool
) -> None:
    shop = open_shop()
    customers(shop, "a")
    shop.publish(NINE + published, DAILY)
    shop.until(NINE + HOUR)
    assert bool(shop.sent()) is is_sent


@pytest.mark.parametrize("published", [-1, 0, 1])
def test_publishing_something_else_leaves_a_schedule_as_it_is(
    open_shop: Callable[..., LocalShop], published: int
) -> None:
    shop = open_shop()
    customers(shop, "a")
    shop.publish(BEGIN - 1, DAILY)
    shop.publish(NINE + published, DAILY, CART_FLOW)
    shop.until(NINE + HOUR)
    assert [at for _, _, at in shop.sent()] == [NINE]


def test_an_edited_audience_holds_for_the_chunks_to_come(
    shop: LocalShop, chunks_of_three: None
) -> None:
    customers(shop, "abcdef")
    shop.publish(BEGIN - 1, DAILY)
    nobody = with_audience({"count": "order.placed", "at_least": "1"})
    shop.publish(NINE + 1, nobody)
    shop.until(NINE + HOUR)
    assert [name for name, _ in after_nine(shop)] == list("abc")


@pytest.mark.parametrize("status", ["draft", "paused", "archived"])
def test_a_schedule_that_is_not_live_starts_nothing(shop: LocalShop, status: str) -> None:
    customers(shop, "a")
    shop.publish(BEGIN - 1, {**DAILY, "status": status})
    shop.publish(NINE + HOUR, DAILY)
    shop.until(NINE + DAY + HOUR)
    assert [at for _, _, at in shop.sent()] == [NINE + DAY]
    assert shop.outputs("flow-decisions")[0]["outcome"] == "entered"


def test_a_schedule_that_was_left_out_is_over(shop: LocalShop) -> None:
    customers(shop, "a")
    shop.publish(BEGIN - 1, DAILY)
    shop.publish(NINE - 1)
    shop.until(NINE + DAY)
    assert shop.sent() == []
    assert shop.local.task.next_due is None


def once(moment: str) -> dict[str, Any]:
    return {**DAILY, "trigger": {"once": moment, "audience": "everyone"}}


def test_once_comes_once(shop: LocalShop) -> None:
    customers(shop, "a")
    shop.publish(BEGIN - 1, once("2026-03-02 09:00"))
    shop.until(NINE + HOUR)
    shop.publish(NINE + 2 * HOUR, once("2026-03-02 09:00"), CART_FLOW)
    shop.until(NINE + 20 * DAY)
    assert [at for _, _, at in shop.sent()] == [NINE]


def test_once_at_another_moment_comes_again(shop: LocalShop) -> None:
    customers(shop, "a")
    shop.publish(BEGIN - 1, once("2026-03-02 09:00"))
    shop.publish(NINE + HOUR, once("2026-03-03 09:00"))
    shop.until(NINE + 20 * DAY)
    assert [at for _, _, at in shop.sent()] == [NINE, NINE + DAY]


def test_once_in_the_past_never_comes(shop: LocalShop) -> None:
    customers(shop, "a")
    shop.publish(NINE, once("2026-03-02 09:00"))
    shop.until(NINE + DAY)
    assert shop.sent() == []


def test_on_publish_reaches_existing_customers_once(shop: LocalShop, chunks_of_three: None) -> None:
    customers(shop, "abcd")
    flow = once("on_publish")
    shop.publish(NINE, {**flow, "status": "draft"})
    shop.publish(NINE + HOUR, flow)
    customers(shop, "e", NINE + 2 * HOUR)
    shop.publish(NINE + 3 * HOUR, flow, CART_FLOW)
    shop.publish(NINE + 4 * HOUR, {**flow, "status": "archived"})
    shop.until(NINE + 5 * HOUR)
    shop.local.restart()
    shop.publish(NINE + 6 * HOUR, flow)
    shop.until(NINE + DAY)
    assert [(name, at - NINE - HOUR) for name, _, at in shop.sent()] == [
        *[("a", 0), ("b", 0), ("c", 0)],
        ("d", 1),
    ]


def test_customers_who_do_not_enter_are_counted_without_a_decision(shop: LocalShop) -> None:
    customers(shop, "ab")
    shop.order(BEGIN + 1, "b")
    shop.publish(BEGIN - 1, {**DAILY, "filter": {"count": "order.placed", "equals": "0"}})
    shop.until(NINE + HOUR)
    assert [one["outcome"] for one in shop.outputs("flow-decisions")] == [
        *["entered", "sent", "exited"],
    ]
    assert shop.local.task.counts["not_entered_by_time"] == 1


def test_the_entry_has_the_evidence_of_the_audience(shop: LocalShop) -> None:
    customers(shop, "a")
    shop.publish(BEGIN - 1, with_audience({"count": "order.placed", "equals": "0"}))
    shop.until(NINE + HOUR)
    assert shop.outputs("flow-decisions")[0]["evidence"] == {"count order.placed": 0}


# ── Publications and facts ────────────────────────────────────────────────────────────────────────

LAPSED_FLOW: dict[str, Any] = {
    "flow": "win-back",
    "trigger": {"segment": "lapsed"},
    "steps": [{"send": "email", "template": "we-miss-you"}],
}
LAPSED = {"lapsed": {"since_last": "order.placed", "at_least": "90d"}}


def test_a_new_segment_sets_timers_of_customers_without_events(
    open_shop: Callable[..., LocalShop], chunks_of_three: None
) -> None:
    shop = open_shop()
    customers(shop, "abcde")
    for name in "bde":
        shop.order(BEGIN + HOUR, name)
    shop.until(BEGIN + 2 * HOUR)
    shop.publish(BEGIN + 89 * DAY, LAPSED_FLOW, segments=LAPSED)
    shop.until(BEGIN + 100 * DAY)
    due = BEGIN + HOUR + 90 * DAY
    assert [(name, at) for name, _, at in shop.sent()] == [(name, due) for name in "bde"]


def test_e15_nobody_enters_because_of_an_edit(open_shop: Callable[..., LocalShop]) -> None:
    shop = open_shop()
    customers(shop, "ab")
    shop.order(BEGIN + HOUR, "a")
    shop.order(BEGIN + HOUR + 1, "b")
    published = BEGIN + HOUR + 90 * DAY  # a is a member then, b will be
    shop.publish(published, LAPSED_FLOW, segments=LAPSED)
    shop.until(published + DAY)
    assert [(name, at - published) for name, _, at in shop.sent()] == [("b", 1)]


def test_only_customers_with_something_to_store_of_a_segment_are_written(
    open_shop: Callable[..., LocalShop],
) -> None:
    shop = open_shop()
    customers(shop, "abcde")
    shop.order(BEGIN + HOUR, "c")
    shop.until(BEGIN + 2 * HOUR)
    written = len(shop.local.changelog)
    shop.publish(BEGIN + DAY, LAPSED_FLOW, segments=LAPSED)
    shop.until(BEGIN + 2 * DAY)
    changed = [key for key, _ in shop.local.changelog[written:]]
    assert [key for key in changed if key != POSITION_KEY] == [b"c"]


def test_a_set_that_concerns_no_customer_begins_no_scan(shop: LocalShop) -> None:
    customers(shop, "abc")
    shop.publish(BEGIN + HOUR, CART_FLOW, {**CART_FLOW, "flow": "another"})
    shop.local.advance(BEGIN + 2 * HOUR)
    assert shop.local.task.next_due is None


def test_journeys_of_a_flow_that_is_left_out_end_at_the_publication(
    shop: LocalShop, chunks_of_three: None
) -> None:
    customers(shop, "abcde")
    for name in "abde":
        shop.cart(NINE, name)
    shop.publish(NINE + HOUR)
    shop.until(NINE + HOUR + 2)
    ended = [one for one in shop.outputs("flow-decisions") if one["outcome"] == "exited"]
    assert [(one["customer_id"], one["reason"], one["at"] - NINE - HOUR) for one in ended] == [
        ("a", "archived", 0),
        ("b", "archived", 0),
        ("d", "archived", 1),
        ("e", "archived", 1),
    ]


def test_a_journey_at_a_deleted_step_moves_at_the_publication(shop: LocalShop) -> None:
    customers(shop, "a")
    shop.cart(NINE, "a")
    shop.publish(NINE + HOUR, {**CART_FLOW, "steps": CART_FLOW["steps"][1:]})
    shop.until(NINE + HOUR + 1)
    assert [one["reason"] for one in shop.outputs("flow-decisions")][-1] == "step_removed"


def test_an_event_before_the_own_chunk_adapts_the_customer_then(
    shop: LocalShop, chunks_of_three: None
) -> None:
    customers(shop, "abcd")
    shop.cart(NINE, "d")
    shop.publish(NINE + HOUR)
    shop.order(NINE + HOUR, "d")  # d's chunk is a millisecond later
    shop.until(NINE + 2 * HOUR)
    ended = [one for one in shop.outputs("flow-decisions") if one["outcome"] == "exited"]
    assert [(one["reason"], one["at"]) for one in ended] == [("archived", NINE + HOUR)]


MEAN_FLOW: dict[str, Any] = {
    "flow": "low-clv",
    "trigger": {"segment": "low"},
    "re_entry": "always",
    "steps": [{"send": "email", "template": "coupon", "smart_sending": "false"}],
}
LOW = {"low": {"value": "clv.historic", "below": "store_mean"}}


def test_a_fact_that_changes_a_segment_scans_all_customers(
    open_shop: Callable[..., LocalShop], chunks_of_three: None
) -> None:
    shop = open_shop()
    shop.publish(BEGIN - 1, MEAN_FLOW, segments=LOW)
    customers(shop, "abcde")
    for number, name in enumerate("abcde"):
        shop.order(BEGIN + HOUR, name, total=1000 * number)
    shop.facts(BEGIN + 2 * HOUR, clv_historic_mean=2500.0)
    shop.until(BEGIN + 3 * HOUR)
    first = [("a", 0), ("b", 0), ("c", 0)]
    assert [(name, at - BEGIN - 2 * HOUR) for name, _, at in shop.sent()] == first
    shop.facts(BEGIN + 4 * HOUR, clv_historic_mean=500.0)
    shop.facts(BEGIN + 5 * HOUR, clv_historic_mean=3500.0)
    shop.until(BEGIN + 6 * HOUR)
    assert [(name, at - BEGIN - 5 * HOUR) for name, _, at in shop.sent()[3:]] == [
        ("b", 0),
        ("c", 0),
        ("d", 1),
    ]


def test_an_unchanged_or_unused_fact_begins_no_scan(
    shop: LocalShop,
) -> None:
    shop.publish(BEGIN - 1, MEAN_FLOW, segments=LOW)
    shop.facts(BEGIN, clv_historic_mean=2500.0)
    shop.until(BEGIN + HOUR)
    shop.facts(BEGIN + 2 * HOUR, clv_historic_mean=2500.0, churn_risk_mean=0.5)
    shop.local.advance(BEGIN + 3 * HOUR)
    assert shop.local.task.next_due is None


# ── Crashes ───────────────────────────────────────────────────────────────────────────────────────


def test_a_crash_in_the_middle_goes_on_behind_the_last_committed_chunk(
    shop: LocalShop, chunks_of_three: None
) -> None:
    shop.publish(BEGIN - 1, DAILY)
    customers(shop, "abcdefghij")
    shop.until(NINE - 1)
    local = shop.local
    for _ in range(2):
        assert local.step(NINE + HOUR, 3)
    local.commit(NINE + HOUR)
    assert [name for name, _ in after_nine(shop)] == list("abcdef")
    position = decode_position(local.store.get(POSITION_KEY))
    assert position is not None
    (in_progress,) = position.plans.in_progress
    assert (in_progress.scan.moment, in_progress.chunks, in_progress.after) == (NINE, 2, b"f")
    assert local.step(NINE + HOUR, 3)  # g to i, never committed
    local.restart(keep_store=False)
    shop.until(NINE + HOUR)
    assert after_nine(shop) == [(name, place // 3) for place, name in enumerate("abcdefghij")]


def test_a_scan_without_changes_commits_only_its_cursor(
    shop: LocalShop, chunks_of_three: None
) -> None:
    shop.publish(BEGIN - 1, with_audience({"count": "order.placed", "at_least": "1"}))
    customers(shop, "abcdefg")
    shop.until(NINE - 1)
    written = len(shop.local.changelog)
    shop.until(NINE + HOUR)
    assert [key for key, _ in shop.local.changelog[written:]] == [POSITION_KEY]
    assert shop.local.task.commit_due(NINE + HOUR) is None


def test_pitfall_61_a_failure_at_one_customer_does_not_stop_the_scan(
    shop: LocalShop, monkeypatch: pytest.MonkeyPatch, chunks_of_three: None
) -> None:
    shop.publish(BEGIN - 1, DAILY)
    customers(shop, "abcde")

    def failing(program: Any, state: Any, cause: Any, *others: Any) -> bool:
        if isinstance(cause, Scanned) and state.customer_id == "d":
            raise ZeroDivisionError
        return act(program, state, cause, *others)

    monkeypatch.setattr("streams.runtime.acting.act", failing)
    shop.until(NINE + HOUR)
    assert [name for name, _ in after_nine(shop)] == list("abce")
    (letter,) = shop.outputs("dead-letters")
    assert (letter["topic"], letter["key"]) == ("timer", b"d")


def test_pitfall_61_nor_does_a_failure_of_the_audience(
    shop: LocalShop, monkeypatch: pytest.MonkeyPatch, chunks_of_three: None
) -> None:
    def failing(situation: Situation) -> Truth:
        if situation.state.customer_id == "d":
            raise ZeroDivisionError
        return situation.state.customer_id != "b", None

    monkeypatch.setattr("streams.engine.program.audience.compile_condition", lambda *_: failing)
    shop.publish(BEGIN - 1, with_audience({"consent": "email"}))
    customers(shop, "abcde")
    shop.until(NINE + HOUR)
    assert after_nine(shop) == [("a", 0), ("c", 0), ("e", 1)]
    (letter,) = shop.outputs("dead-letters")
    assert (letter["topic"], letter["key"]) == ("timer", b"d")


# ── Chunks in several slices ──────────────────────────────────────────────────────────────────────


def test_a_chunk_goes_on_over_several_slices(shop: LocalShop, chunks_of_three: None) -> None:
    shop.publish(BEGIN - 1, DAILY)
    customers(shop, "abcdefgh")
    shop.until(NINE - 1)
    local = shop.local
    within = []
    while local.step(NINE + HOUR, 1):
        within.append(local.task.is_within_chunk)
    assert within[:8] == [True, True, False, True, True, False, True, False]
    local.commit(NINE + HOUR)
    assert after_nine(shop) == [(name, place // 3) for place, name in enumerate("abcdefgh")]


def test_a_transaction_completes_its_chunk(shop: LocalShop, chunks_of_three: None) -> None:
    shop.publish(BEGIN - 1, DAILY)
    customers(shop, "abcdefgh")
    shop.until(NINE - 1)
    local = shop.local
    assert local.step(NINE + HOUR, 1)
    within = [local.task.is_within_chunk]
    local.commit(NINE + HOUR)
    assert [*within, local.task.is_within_chunk] == [True, False]
    assert after_nine(shop) == [("a", 0), ("b", 0), ("c", 0)]
    local.restart(keep_store=False)
    shop.until(NINE + HOUR)
    assert after_nine(shop) == [(name, place // 3) for place, name in enumerate("abcdefgh")]


@pytest.mark.parametrize("budget", [1, 2, 3, 5])
def test_timers_and_events_keep_their_places_between_slices(
    open_shop: Callable[..., LocalShop], chunks_of_three: None, budget: int
) -> None:
    def sent(budget: int) -> list[tuple[str, str, Instant]]:
        shop = open_shop()
        shop.publish(BEGIN - 1, CART_FLOW, with_audience({"count": "order.placed", "equals": "0"}))
        customers(shop, "abcdefgh")
        for name in "bdg":
            shop.cart(NINE - 4 * HOUR, name)  # a timer at nine
        shop.until(NINE - 1)
        shop.order(NINE + 1, "h")
        while shop.local.step(NINE + HOUR, budget):
            pass
        shop.until(NINE + HOUR)
        return shop.sent()

    whole = sent(1_000)
    assert {template for _, template, _ in whole} == {"news", "your-cart"}
    assert "h" not in {customer for customer, _, _ in whole}
    assert sent(budget) == whole


# ── Any crashes ───────────────────────────────────────────────────────────────────────────────────

SETS: list[tuple[list[dict[str, Any]], dict[str, Any]]] = [
    ([DAILY, CART_FLOW, MEAN_FLOW], LOW),
    ([with_audience({"count": "order.placed", "equals": "0"}), CART_FLOW], {}),
    ([DAILY, LAPSED_FLOW], {"lapsed": {"since_last": "order.placed", "at_least": "2h"}}),
    ([once("on_publish"), MEAN_FLOW, LAPSED_FLOW], {**LOW, **LAPSED}),
    (
        [
            with_audience({"segment": "low"}, flow="hourly")
            | {"trigger": {"schedule": "17 * * * *", "audience": {"segment": "low"}}},
            MEAN_FLOW,
        ],
        LOW,
    ),
]


@st.composite
def happenings(draw: st.DrawFn) -> tuple[int, str, Any]:
    what = draw(st.sampled_from(["cart", "order", "customer", "erase", "publish", "facts"]))
    # Around the chunks of a day's nine o'clock, and around those of the others.
    at = draw(
        st.integers(0, 3)
        .map(lambda day: NINE + day * DAY)
        .flatmap(
            lambda nine: st.one_of(
                st.integers(nine - 3, nine + 6), st.integers(nine - 6 * HOUR, nine + 6 * HOUR)
            )
        )
    )
    match what:
        case "publish":
            return at, what, draw(st.integers(0, len(SETS) - 1))
        case "facts":
            return at, what, draw(st.sampled_from([1000.0, 4000.0, 9000.0]))
        case _:
            return at, what, draw(st.sampled_from("abcdefghijkl"))


PARTS = LocalParts(
    MemoryStore, EventDecoder(), EffectEncoder(), Programs(), TaskSettings(clock_skew=SKEW)
)
PLANS = st.lists(
    st.tuples(
        st.sampled_from(["step", "commit", "commit_only", "crash", "lose_disk", "advance"]),
        st.integers(1, 12),
    ),
    max_size=60,
)


def run_through(plan: list[tuple[str, int]], happened: list[tuple[int, str, Any]]) -> LocalShop:
    """The same logs, with the records appended as time goes on and `plan` in between."""
    shop = LocalShop(LocalTask(PARTS))
    shop.publish(BEGIN - 1, *SETS[0][0], segments=SETS[0][1])
    customers(shop, "abcdefgh")
    plans = iter(plan)
    for at, what, of_what in sorted(happened, key=lambda one: one[0]):
        match what:
            case "publish":
                flows, segments = SETS[of_what]
                shop.publish(at, *flows, segments=segments)
            case "facts":
                shop.facts(at, clv_historic_mean=of_what)
            case "erase":
                shop.happens(at, "customer.erased", of_what)
            case _:
                getattr(shop, what)(at, of_what)
        for way, number in islice(plans, 2):
            disturb(shop, at, way, number)
    end = NINE + 5 * DAY
    for way, number in plans:
        disturb(shop, end, way, number)
    shop.until(end)
    return shop


def disturb(shop: LocalShop, at: Instant, way: str, number: int) -> None:
    local = shop.local
    match way:
        case "step":
            local.step(at, number)
        case "commit":
            local.step(at, number)
            local.commit(at)
        case "commit_only":
            local.step(at, number)
            local.commit(at, with_store=False)
            local.restart()
        case "crash":
            local.step(at, number)
            local.restart()
        case "lose_disk":
            local.restart(keep_store=False)
        case "advance":
            local.advance(at)


@examples(40)
@given(plan=PLANS, happened=st.lists(happenings(), max_size=30))
def test_any_crashes_within_scans_give_the_same_output_as_none(
    plan: list[tuple[str, int]], happened: list[tuple[int, str, Any]]
) -> None:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(scans, "SCAN_CHUNK", 3)
        undisturbed, disturbed = run_through([], happened), run_through(plan, happened)
    for topic in ("send-commands", "flow-decisions", "late-records", "dead-letters"):
        assert disturbed.outputs(topic) == undisturbed.outputs(topic)
    assert remembered(disturbed) == remembered(undisturbed)


def remembered(shop: LocalShop) -> dict[bytes, Any]:
    """What the store holds, but for the clock: a commit more may have taken it further."""
    items: dict[bytes, Any] = dict(shop.local.store.items())
    position = decode_position(items.pop(POSITION_KEY))
    assert position is not None
    return {**items, POSITION_KEY: (position.inputs, position.late_sequence, position.plans)}
