"""SEMANTICS 3.1, 3.3."""

import pytest

from streams.engine.customer.past import Past
from tests.engine.conditions.asking import DAY, HOUR, NOW, Asked

ORDER = "order.placed"


def test_over_all_time_the_states_own_count_serves() -> None:
    asked = Asked({"count": ORDER, "equals": "2"})
    assert asked.at() == (False, None)
    asked.state.recent[ORDER] = Past(total=2)  # no event needs to be remembered
    assert asked.at() == (True, None)
    assert asked.evidence() == {"count order.placed": 2}
    assert asked.reads.remembered[ORDER].window == 0


def test_s48_the_window_is_half_open() -> None:
    asked = Asked({"count": ORDER, "in_last": "7d", "equals": "1"})
    asked.happened(ORDER, NOW - 7 * DAY, NOW - 7 * DAY + 1)
    assert asked.at(NOW - 1) == (False, NOW)  # both are in, one leaves now
    assert asked.at(NOW) == (True, NOW + 1)
    assert asked.at(NOW + 1) == (False, None)
    assert asked.reads.remembered[ORDER].window == 7 * DAY


def test_events_that_leave_at_once_are_one_change() -> None:
    asked = Asked({"count": ORDER, "in_last": "1d", "equals": "1"})
    asked.happened(ORDER, NOW, NOW, NOW + 5)
    assert asked.at(NOW + 6) == (False, NOW + DAY)


@pytest.mark.parametrize(
    ("comparison", "truths"),
    [
        ({"equals": "0"}, (False, False, True)),
        ({"at_least": "1"}, (True, True, False)),
        ({"lt": "2"}, (False, True, True)),
        ({"between": ["1", "1"]}, (False, True, False)),
        ({"in": ["0", "2"]}, (True, False, True)),
        ({"not_equals": "1"}, (True, False, True)),
    ],
)
def test_every_comparison_as_events_leave(
    comparison: dict[str, object], truths: tuple[bool, bool, bool]
) -> None:
    asked = Asked({"count": ORDER, "in_last": "1d", **comparison})
    asked.happened(ORDER, NOW - HOUR, NOW)
    first_leaves, second_leaves = NOW - HOUR + DAY, NOW + DAY
    assert asked.holds(first_leaves - 1) == truths[0]
    assert asked.holds(first_leaves) == truths[1]
    assert asked.holds(second_leaves - 1) == truths[1]
    assert asked.holds(second_leaves) == truths[2]


def test_on_day_is_a_day_of_the_customer() -> None:
    asked = Asked({"count": ORDER, "on_day": "-1", "equals": "1"})
    asked.profile(timezone="America/New_York")
    midnight = NOW - 10 * HOUR + 5 * HOUR  # 05:00 UTC
    asked.happened(ORDER, midnight - 1)  # on Sunday
    assert asked.at(midnight - 1) == (False, midnight)
    assert asked.at(midnight) == (True, midnight + DAY)
    assert asked.at(midnight + DAY) == (False, None)


def test_on_a_day_without_events_nothing_changes() -> None:
    asked = Asked({"count": ORDER, "on_day": "-1", "equals": "0"})
    assert asked.at() == (True, None)
    asked.happened(ORDER, NOW - 10 * DAY)
    assert asked.at() == (True, None)


def test_during_is_dates_of_the_store() -> None:
    asked = Asked(
        {"count": ORDER, "during": ["2026-03-01", "2026-03-01"], "equals": "2"},
        store={"timezone": "Asia/Tokyo"},
    )
    start = NOW - NOW % DAY - DAY - 9 * HOUR
    asked.happened(ORDER, start - 1, start, start + DAY - 1, start + DAY)
    assert asked.at() == (True, None)
    assert asked.reads.remembered[ORDER].window is None


def test_since_flow_start_is_later_or_processed_later() -> None:
    asked = Asked({"count": ORDER, "since": "flow_start", "equals": "2"})
    asked.happened(ORDER, NOW - 1)
    asked.journey.sequence = asked.state.sequence + 1
    asked.journey.trigger_metric = ORDER
    asked.happened(ORDER, NOW)  # the trigger
    asked.happened(ORDER, NOW)  # in the same millisecond, later
    asked.happened(ORDER, NOW + 1)
    assert asked.at(NOW + 1) == (True, None)


def test_since_flow_start_counts_another_metric_in_the_triggers_moment() -> None:
    """Shops date to the second, and webhooks overtake each other (D17)."""
    asked = Asked({"count": ORDER, "since": "flow_start", "equals": "1"})
    asked.happened(ORDER, NOW - 1)
    asked.happened(ORDER, NOW)
    asked.journey.sequence = asked.state.sequence + 1
    asked.journey.trigger_metric = "cart.updated"
    assert asked.at(NOW) == (True, None)


def test_since_the_last_of_another_metric() -> None:
    asked = Asked({"count": ORDER, "since": {"last": "search.performed"}, "equals": "0"})
    asked.happened(ORDER, NOW - HOUR)
    assert not asked.holds()  # never searched: all count
    asked.happened("search.performed", NOW - HOUR)
    assert asked.holds()
    asked.happened(ORDER, NOW - HOUR)
    assert not asked.holds()
    assert asked.reads.remembered["search.performed"].window == 0


def test_where_holds_on_one_event() -> None:
    asked = Asked(
        {"count": ORDER, "where": {"total": {"gt": "100"}, "country": "FR"}, "equals": "1"}
    )
    asked.happened(ORDER, NOW - 2, total=10_001, country="GB")
    asked.happened(ORDER, NOW - 1, total=10_000, country="FR")
    assert not asked.holds()
    asked.happened(ORDER, NOW, total=10_001, country="FR")
    assert asked.holds()
    assert asked.reads.remembered[ORDER].fields == {"total", "country"}
    assert asked.reads.fields[ORDER] == {"total", "country"}


def test_events_of_which_no_field_was_kept_pass_no_where() -> None:
    asked = Asked({"count": ORDER, "where": {"total": {"gt": "100"}}, "equals": "0"})
    asked.happened(ORDER, NOW)
    assert asked.holds()


def test_it_may_be_compared_with_a_number_of_the_profile() -> None:
    asked = Asked({"count": ORDER, "in_last": "7d", "at_least": "$profile.score"})
    asked.happened(ORDER, NOW - 1)
    assert not asked.holds()  # missing
    assert asked.profile(score=1).at() == (True, NOW - 1 + 7 * DAY)
    assert asked.profile(score=2).at() == (False, None)


@pytest.mark.parametrize(
    ("raw", "path", "message"),
    [
        ({"count": "order.place", "equals": "1"}, "count", "unknown metric 'order.place'"),
        ({"count": ORDER}, "", "'count' needs a comparison"),
        (
            {"count": ORDER, "exists": "true"},
            "exists",
            "'exists' does not fit a count: write at_least: 1 or equals: 0",
        ),
        (
            {"count": ORDER, "equals": "1", "since": {"last": "x.y"}},
            "since.last",
            "unknown metric 'x.y'",
        ),
        (
            {"count": ORDER, "equals": "1", "in_last": "0s"},
            "in_last",
            "expected a positive duration, such as 4h or 7d, found '0s'",
        ),
        (
            {"count": ORDER, "equals": "$profile.plan"},
            "equals",
            "$profile.plan is a text, expected a number",
        ),
    ],
)
def test_what_is_refused(raw: dict[str, object], path: str, message: str) -> None:
    assert (path, message) in Asked(raw).said()
