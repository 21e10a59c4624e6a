"""Partition of a key as Java producers compute it, and the check that other producers agree.

Two topics hashed differently would silently split a customer (DESIGN 7, PITFALLS 38).
"""

import struct
from collections.abc import Sequence

from streams.errors import Refused
from streams.ports import PartitionId, Record

_SEED = 0x9747B28C
_FACTOR = 0x5BD1E995
_WORD = 0xFFFFFFFF

SAMPLE_EVERY = 1_000


def murmur2(data: bytes) -> int:
    """Hash of `data` in Kafka's Java client: 32 bits, unsigned."""
    length = len(data)
    value = _SEED ^ length
    whole = length & ~3
    for part in struct.unpack(f"<{whole >> 2}I", data[:whole]):
        part = (part * _FACTOR) & _WORD
        part = ((part ^ (part >> 24)) * _FACTOR) & _WORD
        value = ((value * _FACTOR) & _WORD) ^ part
    if length > whole:
        value = ((value ^ int.from_bytes(data[whole:], "little")) * _FACTOR) & _WORD
    value = ((value ^ (value >> 13)) * _FACTOR) & _WORD
    return value ^ (value >> 15)


def partition_of(key: bytes, partitions: int) -> int:
    """Partition of `key` among `partitions`: Java's default, librdkafka's `murmur2_random`."""
    return (murmur2(key) & 0x7FFFFFFF) % partitions


class KeyCheck:
    """Checks the first key of each partition, then one key in SAMPLE_EVERY."""

    def __init__(self, partitions: int) -> None:
        self._partitions = partitions
        self._until_next: dict[PartitionId, int] = {}

    def check(self, topic: str, partition: int, records: Sequence[Record]) -> None:
        """Raises Refused where a producer partitions keys differently."""
        partition_id = (topic, partition)
        until_next = self._until_next.get(partition_id, 0)
        for index in range(until_next, len(records), SAMPLE_EVERY):
            self._check_one(topic, partition, records[index])
        self._until_next[partition_id] = (until_next - len(records)) % SAMPLE_EVERY

    def _check_one(self, topic: str, partition: int, record: Record) -> None:
        if record.key is None or record.value is None:
            return  # a dead letter or a tick, neither of which belongs to a customer
        expected = partition_of(record.key, self._partitions)
        if expected != partition:
            raise Refused(
                f"{topic}[{partition}]@{record.offset}: key {record.key!r} is in partition "
                f"{partition}, expected {expected} of {self._partitions} (murmur2); set "
                "partitioner=murmur2_random (librdkafka) in its producer and rewrite the "
                "misplaced records"
            )
