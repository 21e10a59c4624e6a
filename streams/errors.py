"""Errors, one class per reaction of the caller. Errors of libraries are mapped to these at the
borders.

SendflowError
|-- Aborted          roll back to the last commit and repeat
|-- OutcomeUnknown   discard the producer, open a new one, re-read the committed data
|-- Fenced           another worker owns the task: drop it, write nothing
|-- StoreUnusable    the local state is not reliable: rebuild it from the changelog
|-- LookupNeeded     a record needs a lookup first: wait at it, look up in a thread
|-- Unreachable      a system other than the brokers does not answer: retry later
|-- Poisoned         processing failed at one record: reopen the task, which rejects the record
`-- Refused          only the user can fix it; the message says how
"""

from collections.abc import Callable


class SendflowError(Exception):
    """Base of the errors that callers react to."""


class Aborted(SendflowError):
    """The transaction was not and will not be committed: roll back and repeat."""


class OutcomeUnknown(SendflowError):
    """The end of a transaction was not confirmed. The producer must not be used again (no abort, no
    begin: KAFKA-17754). After a new one with the same id has opened, committed data is final."""


class Fenced(SendflowError):
    """A newer producer with the same transactional id exists: this worker has lost the task."""


class StoreUnusable(SendflowError):
    """The local store is corrupt, too old or ahead of its changelog: rebuild it."""


class LookupNeeded(SendflowError):
    """Decoding a record needs an answer of another system, which takes too long for the event loop
    (PITFALLS 67). The task waits at the record until `lookup` has returned in a thread."""

    def __init__(self, what: str, lookup: Callable[[], object]) -> None:
        """`what`: the missing answer, in words. `lookup` blocks; raises Unreachable, Refused."""
        super().__init__(f"{what}: lookup pending")
        self.what = what
        self.lookup = lookup


class Unreachable(SendflowError):
    """A system other than the brokers does not answer, whatever the record. Nothing was decided and
    nothing is lost: retry later."""


class Refused(SendflowError):
    """The user must change something first. The message names the fault, the expected value and
    the command or setting that fixes it."""


class Poisoned(SendflowError):
    """Processing raised an unexpected error at one record or timer. Memory holds half of its
    effects: reopen the task with `poison_id` among its poisoned, and it becomes a dead letter."""

    def __init__(self, poison_id: tuple[str, int], message: str) -> None:
        super().__init__(message)
        self.poison_id = poison_id
