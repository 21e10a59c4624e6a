"""The ports of a partition task: its settings, and the protocols for the store, for decoding events
and for encoding effects. The adapters in `store/` and `contracts/` implement them."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Protocol

import msgspec

from streams.engine import (
    Article,
    Backfill,
    Decision,
    Event,
    GoneProduct,
    Instant,
    Interest,
    Product,
    Program,
    Review,
    SegmentChange,
    SendCommand,
    WebhookCommand,
)
from streams.engine.values import Distribution
from streams.settings import RecordTime

Headers = list[tuple[str, bytes]]
"""Headers of a record, in order; a name may repeat."""

PartitionId = tuple[str, int]
"""A topic and one of its partitions."""


class Record(msgspec.Struct, gc=False):
    """One record of a Kafka partition, as fetched."""

    time: Instant  # the record timestamp
    offset: int
    key: bytes | None
    value: bytes | None
    headers: Headers | None = None


class OutputRecord(msgspec.Struct, gc=False):
    """One record to produce. `topic` is the logical name (without the shop's prefix)."""

    topic: str
    key: bytes | None
    value: bytes | None
    partition: int | None = None  # None: murmur2 of the key
    headers: Headers | None = None
    time: Instant | None = None  # None: the broker's or the producer's clock


class Rejection(msgspec.Struct, gc=False):
    """The reason why a record is unusable; goes to `dead-letters` with the original bytes."""

    reason: str
    schema: str | None = None


class PartlyRefused(msgspec.Struct, gc=False):
    """An event that applies without some of its fields (SEMANTICS 8.4); the rejection names them,
    and the record goes to `dead-letters` too."""

    event: Event
    rejection: Rejection


class StoreBatch(msgspec.Struct):
    """The changes of one transaction to the store; written atomically.

    `changes` maps a changelog key (customer id, or own key of the task) to its new bytes; None:
    deleted. `changelog_offset` is the next changelog offset to read after these changes.
    `due_before` has the due time that the store's state of a customer has in its header, of those
    that are known to have one; the store reads the others.
    """

    changes: dict[bytes, bytes | None]
    changelog_offset: int
    written_at: Instant  # wall time of the commit, for the age of the store (PITFALLS 42)
    due_before: dict[bytes, bytes] = {}


class Store(Protocol):
    """State, timer index and changelog offset of one task. A cache of the changelog, never ahead of
    its committed records. Keys that begin with 0x00 are the task's own and have no timers."""

    def get(self, key: bytes) -> bytes | None: ...
    def write(self, batch: StoreBatch) -> None:
        """Writes `batch` atomically and updates the timer index by the next due time in each
        state's header. Raises StoreUnusable, Refused."""

    def changelog_offset(self) -> int | None:
        """Next changelog offset to read; None for a new store."""

    def written_at(self) -> Instant | None: ...
    def timers(self, start: Instant, end: Instant, limit: int) -> list[tuple[Instant, bytes]]:
        """Up to `limit` pairs (due, customer key), start <= due < end, in that order."""

    def customers(self, after: bytes, limit: int) -> list[tuple[bytes, bytes]]:
        """Up to `limit` pairs (key, state) with key > after, in order of key."""

    def own(self, prefix: bytes, after: bytes, limit: int) -> list[tuple[bytes, bytes]]:
        """Up to `limit` pairs (key, value) of own keys with `prefix` and key > `after`, in order of
        key."""

    def items(self) -> Iterator[tuple[bytes, bytes]]:
        """All keys with their values, own keys included."""

    def clear(self) -> None: ...
    def close(self) -> None: ...


class CouponCode(msgspec.Struct, gc=False):
    """One record of the topic `coupons`: a code of `pool`. `at`: time of loading, by the loader's
    clock."""

    pool: str
    code: str
    by: str | None
    at: Instant


class CouponMove(msgspec.Struct, frozen=True):
    """An order to move loaded codes of `pool` from one task to another: up to `codes` of them."""

    number: int  # of all moves, ascending
    pool: str
    giver: int  # number of the task
    receiver: int
    codes: int
    key: bytes  # of the record with the codes: its hash is the receiver's partition


class MovedCodes(msgspec.Struct, frozen=True):
    """One record of the topic `coupon-moves`: the codes of a move, maybe none."""

    number: int
    pool: str
    giver: int
    receiver: int
    codes: list[str]


Decoded = (
    Event
    | PartlyRefused
    | Review
    | Backfill
    | CouponCode
    | MovedCodes
    | Product
    | GoneProduct
    | Interest
)
"""The possible contents of an input record."""


def event_in(found: Decoded | Rejection) -> Event | None:
    """The event that a record holds, also if some of its fields are refused; None for others."""
    if isinstance(found, PartlyRefused):
        return found.event
    return found if isinstance(found, Event) else None


class Decoder(Protocol):
    """Decodes the records of the input topics."""

    def decode(self, topic: str, record: Record) -> Decoded | Rejection:
        """The content of a record of the input `topic` (logical name), or its rejection. Checks the
        key too; never raises for any bytes of a producer. Raises LookupNeeded if another system
        must be queried first; the same record is decoded again after that."""


class DayReport(msgspec.Struct, frozen=True):
    """Report of a task about a day that is over (DESIGN 5.11): its customers as of its end, and the
    purchase counts of the day (None: no purchases)."""

    partition: int
    day_end: Instant  # the midnight, UTC, at which it ended
    customers: int
    buyers: int  # those with at least one order
    values: dict[str, Distribution] = {}  # of the buyers, by name: runtime/valuation.py
    learned: bytes | None = None
    segments: dict[str, int] = {}  # members of each followed segment that has any


class ArticleReport(msgspec.Struct, frozen=True):
    """Report of a task about articles that are shown otherwise than before (SEMANTICS 7.4)."""

    partition: int
    at: Instant  # stream time
    articles: list[Article]


class PoolReport(msgspec.Struct, frozen=True):
    """The loaded codes of one pool in a task."""

    pool: str
    loaded: int  # in this task, those moved since included
    given: int
    left: int
    received: int  # number of the last move that came; 0: none
    handed: int  # number of the last move that left; 0: none
    low: int | None  # codes in the store below which the pool runs low; None: not defined


class CouponReport(msgspec.Struct, frozen=True):
    """Report of a task about pools of loaded codes that have changed."""

    partition: int
    at: Instant  # stream time
    pools: list[PoolReport]


class CouponFacts(msgspec.Struct, frozen=True):
    """One record of `control` about coupon pools."""

    left: dict[str, int]  # by pool, codes left in all tasks
    moves: list[CouponMove]


class Encoder(Protocol):
    """Encodes effects as records of the output topics."""

    def commands(self, commands: Iterable[SendCommand]) -> list[OutputRecord]: ...
    def webhooks(self, commands: Iterable[WebhookCommand]) -> list[OutputRecord]: ...
    def reviews(self, commands: Iterable[SendCommand]) -> list[OutputRecord]: ...
    def interests(self, interests: Iterable[Interest]) -> list[OutputRecord]: ...
    def segment_changes(self, changes: Iterable[SegmentChange]) -> list[OutputRecord]: ...
    def news(self, metric: str, event: Mapping[str, Any], time: Instant) -> OutputRecord: ...
    def decisions(self, decisions: Iterable[Decision]) -> list[OutputRecord]: ...
    def dead_letter(
        self, topic: str, partition: int, record: Record, rejection: Rejection, at: Instant
    ) -> OutputRecord: ...
    def late_record(
        self, topic: str, partition: int, offset: int, effective_time: Instant, sequence: int
    ) -> OutputRecord: ...
    def day_report(self, report: DayReport) -> OutputRecord: ...
    def article_report(self, report: ArticleReport) -> OutputRecord: ...
    def coupon_report(self, report: CouponReport) -> OutputRecord: ...
    def moved_codes(self, moved: MovedCodes, key: bytes, time: Instant) -> OutputRecord: ...


CHANGELOG = "customers-changelog"
"""The topic of the customer states and of the own keys of tasks."""

OWN_KEY_PREFIX = b"\x00"
"""First byte of the own keys of a task; customer ids don't begin with it (DESIGN 4.9)."""

FIRST_CUSTOMER = b"\x01"
"""No customer id is less; every own key is."""

CONTROL = "control"
"""The topic of definitions, store facts and the purchase model."""

PRODUCTS = "products"
"""The topic of the shop's articles."""

DAY_FACTS_KEY = b"day-facts"
"""Key of the `control` records with the facts of a day, added up over all tasks. Their record time
is at or after the end of the day; in simulated time it is that midnight."""


MODEL_KEY = b"purchase-model"
"""Key of the `control` records with the purchase model (SEMANTICS 7.2)."""

ARTICLE_FACTS_KEY = b"article-facts"
"""Key of the `control` records with changes of articles between the facts of two days, which hold
all of them."""


COUPON_FACTS_KEY = b"coupon-facts"
"""Key of the `control` records about coupon pools."""


class Facts(msgspec.Struct):
    """Store facts of one record of `control`, by name (SEMANTICS 7.2): numbers, recommendations,
    the catalogue and the purchase model."""

    values: dict[str, Any]
    changed_articles: list[Article] = []  # of the catalogue
    coupon_moves: list[CouponMove] = []  # orders to the givers


class ControlReader(Protocol):
    """Reads records of `control` as programs and store facts."""

    def initial(self) -> Program:
        """The program of an empty set of definitions: states are updated, nothing is decided."""

    def read(self, record: Record) -> Program | Facts | Rejection:
        """The program or the facts in force from this record on. Compiled once per record, for all
        tasks. Raises Refused if this version doesn't support the set."""


class Ports(msgspec.Struct):
    """The ports of one task."""

    store: Store
    decoder: Decoder
    encoder: Encoder
    control: ControlReader


class TaskSettings(msgspec.Struct, frozen=True):
    """The settings that a task depends on; durations in milliseconds."""

    clock_skew: int = 20
    max_idle: int = 60_000
    commit_interval: int = 100
    commit_events: int = 10_000
    record_time: RecordTime = RecordTime.APPEND  # DESIGN 5.1, 5.7
    cache_memory: int = 64 * 1024 * 1024  # bytes of cached states
