"""Decisions that the store of a task doesn't hold yet.

decide ──► pending ──► prepare_commit ──► in flight ──► committed: the store has it
              └───────── override the store ───────┘
"""

from collections.abc import Iterator, Mapping

from streams.engine import Instant, next_due_in
from streams.ports import FIRST_CUSTOMER
from streams.runtime.commit import Commit, Pending


class Uncommitted:
    """The transaction in progress and the next one, as the other parts of a task see them."""

    pending: Pending
    """Content of the next transaction; the task replaces it with each."""

    def __init__(self) -> None:
        self.in_flight: Commit | None = None

    def changes(self) -> list[Mapping[bytes, bytes | None]]:
        """Changed keys of the changelog, older changes first. None: deleted."""
        in_flight = [] if self.in_flight is None else [self.in_flight.batch.changes]
        return [*in_flight, self.pending.changes]

    def due_times(self) -> Iterator[tuple[bytes, Instant | None]]:
        """(customer, next due) of each changed customer, older changes first."""
        for changes in self.changes():
            for key, state in changes.items():
                if key >= FIRST_CUSTOMER:
                    yield key, None if state is None else next_due_in(state)
