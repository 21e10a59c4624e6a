"""The purchases of a task since its last day report.

Counts would be rewritten throughout the day. Single purchases are small: blocks of them are stored
under own keys of the task, and deleted with the day report.

    own keys   today/0 [16 purchases]   today/1 [16]   today/2 [3]
                                                        ▲ rewritten until it is full
"""

import msgspec

from streams.engine import Counts, Purchase
from streams.runtime.own_keys import OwnKeys

PREFIX = b"\x00today\x00"
BLOCK = 16
"""Purchases per key."""
LARGEST_REPORT = 400_000
"""Maximum bytes of a day's counts; beyond, the least frequent are dropped. A record holds 1 MB."""
_ALL = 1 << 30
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(list[Purchase]).decode


class DayPurchases:
    """Counts the purchases of a day."""

    def __init__(self, own: OwnKeys) -> None:
        self._own = own
        self._counts = Counts()
        self._blocks = 0  # full ones
        self._newest: list[Purchase] = []  # of the block that isn't full
        self._is_kept = True
        for _, block in own.page(PREFIX, b"", _ALL):
            for purchase in _decode(block):
                self.learn(purchase)
        self._is_kept = True

    def learn(self, purchase: Purchase) -> None:
        """Counts one purchase."""
        if len(self._newest) == BLOCK:
            self.keep()
            self._blocks += 1
            self._newest = []
        self._newest.append(purchase)
        self._is_kept = False
        self._counts.learn(purchase)

    def keep(self) -> None:
        """Adds new purchases to the next transaction."""
        if not self._is_kept:
            self._own.put(_key(self._blocks), _encode(self._newest))
            self._is_kept = True

    def close(self) -> bytes | None:
        """Ends the day and returns its counts; None without purchases."""
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
