"""What is remembered of one customer (DESIGN section 6), its header and its bytes."""

from typing import Any

import msgspec

from streams.engine.event import Instant


class Occurrence(msgspec.Struct, array_like=True, gc=False):
    """One remembered event: when, its place in the customer's order of processing, and those of
    its fields that conditions in force read (None: none of them)."""

    at: Instant
    sequence: int
    data: dict[str, Any] | None = None


class Journey(msgspec.Struct, array_like=True):
    """One run of the customer through one flow."""

    flow: str
    journey_id: str
    entered_at: Instant  # effective time of the entry
    started_at: Instant  # `occurred_at` of the trigger (SEMANTICS 1.9, 1.11)
    sequence: int  # of the triggering event: "equal: processed later" (SEMANTICS 1.9)
    trigger_metric: str | None = None
    trigger_event_id: str | None = None
    trigger: dict[str, Any] | None = None  # the triggering event's data
    key: str | None = None
    step: str | None = None  # the id of the step where P waits or is held
    state: str = "running"  # JourneyState.value (journey.py)
    due: Instant | None = None
    memory: dict[str, Any] = {}  # what the current step keeps while P waits (append-only keys)


class LastSend(msgspec.Struct, array_like=True, gc=False):
    """The newest send that started the Smart Sending clock of a channel (SEMANTICS 4.7)."""

    at: Instant
    window: int  # ms; the window in force when it was sent
    send_id: str


class CustomerState(msgspec.Struct, array_like=True):
    """Everything known of one customer. Fields are only ever appended, with defaults, so that
    older bytes stay readable; money in minor units of the store's currency."""

    customer_id: str
    next_due: Instant | None = None  # earliest timer of this customer
    sequence: int = 0  # number of events applied so far
    profile: dict[str, Any] = {}
    profile_at: dict[str, Instant] = {}  # `occurred_at` of the last patch of a field (7.5)
    suppressed: dict[str, str] = {}  # channel -> unsubscribed | hard_bounce | complaint | ...
    soft_bounces: dict[str, int] = {}
    orders: int = 0
    revenue: int = 0
    refunds: int = 0
    first_order_at: Instant | None = None
    last_order_at: Instant | None = None
    totals: dict[str, int] = {}  # metric -> events over all time
    recent: dict[str, list[Occurrence]] = {}  # metric -> by `at`, then sequence
    seen: list[int] = []  # 8-byte hashes of the last 64 event ids, oldest first
    cart: dict[str, Any] | None = None
    bought: list[int] = []  # hashes of SKUs, at most 10,000 (SEMANTICS 7.4)
    last_send: dict[str, LastSend] = {}
    recent_sends: list[tuple[Instant, str]] = []  # (time, channel), for caps
    entries: dict[str, dict[str, Instant]] = {}  # flow -> key ("" without) -> last entry
    journeys: list[Journey] = []


def new_state(customer_id: str) -> CustomerState:
    """The state of a customer of whom nothing is known yet."""
    return CustomerState(customer_id)
