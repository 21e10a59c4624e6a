"""Quantiles within 1 %, and sums that come apart as they came together."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.engine.values import Distribution

VALUES = st.lists(st.integers(0, 10**12) | st.integers(0, 300), min_size=1)


def distribution_of(values: list[int]) -> Distribution:
    found = Distribution()
    for value in values:
        found.add(value)
    return found


def exact(values: list[int], percent: int) -> int:
    return sorted(values)[max(-(-len(values) * percent // 100), 1) - 1]


def test_without_a_value_nothing_is_known() -> None:
    assert Distribution().mean() is None
    assert Distribution().quantile(50) is None


@pytest.mark.parametrize(
    ("percent", "value"), [(0, 1), (25, 1), (26, 2), (50, 2), (75, 3), (76, 4), (100, 4)]
)
def test_a_quantile_is_the_smallest_value_with_so_many_at_or_below_it(
    percent: int, value: int
) -> None:
    assert distribution_of([4, 2, 3, 1]).quantile(percent) == value


@given(VALUES, st.integers(0, 100))
def test_a_quantile_is_within_one_percent(values: list[int], percent: int) -> None:
    found = distribution_of(values).quantile(percent)
    assert found is not None
    assert abs(found - exact(values, percent)) <= exact(values, percent) / 100


@pytest.mark.parametrize("value", [0, 1, 49, 50, 51, 52, 99, 100, 101, 2**40, 2**63, 2**79])
def test_each_value_is_within_one_percent_of_what_stands_for_it(value: int) -> None:
    found = distribution_of([value]).quantile(50)
    assert found is not None
    assert abs(found - value) <= value / 100
    assert value > 49 or found == value


@given(VALUES, VALUES, st.randoms(use_true_random=False))
def test_parts_add_up_to_the_whole_and_what_was_added_can_be_taken_out(
    some: list[int], others: list[int], chance: random.Random
) -> None:
    whole = distribution_of(some)
    whole.merge(distribution_of(others))
    assert whole.compact() == distribution_of(some + others).compact()
    taken = list(others)
    chance.shuffle(taken)
    for value in taken:
        whole.add(value, -1)
    assert whole.compact() == distribution_of(some).compact()


def test_a_value_may_be_taken_out_before_it_is_added() -> None:
    found = Distribution()
    found.add(30, -1)
    found.add(10)
    found.add(30)
    assert found.compact() == distribution_of([10])


def test_without_buckets_there_is_a_mean_alone() -> None:
    assert Distribution(2, 300).mean() == 150
    assert Distribution(2, 300).quantile(50) is None
