"""What the next transaction of a task holds (DESIGN section 4)."""

from collections.abc import Iterator

import msgspec

from streams.engine import CustomerState, Effects, Instant, encode_state, is_forgotten
from streams.ports import Encoder, OutputRecord, StoreBatch
from streams.runtime.audience import Plans

CHANGELOG = "customers-changelog"
POSITION_KEY = b"\x00position"


class Position(msgspec.Struct, array_like=True):
    """Where a task stands: part of its state, so that it can't differ from it (DESIGN 4.1).
    Fields are only appended."""

    inputs: dict[str, int]  # topic -> next offset to process, `control` too
    clock: int  # runtime.order.Place
    late_sequence: int = 0  # late records so far
    plans: Plans = msgspec.field(default_factory=Plans)  # visits to every customer


_POSITION_ENCODER = msgspec.msgpack.Encoder()
_POSITION_DECODER = msgspec.msgpack.Decoder(Position)


def decode_position(data: bytes | None) -> Position | None:
    """The position record of a task; None for a task that never committed."""
    return None if data is None else _POSITION_DECODER.decode(data)


class Commit(msgspec.Struct):
    """One transaction, ready to be produced; the task may go on deciding meanwhile.

    `records` go out in this order; those for the changelog are a copy of `batch.changes`.
    The batch's changelog offset is known once the transaction is committed.
    """

    records: list[OutputRecord]
    batch: StoreBatch
    positions: dict[str, int]
    customers: dict[bytes, CustomerState]


class Pending:
    """What was decided since the last `prepare_commit`. Thrown away as a whole, with the task,
    when anything goes wrong."""

    __slots__ = ("customers", "effects", "events", "records", "since", "timers")

    def __init__(self) -> None:
        self.customers: dict[bytes, CustomerState] = {}
        self.effects = Effects(commands=[], decisions=[])
        self.records: list[OutputRecord] = []  # dead letters, late records
        self.events = 0  # records processed
        self.timers = 0  # timers fired
        self.since: Instant | None = None  # wall time of the first change

    def has_output(self) -> bool:
        """Is somebody waiting for something of this?"""
        effects = self.effects
        return bool(effects.commands or effects.webhooks or effects.decisions or self.records)

    def due_times(self) -> Iterator[tuple[bytes, Instant | None]]:
        """(customer, next due) of everyone who was changed."""
        for customer, state in self.customers.items():
            yield customer, state.next_due

    def prepare(self, position: Position, encoder: Encoder, wall: Instant) -> Commit:
        """The transaction that makes all this last."""
        changes: dict[bytes, bytes | None] = {
            customer: None if is_forgotten(state) else encode_state(state)
            for customer, state in self.customers.items()
        }
        changes[POSITION_KEY] = _POSITION_ENCODER.encode(position)
        records = encoder.commands(self.effects.commands)
        records += encoder.webhooks(self.effects.webhooks)
        records += encoder.decisions(self.effects.decisions)
        records += self.records
        records += [OutputRecord(CHANGELOG, key, value) for key, value in changes.items()]
        batch = StoreBatch(changes, changelog_offset=-1, written_at=wall)
        return Commit(records, batch, position.inputs, self.customers)
