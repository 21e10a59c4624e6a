"""How much a task does in one slice, so that the event loop is free again soon."""

SLICE = 200
"""Records and timers of one slice: a few milliseconds between two turns of the event loop."""
LONGEST_SLICE = 0.01
"""Seconds of CPU. A task whose slice took longer, as with large states, gets shorter ones."""


class SliceBudget:
    """The records and timers of a task's next slice, from the time that the last ones took."""

    def __init__(self) -> None:
        self.records = SLICE

    def adapt(self, seconds: float, done: int) -> None:
        """Takes the CPU time of the last slice and the records and timers done in it. Shrinks in
        proportion; grows by doubling, unless little was done: chunks of scans that concern nobody
        are cheap, and say nothing of the events that follow."""
        if seconds > LONGEST_SLICE:
            self.records = max(1, int(self.records * LONGEST_SLICE / seconds))
        elif seconds < LONGEST_SLICE / 2 and done >= self.records / 2:
            self.records = min(SLICE, self.records * 2)
