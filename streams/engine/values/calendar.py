"""Zones, clock times, weekdays, daylight saving (SEMANTICS 2.1 to 2.4).

Wall-clock times are computed in local time and then converted to an instant: a time that doesn't
exist (spring) becomes the first instant after the gap, a time that exists twice (autumn) the first.
"""

import datetime
import functools
import importlib.resources
import re
import zoneinfo
from collections.abc import Collection

from streams.engine.values.event import Instant
from streams.engine.values.scalars import WEEKDAYS, Clock, LocalMoment

_EPOCH = datetime.datetime(1970, 1, 1)  # noqa: DTZ001 - the epoch as wall-clock time of UTC
_MILLISECOND = datetime.timedelta(milliseconds=1)
_DAY = datetime.timedelta(days=1)
_DAY_MS = 24 * 60 * 60 * 1000
_FIRST, _LAST = -62_132_918_400_000, 253_399_622_400_000
"""Instants in the first and the last month of the calendar, the years 1 to 9999."""
_ZONE_NAME = re.compile(r"[A-Za-z0-9_+-]+(/[A-Za-z0-9_+-]+)*", re.ASCII)


@functools.lru_cache(maxsize=1024)
def zone_named(name: str) -> zoneinfo.ZoneInfo | None:
    """The zone of that name, None if it is unknown. It comes from the pinned `tzdata` package,
    never from the machine's zone files: a replay elsewhere must decide the same (SEMANTICS 2.4)."""
    if not _ZONE_NAME.fullmatch(name):
        return None
    try:
        file = importlib.resources.files("tzdata").joinpath("zoneinfo", *name.split("/"))
        with file.open("rb") as data:
            return zoneinfo.ZoneInfo.from_file(data, key=name)
    except (OSError, ValueError):
        return None


def zone_names() -> list[str]:
    """All zones of the pinned `tzdata` package."""
    return importlib.resources.files("tzdata").joinpath("zones").read_text().split()


def zone_of(name: object, otherwise: zoneinfo.ZoneInfo) -> zoneinfo.ZoneInfo:
    """The customer's own zone; `otherwise` if `name` isn't a zone (SEMANTICS 2.3, W35)."""
    if isinstance(name, str):
        return zone_named(name) or otherwise
    return otherwise


def to_wall(at: Instant, zone: zoneinfo.ZoneInfo) -> datetime.datetime:
    """The wall-clock time in `zone` (naive; `fold` marks the second of two). A time outside the
    calendar shows one at its end."""
    if not _FIRST <= at <= _LAST:
        at = min(max(at, _FIRST), _LAST)
    utc = (_EPOCH + at * _MILLISECOND).replace(tzinfo=zone)
    return zone.fromutc(utc).replace(tzinfo=None)


def to_date(at: Instant, zone: zoneinfo.ZoneInfo) -> datetime.date:
    """The calendar day in `zone`."""
    start, day = _latest_day.get(zone, _NO_DAY)
    if start <= at < start + _DAY_MS:
        return day
    day = to_wall(at, zone).date()
    start = start_of_day(day, zone)
    if start_of_day(next_day(day), zone) - start == _DAY_MS:  # no change of clocks within it
        _latest_day[zone] = start, day
    return day


_NO_DAY = (-(1 << 62), datetime.date.min)
_latest_day: dict[zoneinfo.ZoneInfo, tuple[Instant, datetime.date]] = {}
"""Cache of the latest result in each zone; the next call mostly has the same day."""


def day_number(at: Instant, zone: zoneinfo.ZoneInfo) -> int:
    """The calendar day in `zone` as `date.toordinal` counts days. Cheap for many instants of
    different days."""
    offset = _offset_on(at // _DAY_MS, zone)
    if offset is None:
        return to_wall(at, zone).toordinal()
    return (at + offset) // _DAY_MS + _EPOCH.toordinal()


@functools.lru_cache(maxsize=4096)
def _offset_on(utc_day: int, zone: zoneinfo.ZoneInfo) -> int | None:
    """The offset in ms during a day of UTC; None if clocks change in it or it isn't within the
    calendar."""
    start, end = utc_day * _DAY_MS, (utc_day + 1) * _DAY_MS
    if not _FIRST <= start < end <= _LAST:
        return None
    before, after = ((to_wall(at, zone) - _EPOCH) // _MILLISECOND - at for at in (start, end))
    return before if before == after else None


def to_instant(wall: datetime.datetime, zone: zoneinfo.ZoneInfo) -> Instant:
    """The first instant at which clocks in `zone` show `wall`; if they skip it, the first after the
    gap."""
    wall = wall.replace(fold=0)
    before = _offset(wall, zone)
    after = _offset(wall.replace(fold=1), zone)
    at = (wall - _EPOCH - before) // _MILLISECOND
    if after <= before:  # no change of clocks, or a time that exists twice: the first
        return at
    # A gap: the instant before the jump shows less than `wall`, the jump itself shows more.
    low, high = (wall - _EPOCH - after) // _MILLISECOND, at
    while low < high:
        middle = (low + high) // 2
        if to_wall(middle, zone) < wall:
            low = middle + 1
        else:
            high = middle
    return low


def _offset(wall: datetime.datetime, zone: zoneinfo.ZoneInfo) -> datetime.timedelta:
    offset = wall.replace(tzinfo=zone).utcoffset()
    assert offset is not None
    return offset


@functools.lru_cache(maxsize=4096)
def start_of_day(day: datetime.date, zone: zoneinfo.ZoneInfo) -> Instant:
    """The first instant of a calendar day."""
    return to_instant(datetime.datetime.combine(day, datetime.time()), zone)


def start_of_today(at: Instant, zone: zoneinfo.ZoneInfo) -> Instant:
    """The first instant of the day of `at`."""
    return start_of_day(to_date(at, zone), zone)


def next_day(day: datetime.date, days: int = 1) -> datetime.date:
    """`days` calendar days later, or the last day (the first) of the calendar: a profile may hold
    9999-12-31."""
    try:
        return day + days * _DAY
    except OverflowError:
        return datetime.date.max if days > 0 else datetime.date.min


def at_clock(day: datetime.date, clock: Clock, zone: zoneinfo.ZoneInfo) -> Instant:
    """A clock time of a calendar day."""
    return to_instant(datetime.datetime.combine(day, datetime.time(clock.hour, clock.minute)), zone)


def next_clock(at: Instant, clock: Clock, zone: zoneinfo.ZoneInfo) -> Instant:
    """The next instant, `at` included, at which it becomes `clock` (SEMANTICS 2.1, W43)."""
    day = to_date(at, zone)
    while True:
        moment = at_clock(day, clock, zone)
        if moment >= at:
            return moment
        day = next_day(day)


def on_weekday(at: Instant, allowed: Collection[str], zone: zoneinfo.ZoneInfo) -> Instant:
    """`at` if its weekday is allowed (`mon`, ...), else the same clock time of the next allowed day
    (SEMANTICS 2.2). An empty `allowed` allows all."""
    if not allowed:
        return at
    wall = to_wall(at, zone)
    if WEEKDAYS[wall.weekday()] in allowed:
        return at  # unchanged: the second of two equal clock times must not become the first
    while WEEKDAYS[wall.weekday()] not in allowed:
        wall += _DAY
    return to_instant(wall, zone)


def place_moment(moment: LocalMoment, zone: zoneinfo.ZoneInfo) -> Instant:
    """The instant of a moment as written: by its own offset, else by the clocks of `zone`."""
    if moment.offset is None:
        return to_instant(moment.wall, zone)
    return (moment.wall - _EPOCH) // _MILLISECOND - moment.offset


def moment_text(at: Instant, zone: zoneinfo.ZoneInfo) -> str:
    """`2026-12-24 18:00`, with seconds and milliseconds unless they are 0."""
    wall = to_wall(at, zone)
    if wall.microsecond:
        return wall.isoformat(" ", "milliseconds")
    return wall.isoformat(" ", "seconds" if wall.second else "minutes")


def yearly(day: datetime.date, year: int) -> datetime.date:
    """The same day in `year`; 29 February in other years is 28 February (SEMANTICS 2.4)."""
    try:
        return day.replace(year=year)
    except ValueError:
        return day.replace(year=year, day=28)
