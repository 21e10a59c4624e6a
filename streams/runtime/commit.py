"""Content of the next transaction of a task (DESIGN 4.6)."""

from collections import Counter

import msgspec

from streams.engine import (
    COUNTED,
    INPUTS,
    Effects,
    Instant,
)
from streams.engine.values import DAY, NO_CODES, CodeSource
from streams.errors import Refused
from streams.ports import CHANGELOG, Encoder, OutputRecord, Store, StoreBatch
from streams.runtime.scans import ScanPlans

POSITION_KEY = b"\x00position"


class Position(msgspec.Struct, array_like=True):
    """Position of a task, part of its state and so always consistent with it (DESIGN 4.1). Fields
    are only appended."""

    inputs: dict[str, int]  # topic -> next offset to process, `control` too
    clock: int  # runtime.order.OrderKey
    late_sequence: int = 0  # late records so far
    plans: ScanPlans = msgspec.field(default_factory=ScanPlans)  # scans of the customers
    rejected_offsets: list[int] = []  # of `control`: records at which our code failed
    day_end: int = DAY  # the midnight at which the current day ends (days.py)
    skipped: dict[str, list[int]] = {}  # unprocessed offsets before the position, by topic
    is_quiet: bool = False  # no customer has changed in the current day (days.py)


_POSITION_ENCODER = msgspec.msgpack.Encoder()
_POSITION_DECODER = msgspec.msgpack.Decoder(Position)


def decode_position(data: bytes | None) -> Position | None:
    """Decodes the position record of a task; None for a task that never committed."""
    return None if data is None else _POSITION_DECODER.decode(data)


def position_in(store: Store, partition: int) -> Position:
    """Position of the task. Raises Refused for state without a position: any other start would lose
    events or apply them twice (PITFALLS 49)."""
    position = decode_position(store.get(POSITION_KEY))
    if position is not None:
        return position
    if store.customers(b"", 1):
        raise Refused(
            f"task {partition}: {CHANGELOG} has customer states but no input positions (key "
            f"{POSITION_KEY!r}); restore it from a backup, or recreate it and start without "
            "customer states"
        )
    return Position({}, 0)


def never_read(store: Store, partition: int) -> list[str]:
    """Inputs that the task has never read: all of a new task, and those that a new version adds.
    They are read from their first existing record. Raises Refused: see `position_in`."""
    known = position_in(store, partition).inputs
    return [topic for topic in INPUTS if topic not in known]


class Commit(msgspec.Struct):
    """One transaction, ready to be produced; the task may continue processing meanwhile.

    `records` go out in this order; those for the changelog are a copy of `batch.changes`.
    The batch's changelog offset is known once the transaction is committed.
    """

    records: list[OutputRecord]
    batch: StoreBatch
    position: Position


class Pending:
    """Everything decided since the last `prepare_commit`; discarded with the task on any failure.

    It is encoded as it comes, or slice by slice, while it still is in the processor's caches:
    encoding all of it at the end took 1.5 times as long, and blocked the loop meanwhile.
    """

    __slots__ = (
        "changes",
        "counts",
        "due_before",
        "effects",
        "events",
        "records",
        "since",
        "timers",
    )

    def __init__(self, codes: CodeSource = NO_CODES) -> None:
        # Its lists hold the current slice.
        self.effects = Effects(commands=[], decisions=[], purchases=[], codes=codes)
        self.changes: dict[bytes, bytes | None] = {}  # of customers, and own keys of the task
        self.due_before: dict[bytes, bytes] = {}  # see StoreBatch
        self.records: list[OutputRecord] = []
        self.counts: Counter[str] = Counter()  # of commands and the like
        self.events = 0  # records processed
        self.timers = 0  # timers fired
        self.since: Instant | None = None  # wall time of the first change

    def mark_changed(self, wall: Instant) -> None:
        """Marks a change at the wall time `wall` that the next transaction must hold."""
        if self.since is None:
            self.since = wall

    def settle(self, encoder: Encoder) -> None:
        """Ends a slice: encodes its decisions."""
        effects = self.effects
        if not (
            effects.decisions
            or effects.commands
            or effects.webhooks
            or effects.reviews
            or effects.interests
            or effects.segment_changes
        ):
            return  # as most slices at the live edge, which wait for an input
        self.records += encoder.commands(effects.commands)
        self.records += encoder.webhooks(effects.webhooks)
        self.records += encoder.reviews(effects.reviews)
        self.records += encoder.decisions(effects.decisions)
        self.records += encoder.interests(effects.interests)
        self.records += encoder.segment_changes(effects.segment_changes)
        for name in ("commands", "webhooks", "reviews", "interests", "segment_changes"):
            made = getattr(effects, name)
            self.counts[name] += len(made)
            made.clear()
        effects.decisions.clear()

    def all_counts(self) -> Counter[str]:
        """Counts by name, once the last slice is settled."""
        counts = Counter(self.counts)
        for name in COUNTED:
            counts[name] += getattr(self.effects, name)
        counts["events"] += self.events
        counts["timers"] += self.timers
        return counts

    def has_output(self) -> bool:
        """True if there are output records."""
        return bool(self.records)

    def prepare(self, position: Position, wall: Instant) -> Commit:
        """The transaction of all this, once the last slice is settled."""
        assert not self.effects.decisions, "settle() must run first"
        changes, records = self.changes, self.records
        changes[POSITION_KEY] = _POSITION_ENCODER.encode(position)
        records += [OutputRecord(CHANGELOG, key, value) for key, value in changes.items()]
        batch = StoreBatch(changes, -1, written_at=wall, due_before=self.due_before)
        return Commit(records, batch, position)
