"""The records of one partition for the offline harness, made without a broker or a clock: the same
bytes on every machine. In a file they can be run by any checkout."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from benchmarks import workload
from streams.contracts.control import DefinitionsRecord, encode_definitions
from streams.contracts.encode import encode_event
from streams.engine import topic_of
from streams.kafka.partition import partition_of
from streams.operations.publish import KEY, read_set
from streams.ports import CONTROL
from streams.programs import SEMANTICS

START = 1_772_445_600_000
"""Record time of the first event, ms since the epoch."""
PARTITION = 0

Plain = tuple[int, int, bytes, bytes]
"""Record time, offset, key, value."""


class Recorded(msgspec.Struct):
    """All records of a partition by topic: what is known before (definitions, profiles), and the
    events to measure."""

    past: dict[str, list[Plain]]
    events: dict[str, list[Plain]]


def write_records(
    path: Path, flows: Path, events: int, gap: int, customers: int = workload.CUSTOMERS
) -> None:
    """Writes a file with `events` events of the partition, `gap` milliseconds of record time apart,
    and before them the set in the folder `flows` and a profile of each of its customers, who are
    about half of `customers`. Raises Refused for a set with problems."""
    recorded = Recorded({CONTROL: [_definitions(flows)]}, {})
    profiles = workload.customer_profiles(customers)
    for metric, event in _of_the_partition(profiles, customers):
        _append(recorded.past, metric, event, START - 1)
    enough = workload.PARTITIONS * events * 2  # cut off below
    shop = workload.events(enough, customers=customers)
    for number, (metric, event) in enumerate(_of_the_partition(shop, events)):
        _append(recorded.events, metric, event, START + number * gap)
    path.write_bytes(msgspec.msgpack.encode(recorded))


def read_records(path: Path) -> Recorded:
    """Reads what `write_records` wrote."""
    return msgspec.msgpack.decode(path.read_bytes(), type=Recorded)


def _definitions(flows: Path) -> Plain:
    found = read_set(flows)
    record = DefinitionsRecord(
        published_at=START - 2,
        version=found.version,
        semantics=max(SEMANTICS),
        tzdata="bench",
        definitions=found.canonical,
        successors={},
        coupon_key="bench",
    )
    return START - 2, 0, KEY, encode_definitions(record)


def _of_the_partition(
    events: Iterator[tuple[str, dict[str, Any]]], most: int
) -> Iterator[tuple[str, dict[str, Any]]]:
    found = 0
    for metric, event in events:
        key = event["customer_id"].encode()
        if partition_of(key, workload.PARTITIONS) == PARTITION:
            yield metric, event
            found += 1
            if found == most:
                return


def _append(topics: dict[str, list[Plain]], metric: str, event: dict[str, Any], at: int) -> None:
    records = topics.setdefault(topic_of(metric), [])
    value = encode_event(metric, event | {"occurred_at": at})
    records.append((at, len(records), event["customer_id"].encode(), value))


def main() -> None:
    """Writes the file PATH for the set FLOWS: EVENTS events, GAP milliseconds apart."""
    path, flows, events, gap = sys.argv[1:]
    write_records(Path(path), Path(flows), int(events), int(gap))


if __name__ == "__main__":
    main()
