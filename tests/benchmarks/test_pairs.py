import pytest

from benchmarks.pairs import alternate, ratios, spread


def test_quartiles_lie_between_the_values() -> None:
    found = spread([4.0, 1.0, 3.0, 2.0, 5.0])
    assert (found.least, found.q1, found.median, found.q3, found.most) == (1, 2, 3, 4, 5)


def test_two_values_have_quartiles_too() -> None:
    found = spread([1.0, 3.0])
    assert (found.least, found.q1, found.median, found.q3, found.most) == (1, 1.5, 2, 2.5, 3)


def test_one_value_is_its_own_spread() -> None:
    found = spread([7.0])
    assert {found.least, found.q1, found.median, found.q3, found.most} == {7.0}


def test_every_other_pair_begins_with_the_second() -> None:
    order: list[str] = []

    def run(name: str) -> str:
        order.append(name)
        return f"{name}{len(order)}"

    pairs = alternate(3, lambda: run("a"), lambda: run("b"))
    assert order == ["a", "b", "b", "a", "a", "b"]
    assert pairs == [("a1", "b2"), ("a4", "b3"), ("a5", "b6")]


def test_a_ratio_is_first_over_second() -> None:
    assert ratios([(30.0, 60.0), (90.0, 60.0)]) == [0.5, 1.5]


def test_nothing_has_no_spread() -> None:
    with pytest.raises(ValueError):
        spread([])
