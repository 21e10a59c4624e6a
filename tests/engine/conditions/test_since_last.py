"""The time since the last event: each comparison before, on and after its edge."""

import pytest

from tests.engine.conditions.asking import DAY, HOUR, NOW, Asked

ORDER = "order.placed"
AGO = 90 * DAY


@pytest.mark.parametrize(
    ("comparison", "before", "on", "after"),
    [
        ({"at_least": "90d"}, (False, AGO), (True, None), (True, None)),
        ({"gt": "90d"}, (False, AGO + 1), (False, AGO + 1), (True, None)),
        ({"at_most": "90d"}, (True, AGO + 1), (True, AGO + 1), (False, None)),
        ({"lt": "90d"}, (True, AGO), (False, None), (False, None)),
        ({"equals": "90d"}, (False, AGO), (True, AGO + 1), (False, None)),
        ({"between": ["90d", "91d"]}, (False, AGO), (True, AGO + DAY + 1), (True, AGO + DAY + 1)),
    ],
)
def test_before_on_and_after(
    comparison: dict[str, object],
    before: tuple[bool, int | None],
    on: tuple[bool, int | None],
    after: tuple[bool, int | None],
) -> None:
    asked = Asked({"since_last": ORDER, **comparison}).happened(ORDER, NOW)
    for now, (holds, changes_after) in ((AGO - 1, before), (AGO, on), (AGO + 1, after)):
        changes_at = None if changes_after is None else NOW + changes_after
        assert asked.at(NOW + now) == (holds, changes_at)


def test_without_any_event_every_comparison_fails() -> None:
    assert Asked({"since_last": ORDER, "at_least": "90d"}).at() == (False, None)
    assert Asked({"since_last": ORDER, "lt": "90d"}).at() == (False, None)


def test_the_last_of_several() -> None:
    asked = Asked({"since_last": ["message.opened", "message.clicked"], "at_least": "1d"})
    asked.happened("message.opened", NOW - 2 * DAY)
    assert asked.holds()
    asked.happened("message.clicked", NOW - HOUR)
    assert asked.at() == (False, NOW - HOUR + DAY)
    assert asked.evidence() == {"since_last message.opened, message.clicked": "1h"}


def test_only_events_that_pass_where_count() -> None:
    asked = Asked({"since_last": ORDER, "where": {"total": {"gt": "100"}}, "at_least": "1d"})
    asked.happened(ORDER, NOW - 2 * DAY, total=10_001).happened(ORDER, NOW - HOUR, total=5)
    assert asked.holds()
    assert asked.reads.remembered[ORDER].window is None  # the newest may be none of them


def test_without_where_only_the_newest_is_needed() -> None:
    assert Asked({"since_last": ORDER, "at_least": "1d"}).reads.remembered[ORDER].window == 0


@pytest.mark.parametrize(
    ("raw", "path", "message"),
    [
        ({"since_last": ORDER}, "", "'since_last' needs a comparison"),
        ({"since_last": [], "gt": "1d"}, "since_last", "expected at least one metric"),
        (
            {"since_last": ORDER, "gt": "1d", "lt": "2d"},
            "lt",
            "'gt' and 'lt' exclude each other",
        ),
        (
            {"since_last": [ORDER, "order.x"], "gt": "1d"},
            "since_last[1]",
            "unknown metric 'order.x'",
        ),
        (
            {"since_last": ORDER, "between": ["2d", "1d"]},
            "between",
            "empty range: the first exceeds the second",
        ),
    ],
)
def test_what_is_refused(raw: dict[str, object], path: str, message: str) -> None:
    assert (path, message) in Asked(raw).said()
