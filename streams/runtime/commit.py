"""What the next transaction of a task holds (DESIGN 4.6)."""

from collections import Counter
from collections.abc import Iterator

import msgspec

from streams.engine import (
    COUNTED,
    INPUTS,
    CustomerState,
    Effects,
    Instant,
    encode_state,
    is_forgotten,
)
from streams.engine.values import DAY, NO_CODES, CodeSource
from streams.errors import Refused
from streams.ports import CHANGELOG, Encoder, OutputRecord, Store, StoreBatch
from streams.runtime.scans import ScanPlans

POSITION_KEY = b"\x00position"


class Position(msgspec.Struct, array_like=True):
    """Where a task stands: part of its state, so that it can't differ from it (DESIGN 4.1).
    Fields are only appended."""

    inputs: dict[str, int]  # topic -> next offset to process, `control` too
    clock: int  # runtime.order.OrderKey
    late_sequence: int = 0  # late records so far
    plans: ScanPlans = msgspec.field(default_factory=ScanPlans)  # visits to every customer
    rejected_offsets: list[int] = []  # offsets of `control` at which our own code failed
    day_end: int = DAY  # the midnight at which the day under way ends (days.py)
    skipped: dict[str, list[int]] = {}  # offsets that others were taken before (merge.py)


_POSITION_ENCODER = msgspec.msgpack.Encoder()
_POSITION_DECODER = msgspec.msgpack.Decoder(Position)


def decode_position(data: bytes | None) -> Position | None:
    """The position record of a task; None for a task that never committed."""
    return None if data is None else _POSITION_DECODER.decode(data)


def position_in(store: Store, partition: int) -> Position:
    """Where the task stands. Raises Refused where that is lost, though there is state: beginning
    anywhere else would lose events or apply them twice (PITFALLS 49)."""
    position = decode_position(store.get(POSITION_KEY))
    if position is not None:
        return position
    if store.customers(b"", 1):
        raise Refused(
            f"task {partition}: its changelog holds customers, but not how far the inputs were "
            f"read for them (the key {POSITION_KEY!r}); restore {CHANGELOG} from a copy, or make "
            "it anew and begin without what is known of customers"
        )
    return Position({}, 0)


def never_read(store: Store, partition: int) -> list[str]:
    """The inputs that the task whose store this is has never read: all of a new task, and those
    that came with a new version. They're read from the first record that there is. Raises Refused:
    see `position_in`."""
    known = position_in(store, partition).inputs
    return [topic for topic in INPUTS if topic not in known]


class Commit(msgspec.Struct):
    """One transaction, ready to be produced; the task may go on deciding meanwhile.

    `records` go out in this order; those for the changelog are a copy of `batch.changes`.
    The batch's changelog offset is known once the transaction is committed.
    """

    records: list[OutputRecord]
    batch: StoreBatch
    position: Position
    customers: dict[bytes, CustomerState]


class Pending:
    """What was decided since the last `prepare_commit`. Thrown away as a whole, with the task,
    when anything goes wrong.

    It becomes bytes as it comes, or slice by slice, while it still is in the processor's caches:
    all of it at the end took half as much again, and held up the loop for as long.
    """

    __slots__ = (
        "changes",
        "counts",
        "customers",
        "effects",
        "events",
        "records",
        "since",
        "timers",
    )

    def __init__(self, codes: CodeSource = NO_CODES) -> None:
        self.customers: dict[bytes, CustomerState] = {}
        # Its lists are of this slice.
        self.effects = Effects(commands=[], decisions=[], purchases=[], codes=codes)
        self.changes: dict[bytes, bytes | None] = {}
        self.records: list[OutputRecord] = []
        self.counts: Counter[str] = Counter()  # of commands and the like
        self.events = 0  # records processed
        self.timers = 0  # timers fired
        self.since: Instant | None = None  # wall time of the first change

    def begin(self, wall: Instant) -> None:
        """Something happens at the wall time `wall` that is to be committed."""
        if self.since is None:
            self.since = wall

    def touch(self, customer: bytes, state: CustomerState) -> int:
        """The customer has changed. Returns the bytes that the state takes: encoded at once, since
        its size decides (engine/customer/limits.py), and hardly anyone comes twice in a slice."""
        self.customers[customer] = state
        if is_forgotten(state):
            self.changes[customer] = None
            return 0
        encoded = self.changes[customer] = encode_state(state)
        return len(encoded)

    def settle(self, encoder: Encoder) -> None:
        """The end of a slice: what was decided in it becomes bytes, too."""
        effects = self.effects
        self.records += encoder.commands(effects.commands)
        self.records += encoder.webhooks(effects.webhooks)
        self.records += encoder.reviews(effects.reviews)
        self.records += encoder.decisions(effects.decisions)
        self.records += encoder.interests(effects.interests)
        for name in ("commands", "webhooks", "reviews", "interests"):
            made = getattr(effects, name)
            self.counts[name] += len(made)
            made.clear()
        effects.decisions.clear()

    def all_counts(self) -> Counter[str]:
        """What is counted of this, by name, once the last slice is settled."""
        counts = Counter(self.counts)
        for name in COUNTED:
            counts[name] += getattr(self.effects, name)
        counts["events"] += self.events
        counts["timers"] += self.timers
        return counts

    def has_output(self) -> bool:
        """Is somebody waiting for something of this?"""
        return bool(self.records)

    def due_times(self) -> Iterator[tuple[bytes, Instant | None]]:
        """(customer, next due) of everyone who was changed."""
        for customer, state in self.customers.items():
            yield customer, state.next_due

    def prepare(self, position: Position, wall: Instant) -> Commit:
        """The transaction that makes all this last, once its last slice is settled."""
        assert not self.effects.decisions, "settle comes first"
        changes, records = self.changes, self.records
        changes[POSITION_KEY] = _POSITION_ENCODER.encode(position)
        records += [OutputRecord(CHANGELOG, key, value) for key, value in changes.items()]
        batch = StoreBatch(changes, changelog_offset=-1, written_at=wall)
        return Commit(records, batch, position, self.customers)
