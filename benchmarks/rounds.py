"""Rounds: every job runs once in each, on the same broker, every other round in the opposite order.
Those that do the same stand beside each other, so the ratio of a round compares neighbours in
time."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import msgspec

from benchmarks.jobs import Job, opponent_of


class Rounds(msgspec.Struct, frozen=True):
    """What runs, where, and how often."""

    bootstrap: str
    directory: Path  # for the files of the jobs
    compared: Sequence[Job]
    once: Sequence[Job]  # in the first round only
    number: int
    commands: dict[str, list[str]]  # by name of a job
    say: Callable[[str], None]
    between: Callable[[], None]  # before each run

    def jobs(self) -> Iterator[Job]:
        """All of them."""
        yield from self.compared
        yield from self.once

    def turns(self, number: int) -> list[Job]:
        """The jobs of a round, counted from 0, in their order."""
        if number == 0:
            return list(self.jobs())
        return list(self.compared if number % 2 == 0 else reversed(self.compared))

    def opponents(self) -> dict[str, str]:
        """Name of each job -> that of the Sendflow that does the same; without these
        themselves."""
        return {job.name: ours.name for job in self.jobs() if (ours := opponent_of(job)) != job}
