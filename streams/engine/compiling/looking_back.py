"""What a new set of definitions asks of the past that states didn't keep under the one before it
(SEMANTICS 3.7)."""

from collections.abc import Iterator

import msgspec

from streams.engine.program import Program
from streams.engine.values import DAY, NO_RATE


class FurtherBack(msgspec.Struct, frozen=True):
    """What is asked of one metric's events, and what was kept; durations in ms."""

    metric: str
    asked: int | None  # how far back is asked for; None: all there is
    kept: int | None  # how far back was kept at least; None: all
    new_fields: tuple[str, ...] = ()  # that weren't kept of the events before

    @property
    def is_longer(self) -> bool:
        """Whether events are asked for that were forgotten."""
        return self.kept is not None and (self.asked is None or self.asked > self.kept)


def further_back(previous: Program, current: Program) -> Iterator[FurtherBack]:
    """The metrics of whose past `current` asks for more than `previous` kept, in their order."""
    for metric in sorted(previous.on_metric.keys() & current.on_metric.keys()):
        before, now = previous.on_metric[metric].memory, current.on_metric[metric].memory
        if now.asked == 0:
            continue  # the newest one is always there
        fields = set(now.fields) - {*before.fields, NO_RATE}
        if now.asked is not None and now.asked <= DAY:
            fields = set()  # tomorrow nothing is missing any more
        found = FurtherBack(metric, now.asked, before.keep, tuple(sorted(fields)))
        if found.is_longer or fields:
            yield found
