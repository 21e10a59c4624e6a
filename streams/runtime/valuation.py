"""The valuation of a task's customers as of midnight, from which store facts are added up
(DESIGN 5.11).

All customers are read once a day, a page at a time, while events go on; the cursor is the last id
read. A customer behind the cursor is done. One ahead of it may change before it is read: the state
before the change is counted, and the state after it is taken off, which the cursor will count. So
what is counted in the end is each customer at midnight, whatever happened when:

    midnight   bob: 10                                               counted of bob
    event      bob: 10 ──► 30       + 10 − 30                                   −20
    event      bob: 30 ──► 35       + 30 − 35                                   −25
    cursor     bob: 35              + 35                                         10

Its progress is under own keys of the task and goes out with each transaction: after a crash, the
valuation resumes where that left it.
"""

import zoneinfo
from collections.abc import Callable

import msgspec

from streams.engine import CustomerState, Instant, Program, is_forgotten
from streams.engine.customer import MODEL, VALUES, values_on_day
from streams.engine.forecast import PurchaseModel
from streams.engine.values import LARGEST_AMOUNT, Distribution, FieldType, day_number, zone_named
from streams.ports import DayReport
from streams.runtime.customer_rows import CustomerRows
from streams.runtime.own_keys import OwnKeys

PROGRESS_KEY = b"\x00valuation"
LEARNED_KEY = b"\x00valuation-learned"
_OLD_SUMS_KEY = b"\x00sums-3"
"""Of an older version, which adds its customers up anew if it doesn't find them."""

PAGE = 500
"""Customers per read from the store."""
PER_SLICE = 100
"""Customers valued in a slice of live time, beside its records."""
NOBODY_AHEAD = b"\xff"
"""Cursor without a valuation: greater than all customer ids, which are UTF-8."""


class ValuationProgress(msgspec.Struct, array_like=True):
    """A valuation that has begun. Fields are only appended."""

    midnight: Instant
    after: bytes = b""  # last customer read
    customers: int = 0
    buyers: int = 0  # those with at least one order
    values: dict[str, Distribution] = {}  # of the buyers
    model: PurchaseModel | None = None  # in force at midnight
    zone: str = "UTC"  # of the store, at midnight
    segments: dict[str, int] = {}  # members of each followed segment


class Valuation:
    """The valuation of a task, if one is in progress."""

    def __init__(
        self,
        own: OwnKeys,
        rows: CustomerRows,
        decode: Callable[[bytes], CustomerState],
    ) -> None:
        """`decode` may raise Refused."""
        self._own = own
        self._rows = rows
        self._decode = decode
        self._progress: ValuationProgress | None = None
        self._is_kept = True
        self._zone: zoneinfo.ZoneInfo
        self._day: int
        self.after = NOBODY_AHEAD
        """The cursor: customers with greater ids are not read yet. Read per event."""
        kept = own.get(PROGRESS_KEY)
        if kept is not None:
            self._set(msgspec.msgpack.decode(kept, type=ValuationProgress))

    @property
    def is_in_progress(self) -> bool:
        """True from midnight until the report."""
        return self._progress is not None

    def begin(self, midnight: Instant, learned: bytes | None, program: Program) -> None:
        """Begins to value all customers as they are now, at `midnight`, by the purchase model and
        on the store's day of then: those of `program`. `learned`: purchase counts of the day, for
        its report."""
        assert self._progress is None, "one valuation at a time"
        model, zone = program.facts.get(MODEL), program.store_zone
        self._set(ValuationProgress(midnight, model=model, zone=zone))
        self._is_kept = False
        if learned is not None:
            self._own.put(LEARNED_KEY, learned)
        if self._own.get(_OLD_SUMS_KEY) is not None:
            self._own.put(_OLD_SUMS_KEY, None)

    def changes(self, state: CustomerState) -> None:
        """A customer ahead of the cursor changes; `state` is the one before."""
        self._count(state, 1)

    def changed(self, state: CustomerState) -> None:
        """A customer ahead of the cursor has changed; `state` is the one after."""
        self._count(state, -1)

    def advance(self, partition: int, most: int) -> DayReport | None:
        """Values the next customers, `most` of them. Returns the report once all are valued."""
        progress = self._progress
        assert progress is not None
        rows = self._rows.after(progress.after, most)
        for _, stored in rows:
            self._count(self._decode(stored), 1)
        self._is_kept = False
        if len(rows) == most:
            progress.after = self.after = rows[-1][0]
            return None
        report = DayReport(
            partition=partition,
            day_end=progress.midnight,
            customers=progress.customers,
            buyers=progress.buyers,
            values={
                name: values.compact() for name, values in progress.values.items() if values.count
            },
            learned=self._own.get(LEARNED_KEY),
            segments={name: number for name, number in progress.segments.items() if number},
        )
        self._set(None)
        return report

    def keep(self) -> None:
        """Adds progress to the next transaction."""
        if self._is_kept:
            return
        progress = self._progress
        if progress is not None:
            self._own.put(PROGRESS_KEY, msgspec.msgpack.encode(progress))
        else:
            for key in (PROGRESS_KEY, LEARNED_KEY):
                if self._own.get(key) is not None:
                    self._own.put(key, None)
        self._is_kept = True

    def _set(self, progress: ValuationProgress | None) -> None:
        self._progress = progress
        self.after = NOBODY_AHEAD if progress is None else progress.after
        if progress is not None:
            zone = zone_named(progress.zone)
            assert zone is not None, "the program named it that was in force"
            self._zone, self._day = zone, day_number(progress.midnight, zone)

    def _count(self, state: CustomerState, times: int) -> None:
        if is_forgotten(state):
            return
        progress = self._progress
        assert progress is not None
        progress.customers += times
        for segment, membership in state.memberships.items():
            if membership.is_told:
                progress.segments[segment] = progress.segments.get(segment, 0) + times
        if not state.orders:
            return
        progress.buyers += times
        for name, value in values_at(self._day, state, progress.model, self._zone).items():
            values = progress.values.get(name)
            if values is None:
                values = progress.values[name] = Distribution()
            values.add(value, times)


def values_at(
    day: int, state: CustomerState, model: PurchaseModel | None, zone: zoneinfo.ZoneInfo
) -> dict[str, int]:
    """The values of a buyer on a store's day (its number), as integers: amounts in minor units,
    others times `scale_of`; LARGEST_AMOUNT at most, so that sums fit into their records."""
    values = values_on_day(state, model, day, zone)
    return {
        name: min(round(value * _SCALES[name]), LARGEST_AMOUNT) for name, value in values.items()
    }


_SCALES = {name: 10_000 if kind is FieldType.NUMBER else 1 for name, kind in VALUES.items()}


def scale_of(name: str) -> int:
    """The factor that makes a value an integer: values but amounts are rounded to 4 decimals
    (SEMANTICS 7.2). 1 for a value that only a newer version knows."""
    return _SCALES.get(name, 1)
