"""Imports a history in simulated time: into topics without later records, up to an end."""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime

import msgspec

from streams.engine import BETWEEN_TASKS, INPUTS, Instant
from streams.engine.values import DAY
from streams.errors import Refused
from streams.importing.encoding import EventRecord
from streams.importing.writing import PastWriter
from streams.kafka.event_producer import EventProducer
from streams.kafka.topic_reader import TopicReader
from streams.settings import Settings

_REPORT_EVERY = 500  # events


class ImportSummary(msgspec.Struct, frozen=True):
    """The summary of an import."""

    events: int
    ticks: int
    last_at: Instant | None  # of the newest event
    until: Instant | None  # end of simulated time


def refuse_later_records(settings: Settings, first_at: Instant) -> None:
    """Raises Refused if the inputs contain a record later than `first_at`: a history is written in
    time order, and simulated time does not go back."""
    with TopicReader(settings, "import") as reader:
        starts = {}
        for topic in INPUTS:
            if topic in BETWEEN_TASKS:
                continue  # written by tasks, up to a day ahead
            for partition in reader.partition_ids(topic):
                first, end = reader.bounds(partition)
                if end > first:
                    starts[partition] = end - 1  # inputs contain no transaction markers
        newest = max((found.record.time for found in reader.read(starts)), default=None)
    if newest is not None and newest > first_at:
        raise Refused(
            f"first event is at {_text(first_at)}, but simulated time in these topics is at "
            f"{_text(newest)}; import all files in one run, set --until for the earlier part, or "
            "use another --prefix"
        )


End = Callable[[Instant], Instant]
"""Maps the time of the last event to the end of simulated time."""

Report = Callable[[int, Instant], None]
"""Callback with the number of events written, and the time of the newest."""


def write_past(
    settings: Settings, events: Iterable[EventRecord], end: End, report: Report
) -> ImportSummary:
    """Writes events, which are in time order, with ticks and the end of time. Raises Refused."""
    number = 0
    with EventProducer(settings) as producer:
        writer = PastWriter(producer.produce, settings.partitions)
        for event in events:
            writer.write(event)
            number += 1
            if number % _REPORT_EVERY == 0:
                report(number, event.occurred_at)
        if writer.last_at is None:
            return ImportSummary(0, 0, None, None)
        until = end(writer.last_at)
        writer.end(until)
        producer.flush()
        report(number, writer.last_at)
    return ImportSummary(number, writer.ticks, writer.last_at, until)


def end_after(days: int, now: Instant) -> End:
    """Ends `days` after the last event, at most now: open waits come due."""
    return lambda last_at: min(last_at + days * DAY, now)


def end_at(until: Instant, now: Instant) -> End:
    """Ends at `until`; raises Refused if that is before the last event or in the future."""

    def end(last_at: Instant) -> Instant:
        if not last_at < until <= now:
            raise Refused(
                f"--until is {_text(until)}, expected a time after the last event "
                f"({_text(last_at)}), not after now"
            )
        return until

    return end


def _text(at: Instant) -> str:
    return datetime.fromtimestamp(at / 1000, UTC).isoformat(timespec="milliseconds")
