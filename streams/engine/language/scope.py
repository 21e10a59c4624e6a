"""The known names at one place of the definitions, for checking and compiling; and the past events
that customers' states must keep, collected by compiling."""

import zoneinfo
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import msgspec

from streams.engine.language.family_keys import Families
from streams.engine.language.store_settings import Exclude
from streams.engine.values import CHANNELS, Exchange, Field, FieldType, Metric


class Remembered(msgspec.Struct):
    """The part of one metric's past events that states must keep."""

    window: int | None = 0
    """Age in ms; None: all events; 0: the newest only (its time and fields). The newest and the
    number of all (`totals`) are always kept."""

    fields: set[str] = set()


class Reads(msgspec.Struct):
    """The data that compiled definitions read, collected during compilation."""

    remembered: dict[str, Remembered] = {}  # by metric
    fields: dict[str, set[str]] = {}  # by metric, of the event itself (filters, keys, $trigger)
    facts: set[str] = set()  # store facts (SEMANTICS 7.2)
    shows_viewed: bool = False  # some message has `items: viewed`
    messages: dict[tuple[str, str], bool] = {}  # (flow, step); true: in any journey (3.8)

    def remember(self, metric: str, window: int | None, fields: Iterable[str] = ()) -> None:
        """Requests events of `metric` up to `window` ms ago (None: all)."""
        kept = self.remembered.setdefault(metric, Remembered())
        if window is None or kept.window is None:
            kept.window = None
        else:
            kept.window = max(kept.window, window)
        kept.fields.update(fields)
        self.fields.setdefault(metric, set()).update(fields)

    def read(self, metric: str, fields: Iterable[str]) -> None:
        """Requests `fields` of an event of `metric` when it is processed."""
        self.fields.setdefault(metric, set()).update(fields)

    def follow(self, flow: str, step: str, *, from_any_journey: bool) -> None:
        """Requests what becomes of the messages of a step."""
        known = self.messages.get((flow, step), False)
        self.messages[flow, step] = known or from_any_journey


class Scope(msgspec.Struct):
    """The surroundings of a flow or segment.

    `trigger` is the metric whose event started the flow; None for segments, schedules and dates,
    where `$trigger` is a problem.
    """

    families: Families
    metrics: Mapping[str, Metric]  # built in and custom
    profile: Mapping[str, Field]  # built in and custom
    segments: Mapping[str, Any]  # id -> Segment (definition.py)
    flows: frozenset[str]
    messages: Mapping[str, frozenset[str]]  # flow -> the ids of its messages
    coupons: Mapping[str, Any]  # id -> CouponPool (definition.py)
    topics: frozenset[str]  # of the store, that customers may leave
    currency: str
    zone: zoneinfo.ZoneInfo  # the flow's, else the store's: for customers without one (2.3)
    store_zone: zoneinfo.ZoneInfo
    exchange: Exchange
    exclude: Exclude = Exclude()
    flow: str | None = None
    trigger: str | None = None
    is_per_item: bool = False  # `each: items`, for `$item`
    gives_coupons: bool = False  # by some step of the flow, for `$coupon`
    is_trigger_unknown: bool = False  # the trigger has a problem: report no others about it
    reads: Reads = msgspec.field(default_factory=Reads)
    segment_conditions: dict[str, Callable[[Any], Any]] = {}  # compiled on first use


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
    "consent": Field(FieldType.TEXTS, is_optional=True, words=CHANNELS),
}
"""The built-in profile fields (DESIGN 7)."""
