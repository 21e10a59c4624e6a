"""What repeated measurements say: minimum and quartiles, and the ratios of alternating pairs.

On a shared machine a single figure says little: the same program runs half as fast when others
work. Two programs that run right after each other meet about the same neighbours, so their ratio
says more, and the median of several such ratios is what a claim may rest on.
"""

import statistics
from collections.abc import Callable, Sequence
from typing import TypeVar

import msgspec

Found = TypeVar("Found")


class Spread(msgspec.Struct, frozen=True):
    """Minimum, quartiles and maximum of repeated measurements, in their unit."""

    least: float
    q1: float
    median: float
    q3: float
    most: float

    def text(self, digits: int = 1) -> str:
        """As part of a line."""
        low, q1, middle = (f"{one:.{digits}f}" for one in (self.least, self.q1, self.median))
        return f"min {low}  q1 {q1}  median {middle}"


def spread(values: Sequence[float]) -> Spread:
    """The spread of at least one value; quartiles lie between the values, never outside."""
    if len(values) == 1:
        return Spread(*([values[0]] * 5))
    q1, median, q3 = statistics.quantiles(values, n=4, method="inclusive")
    return Spread(min(values), q1, median, q3, max(values))


def alternate(
    number: int, first: Callable[[], Found], second: Callable[[], Found]
) -> list[tuple[Found, Found]]:
    """`number` pairs of results (first, second). Every other pair begins with the second, so that a
    machine that slows down steadily favours neither."""
    pairs = []
    for turn in range(number):
        if turn % 2 == 0:
            one, other = first(), second()
        else:
            other, one = second(), first()
        pairs.append((one, other))
    return pairs


def ratios(pairs: Sequence[tuple[float, float]]) -> list[float]:
    """First over second, pair by pair."""
    return [first / second for first, second in pairs]
