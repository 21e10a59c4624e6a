"""Errors, one class per reaction of the caller; foreign ones are mapped to these at the borders.

SendflowError
|-- Aborted          roll back to the last commit and repeat
|-- OutcomeUnknown   throw the producer away, open a new one, re-read what was committed
|-- Fenced           another worker owns the task: drop it, write nothing
|-- StoreUnusable    the local state can't be trusted: rebuild it from the changelog
|-- LookupNeeded       a record can't be judged yet: wait at it, and ask in a thread
|-- Unreachable      another system than the brokers doesn't answer: ask again later
|-- Poisoned         our own code failed at one record: reopen the task, which then sets it aside
`-- Refused          only the user can mend it; the message says how
"""

from collections.abc import Callable


class SendflowError(Exception):
    """Any error of this package that a caller is meant to react to."""


class Aborted(SendflowError):
    """The transaction was not and will not be committed: roll back and repeat."""


class OutcomeUnknown(SendflowError):
    """The end of a transaction wasn't confirmed. The producer must not be used again (no abort, no
    begin: KAFKA-17754); a new one with the same id finds out what was committed."""


class Fenced(SendflowError):
    """A newer producer with the same transactional id exists: this worker lost the task."""


class StoreUnusable(SendflowError):
    """The local store is damaged, too old or ahead of its changelog: rebuild it."""


class LookupNeeded(SendflowError):
    """Only another system can tell what a record is, and asking it takes too long for the event
    loop (PITFALLS 67). The task waits at the record, until `lookup` has returned in a thread."""

    def __init__(self, what: str, lookup: Callable[[], object]) -> None:
        """`what` is waited for, for people. `lookup` blocks; raises Unreachable, Refused."""
        super().__init__(f"{what}: lookup pending")
        self.what = what
        self.lookup = lookup


class Unreachable(SendflowError):
    """Another system than the brokers doesn't answer, and that says nothing about a record. Nothing
    was decided and nothing is lost: ask again later."""


class Refused(SendflowError):
    """Something the user must change first; the message names it, what was expected and the
    command or setting that mends it."""


class Poisoned(SendflowError):
    """Deciding raised an error of our own at one record or timer. Memory holds half of its
    effects: open the task again with `mark` among its poisoned, and it becomes a dead letter."""

    def __init__(self, mark: tuple[str, int], message: str) -> None:
        super().__init__(message)
        self.mark = mark
