"""The shop's settings, `store.yaml`, with their defaults."""

import zoneinfo
from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Literal

import msgspec

from streams.engine.values import (
    CHANNELS,
    DAY,
    HOUR,
    Channel,
    ClockTime,
    Currency,
    Duration,
    Exchange,
    Field,
    FieldName,
    FieldType,
    PositiveDuration,
    PositiveInteger,
    Rate,
    Scalar,
    Text,
    zone_named,
)


def _field_type(text: str) -> FieldType | None:
    return next((kind for kind in _CUSTOM_FIELD_TYPES if kind.value == text), None)


_CUSTOM_FIELD_TYPES = (
    FieldType.TEXT,
    FieldType.NUMBER,
    FieldType.MONEY,
    FieldType.BOOLEAN,
    FieldType.DATE,
    FieldType.MOMENT,
    FieldType.TEXTS,
    FieldType.NUMBERS,
)
_TYPE_NAMES = tuple(kind.value for kind in _CUSTOM_FIELD_TYPES)

CustomFieldType = Annotated[
    FieldType,
    Scalar(f"one of {', '.join(_TYPE_NAMES)}", _field_type, {"enum": list(_TYPE_NAMES)}),
]


class History(msgspec.Struct, frozen=True, kw_only=True):
    """What is remembered of customers beyond what flows ask for (SEMANTICS 3.7).

    `keep`: for how long
    `occurrences`: of one metric, at most
    """

    keep: Duration = 400 * DAY
    occurrences: PositiveInteger = 1000


class Cap(msgspec.Struct, frozen=True, kw_only=True):
    """At most so many messages of all flows together (SEMANTICS 4.8).

    `at_most`: this many
    `channels`: over these channels; left out: over all
    `in`: a rolling window, or calendar_day: the customer's own day
    """

    at_most: PositiveInteger
    channels: list[Channel] = msgspec.field(default_factory=lambda: list(CHANNELS))
    in_: Literal["calendar_day"] | PositiveDuration = msgspec.field(name="in")


class StoreSettings(msgspec.Struct, frozen=True, kw_only=True):
    """The shop's settings, `store.yaml`.

    `name`: for people
    `timezone`: of customers and flows that have none of their own; cron lines and dates
    `currency`: in which amounts are written and counted
    `rates`: what one unit of another currency is worth in the store's
    `profile`: profile fields of the shop's own, each with its type
    `history`: what is remembered beyond what flows ask for
    `smart_sending`: per channel, how long after a message the next one is skipped
    `quiet_hours`: per channel, from when to when nothing is sent; equal ends: always allowed
    `caps`: at most so many messages
    """

    name: Text | None = None
    timezone: Text = "UTC"
    currency: Currency = "GBP"
    rates: dict[Currency, Rate] = {}
    profile: dict[FieldName, CustomFieldType] = {}
    history: History = History()
    smart_sending: dict[Channel, Duration] = {}
    quiet_hours: dict[Channel, tuple[ClockTime, ClockTime]] = {}
    caps: list[Cap] = []

    def zone(self) -> zoneinfo.ZoneInfo:
        """The store's zone; UTC for a name that is none, which `check` has refused."""
        zone = zone_named(self.timezone) or zone_named("UTC")
        assert zone is not None
        return zone

    def exchange(self) -> Exchange:
        """What converts amounts into the store's currency."""
        rates: dict[str, Decimal] = self.rates
        return Exchange(self.currency, rates)

    def smart_sending_window(self, channel: str) -> int:
        """How long after a message on `channel` the next one is skipped, ms (SEMANTICS 4.7)."""
        return self.smart_sending.get(channel, SMART_SENDING[channel])


SMART_SENDING = {"email": 16 * HOUR, "sms": 24 * HOUR, "push": 24 * HOUR, "web": 0}
"""The default windows (SEMANTICS 4.7)."""


def custom_fields(types: Mapping[str, FieldType]) -> dict[str, Field]:
    """The fields that a shop has defined itself, by name: none has to be there."""
    return {name: Field(kind, is_optional=True, is_custom=True) for name, kind in types.items()}
