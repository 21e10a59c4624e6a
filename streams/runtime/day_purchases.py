"""What a task has learnt since it told of a day: the purchases, as they come.

Counts of a day would be written again and again while it lasts. The purchases themselves are small:
they are kept under keys of the task's own, some in each, and deleted when the day is told of.

    own keys   today/0 [16 purchases]   today/1 [16]   today/2 [3]
                                                        ▲ written again until it's full
"""

import msgspec

from streams.engine import Counts, Purchase
from streams.runtime.own_keys import OwnKeys

PREFIX = b"\x00today\x00"
BLOCK = 16
"""Purchases of one key."""
LARGEST_REPORT = 400_000
"""Bytes of a day's counts: of more, the least frequent are left out. A record holds a million."""
_ALL = 1 << 30
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(list[Purchase]).decode


class DayPurchases:
    """Counts what is bought in a day."""

    def __init__(self, own: OwnKeys) -> None:
        self._own = own
        self._counts = Counts()
        self._blocks = 0  # that are full
        self._newest: list[Purchase] = []  # those of the block that isn't
        self._is_kept = True
        for _, block in own.page(PREFIX, b"", _ALL):
            for purchase in _decode(block):
                self.learn(purchase)
        self._is_kept = True

    def learn(self, purchase: Purchase) -> None:
        """Counts one."""
        if len(self._newest) == BLOCK:
            self.keep()
            self._blocks += 1
            self._newest = []
        self._newest.append(purchase)
        self._is_kept = False
        self._counts.learn(purchase)

    def keep(self) -> None:
        """Before a transaction: what is new becomes part of it."""
        if not self._is_kept:
            self._own.put(_key(self._blocks), _encode(self._newest))
            self._is_kept = True

    def close(self) -> bytes | None:
        """The counts of the day, which is over; None if nothing was bought."""
        counts = self._counts.packed() if self._counts else None
        if counts is not None and len(counts) > LARGEST_REPORT:
            self._counts.keep_the_most()
            counts = self._counts.packed()
        for block in range(self._blocks + bool(self._newest)):
            self._own.put(_key(block), None)
        self._counts, self._blocks, self._newest, self._is_kept = Counts(), 0, [], True
        return counts


def _key(block: int) -> bytes:
    return PREFIX + block.to_bytes(4, "big")
