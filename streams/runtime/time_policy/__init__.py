"""The two policies for time, live and simulated, behind one protocol (DESIGN 5).

A task chooses one when it is opened, and asks it wherever the two differ: which record times can
be, when an input holds the others back, when a day ends, what the ends of partitions prove.
`simulated_inputs.py` holds the inputs that only simulated time has, `ticks.py` its marks.
"""

from collections import Counter

from streams.ports import TaskSettings
from streams.runtime.commit import Position
from streams.runtime.time_policy.live import LiveTime
from streams.runtime.time_policy.policy import TimePolicy
from streams.runtime.time_policy.simulated import SimulatedTime
from streams.settings import RecordTime


def open_time(
    partition: int, settings: TaskSettings, position: Position, counts: Counter[str]
) -> TimePolicy:
    """The policy of a task that goes on at `position`, which names the next offset of every input
    that doesn't begin at 0."""
    if settings.record_time is RecordTime.CREATE:
        return SimulatedTime(position)
    return LiveTime(partition, settings, position, counts)


__all__ = ["LiveTime", "SimulatedTime", "TimePolicy", "open_time"]
