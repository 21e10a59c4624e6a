"""Truth over time of what changes at the beginning of a store's day only: predicted values
(SEMANTICS 7.2, DESIGN 5.8).

    value      ▔▔▔╲___
                   ╲____▔▔╲____                falls from day to day, until the next order
    threshold  ─────────────╲──────
                             ▲
               today ……… the day of the change, by bisection … today + HORIZON
"""

import zoneinfo
from collections.abc import Iterator
from datetime import date
from typing import Any

import msgspec

from streams.engine.conditions.comparison import Judge
from streams.engine.conditions.truth import Condition, Truth, earlier
from streams.engine.customer import FALLING, PREDICTED, Situation, has_stand_in, value_on_day
from streams.engine.values import Instant, day_number, start_of_day

HORIZON = 32
"""Days after which a comparison is looked at again if it hasn't changed within them."""


def flips_once(name: str, zone: zoneinfo.ZoneInfo, passes: Judge, *, for_small: bool) -> Condition:
    """The truth of `passes`, which holds for small values (`for_small`) or for large ones, of a
    predicted value that falls or rises from day to day. What it comes to at last stays; before, the
    day of the change is found by bisection."""
    value_on = value_on_day(name, zone)
    at_last = for_small == (name in FALLING)

    def judge(situation: Situation) -> Truth:
        today = day_number(situation.now, zone)
        value = value_on(situation, today)
        holds = passes(value, situation)
        if holds == at_last or value is None or has_stand_in(situation, name):
            return holds, None
        low, high = today, today + HORIZON
        if passes(value_on(situation, high), situation) == holds:
            return holds, _beginning(high, zone)
        while high - low > 1:
            middle = (low + high) // 2
            if passes(value_on(situation, middle), situation) == holds:
                low = middle
            else:
                high = middle
        return holds, _beginning(high, zone)

    return judge


def every_day(condition: Condition, zone: zoneinfo.ZoneInfo) -> Condition:
    """A condition that may change with each of the store's days, and at its own moments."""

    def judge(situation: Situation) -> Truth:
        holds, changes_at = condition(situation)
        tomorrow = _beginning(day_number(situation.now, zone) + 1, zone)
        return holds, earlier(changes_at, tomorrow)

    return judge


def compares_predictions(definition: Any) -> bool:
    """True if a predicted value is written as an operand somewhere in a definition
    (`$value.clv.predicted`)."""
    return any(
        isinstance(part, str) and part.removeprefix("$value.") in PREDICTED and part[0] == "$"
        for part in parts_within(definition)
    )


def parts_within(value: Any) -> Iterator[Any]:
    """A definition and all values within it."""
    yield value
    if isinstance(value, msgspec.Struct):
        for name in value.__struct_fields__:
            yield from parts_within(getattr(value, name))
    elif isinstance(value, dict):
        for inner in value.values():
            yield from parts_within(inner)
    elif isinstance(value, (list, tuple)):
        for inner in value:
            yield from parts_within(inner)


def _beginning(day: int, zone: zoneinfo.ZoneInfo) -> Instant:
    return start_of_day(date.fromordinal(day), zone)
