"""What is remembered of one customer (DESIGN 6), its header and its bytes.

    1 byte   format of what follows
    8 bytes  next due time, big-endian milliseconds (all 0xff: no timer), so that the timer index
             can be built without decoding
    rest     the `CustomerState` as array-like msgpack

Fields are only ever appended, with defaults: bytes written by an older version stay readable. A
change that appending can't express gets a new format number and a function in `_READERS`.
"""

from typing import Any

import msgspec

from streams.engine.customer.journey import Journey, JourneyState
from streams.engine.customer.past import Occurrence, Past
from streams.engine.values import Instant, unpack

__all__ = [
    "FORMAT",
    "CustomerState",
    "GivenCoupon",
    "Journey",
    "JourneyState",
    "LastSend",
    "Membership",
    "NewerState",
    "Occurrence",
    "Past",
    "Sent",
    "StatePrefix",
    "Touch",
    "Watch",
    "cart_of",
    "decode_prefix",
    "decode_state",
    "encode_state",
    "forget_all",
    "is_forgotten",
    "new_state",
]

FORMAT = 1
_FORMAT_BYTE = bytes([FORMAT])
_NO_TIMER_HEADER = _FORMAT_BYTE + b"\xff" * 8
_HEADER = len(_NO_TIMER_HEADER)


class NewerState(Exception):
    """These bytes were written by a newer version of the product: they must not be guessed at."""


class LastSend(msgspec.Struct, array_like=True, gc=False):
    """The newest send that started the Smart Sending clock of a channel (SEMANTICS 4.7)."""

    at: Instant
    window: int  # ms; the window in force when it was sent
    send_id: str
    flow: str = ""
    step: str = ""


class Sent(msgspec.Struct, array_like=True, gc=False):
    """A message that was sent lately. Its id is `send_id(journey_id, step)`."""

    at: Instant
    channel: str
    flow: str
    journey_id: str
    step: str
    is_marketing: bool  # counts towards the caps (SEMANTICS 4.8)


class Touch(msgspec.Struct, array_like=True, gc=False):
    """An opened or clicked message, to which an order may be ascribed (SEMANTICS 7.3)."""

    at: Instant
    metric: str
    sent: Sent


class Membership(msgspec.Struct, array_like=True, gc=False):
    """Whether the customer is a member of a segment that starts flows."""

    version: int  # of the segment's definition by which it was judged
    is_member: bool
    changes_at: Instant | None  # when that may change by time alone


class GivenCoupon(msgspec.Struct, array_like=True, gc=False):
    """A coupon that the customer was given (SEMANTICS 7.1)."""

    code: str
    given_at: Instant
    expires_at: Instant | None  # fixed when it was given; None: never


class Watch(msgspec.Struct, array_like=True, gc=False):
    """What the customer waits for news of, as the article's task was told: interest.py."""

    kind: str
    until: Instant


class StatePrefix(msgspec.Struct, array_like=True):
    """Who a customer is, and what they did: what decides whether a schedule is for them. These are
    the first fields of a state, so that a visit may leave the rest undecoded."""

    customer_id: str
    next_due: Instant | None = None  # earliest timer of this customer
    sequence: int = 0  # number of events applied so far
    profile: dict[str, Any] = {}
    profile_at: dict[str, Instant] = {}  # `occurred_at` of the last patch of a field (7.5)
    suppressed: dict[str, list[str]] = {}  # channel -> causes, at least one: profile_updates.py
    soft_bounces: dict[str, int] = {}  # channel -> in a row, to the present address
    orders: int = 0
    revenue: int = 0
    refunds: int = 0
    first_order_at: Instant | None = None
    last_order_at: Instant | None = None
    totals: dict[str, int] = {}  # metric -> events over all time
    recent: dict[str, Past] = {}  # metric -> what is remembered of its events


class CustomerState(StatePrefix, array_like=True):
    """Everything known of one customer; money in minor units of the store's currency."""

    seen: bytes = b""  # 8-byte hashes of the last 64 event ids, oldest first
    cart: bytes | None = None  # the newest cart.updated's data, packed: cart_of
    cart_at: Instant = 0  # its `occurred_at`
    bought: bytes = b""  # hashes of SKUs, at most 10,000 (SEMANTICS 7.4): orders.py
    order_left: dict[str, int | None] = {}  # order id -> not refunded yet: orders.py
    last_send: dict[str, LastSend] = {}
    recent_sends: list[Sent] = []  # in order of time: for caps, and to know what was opened
    entries: dict[str, dict[str, Instant]] = {}  # flow -> key ("" without) -> last entry
    journeys: list[Journey] = []  # in order of entry
    touches: list[Touch] = []  # in order of time
    converted: list[str] = []  # orders that were ascribed to a message
    occasions: dict[str, Instant] = {}  # date flow -> when it is due next
    memberships: dict[str, Membership] = {}  # of segments that start flows
    adapted: int = 0  # Program.number of the definitions that the journeys are in step with
    reviews: list[Journey] = []  # what waits for a person, oldest first: review_queue.py
    handled: bytes = b""  # marks of messages that were sent or skipped: concluded.py
    coupons: dict[str, GivenCoupon] = {}  # pool -> the newest code: coupon_assignment.py
    watching: dict[str, Watch] = {}  # sku -> why, at most 100: interest.py


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(CustomerState).decode
_decode_prefix = msgspec.msgpack.Decoder(StatePrefix).decode


def new_state(customer_id: str) -> CustomerState:
    """The state of a customer of whom nothing is known yet."""
    return CustomerState(customer_id)


def is_forgotten(state: CustomerState) -> bool:
    """Whether nothing is left to remember, after `customer.erased`: its record is deleted."""
    return state.sequence == 0 and not state.profile and not state.journeys


def forget_all(state: CustomerState) -> None:
    """Makes `state` that of a customer of whom nothing is known."""
    empty = CustomerState(state.customer_id)
    for name in CustomerState.__struct_fields__:
        setattr(state, name, getattr(empty, name))


def encode_state(state: CustomerState) -> bytes:
    """The bytes of `state`, header included."""
    due = state.next_due
    header = _NO_TIMER_HEADER if due is None else _FORMAT_BYTE + due.to_bytes(8, "big")
    return header + _encode(state)


def decode_state(data: bytes) -> CustomerState:
    """The state in `data`. Raises NewerState for a format of a later version, and
    msgspec.MsgspecError or ValueError for bytes that are no state."""
    if data[:1] != _FORMAT_BYTE:
        _refuse(data)
    return _decode(data[_HEADER:])


def decode_prefix(data: bytes) -> StatePrefix:
    """Only the first fields of the state in `data`: in half the time. Raises as `decode_state`."""
    if data[:1] != _FORMAT_BYTE:
        _refuse(data)
    return _decode_prefix(data[_HEADER:])


def _refuse(data: bytes) -> None:
    if data and data[0] > FORMAT:
        raise NewerState(
            f"state of format {data[0]}, written by a newer version; this one reads up to "
            f"{FORMAT}: start the newer version again, or rebuild the state with this one"
        )
    raise ValueError(f"no customer state: first byte {data[:1].hex() or 'missing'}")


def cart_of(state: CustomerState) -> dict[str, Any] | None:
    """What lies in the cart: the data of the newest `cart.updated`, None if there is no cart or it
    was emptied or bought."""
    return None if state.cart is None else unpack(state.cart)
