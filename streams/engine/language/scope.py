"""What names mean at one place of the definitions, for checking and compiling; and what compiling
finds out about the past that customers' states must keep."""

import zoneinfo
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import msgspec

from streams.engine.language.family_keys import Families
from streams.engine.values import Field, FieldType, Metric


class Remembered(msgspec.Struct):
    """What the state must keep of one metric's past events."""

    window: int | None = 0
    """How far back in ms; None: as far as there is; 0: the newest one only (its time and fields).
    The newest one and the number of all (`totals`) are always kept."""

    fields: set[str] = set()


class Reads(msgspec.Struct):
    """What the compiled definitions read: collected while they are compiled."""

    remembered: dict[str, Remembered] = {}  # by metric
    fields: dict[str, set[str]] = {}  # by metric, of the event itself (filters, keys, $trigger)
    facts: set[str] = set()  # store facts (SEMANTICS 7.2)

    def remember(self, metric: str, window: int | None, fields: Iterable[str] = ()) -> None:
        """Somebody asks for events of `metric` up to `window` ms ago (None: all)."""
        kept = self.remembered.setdefault(metric, Remembered())
        if window is None or kept.window is None:
            kept.window = None
        else:
            kept.window = max(kept.window, window)
        kept.fields.update(fields)
        self.fields.setdefault(metric, set()).update(fields)

    def read(self, metric: str, fields: Iterable[str]) -> None:
        """Somebody reads `fields` of an event of `metric` when it happens."""
        self.fields.setdefault(metric, set()).update(fields)


class Scope(msgspec.Struct):
    """The surroundings of a flow or segment.

    `trigger` is the metric whose event started the flow: None where there is none (segments,
    schedules, dates), so that `$trigger` is refused there.
    """

    families: Families
    metrics: Mapping[str, Metric]  # the built-in ones and the shop's
    profile: Mapping[str, Field]  # the known fields and the shop's
    segments: Mapping[str, Any]  # id -> Segment (definition.py)
    flows: frozenset[str]
    coupons: Mapping[str, Any]  # id -> CouponPool (definition.py)
    currency: str
    zone: zoneinfo.ZoneInfo  # the flow's, else the store's: for customers without one (2.3)
    store_zone: zoneinfo.ZoneInfo
    flow: str | None = None
    trigger: str | None = None
    gives_coupons: bool = False  # whether some step of the flow does, for `$coupon`
    is_trigger_unknown: bool = False  # the trigger has an error of its own: say nothing about it
    reads: Reads = msgspec.field(default_factory=Reads)
    segment_conditions: dict[str, Callable[[Any], Any]] = {}  # compiled ones, filled on first use


PROFILE_FIELDS: dict[str, Field] = {
    "email": Field(FieldType.TEXT, is_optional=True),
    "phone": Field(FieldType.TEXT, is_optional=True),
    "push_token": Field(FieldType.TEXT, is_optional=True),
    "first_name": Field(FieldType.TEXT, is_optional=True),
    "last_name": Field(FieldType.TEXT, is_optional=True),
    "locale": Field(FieldType.TEXT, is_optional=True),
    "timezone": Field(FieldType.TEXT, is_optional=True),
    "birthday": Field(FieldType.DATE, is_optional=True),
    "country": Field(FieldType.TEXT, is_optional=True),
    "consent": Field(FieldType.TEXTS, is_optional=True),
}
"""The profile fields that every shop has (DESIGN 7)."""
