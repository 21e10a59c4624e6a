"""Past events that a new set of definitions needs and the set before it did not keep
(SEMANTICS 3.7)."""

from collections.abc import Iterator

import msgspec

from streams.engine.program import Program
from streams.engine.values import DAY


class HistoryGap(msgspec.Struct, frozen=True):
    """History of one metric's events, needed and kept; durations in ms."""

    metric: str
    needed: int | None  # how far back conditions look; None: without limit
    kept: int | None  # minimum retention so far; None: without limit
    new_fields: tuple[str, ...] = ()  # fields not kept of past events

    @property
    def is_longer(self) -> bool:
        """True if forgotten events are needed."""
        return self.kept is not None and (self.needed is None or self.needed > self.kept)


def history_gaps(previous: Program, current: Program) -> Iterator[HistoryGap]:
    """The metrics of which `current` needs more history than `previous` kept, in order of names."""
    for metric in sorted(previous.on_metric.keys() & current.on_metric.keys()):
        before, now = previous.on_metric[metric].retention, current.on_metric[metric].retention
        if now.needed == 0:
            continue  # the newest event is always kept
        fields = set(now.fields) - set(before.fields)
        if now.needed is not None and now.needed <= DAY:
            fields = set()  # complete after a day
        found = HistoryGap(metric, now.needed, before.keep, tuple(sorted(fields)))
        if found.is_longer or fields:
            yield found
