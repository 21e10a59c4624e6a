"""The coupon codes of a task (SEMANTICS 7.1): the loaded codes in its partition, and counters of
generated codes.

    \\0coupon \\0 pool \\0 number    a code not given yet; deleted when it is given
    \\0known \\0 pool \\0 code       a code that was ever loaded: loading it again has no effect
    \\0pool \\0 pool                 PoolState
    \\0series \\0 length \\0 prefix   number of codes generated with this prefix and length

The codes of a pool are numbered in order of arrival, and given in that order; those that move to
another partition (coupon_moves.py) leave from the end. Each has a key of its own: one value for all
would outgrow a changelog record, and be rewritten with each code.

    given ◄── number 7 │ 8 │ 9 │ 10 │ 11 ──► moved to another task
                                      ◄── loaded, or moved here
"""

from collections import Counter
from collections.abc import Callable, Mapping

import msgspec

from streams.engine import Instant
from streams.engine.values import code_of, number_of, number_of_codes
from streams.ports import CouponCode, MovedCodes, PoolReport
from streams.runtime.coupon_uses import CouponUses
from streams.runtime.own_keys import OwnKeys
from streams.runtime.timers import FAR_FUTURE

POOL = b"\x00pool\x00"
SERIES = b"\x00series\x00"
_WAITING = b"\x00coupon\x00"
_KNOWN = b"\x00known\x00"
_ALL = 1 << 30


class PoolState(msgspec.Struct, array_like=True):
    """Counts of one pool of loaded codes in a task. Fields are only appended."""

    loaded: int = 0
    given: int = 0  # the number of the next code to give
    duplicates: int = 0  # codes loaded again
    moved_in: int = 0
    moved_out: int = 0
    received: int = 0  # number of the last move that came
    handed: int = 0  # number of the last move that left
    reported: int = -1  # codes left as last reported; -1: never
    report_at: Instant = 0  # when the next report is due; 0: nothing to report

    @property
    def end(self) -> int:
        """The number of the next code to come."""
        return self.loaded + self.moved_in - self.moved_out

    @property
    def left(self) -> int:
        """Codes not given yet."""
        return self.end - self.given


_encode = msgspec.msgpack.Encoder().encode
decode_pool = msgspec.msgpack.Decoder(PoolState).decode
"""The counts in the value of a key that begins with POOL. Raises msgspec.MsgspecError."""


class CouponBook:
    """The `CodeSource` of a task (engine/values/codes.py). Changes are part of the task's
    transaction: if that fails, the task is closed, and the code was never given."""

    def __init__(
        self,
        keys: OwnKeys,
        partition: int,
        counts: Counter[str],
        report_due: Callable[[Instant], Instant],
    ) -> None:
        """`report_due`: when a change at a moment is to be reported; FAR_FUTURE: with the day."""
        self.uses = CouponUses(keys)
        self._keys = keys
        self._partition = partition
        self._counts = counts
        self._report_due = report_due
        self._key = ""
        self._pools = {
            key[len(POOL) :].decode(): decode_pool(value)
            for key, value in keys.page(POOL, b"", _ALL)
        }
        self.next_report: Instant = FAR_FUTURE
        """Due time of the next report (FAR_FUTURE: none); stored, because it is often read."""
        self._find_next_report()

    def learn(self, key: str) -> None:
        """Sets the key of generated codes, from definitions. The first one stays: a second key
        could generate a code twice."""
        self._key = self._key or key

    def load(self, code: CouponCode, now: Instant) -> None:
        """Adds a loaded code. It is known from now on, wherever it moves."""
        state = self._state(code.pool)
        pool = code.pool.encode()
        known = _KNOWN + pool + b"\x00" + code.code.encode()
        if self._keys.get(known) is not None:
            state.duplicates += 1
            self._counts["coupon_duplicates"] += 1
        else:
            self._keys.put(known, b"1")
            self._append(code.pool, state, code.code)
            state.loaded += 1
            self._counts["coupons_loaded"] += 1
        self._changed(code.pool, state, now)

    def next_loaded(self, pool: str, at: Instant) -> str | None:
        """See `CodeSource.next_loaded`. A task without codes reports it, and so asks for some."""
        state = self._state(pool)
        if not state.left:
            self._counts["coupons_missing"] += 1
            self._changed(pool, state, at)
            return None
        code = self._take(pool, state.given)
        state.given += 1
        self._keep(pool, state)
        self._counts["coupons_given"] += 1
        return code

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

    def left(self, pool: str) -> int:
        """See `CodeSource.left`."""
        state = self._pools.get(pool)
        return 0 if state is None else state.left

    def note_given(
        self, customer: str, pool: str, code: str, at: Instant, expires_at: Instant | None
    ) -> None:
        """See `CodeSource.note_given`."""
        self.uses.give(customer, pool, code, at, expires_at)
        state = self._pools.get(pool)
        if state is not None:
            self._changed(pool, state, at)

    # ── Moves to other tasks (coupon_moves.py) ────────────────────────────────────────────────

    def take_out(self, pool: str, most: int, number: int, now: Instant) -> list[str]:
        """Takes up to `most` codes from the end, for the move `number`."""
        state = self._state(pool)
        codes = []
        for _ in range(min(most, state.left)):
            state.moved_out += 1
            codes.append(self._take(pool, state.end))
        state.handed = number
        self._changed(pool, state, now, at_once=True)
        self._counts["coupons_moved_out"] += len(codes)
        return codes

    def take_in(self, moved: MovedCodes, now: Instant) -> None:
        """Adds codes of another task. The moves to a task come in the order of their numbers, so
        one that isn't later than the last has come before."""
        state = self._state(moved.pool)
        if moved.number <= state.received:
            self._counts["coupon_duplicates"] += len(moved.codes)
            return
        for code in moved.codes:
            self._append(moved.pool, state, code)
            state.moved_in += 1
        state.received = moved.number
        self._changed(moved.pool, state, now, at_once=True)
        self._counts["coupons_moved_in"] += len(moved.codes)

    def handed(self, pool: str) -> int:
        """The number of the last move of a pool's codes that left."""
        return self._state(pool).handed

    # ── Reports ───────────────────────────────────────────────────────────────────────────────

    def reports(self, until: Instant, lows: Mapping[str, int]) -> list[PoolReport]:
        """The reports that are due up to `until`; FAR_FUTURE: those of all pools. `lows`: by pool
        that is defined, the number of codes below which it runs low."""
        reports = []
        # By name, as the store has them: a task that was restored writes the same bytes.
        for pool, state in sorted(self._pools.items()):
            if until != FAR_FUTURE and not 0 < state.report_at <= until:
                continue
            reports.append(
                PoolReport(
                    pool=pool,
                    loaded=state.loaded,
                    given=state.given,
                    left=state.left,
                    received=state.received,
                    handed=state.handed,
                    low=lows.get(pool),
                )
            )
            if state.report_at or state.reported != state.left:
                state.reported, state.report_at = state.left, 0
                self._keep(pool, state)
        self._find_next_report()
        return reports

    def follow(self, before: Mapping[str, int], after: Mapping[str, int], now: Instant) -> None:
        """Pools that were published, or run low below another number since, are due: codes may have
        been loaded before. `before`, `after`: as `lows` of `reports`."""
        if before == after:
            return
        for pool, state in sorted(self._pools.items()):
            if before.get(pool) != after.get(pool):
                self._changed(pool, state, now, at_once=True)

    def begin_reports(self, now: Instant) -> None:
        """Pools that were never reported, as those of an older version, are due."""
        for pool, state in self._pools.items():
            if state.reported < 0 and not state.report_at:
                self._changed(pool, state, now)

    @property
    def left_by_pool(self) -> dict[str, int]:
        """The codes left, by pool of loaded codes."""
        return {pool: state.left for pool, state in self._pools.items()}

    def _changed(self, pool: str, state: PoolState, now: Instant, *, at_once: bool = False) -> None:
        """Keeps a changed state, and sets when it is reported: at once where half of the reported
        codes are gone, so that others can come before the last is, or as many have come."""
        due = self._report_due(now)
        if due != FAR_FUTURE:
            is_notable = state.left * 2 <= state.reported or state.left >= state.reported * 2
            if at_once or (is_notable and state.left != state.reported):
                due = now
            state.report_at = min(state.report_at or due, due)
            self.next_report = min(self.next_report, state.report_at)
        self._keep(pool, state)

    def _find_next_report(self) -> None:
        due = [state.report_at for state in self._pools.values() if state.report_at]
        self.next_report = min(due, default=FAR_FUTURE)

    def _state(self, pool: str) -> PoolState:
        state = self._pools.get(pool)
        if state is None:
            state = self._pools[pool] = PoolState()
        return state

    def _keep(self, pool: str, state: PoolState) -> None:
        self._keys.put(POOL + pool.encode(), _encode(state))

    def _append(self, pool: str, state: PoolState, code: str) -> None:
        self._keys.put(_waiting(pool, state.end), code.encode())

    def _take(self, pool: str, number: int) -> str:
        key = _waiting(pool, number)
        code = self._keys.get(key)
        assert code is not None, f"{key!r} is counted but missing"
        self._keys.put(key, None)
        return code.decode()


def series_key(prefix: str, length: int) -> bytes:
    """Own key of the counter of a rule; pools with the same rule share it."""
    return SERIES + b"%d\x00" % length + prefix.encode()


def read_series_key(key: bytes) -> tuple[str, int]:
    """(prefix, length) of a key that begins with SERIES."""
    length, _, prefix = key[len(SERIES) :].partition(b"\x00")
    return prefix.decode(), int(length)


def _waiting(pool: str, number: int) -> bytes:
    return _WAITING + pool.encode() + b"\x00" + number.to_bytes(8, "big")
