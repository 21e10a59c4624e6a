"""What a task says of records and timers that it couldn't take as they came: dead letters, late
records, and where deciding failed.

    decide ──► exception in our code ──► Poisoned(poison_id) ──► task closed and reopened with the
                                                                  poison_id ──► dead letter
"""

import logging
from collections import Counter

from streams.engine import CustomerState, Instant
from streams.errors import Poisoned
from streams.ports import Encoder, Record, Rejection
from streams.runtime.merge import Input
from streams.runtime.uncommitted import Uncommitted

logger = logging.getLogger(__name__)

PoisonId = tuple[str, int]
"""Names a record (topic, offset), or what was due (`timer_id`)."""

TIMER_TOPIC = "timer"
"""Where a dead letter of a timer comes from, in place of a topic."""


def timer_id(state: CustomerState, due: Instant) -> PoisonId:
    """Names the timer of a customer, or the visit to them, that was due at `due`, among the
    poisoned."""
    return f"{TIMER_TOPIC} of {state.customer_id}", due


class SideOutputs:
    """The notices of a task; they go out with its next transaction."""

    def __init__(
        self,
        partition: int,
        encoder: Encoder,
        uncommitted: Uncommitted,
        counts: Counter[str],
        poisoned: frozenset[PoisonId],
        late_sequence: int,
    ) -> None:
        self.poisoned = poisoned
        """Records (topic, offset) and timers at which deciding failed before."""
        self.late_sequence = late_sequence
        """How many records were late so far."""
        self._partition = partition
        self._encoder = encoder
        self._uncommitted = uncommitted
        self._counts = counts

    def late(self, source: Input, record: Record, at: Instant) -> None:
        """A replay must place this record where we do (DESIGN 5.2)."""
        self.late_sequence += 1
        self._counts["late_between_tasks" if source.is_between_tasks else "late"] += 1
        self._uncommitted.pending.records.append(
            self._encoder.late_record(
                source.topic, self._partition, record.offset, at, self.late_sequence
            )
        )

    def dead_letter(self, topic: str, record: Record, rejection: Rejection, at: Instant) -> None:
        """This record is set aside: it couldn't be used."""
        self._counts["dead_letters"] += 1
        logger.warning(
            "%s[%d]@%d: %s; written to dead-letters",
            topic,
            self._partition,
            record.offset,
            rejection.reason,
        )
        self._uncommitted.pending.records.append(
            self._encoder.dead_letter(topic, self._partition, record, rejection, at)
        )

    def failed(self, poison_id: PoisonId, error: Exception) -> Poisoned:
        """Logs that deciding failed, and returns what is to be raised: the task opens anew without
        this record or timer (PITFALLS 61)."""
        where = f"{poison_id[0]}[{self._partition}]@{poison_id[1]}"
        logger.exception("%s: deciding failed: %s", where, error)
        return Poisoned(poison_id, f"{where}: deciding failed: {error!r}")
