"""SEMANTICS 3.4: a segment may refer to others, not in a circle."""

from tests.engine.conditions.asking import DAY, NOW, Asked

LAPSED = {"segment": "lapsed", "if": {"since_last": "order.placed", "at_least": "90d"}}
FRENCH = {"segment": "french", "if": {"profile": "locale", "equals": "fr"}}
BOTH = {"segment": "both", "if": {"all": [{"segment": "lapsed"}, {"segment": "french"}]}}


def test_a_member_by_time_alone() -> None:
    asked = Asked({"segment": "both"}, segments=[LAPSED, FRENCH, BOTH])
    asked.happened("order.placed", NOW).profile(locale="fr")
    assert asked.at() == (False, NOW + 90 * DAY)
    assert asked.at(NOW + 90 * DAY) == (True, None)
    assert asked.evidence() == {"segment both": False}
    assert asked.reads.remembered["order.placed"].window == 0


def test_a_segment_means_the_same_in_every_zone_of_a_flow() -> None:
    today = {"segment": "today", "if": {"count": "order.placed", "on_day": "0", "equals": "1"}}
    asked = Asked({"segment": "today"}, segments=[today], store={"timezone": "Asia/Tokyo"})
    asked.happened("order.placed", NOW - NOW % DAY)  # 09:00 of today in Tokyo
    assert asked.holds()


def test_what_is_refused() -> None:
    assert Asked({"segment": "lapst"}, segments=[LAPSED]).said() == [
        ("segment", "unknown segment 'lapst'")
    ]
    circle = [
        {"segment": "a", "if": {"segment": "b"}},
        {"segment": "b", "if": {"not": {"segment": "a"}}},
    ]
    asked = Asked({"segment": "a"}, segments=circle)
    assert [problem.message for problem in asked.problems] == [
        "the segment 'a' depends on itself through 'b'",
        "the segment 'b' depends on itself through 'a'",
    ]
