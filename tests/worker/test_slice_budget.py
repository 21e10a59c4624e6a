"""How the budget of a slice follows the time that slices take."""

import pytest

from streams.worker.slice_budget import LONGEST_SLICE, SLICE, SliceBudget


@pytest.mark.parametrize("seconds_each", [0.00002, 0.0001, 0.001, 0.05])
def test_slices_are_as_long_as_allowed_or_as_short_as_possible(seconds_each: float) -> None:
    budget = SliceBudget()
    for _ in range(10):
        budget.adapt(budget.records * seconds_each, budget.records)
    longest = LONGEST_SLICE / seconds_each
    assert 1 <= budget.records <= max(1.0, longest)
    assert budget.records >= min(SLICE, longest // 2)


def test_after_slow_slices_it_grows_again() -> None:
    budget = SliceBudget()
    budget.adapt(1.0, SLICE)
    assert budget.records < 10
    for _ in range(10):
        budget.adapt(0.001, budget.records)
    assert budget.records == SLICE


def test_slices_in_which_little_happened_prove_nothing() -> None:
    budget = SliceBudget()
    budget.adapt(1.0, SLICE)
    small = budget.records
    budget.adapt(0.0, 0)
    assert budget.records == small
