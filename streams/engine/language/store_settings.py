"""The settings of a store, `store.yaml`, with their defaults."""

import zoneinfo
from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Literal

import msgspec

from streams.engine.values import (
    CHANNELS,
    DAY,
    HOUR,
    MINUTE,
    WEEKDAYS,
    Channel,
    ClockTime,
    CountryCode,
    Currency,
    Date,
    Duration,
    Exchange,
    Field,
    FieldName,
    FieldType,
    Identifier,
    PositiveDuration,
    PositiveInteger,
    Rate,
    Scalar,
    Text,
    Weekday,
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
    """Retention of past events beyond the needs of flows (SEMANTICS 3.7).

    `keep`: maximum age
    `occurrences`: maximum number of events of one metric
    """

    keep: Duration = 400 * DAY
    occurrences: PositiveInteger = 1000


class Cap(msgspec.Struct, frozen=True, kw_only=True):
    """A limit on the messages of all flows together (SEMANTICS 4.8).

    `at_most`: maximum number of messages
    `channels`: the channels counted together; default: all
    `in`: a rolling window, or calendar_day: the customer's own day
    """

    at_most: PositiveInteger
    channels: list[Channel] = msgspec.field(default_factory=lambda: list(CHANNELS))
    in_: Literal["calendar_day"] | PositiveDuration = msgspec.field(name="in")


class Exclude(msgspec.Struct, frozen=True, kw_only=True):
    """Articles that are never recommended (SEMANTICS 7.4).

    `skus`: lines that are no articles, such as postage
    `categories`: whole categories, such as gift cards
    """

    skus: list[Text] = []
    categories: list[Text] = []


IN_COMMANDS = ("first_name", "last_name")
"""The default of `in_commands`."""


class StoreSettings(msgspec.Struct, frozen=True, kw_only=True):
    """The settings of a store, `store.yaml`.

    `name`: display name
    `timezone`: zone of schedules and dates, and of customers and flows without one
    `currency`: currency of amounts in definitions, sums and reports
    `rates`: value of one unit of another currency in the store's
    `profile`: custom profile fields, each with its type
    `history`: retention of past events beyond the needs of flows
    `smart_sending`: per channel, the time after a message in which the next one is skipped
    `quiet_hours`: per channel, start and end of the hours without messages; equal: no quiet hours
    `quiet_days`: per channel, weekdays without messages
    `quiet_dates`: per channel, dates without messages, such as public holidays
    `caps`: limits on the number of messages
    `topics`: what customers may leave without leaving the channel, such as offers or news
    `profile_grace`: a message waits so long for the first profile of a new customer; 0s: never
    `country`: of national phone numbers, where the customer's profile names none
    `exclude`: articles that are never recommended
    `in_commands`: fields of the profile that every send command carries
    `low_stock`: number of pieces from which on an article's stock is low
    """

    name: Text | None = None
    timezone: Text = "UTC"
    currency: Currency = "GBP"
    rates: dict[Currency, Rate] = {}
    profile: dict[FieldName, CustomFieldType] = {}
    history: History = History()
    smart_sending: dict[Channel, Duration] = {}
    quiet_hours: dict[Channel, tuple[ClockTime, ClockTime]] = {}
    quiet_days: dict[Channel, list[Weekday]] = {}
    quiet_dates: dict[Channel, list[Date]] = {}
    caps: list[Cap] = []
    topics: list[Identifier] = []
    profile_grace: Duration = 2 * MINUTE
    country: CountryCode | None = None
    in_commands: list[FieldName] = msgspec.field(default_factory=lambda: [*IN_COMMANDS])
    exclude: Exclude = Exclude()
    low_stock: PositiveInteger = 5

    def zone(self) -> zoneinfo.ZoneInfo:
        """The store's zone; UTC for an unknown name, which `check` has reported."""
        zone = zone_named(self.timezone) or zone_named("UTC")
        assert zone is not None
        return zone

    def exchange(self) -> Exchange:
        """The conversion of amounts into the store's currency."""
        rates: dict[str, Decimal] = self.rates
        return Exchange(self.currency, rates)

    def smart_sending_window(self, channel: str) -> int:
        """The Smart Sending window of `channel` in ms (SEMANTICS 4.7)."""
        return self.smart_sending.get(channel, SMART_SENDING[channel])

    def quiet_weekdays(self, channel: str) -> frozenset[int]:
        """The quiet days of `channel` from 0 for Monday (SEMANTICS 4.11)."""
        return frozenset(WEEKDAYS.index(day) for day in self.quiet_days.get(channel, ()))


SMART_SENDING = {"email": 16 * HOUR, "sms": 24 * HOUR, "push": 24 * HOUR, "web": 0}
"""The default windows (SEMANTICS 4.7)."""


def custom_fields(types: Mapping[str, FieldType]) -> dict[str, Field]:
    """Custom fields by name; all are optional."""
    return {name: Field(kind, is_optional=True, is_custom=True) for name, kind in types.items()}
