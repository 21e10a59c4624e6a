"""Dates and moments as tables have them: typed, as text in any pattern, as numbers of a unit."""

import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from streams.engine.values import Instant
from streams.files.row_context import RowContext, Unfit
from streams.files.written_numbers import read_decimal

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_EARLIEST_MILLISECONDS = 10**11  # 1973; a smaller number is most likely in seconds
_LATEST_MILLISECONDS = 10**13  # 2286; a larger number is most likely a written date, or finer
_UNITS = {"s": Decimal(1000), "ms": Decimal(1), "us": Decimal("0.001")}
_UTC_BEHIND = re.compile(r" UTC$")  # as warehouses write it
_INTEGER = re.compile(r"[+-]?[0-9]+")


def read_date(value: Any, how: str, context: RowContext) -> str:
    """Returns a date as text; `how` is a pattern of strptime (default: ISO 8601). Raises Unfit."""
    if isinstance(value, date):
        return value.isoformat()[:10]  # strftime leaves zeros of a year out
    try:
        text = str(value).strip()
        day = datetime.strptime(text, how).date() if how else date.fromisoformat(text)  # noqa: DTZ007
    except ValueError:
        raise Unfit(value, f"a date like {how or 'YYYY-MM-DD'}") from None
    return day.isoformat()


def read_moment(value: Any, how: str, context: RowContext) -> Instant:
    """Returns a moment; `how` is a pattern of strptime, or the unit of a number. Times without an
    offset are in the zone of the context. Raises Unfit."""
    match value:
        case datetime():
            return instant_of(value, context.zone)
        case date():
            return instant_of(datetime(value.year, value.month, value.day), context.zone)  # noqa: DTZ001
        case str() if how.startswith("%"):
            try:
                return instant_of(datetime.strptime(value.strip(), how), context.zone)  # noqa: DTZ007
            except ValueError:
                raise Unfit(value, f"a time like {how}") from None
        case str() if not _INTEGER.fullmatch(value.strip()):
            try:
                written = _UTC_BEHIND.sub("+00:00", value.strip())
                return instant_of(datetime.fromisoformat(written), context.zone)
            except ValueError:
                raise Unfit(
                    value, "a time like 2026-03-02T10:00 or milliseconds since 1970"
                ) from None
    return _instant_of_number(value, how, context)


def _instant_of_number(value: Any, how: str, context: RowContext) -> Instant:
    expected = "a time like 2026-03-02T10:00 or milliseconds since 1970"
    number = read_decimal(value, expected, context)
    if how in _UNITS:
        return int(number * _UNITS[how])
    if number != number.to_integral_value():
        raise Unfit(value, "whole milliseconds since 1970; for seconds map it with ':s'")
    if abs(number) < _EARLIEST_MILLISECONDS:
        raise Unfit(value, "milliseconds since 1970; for seconds map it with ':s'")
    if number > _LATEST_MILLISECONDS:
        raise Unfit(value, f"milliseconds since 1970; {_meant_by(str(int(number)))}")
    return int(number)


def _meant_by(digits: str) -> str:
    """Returns the mapping that a number too large for milliseconds probably needs."""
    try:
        datetime.strptime(digits, "%Y%m%d%H%M%S")  # noqa: DTZ007
    except ValueError:
        return "for microseconds map it with ':us'"
    return "for a written time map it with ':%Y%m%d%H%M%S'"


def instant_of(moment: datetime, zone: ZoneInfo) -> Instant:
    """Returns a typed time, in `zone` unless it has an offset."""
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=zone)
    return (moment - _EPOCH) // _MILLISECOND
