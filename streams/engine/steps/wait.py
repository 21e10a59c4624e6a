"""Continues later: after a duration, at a clock time, at a moment, or within a window of the day
(SEMANTICS 2.1 to 2.5). Clock times and days are those of the customer's time zone."""

import datetime
from collections.abc import Callable, Iterator
from typing import Any, Literal
from zoneinfo import ZoneInfo

import msgspec

from streams.engine.customer import Journey, JourneyState, move
from streams.engine.effects import Outcome
from streams.engine.language import Reference, Scope, compile_reference, is_reference
from streams.engine.program import Building, FollowedDate, Step, Turn, end, followed_date
from streams.engine.values import (
    DAY,
    WEEKDAYS,
    Clock,
    ClockTime,
    Duration,
    FieldType,
    Identifier,
    Instant,
    LocalMoment,
    MomentText,
    Offset,
    Operand,
    PositiveDuration,
    Problem,
    Weekday,
    at_clock,
    meant_clock,
    next_clock,
    next_day,
    on_weekday,
    parse_date,
    place_moment,
    start_of_day,
    to_date,
    whole_days,
)


class Until(msgspec.Struct, frozen=True, kw_only=True):
    """Until a clock time, a moment, or a date or moment that a reference gives.

    `until`: a clock time ("15:30"), a moment (2026-12-24 18:00), or `$profile.FIELD` or
      `$trigger.FIELD` that holds a date or moment; a profile field is followed when it changes
    `offset`: added to it; earlier with a minus
    `if_missing`: where the reference has no value: exit, or a duration to wait instead; without
      it, continue at once
    """

    until: ClockTime | MomentText | Operand
    offset: Offset = 0
    if_missing: Literal["exit"] | PositiveDuration | None = None


class Window(msgspec.Struct, frozen=True, kw_only=True):
    """Until a window between two clock times; within it, no wait.

    `window`: from (included) and to (excluded), also over midnight
    `only_on`: allowed days of the week
    """

    window: tuple[ClockTime, ClockTime]
    only_on: list[Weekday] = []


class Definition(msgspec.Struct, frozen=True, kw_only=True):
    """Continues later.

    `wait`: a duration (4h, 1d 2h 30m, 2w), `until:` a clock time or moment, or a `window:` of the
      day
    `at`: clock time on the last day of a wait in whole days
    `only_on`: days on which to continue; otherwise the same clock time on the next such day
    `id`: the name of the step; waiting customers keep their place by it
    """

    wait: Duration | Until | Window
    at: ClockTime | None = None
    only_on: list[Weekday] = []
    id: Identifier | None = None


_DueOf = Callable[[Turn, ZoneInfo], Instant | None]
"""Returns the moment at which to continue, given the customer's zone; None if a reference has no
value."""


def check(definition: Definition, scope: Scope) -> Iterator[Problem]:
    """`at` needs whole days; a reference must give a date or a moment."""
    wait = definition.wait
    if definition.at is not None:
        if not isinstance(wait, int):
            yield Problem(("at",), "'at' needs a duration in days, such as 2d", at_key=True)
        elif whole_days(wait) is None:
            yield Problem(("wait",), "with 'at' the wait must be whole days, such as 2d")
    if isinstance(wait, Until) and isinstance(wait.until, str):
        yield from _check_reference(wait.until, scope)
    elif isinstance(wait, Until) and wait.if_missing is not None:
        path = ("wait", "if_missing")
        yield Problem(path, "'if_missing' needs a reference in 'until'", at_key=True)
    if isinstance(wait, Window):
        if definition.only_on:
            yield Problem(("only_on",), "write 'only_on' inside 'wait', beside 'window'")
        if wait.window[0] == wait.window[1]:
            yield Problem(("wait", "window"), "empty window")


def _check_reference(text: str, scope: Scope) -> Iterator[Problem]:
    path = ("wait", "until")
    if not is_reference(text):
        yield Problem(
            path,
            f'expected a clock time such as "15:30", a moment such as 2026-12-24 18:00 or a '
            f"reference, found {text!r}",
            found=text,
            nearest=f"{text} 00:00" if parse_date(text) else meant_clock(text),
        )
        return
    reference = compile_reference(text, scope, path)
    if isinstance(reference, Problem):
        yield reference
    elif reference.type not in (FieldType.DATE, FieldType.MOMENT):
        yield Problem(path, f"{text} is a {reference.type.value}, not a date or a moment")


def compile(definition: Definition, building: Building, step_id: str, following: Step) -> Step:  # noqa: A001 - same name in each
    """The step that waits, unless the end of the wait is past already (2.5)."""
    due = due_of(definition, building.scope)
    otherwise = building.scope.zone
    only_on = frozenset(definition.only_on)
    has_nothing_after = following is building.flow.finish
    length = definition.wait if isinstance(definition.wait, int) else None
    needs_zone = length is None or definition.at is not None or bool(only_on)
    missing = _when_missing(definition, building, step_id)

    def moment_of(turn: Turn, journey: Journey, at: Instant) -> Instant | None:
        """The end of a wait that begins `at`; None if the journey has ended."""
        if not needs_zone:
            return at + length  # type: ignore[operator]
        zone = turn.zone(otherwise)
        today, turn.now = turn.now, at
        moment = due(turn, zone)
        turn.now = today
        if moment is None:
            moment = missing(turn, journey, at)
        return None if moment is None else on_weekday(moment, only_on, zone)

    def run(turn: Turn, journey: Journey) -> Step | None:
        if has_nothing_after:
            return following
        moment = moment_of(turn, journey, turn.now)
        if moment is None:
            return None
        if moment <= turn.now:
            return following
        move(journey, JourneyState.WAITING, step_id, moment)
        return None

    def retrace(turn: Turn, journey: Journey, at: Instant) -> tuple[Step, Instant] | None:
        """A wait that ends now has passed (6.3)."""
        if has_nothing_after:
            return following, at
        moment = moment_of(turn, journey, at)
        if moment is None:
            return None
        if moment <= turn.now:
            return following, max(moment, at)
        move(journey, JourneyState.WAITING, step_id, moment)
        return None

    follows = _followed(definition, building.scope)
    return Step(step_id, run, lambda turn, journey: following, retrace=retrace, follows=follows)


def _followed(definition: Definition, scope: Scope) -> FollowedDate | None:
    """The field of the profile until which P waits (2.10)."""
    until = definition.wait.until if isinstance(definition.wait, Until) else None
    if isinstance(until, str) and until.startswith("$profile."):
        return followed_date(until.removeprefix("$"), scope)
    return None


_WhenMissing = Callable[[Turn, Journey, Instant], Instant | None]
"""Records that the field is missing. Returns the end of the wait that began at the moment given, or
None after ending the journey."""


def _when_missing(definition: Definition, building: Building, step_id: str) -> _WhenMissing:
    flow, wait = building.flow, definition.wait
    until = wait.until if isinstance(wait, Until) else None
    instead = wait.if_missing if isinstance(wait, Until) else None

    def missing(turn: Turn, journey: Journey, at: Instant) -> Instant | None:
        evidence: dict[str, Any] = {"field": until}
        if isinstance(instead, int):
            evidence["instead_ms"] = instead
        turn.record(flow, journey, step_id, Outcome.BRANCH, "missing", evidence)
        if instead == "exit":
            end(turn, flow, journey, "exit", {"reason": f"{until} is missing"}, step_id)
            return None
        return at if instead is None else at + instead

    return missing


def due_of(definition: Definition, scope: Scope) -> _DueOf:
    """The end of the wait, before `only_on` is applied."""
    wait = definition.wait
    if isinstance(wait, int):
        return _after(wait, definition.at)
    if isinstance(wait, Window):
        return _window(wait)
    until, offset = wait.until, wait.offset
    if isinstance(until, Clock):
        return lambda turn, zone: next_clock(turn.now, until, zone) + offset
    if isinstance(until, LocalMoment):
        return lambda turn, zone: place_moment(until, zone) + offset
    reference = compile_reference(until, scope)
    assert isinstance(reference, Reference)
    return _referred(reference, offset)


def _after(length: int, clock: Clock | None) -> _DueOf:
    if clock is None:
        return lambda turn, zone: turn.now + length
    days = whole_days(length)
    assert days is not None
    known: dict[ZoneInfo, tuple[Instant, Instant, Instant]] = {}

    def due(turn: Turn, zone: ZoneInfo) -> Instant:
        """Cached per zone for the current day: (its start, its end, the moment). Not cached on days
        of a clock change, which may show one date, another, and the first again."""
        now = turn.now
        day = known.get(zone)
        if day is None or not day[0] <= now < day[1]:
            today = to_date(now, zone)
            start, end = start_of_day(today, zone), start_of_day(next_day(today), zone)
            day = (start, end, at_clock(next_day(today, days), clock, zone))
            if end - start == DAY:
                known[zone] = day
        return day[2]

    return due


def _referred(reference: Reference, offset: int) -> _DueOf:
    """A date counts from the start of its day; whole days of offset are calendar days."""
    if reference.type is FieldType.MOMENT:

        def moment_due(turn: Turn, zone: ZoneInfo) -> Instant | None:
            moment: Instant | None = reference.read(turn)
            return None if moment is None else moment + offset

        return moment_due
    days = whole_days(offset)

    def date_due(turn: Turn, zone: ZoneInfo) -> Instant | None:
        text = reference.read(turn)
        day = parse_date(text) if isinstance(text, str) else None
        if day is None:
            return None
        if days is None:
            return start_of_day(day, zone) + offset
        return start_of_day(next_day(day, days), zone)

    return date_due


def _window(wait: Window) -> _DueOf:
    """The earliest moment, now included, inside the window and on an allowed day.
    A window over midnight is two parts of a day:

        00:00 ==end---------------start== 24:00
    """
    start, end = wait.window
    allowed = frozenset(wait.only_on)
    midnight = Clock(0, 0)
    is_of_one_day = start < end or end == midnight
    parts = ((start, end),) if is_of_one_day else ((midnight, end), (start, midnight))

    def due(turn: Turn, zone: ZoneInfo) -> Instant:
        day = to_date(turn.now, zone)
        while True:
            if not allowed or WEEKDAYS[day.weekday()] in allowed:
                for begin, finish in parts:
                    opens = at_clock(day, begin, zone)
                    closes = _closes(day, finish, zone)
                    if turn.now < closes and opens < closes:
                        return max(opens, turn.now)
            day = next_day(day)

    return due


def _closes(day: datetime.date, clock: Clock, zone: ZoneInfo) -> Instant:
    if clock == Clock(0, 0):
        return start_of_day(next_day(day), zone)
    return at_clock(day, clock, zone)
