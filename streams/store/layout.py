"""The keys of a store, in one key space, so that a write is atomic (DESIGN 4.3).

s <changelog key>           the state of a customer, or the value of an own key (0x00 first)
t <due, 8 bytes> <customer> empty: the index of timers, by due time
p                           <changelog offset, 8 bytes> <written at, 8 bytes>
"""

import struct

from streams.engine import Instant
from streams.ports import StoreBatch

STATE = b"s"
STATE_END = b"t"  # the first key after all states
TIMER_PREFIX = b"t"
TIMER_END = b"u"
POSITION = b"p"

NO_DUE = b"\xff" * 8
"""Due time in the header of a state without a timer. The other header bytes: format version."""

_POSITION = struct.Struct(">Qq")
_LATEST = 2**64 - 1  # above every due time


def timer_start(due: Instant) -> bytes:
    """The key before all timers of `due`."""
    return TIMER_PREFIX + min(max(due, 0), _LATEST).to_bytes(8, "big")


def read_timer(key: bytes) -> tuple[Instant, bytes]:
    """(due, customer) of an index key."""
    return int.from_bytes(key[1:9], "big"), key[9:]


def position_bytes(batch: StoreBatch) -> bytes:
    """The value at POSITION after `batch`."""
    return _POSITION.pack(batch.changelog_offset, batch.written_at)


def read_position(value: bytes) -> tuple[int, Instant]:
    """(changelog offset, written at)."""
    offset, written_at = _POSITION.unpack(value)
    return offset, written_at
