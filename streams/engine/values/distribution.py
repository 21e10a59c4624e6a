"""How a value is spread over many customers: number, sum and quantiles, of integers from 0 on.

Distributions of parts add up to that of the whole, and a value that was added can be taken out
again: there are integers only, so neither order nor repetition changes a digit. A quantile is
within 1 % of the exact one: values share a bucket where they differ by so little. (The idea is that
of DDSketch: Masson, Rim, Lee, "DDSketch: a fast and fully-mergeable quantile sketch with
relative-error guarantees", VLDB 2019; integer bounds in place of logarithms make the buckets the
same on every machine.)

    bucket     0   1   2  ...  49   50        51        52        ...
    values     0   1   2  ...  49   50, 51    52, 53    54, 55    ...   b = a * 101 // 99
                                    a   b

All values of a bucket are within 1 % of 2ab / (a + b), since b / a <= 1.01 / 0.99.
"""

from bisect import bisect_left

import msgspec

_LARGEST = 1 << 80
"""Above every sum of amounts."""


def _last_values() -> tuple[int, ...]:
    """The largest value of each bucket."""
    bounds = [0]
    while bounds[-1] < _LARGEST:
        bounds.append((bounds[-1] + 1) * 101 // 99)
    return tuple(bounds)


_LAST_VALUES = _last_values()


class Distribution(msgspec.Struct, array_like=True, gc=False):
    """Number, sum and quantiles of integers from 0 on. Fields are only appended."""

    count: int = 0
    total: int = 0
    buckets: dict[int, int] = {}  # number of values in each

    def add(self, value: int, times: int = 1) -> None:
        """Adds a value; `times` -1 takes out one that was, or will be, added."""
        bucket = bisect_left(_LAST_VALUES, value)
        self.count += times
        self.total += times * value
        self.buckets[bucket] = self.buckets.get(bucket, 0) + times

    def merge(self, other: "Distribution") -> None:
        """Adds the values of another distribution."""
        self.count += other.count
        self.total += other.total
        for bucket, number in other.buckets.items():
            self.buckets[bucket] = self.buckets.get(bucket, 0) + number

    def compact(self) -> "Distribution":
        """The same without empty buckets, in order."""
        kept = {bucket: number for bucket, number in sorted(self.buckets.items()) if number}
        return Distribution(self.count, self.total, kept)

    def mean(self) -> float | None:
        """The mean; None without a value."""
        return self.total / self.count if self.count else None

    def quantile(self, percent: int) -> float | None:
        """The smallest value with `percent` of all values at or below it, within 1 %. None without
        a value, or if buckets are unknown (a report of an older version)."""
        if not self.count or sum(self.buckets.values()) != self.count:
            return None
        left = max(-(-self.count * percent // 100), 1)  # its rank, rounded up
        for bucket, number in sorted(self.buckets.items()):
            left -= number
            if left <= 0:
                return _value_of(bucket)
        raise AssertionError("the buckets hold all values")


def _value_of(bucket: int) -> float:
    """The value that stands for all of a bucket."""
    last = _LAST_VALUES[bucket]
    first = _LAST_VALUES[bucket - 1] + 1 if bucket else 0
    return last if first == last else 2 * first * last / (first + last)
