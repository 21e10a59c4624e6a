"""Counts of what is bought: added up in any order they are the same; they fade, and have bounds."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.engine.customer import purchase_counts
from streams.engine.customer.purchase_counts import (
    MOST_ITEMS,
    MOST_OF_AN_ORDER,
    MOST_PAIRS,
    MOST_SEARCHES,
    ONE,
    Counts,
    ItemCount,
    bought_items,
    counts_in,
    hashed_words,
)
from streams.engine.effects.purchase import Bought, Purchase

WORDS = hashed_words("red lamp")


def purchase(at: int, skus: str, *searches: bytes) -> Purchase:
    return Purchase(at, [Bought(sku, f"name {sku} {at}") for sku in skus], list(searches))


def learnt(*purchases: Purchase) -> Counts:
    counts = Counts()
    for one in purchases:
        counts.learn(one)
    return counts


def test_items_pairs_and_what_was_bought_after_a_search_are_counted() -> None:
    counts = learnt(purchase(1, "BA", WORDS), purchase(2, "A"), purchase(3, "CAB"))
    assert {sku: item.count for sku, item in counts.items.items()} == {
        "A": 3 * ONE,
        "B": 2 * ONE,
        "C": ONE,
    }
    assert counts.pairs == {("A", "B"): 2 * ONE, ("A", "C"): ONE, ("B", "C"): ONE}
    assert counts.searches == {WORDS: {"A": ONE, "B": ONE}}


def test_what_is_known_of_an_item_is_from_its_newest_order() -> None:
    counts = learnt(purchase(5, "A"), purchase(3, "A"))
    item = counts.items["A"]
    assert (item.first_at, item.at, item.item.name) == (3, 5, "name A 5")


def test_an_item_of_an_order_counts_once_and_not_all_of_a_hundred_do() -> None:
    items = [{"sku": str(number % 50), "name": None} for number in range(100)]
    assert [item.sku for item in bought_items([items[0], *items])] == [
        str(number) for number in range(MOST_OF_AN_ORDER)
    ]


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [
        ("Red  lamp", "lamp red", True),
        ("red lamp", "red lamp, RED", True),
        ("red lamp", "red lamps", False),
        ("Straße", "STRASSE", True),
    ],
)
def test_searches_are_the_same_whatever_case_and_order(
    one: str, other: str, *, is_same: bool
) -> None:
    assert (hashed_words(one) == hashed_words(other)) is is_same


@pytest.mark.parametrize("nothing", ["", "  ", "!?"])
def test_a_search_without_words_has_none(nothing: str) -> None:
    assert hashed_words(nothing) == b""


def test_after_three_weeks_a_count_is_half_and_in_the_end_nothing_is_left() -> None:
    counts = learnt(*(purchase(number, "AB", WORDS) for number in range(100)))
    counts.fade(22)
    assert 0.4 < counts.items["A"].count / (100 * ONE) < 0.5
    assert counts.pairs["A", "B"] == counts.items["A"].count == counts.searches[WORDS]["A"]
    counts.fade(1000)
    assert counts == Counts()
    assert not counts


_PURCHASES = st.lists(
    st.builds(
        purchase,
        st.integers(0, 100),
        st.lists(st.sampled_from("ABCDEFG"), unique=True, max_size=5).map("".join),
        st.sampled_from([WORDS, hashed_words("blue")]),
    ),
    max_size=30,
)


@given(_PURCHASES, st.integers(1, 4))
def test_however_many_tasks_count_the_sum_is_the_same(
    purchases: list[Purchase], tasks: int
) -> None:
    total = Counts()
    for number in reversed(range(tasks)):
        total.add(counts_in(learnt(*purchases[number::tasks]).packed()))
    assert total == learnt(*purchases)


@given(_PURCHASES)
def test_bytes_come_back(purchases: list[Purchase]) -> None:
    counts = learnt(*purchases)
    assert counts_in(counts.packed()) == counts
    assert counts_in(counts.packed()).packed() == counts.packed()


def test_the_most_frequent_are_kept_and_of_equals_the_lesser() -> None:
    counts = Counts()
    for number in range(MOST_ITEMS + 10):
        sku = f"{number:05}"
        counts.items[sku] = ItemCount(2 if number >= MOST_ITEMS else 1, 0, 0, Bought(sku))
    for pair in itertools.islice(itertools.combinations(counts.items, 2), MOST_PAIRS + 100):
        counts.pairs[pair] = 1
    for number in range(MOST_SEARCHES + 10):
        counts.searches[number.to_bytes(4, "big")] = dict.fromkeys(list(counts.items)[:20], 1)
    counts.keep_the_most()
    assert len(counts.items) == MOST_ITEMS
    assert set(counts.items) == {
        *(f"{number:05}" for number in range(MOST_ITEMS - 10)),
        *(f"{number:05}" for number in range(MOST_ITEMS, MOST_ITEMS + 10)),
    }
    assert len(counts.pairs) == MOST_PAIRS
    assert len(counts.searches) == MOST_SEARCHES
    assert all(len(found) == 8 for found in counts.searches.values())
    assert len(counts.packed()) < 300_000


def test_what_a_day_brings_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(purchase_counts, "MOST_ITEMS_OF_A_DAY", 3)
    monkeypatch.setattr(purchase_counts, "MOST_PAIRS_OF_A_DAY", 2)
    monkeypatch.setattr(purchase_counts, "MOST_SEARCHES_OF_A_DAY", 1)
    counts = learnt(purchase(1, "ABCD", WORDS), purchase(2, "AB", hashed_words("blue"), WORDS))
    assert list(counts.items) == ["A", "B", "C"]
    assert counts.pairs == {("A", "B"): 2 * ONE, ("A", "C"): ONE}
    assert list(counts.searches) == [WORDS]
