"""SEMANTICS 3.4: own data, dates relative to now."""

import pytest

from tests.engine.conditions.asking import DAY, HOUR, NOW, Asked

MIDNIGHT = NOW - 10 * HOUR  # of Monday 2026-03-02, UTC


@pytest.mark.parametrize(
    ("comparison", "value", "holds"),
    [
        ({"equals": "English"}, "en", False),  # E10
        ({"equals": "en"}, "EN", False),
        ({"equals": "en", "ignore_case": "true"}, "EN", True),
        ({"contains": "nglis"}, "English", True),
        ({"contains": "NGLIS", "ignore_case": "true"}, "English", True),
        ({"starts_with": "En"}, "English", True),
        ({"starts_with": "ng"}, "English", False),
        ({"in": ["en", "fr"]}, "fr", True),
        ({"in": ["EN", "FR"], "ignore_case": "true"}, "fr", True),
        ({"in": []}, "fr", False),
        ({"not_in": ["en", "fr"]}, "de", True),
        ({"not_in": []}, "de", True),
        ({"not_equals": "en"}, "de", True),
        ({"exists": "true"}, "de", True),
        ({"exists": "false"}, "de", False),
    ],
)
def test_texts(comparison: dict[str, object], value: str, holds: bool) -> None:
    assert Asked({"profile": "locale", **comparison}).profile(locale=value).at() == (holds, None)


@pytest.mark.parametrize(
    "comparison",
    [
        {"equals": "x"},
        {"not_equals": "x"},
        {"in": ["x"]},
        {"not_in": ["x"]},
        {"contains": "x"},
        {"starts_with": "x"},
        {"exists": "true"},
    ],
)
def test_a_missing_field_fails_every_comparison(comparison: dict[str, object]) -> None:
    """SEMANTICS 1.2; null is missing."""
    asked = Asked({"profile": "locale", **comparison})
    assert not asked.holds()
    assert not asked.profile(locale=None).holds()


def test_but_exists_false() -> None:
    assert Asked({"profile": "locale", "exists": "false"}).holds()


def test_numbers() -> None:
    asked = Asked({"profile": "score", "between": ["0.5", "2"]})
    assert [asked.profile(score=score).holds() for score in (0.49, 0.5, 1, 2, 2.01)] == [
        False,
        True,
        True,
        True,
        False,
    ]


def test_one_field_may_be_compared_with_another() -> None:
    asked = Asked({"profile": "locale", "equals": "$profile.country"})
    assert not asked.profile(locale="fr").holds()
    assert asked.profile(country="fr").holds()
    assert not asked.profile(country="FR").holds()


@pytest.mark.parametrize(
    ("name", "before", "on"),
    [
        # renewal on 2026-03-10; before: -30d holds from 31 days after it on
        ("before", (False, 39), (True, None)),
        # after: -30d holds up to 29 days after it, and no longer on the 30th
        ("after", (True, 38), (False, None)),
    ],
)
def test_a_date_relative_to_now_changes_at_the_customers_midnight(
    name: str, before: tuple[bool, int], on: tuple[bool, None]
) -> None:
    asked = Asked({"profile": "renewal", name: "-30d"})
    asked.profile(renewal="2026-03-10", timezone="America/New_York")
    days = before[1]
    changes_at = MIDNIGHT + days * DAY + 4 * HOUR  # New York, in summer
    assert asked.at(changes_at - 1) == (before[0], changes_at)
    assert asked.at(changes_at) == on


def test_a_date_to_come() -> None:
    asked = Asked({"profile": "renewal", "before": "14d"}).profile(renewal="2026-03-20")
    changes_at = MIDNIGHT + 5 * DAY  # on 7 March, 14 days later is after the 20th
    assert asked.at() == (False, changes_at)
    assert asked.at(changes_at - 1) == (False, changes_at)
    assert asked.at(changes_at) == (True, None)


def test_a_moment_relative_to_now() -> None:
    after = Asked({"profile": "seen", "after": "-2h"}).profile(seen=NOW)
    assert after.at(NOW + 2 * HOUR - 1) == (True, NOW + 2 * HOUR)
    assert after.at(NOW + 2 * HOUR) == (False, None)
    before = Asked({"profile": "seen", "before": "-2h"}).profile(seen=NOW)
    assert before.at(NOW + 2 * HOUR) == (False, NOW + 2 * HOUR + 1)
    assert before.at(NOW + 2 * HOUR + 1) == (True, None)


def test_dates_and_moments_by_the_calendar() -> None:
    asked = Asked({"profile": "renewal", "after": "2026-01-01"})
    assert not asked.holds()
    assert not asked.profile(renewal="2026-01-01").holds()
    assert asked.profile(renewal="2026-01-02").at() == (True, None)
    moment = Asked({"profile": "seen", "before": "2026-03-02 10:00"})
    assert not moment.profile(seen=NOW).holds()
    assert moment.profile(seen=NOW - 1).holds()


def test_evidence_is_the_field() -> None:
    asked = Asked({"profile": "seen", "after": "-2h"})
    assert asked.evidence() == {"profile seen": None}
    assert asked.profile(seen=NOW).evidence() == {"profile seen": "2026-03-02 10:00"}


@pytest.mark.parametrize(
    ("raw", "path", "message"),
    [
        ({"profile": "plann", "equals": "x"}, "profile", "unknown profile field 'plann'"),
        (
            {"profile": "renewal", "before": "-12h"},
            "before",
            "a date needs whole days, found '-12h'",
        ),
        (
            {"profile": "plan", "before": "-1d"},
            "before",
            "'before' is for dates and moments, 'plan' is a text",
        ),
        (
            {"profile": "renewal", "before": "soon"},
            "before",
            "expected a date such as 2026-01-01 or a distance from now such as -30d, found 'soon'",
        ),
        (
            {"profile": "renewal", "before": "1d", "after": "2d"},
            "after",
            "'before' and 'after' exclude each other",
        ),
        (
            {"profile": "renewal", "before": "1d", "equals": "2026-01-01"},
            "equals",
            "'before' and 'equals' exclude each other",
        ),
        (
            {"profile": "renewal", "before": "$profile.plan"},
            "before",
            "$profile.plan is a text, expected a date",
        ),
        (
            {"profile": "score", "equals": "1", "ignore_case": "true"},
            "ignore_case",
            "'ignore_case' needs text, 'score' is a number",
        ),
        ({"profile": "plan"}, "", "'plan' needs a comparison"),
    ],
)
def test_what_is_refused(raw: dict[str, object], path: str, message: str) -> None:
    assert (path, message) in Asked(raw).said()
