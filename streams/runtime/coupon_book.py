"""The coupon codes of a task (SEMANTICS 7.1): the loaded codes in its partition, and counters of
generated codes.

    \\0coupon \\0 pool \\0 number    a code not given yet; deleted when it is given
    \\0known \\0 pool \\0 code       a code that was ever loaded: loading it again has no effect
    \\0pool \\0 pool                 PoolState
    \\0series \\0 length \\0 prefix   number of codes generated with this prefix and length

The codes of a pool are numbered in order of arrival, and given in that order. Each has a key of its
own: one value for all would outgrow a changelog record, and be rewritten with each code.
"""

from collections import Counter

import msgspec

from streams.engine.values import code_of, number_of, number_of_codes
from streams.ports import CouponCode
from streams.runtime.own_keys import OwnKeys

POOL = b"\x00pool\x00"
SERIES = b"\x00series\x00"
_WAITING = b"\x00coupon\x00"
_KNOWN = b"\x00known\x00"


class PoolState(msgspec.Struct, array_like=True):
    """Counts of one pool of loaded codes in a task. Fields are only appended."""

    loaded: int = 0
    given: int = 0  # the number of the next code to give
    duplicates: int = 0  # codes loaded again

    @property
    def left(self) -> int:
        """Codes not given yet."""
        return self.loaded - self.given


_encode = msgspec.msgpack.Encoder().encode
decode_pool = msgspec.msgpack.Decoder(PoolState).decode
"""The counts in the value of a key that begins with POOL. Raises msgspec.MsgspecError."""


class CouponBook:
    """The `CodeSource` of a task (engine/values/codes.py). Changes are part of the task's
    transaction: if that fails, the task is closed, and the code was never given."""

    def __init__(self, keys: OwnKeys, partition: int, counts: Counter[str]) -> None:
        self._keys = keys
        self._partition = partition
        self._counts = counts
        self._key = ""

    def learn(self, key: str) -> None:
        """Sets the key of generated codes, from definitions. The first one stays: a second key
        could generate a code twice."""
        self._key = self._key or key

    def load(self, code: CouponCode) -> None:
        """Adds a loaded code."""
        pool = code.pool.encode()
        state = self._state(pool)
        known = _KNOWN + pool + b"\x00" + code.code.encode()
        if self._keys.get(known) is not None:
            state.duplicates += 1
            self._counts["coupon_duplicates"] += 1
        else:
            self._keys.put(known, b"1")
            self._keys.put(_waiting(pool, state.loaded), code.code.encode())
            state.loaded += 1
            self._counts["coupons_loaded"] += 1
        self._keys.put(POOL + pool, _encode(state))

    def next_loaded(self, pool: str) -> str | None:
        """See `CodeSource.next_loaded`."""
        name = pool.encode()
        state = self._state(name)
        if not state.left:
            self._counts["coupons_missing"] += 1
            return None
        key = _waiting(name, state.given)
        code = self._keys.get(key)
        assert code is not None, f"{key!r} is counted but missing"
        self._keys.put(key, None)
        state.given += 1
        self._keys.put(POOL + name, _encode(state))
        self._counts["coupons_given"] += 1
        return code.decode()

    def make(self, prefix: str, length: int) -> str:
        """See `CodeSource.make`. A length whose codes have run out is followed by the next one."""
        while True:
            key = series_key(prefix, length)
            made = self._keys.get(key)
            counter = 0 if made is None else int.from_bytes(made, "big")
            number = number_of(counter, self._partition)
            if number < number_of_codes(length):
                self._keys.put(key, (counter + 1).to_bytes(8, "big"))
                self._counts["coupons_given"] += 1
                return code_of(self._key, prefix, length, number)
            length += 1

    def _state(self, pool: bytes) -> PoolState:
        stored = self._keys.get(POOL + pool)
        return PoolState() if stored is None else decode_pool(stored)


def series_key(prefix: str, length: int) -> bytes:
    """Own key of the counter of a rule; pools with the same rule share it."""
    return SERIES + b"%d\x00" % length + prefix.encode()


def read_series_key(key: bytes) -> tuple[str, int]:
    """(prefix, length) of a key that begins with SERIES."""
    length, _, prefix = key[len(SERIES) :].partition(b"\x00")
    return prefix.decode(), int(length)


def _waiting(pool: bytes, number: int) -> bytes:
    return _WAITING + pool + b"\x00" + number.to_bytes(8, "big")
