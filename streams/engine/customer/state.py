"""The state of one customer (DESIGN 6): its fields, its header and its bytes.

    1 byte   format of what follows
    8 bytes  next due time, big-endian milliseconds (all 0xff: no timer), so that the timer index
             can be built without decoding
    rest     the `CustomerState` as array-like msgpack

Fields are only appended, with defaults: bytes written by an older version stay readable. Any other
change needs a new format number and readers of the old formats: format_1.py, format_2.py.
"""

from typing import Any

import msgspec

from streams.engine.customer.format_1 import FORMAT_1, fields_of_format_1
from streams.engine.customer.format_2 import FORMAT_2, fields_of_format_2, with_known_orders
from streams.engine.customer.journey import Journey, JourneyState
from streams.engine.customer.past import Occurrence, Past
from streams.engine.values import Instant, unpack

__all__ = [
    "FORMAT",
    "CustomerState",
    "Followed",
    "GivenCoupon",
    "Journey",
    "JourneyState",
    "LastSend",
    "Membership",
    "NewerState",
    "Occurrence",
    "OrderAccount",
    "OrderContents",
    "Past",
    "Sent",
    "StateHead",
    "StatePrefix",
    "Touch",
    "Watch",
    "cart_of",
    "decode_head",
    "decode_prefix",
    "decode_state",
    "due_header",
    "encode_state",
    "forget_all",
    "is_forgotten",
    "new_state",
    "next_due_in",
]

FORMAT = 3
_FORMAT_BYTE = bytes([FORMAT])
_NO_TIMER = b"\xff" * 8
_NO_TIMER_HEADER = _FORMAT_BYTE + _NO_TIMER
_HEADER = len(_NO_TIMER_HEADER)


class NewerState(Exception):
    """Bytes that a newer version of the product has written."""


class LastSend(msgspec.Struct, array_like=True, gc=False):
    """The newest send that started the Smart Sending clock of a channel (SEMANTICS 4.7)."""

    at: Instant
    window: int  # ms; in force when it was sent
    send_id: str
    flow: str = ""
    step: str = ""


class Sent(msgspec.Struct, array_like=True, gc=False):
    """A recent message. Its id is `send_id(journey_id, step)`."""

    at: Instant
    channel: str
    flow: str
    journey_id: str
    step: str
    is_marketing: bool  # counts towards the caps (SEMANTICS 4.8)


class Touch(msgspec.Struct, array_like=True, gc=False):
    """An opened or clicked message, which may be credited with an order (SEMANTICS 7.3)."""

    at: Instant
    metric: str
    sent: Sent


class Membership(msgspec.Struct, array_like=True, gc=False):
    """The customer's membership in a segment that starts flows or is followed."""

    version: int  # of the segment definition that was evaluated
    is_member: bool
    changes_at: Instant | None  # earliest change by time alone
    is_told: bool = False  # the topic segment-changes has the customer as a member


class GivenCoupon(msgspec.Struct, array_like=True, gc=False):
    """A coupon code of the customer (SEMANTICS 7.1)."""

    code: str
    given_at: Instant
    expires_at: Instant | None  # fixed at assignment; None: no expiry


class Watch(msgspec.Struct, array_like=True, gc=False):
    """An article that the customer watches: interest.py."""

    kind: str  # of the interest that news name: its first letter, in older states the word
    until: Instant
    seen_price: int | None = None  # of the newest event that named one
    is_sold_out: bool = False  # as news have told P
    weaker: dict[str, Instant] = {}  # the customer's other interests in it: letter -> end


class Followed(msgspec.Struct, array_like=True, gc=False):
    """A message that conditions ask about (SEMANTICS 3.8): followed.py."""

    flow: str
    step: str
    journey_id: str
    told: dict[str, Instant]  # what became of it -> newest time


class OrderAccount(msgspec.Struct, array_like=True):
    """Knowledge of an order beyond its total: known_orders.py. Amounts are in minor units."""

    taken: int = 0  # refunded or cancelled, in the order's own currency
    is_cancelled: bool = False  # all of it, whatever its total becomes
    refunds: bytes = b""  # id_hash of each refund_id
    told_at: Instant | None = None  # `occurred_at` of its newest telling, if not the order's
    currency: str | None = None  # None: the store's
    total: int | None = None  # in `currency`, if it is another than the store's
    worth: int | None = None  # the total in the store's currency, if known_orders lacks it
    waits_since: Instant | None = None  # record time; the order itself hasn't come yet
    waiting: list[tuple[int, str | None, int | None]] = []  # known_orders.Amount


class OrderContents(msgspec.Struct, array_like=True, gc=False):
    """The contents of an order: carts.py."""

    at: Instant
    cart_id: str | None
    skus: bytes  # sku_hash of each article


class StateHead(msgspec.Struct, array_like=True):
    """Profile and consent of a customer: the first fields of a state, so that a scan may leave the
    rest undecoded."""

    customer_id: str
    next_due: Instant | None = None  # earliest timer of this customer
    sequence: int = 0  # number of events applied so far
    profile: dict[str, Any] = {}
    patched_at: Instant = 0  # `occurred_at` of the last patch of fields not in `profile_at` (7.5)
    profile_at: dict[str, Instant | None] = {}  # that of others: profile_updates.py
    suppressed: dict[str, list[str]] = {}  # of a channel, a topic, an address: profile_updates.py
    soft_bounces: dict[str, bytes] = {}  # channel -> id_hash of each message in a row that bounced


class StatePrefix(StateHead, array_like=True):
    """Profile and history of a customer: the fields that audiences depend on, but journeys."""

    orders: int = 0
    revenue: int = 0
    refunds: int = 0
    first_order_at: Instant | None = None
    last_order_at: Instant | None = None
    recent: dict[str, Past] = {}  # metric -> its remembered events, and the number of all


class CustomerState(StatePrefix, array_like=True):
    """Everything known of one customer; money in minor units of the store's currency."""

    seen: bytes = b""  # ids of the last 64 events that `recent` lacks: duplicates.py
    cart: bytes | None = None  # the newest cart.updated's data, packed: cart_of
    cart_at: Instant = 0  # the `occurred_at` of the newest cart.updated
    bought: bytes = b""  # hashes of SKUs, at most 10,000 (SEMANTICS 7.4): orders.py
    known_orders: bytes = b""  # the last 1,000: known_orders.py
    last_send: dict[str, LastSend] = {}
    recent_sends: list[Sent] = []  # in order of time, for caps and touches
    entries: dict[str, dict[str, Instant]] = {}  # flow -> key ("" without) -> last entry
    journeys: list[Journey] = []  # in order of entry
    touches: list[Touch] = []  # in order of time
    order_accounts: dict[bytes, OrderAccount] = {}  # of few orders: known_orders.py
    occasions: dict[str, Instant] = {}  # date flow -> next due date
    memberships: dict[str, Membership] = {}  # of segments that start flows or are followed
    adapted: int = 0  # Program.number of the definitions that the journeys were adapted to
    reviews: list[Journey] = []  # awaiting review, oldest first: review_queue.py
    handled: bytes = b""  # hashes of concluded messages: concluded.py
    coupons: dict[str, GivenCoupon] = {}  # pool -> the newest code: coupon_assignment.py
    watching: dict[str, Watch] = {}  # by sku, at most 100: interest.py
    followed: list[Followed] = []  # in order of sending: followed.py
    ordered: bytes = b""  # viewed articles that were ordered: ordered_articles.py
    order_contents: list[OrderContents] = []  # of the newest, for carts told late: carts.py


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(CustomerState).decode
_decode_prefix = msgspec.msgpack.Decoder(StatePrefix).decode
_decode_head = msgspec.msgpack.Decoder(StateHead).decode


def new_state(customer_id: str) -> CustomerState:
    """The state of an unknown customer."""
    return CustomerState(customer_id)


def is_forgotten(state: CustomerState) -> bool:
    """True if nothing is left, after `customer.erased`: a tombstone is written."""
    return state.sequence == 0 and not state.profile and not state.journeys


def forget_all(state: CustomerState) -> None:
    """Resets `state` to that of an unknown customer."""
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
    msgspec.MsgspecError or ValueError for bytes that aren't a state."""
    if data[:1] != _FORMAT_BYTE:
        return msgspec.convert(_fields_of_older(data), CustomerState)
    return _decode(data[_HEADER:])


def decode_prefix(data: bytes) -> StatePrefix:
    """The first fields of the state in `data`, in half the time. Raises as `decode_state`."""
    if data[:1] != _FORMAT_BYTE:
        return msgspec.convert(_fields_of_older(data), StatePrefix)
    return _decode_prefix(data[_HEADER:])


def decode_head(data: bytes) -> StateHead:
    """Profile and consent of the state in `data`, in a quarter of the time. Raises as
    `decode_state`."""
    if data[:1] != _FORMAT_BYTE:
        return msgspec.convert(_fields_of_older(data), StateHead)
    return _decode_head(data[_HEADER:])


def due_header(data: bytes) -> bytes:
    """The next due time of the state in `data` as its header has it: 8 bytes, big-endian."""
    return data[1:_HEADER]


def next_due_in(data: bytes) -> Instant | None:
    """The next due time of the state in `data`, read from its header."""
    due = due_header(data)
    return None if due == _NO_TIMER else int.from_bytes(due, "big")


def _fields_of_older(data: bytes) -> list[Any]:
    """The fields of a state in an older format, in today's order."""
    if data[:1] == FORMAT_2:
        return fields_of_format_2(data[_HEADER:], CustomerState.__struct_fields__)
    if data[:1] == FORMAT_1:
        fields = fields_of_format_1(data[_HEADER:])
        return with_known_orders(fields, CustomerState.__struct_fields__)
    if data and data[0] > FORMAT:
        raise NewerState(
            f"state format {data[0]} from a newer version, supported up to {FORMAT}: "
            "use the newer version or rebuild the state"
        )
    raise ValueError(f"not a customer state: first byte {data[:1].hex() or 'missing'}")


def cart_of(state: CustomerState) -> dict[str, Any] | None:
    """The cart: the data of the newest `cart.updated`; None if there is no cart or it was emptied
    or bought."""
    return None if state.cart is None else unpack(state.cart)
