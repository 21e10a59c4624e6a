"""Which tasks hand codes to which, decided by the one agent that reads the reports of all.

A task is short of codes if it has less than its share of the number below which the pool runs low,
or less than a quarter of its share of all that are left. The task with the most hands it half of
the difference: so neither is left poorer than the other, and codes don't go to and fro.

    left   task 0  ████████████████   ──┐ half of the difference
           task 1  █████                │
           task 2  █               ◄────┘ short

A task gets one move of a pool at a time: the next is ordered once it has reported that the last one
came. So an order that is on `control` and hasn't arrived is never ordered again, whichever agent
reads the reports anew.
"""

from collections.abc import Callable, Iterator

from streams.engine import Instant
from streams.ports import CouponFacts, CouponMove, CouponReport, PoolReport

MOST_MOVED = 250
"""Codes of one move: a record of at most 100 kB."""
KNOWN_AFTER: Instant = 60_000
"""Ms after the first report of a pool came when a task that hasn't reported it has no codes: all
tasks that have some report them within half a minute. By the agent's clock: a task that catches up
reports at moments of the past, and the others may be behind it."""
NOTICED = 20
"""A number of codes left is told again when a twentieth of it is gone or came: `control` keeps all
of them for ever."""


class _Pool:
    """The reports of one pool, and its open moves."""

    def __init__(self) -> None:
        self.reports: dict[int, PoolReport] = {}  # by task
        self.open: dict[int, CouponMove] = {}  # by receiver, its newest move
        self.first_at: Instant | None = None  # when the first report had come
        self.newest_at: Instant = 0  # of the newest one
        self.low: int | None = None  # as of the newest report
        self.told: int | None = None  # codes left, as `control` says
        self.is_known = False  # in all tasks: those that haven't reported it have no codes

    def add(self, partition: int, at: Instant, report: PoolReport) -> None:
        self.reports[partition] = report
        if at >= self.newest_at:
            self.newest_at, self.low = at, report.low
        last = self.open.get(partition)
        if last is not None and report.received >= last.number:
            del self.open[partition]

    @property
    def left(self) -> int:
        """Codes that no customer was given, those on their way included."""
        return sum(report.loaded - report.given for report in self.reports.values())

    def left_by_task(self, partitions: int) -> list[int]:
        """The codes of each task, less those that it was ordered to hand out."""
        left = [0] * partitions
        for number, report in self.reports.items():
            left[number] = report.left
        for move in self.open.values():
            giver = self.reports.get(move.giver)
            if giver is not None and giver.handed < move.number:
                left[move.giver] = max(left[move.giver] - move.codes, 0)
        return left


class CouponBalance:
    """Collects the reports, and decides which facts of coupon pools are written to `control`."""

    def __init__(
        self,
        partitions: int,
        key_of: Callable[[int], bytes],
        on_low: Callable[[str, int, int], None] = lambda pool, left, low: None,
    ) -> None:
        """`key_of`: the key of records for a task; `on_low` is called with a pool that begins to
        run low: its id, the codes left, and its `low`."""
        self._partitions = partitions
        self._key_of = key_of
        self._on_low = on_low
        self._pools: dict[str, _Pool] = {}
        self._last_number = 0

    def recall(self, facts: CouponFacts) -> None:
        """Takes a record of `control` into account; in the order of the topic."""
        for name, left in facts.left.items():
            pool = self._pool(name)
            pool.told, pool.is_known = left, True
        for move in facts.moves:
            self._last_number = max(self._last_number, move.number)
            pool = self._pool(move.pool)
            report = pool.reports.get(move.receiver)
            if report is None or report.received < move.number:
                pool.open[move.receiver] = move

    def add(self, report: CouponReport) -> None:
        """Adds the report of a task."""
        if report.partition < self._partitions:  # else from a time with more partitions
            for pool in report.pools:
                self._pool(pool.pool).add(report.partition, report.at, pool)

    def close_day(self) -> CouponFacts | None:
        """The facts to write when all tasks have ended a day, each with a report of all its pools;
        None: nothing new."""
        for pool in self._pools.values():
            pool.is_known = True
        return self._facts(is_exact=True)

    def due(self, now: Instant) -> CouponFacts | None:
        """The facts to write at `now`, after all reports so far; None: nothing notable."""
        for pool in self._pools.values():
            if pool.reports:
                pool.first_at = now if pool.first_at is None else pool.first_at
                pool.is_known |= now - pool.first_at >= KNOWN_AFTER
        return self._facts(is_exact=False)

    def _facts(self, *, is_exact: bool) -> CouponFacts | None:
        left: dict[str, int] = {}
        moves: list[CouponMove] = []
        for name, pool in sorted(self._pools.items()):
            if pool.low is None:  # it is not defined any more
                continue
            pool.is_known |= len(pool.reports) == self._partitions
            moves += self._moves(name, pool, pool.low)
            if pool.is_known and _is_to_be_told(pool, pool.low, is_exact=is_exact):
                left[name] = pool.left
        if not left and not moves:
            return None
        facts = CouponFacts(left, moves)
        for name, number in left.items():
            pool = self._pools[name]
            assert pool.low is not None
            if number < pool.low and (pool.told is None or pool.told >= pool.low):
                self._on_low(name, number, pool.low)
        self.recall(facts)
        return facts

    def _moves(self, name: str, pool: _Pool, low: int) -> Iterator[CouponMove]:
        """The moves to order, to the poorest task first."""
        left = pool.left_by_task(self._partitions)
        enough = max(low, sum(left) // 4)
        for receiver in sorted(range(self._partitions), key=lambda number: (left[number], number)):
            if left[receiver] * self._partitions >= enough:
                return
            if receiver in pool.open or not (pool.is_known or receiver in pool.reports):
                continue
            giver = max(range(self._partitions), key=lambda number: (left[number], -number))
            if left[giver] < 2 * left[receiver] + 2:
                return
            codes = min((left[giver] - left[receiver]) // 2, MOST_MOVED)
            left[giver] -= codes
            left[receiver] += codes
            self._last_number += 1
            yield CouponMove(
                number=self._last_number,
                pool=name,
                giver=giver,
                receiver=receiver,
                codes=codes,
                key=self._key_of(receiver),
            )

    def _pool(self, name: str) -> _Pool:
        return self._pools.setdefault(name, _Pool())


def _is_to_be_told(pool: _Pool, low: int, *, is_exact: bool) -> bool:
    """True if the number of codes left differs from the one on `control`, and notably unless it
    `is_exact`."""
    told, left = pool.told, pool.left
    if told is None or left == told:
        return told is None
    return is_exact or (left < low) != (told < low) or abs(left - told) * NOTICED >= told
