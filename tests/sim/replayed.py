"""A replay of what a task has read: the oracle of DESIGN 5.5, also where records were late."""

from collections import deque

from streams.contracts.wire import decode_any
from streams.engine import Instant
from streams.local import LocalParts, LocalTask

LATE_RECORDS = "late-records"


def late_in(local: LocalTask) -> dict[tuple[str, int], Instant]:
    """The effective time of every late record of the task, by topic and offset, in the order of
    their sequence."""
    late = [decode_any(one.value or b"")[1] for one in local.output if one.topic == LATE_RECORDS]
    assert [one["sequence"] for one in late] == list(range(1, len(late) + 1))
    addresses = [(one["topic"], one["offset"]) for one in late]
    assert len(set(addresses)) == len(late), "a record was late twice"
    return {(one["topic"], one["offset"]): one["effective_time"] for one in late}


def replayed(local: LocalTask, parts: LocalParts) -> LocalTask:
    """A new task that reads the inputs of `local` without any crash up to its clock: each late
    record where `late-records` places it, behind everything before its effective time and before
    anything on time. All of `local` must be committed."""
    late = late_in(local)
    replay = LocalTask(parts)
    unread = {topic: deque(log) for topic, log in local.logs.items()}

    def read(topic: str) -> None:
        record = unread[topic].popleft()
        copy = replay.append(topic, record.time, record.key, record.value)
        copy.headers = record.headers
        assert copy.offset == record.offset

    def read_before(time: Instant) -> None:
        for topic, records in unread.items():
            while records and records[0].time < time and (topic, records[0].offset) not in late:
                read(topic)
        replay.advance(time + parts.settings.clock_skew)

    for (topic, offset), effective_time in list(late.items()):
        read_before(effective_time)
        assert unread[topic][0].offset == offset, "late records are out of order"
        read(topic)
        del late[topic, offset]
        read_before(effective_time)  # at once: the next one may be of the same moment
    end = local.task.clock
    read_before(end)
    replay.commit(end + parts.settings.clock_skew)
    return replay
