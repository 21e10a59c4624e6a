"""Partition of a key as Java producers compute it, and the check that other producers agree.

Two topics hashed differently would silently split a customer (DESIGN 7, PITFALLS 38).
"""

import struct
from functools import cache, lru_cache
from itertools import count

_SEED = 0x9747B28C
_FACTOR = 0x5BD1E995
_WORD = 0xFFFFFFFF

MOST_KNOWN = 50_000
"""Keys whose partition is remembered, per task."""


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


@cache
def key_in(partition: int, partitions: int, beginning: bytes) -> bytes:
    """A key that begins with `beginning` and belongs into `partition`: for records that tasks write
    for a task, and not for a customer or an article."""
    keys = (beginning + b"%d" % number for number in count())
    return next(key for key in keys if partition_of(key, partitions) == partition)


class KeyCheck:
    """Checks that keys belong into one of `partitions` (SEMANTICS 8.11)."""

    def __init__(self, partition: int, partitions: int) -> None:
        self.misplaced = lru_cache(maxsize=MOST_KNOWN)(self._problem)
        """Why a key doesn't belong into this partition; None if it does."""
        self._partition = partition
        self._partitions = partitions

    def _problem(self, key: bytes) -> str | None:
        expected = partition_of(key, self._partitions)
        if expected == self._partition:
            return None
        return (
            f"the record is in partition {self._partition}, expected {expected} of "
            f"{self._partitions}, the one of its key (murmur2); set partitioner=murmur2_random "
            "(librdkafka) in its producer"
        )
