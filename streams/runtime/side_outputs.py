"""Side outputs of a task: dead letters and late records; and failures of processing.

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

dead_letter_logger = logging.getLogger(f"{__name__}.dead_letters")
"""Names each dead letter; a worker limits its lines (worker/dead_letter_log.py)."""

PoisonId = tuple[str, int]
"""Identifies a record (topic, offset) or a timer (`timer_id`)."""

TIMER_TOPIC = "timer"
"""Stands for the topic in the dead letter of a timer."""


def timer_id(state: CustomerState, due: Instant) -> PoisonId:
    """Poison id of the customer's timer or scan that was due at `due`."""
    return f"{TIMER_TOPIC} of {state.customer_id}", due


class SideOutputs:
    """Writes the side outputs of a task; they go out with its next transaction."""

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
        """Records (topic, offset) and timers at which processing failed before."""
        self.late_sequence = late_sequence
        """Number of late records so far."""
        self._partition = partition
        self._encoder = encoder
        self._uncommitted = uncommitted
        self._counts = counts

    def late(self, source: Input, record: Record, at: Instant) -> None:
        """Writes a late record, so that a replay takes it in the same order (DESIGN 5.2)."""
        self.late_sequence += 1
        self._counts["late_between_tasks" if source.is_between_tasks else "late"] += 1
        self._uncommitted.pending.records.append(
            self._encoder.late_record(
                source.topic, self._partition, record.offset, at, self.late_sequence
            )
        )

    def dead_letter(self, topic: str, record: Record, rejection: Rejection, at: Instant) -> None:
        """Writes an unusable record to `dead-letters`."""
        self._counts["dead_letters"] += 1
        dead_letter_logger.warning(
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
        """Logs the failure and returns the exception to raise: the task reopens without this record
        or timer (PITFALLS 61)."""
        where = f"{poison_id[0]}[{self._partition}]@{poison_id[1]}"
        logger.exception("%s: processing failed: %s", where, error)
        return Poisoned(poison_id, f"{where}: processing failed: {error!r}")
