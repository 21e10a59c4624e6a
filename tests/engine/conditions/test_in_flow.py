"""SEMANTICS 3.4: in it, entered within; the journey that asks doesn't count."""

from streams.engine.customer.state import Journey
from tests.engine.conditions.asking import DAY, NOW, Asked


def journey_in(flow: str, entered_at: int) -> Journey:
    return Journey(flow, "j2", entered_at=entered_at, started_at=entered_at, sequence=1)


def test_in_it_now() -> None:
    asked = Asked({"in_flow": "other"})
    assert asked.at() == (False, None)
    asked.state.journeys.append(journey_in("other", NOW))
    assert asked.at() == (True, None)
    assert asked.evidence() == {"in_flow other": True}


def test_the_judged_journey_does_not_count() -> None:
    asked = Asked({"in_flow": "asked"})
    assert not asked.holds()
    asked.state.journeys.append(journey_in("asked", NOW))
    assert asked.holds()


def test_entered_within_is_half_open_and_counts_ended_journeys() -> None:
    asked = Asked({"in_flow": "other", "within": "7d"})
    assert asked.at() == (False, None)
    asked.state.entries["other"] = {"": NOW}
    assert asked.at(NOW) == (True, NOW + 7 * DAY)
    assert asked.at(NOW + 7 * DAY - 1) == (True, NOW + 7 * DAY)
    assert asked.at(NOW + 7 * DAY) == (False, None)


def test_the_newest_entry_of_all_keys_counts() -> None:
    asked = Asked({"in_flow": "other", "within": "7d"})
    asked.state.entries["other"] = {"17": NOW - 8 * DAY, "18": NOW - DAY}
    assert asked.at() == (True, NOW + 6 * DAY)


def test_own_entry_does_not_count() -> None:
    asked = Asked({"in_flow": "asked", "within": "7d"})
    asked.state.entries["asked"] = {"": NOW}
    assert not asked.holds()


def test_an_unknown_flow_is_refused() -> None:
    assert Asked({"in_flow": "othr"}).said() == [("in_flow", "unknown flow 'othr'")]
