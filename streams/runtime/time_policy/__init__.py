"""The two time policies, live and simulated, behind one protocol (DESIGN 5).

A task chooses one when it opens. They differ in valid record times, in the inputs that the task
waits for, in the end of a day, and in the meaning of end offsets. `simulated_inputs.py` holds the
inputs of simulated time, `ticks.py` its punctuation.

Outside, `record_time` is read in `kafka/topics.py` (type of timestamps), `operations/` and
`worker/facts_agent.py` (timestamps of what they write; commands that need live time or simulated
time), `cli/import_.py`, `cli/topics.py`, `cli/options.py` (`--simulated`) and `local.py`.
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
    """The policy of a task that resumes at `position` (next offset by topic, default 0)."""
    if settings.record_time is RecordTime.CREATE:
        return SimulatedTime(position)
    return LiveTime(partition, settings, position, counts)


__all__ = ["LiveTime", "SimulatedTime", "TimePolicy", "open_time"]
