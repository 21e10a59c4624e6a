"""Decisions that the store of a task doesn't hold yet.

decide ──► pending ──► prepare_commit ──► in flight ──► committed: the store has it
              └───────── override the store ───────┘
"""

from collections.abc import Iterator, Mapping

from streams.engine import CustomerState, Instant
from streams.runtime.commit import Commit, Pending


class Uncommitted:
    """The transaction in progress and the next one, as the other parts of a task see them."""

    pending: Pending
    """Content of the next transaction; the task replaces it with each."""

    def __init__(self) -> None:
        self.in_flight: Commit | None = None

    def states(self) -> Iterator[Mapping[bytes, CustomerState]]:
        """Changed customers, older changes first."""
        if self.in_flight is not None:
            yield self.in_flight.customers
        yield self.pending.customers

    def changes(self) -> list[Mapping[bytes, bytes | None]]:
        """Changed keys of the changelog, older changes first."""
        in_flight = [] if self.in_flight is None else [self.in_flight.batch.changes]
        return [*in_flight, self.pending.changes]

    def due_times(self) -> Iterator[tuple[bytes, Instant | None]]:
        """(customer, next due) of each changed customer, older changes first."""
        if self.in_flight is not None:
            for customer, state in self.in_flight.customers.items():
                yield customer, state.next_due
        yield from self.pending.due_times()
