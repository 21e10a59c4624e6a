"""Recommendations from the purchase counts of all customers: ranked SKUs, and the data of items.

Each kind of recommendation returns candidates, best first; `recommend.py` selects those that suit
the customer. Rankings are computed on first use, once for all tasks: most facts of a shop's past
are never used.
"""

from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property

from streams.engine.customer import (
    ItemCount,
    WrittenCounts,
    each_word,
    hashed_words,
    skus_in,
    written_in,
)
from streams.engine.values import sku_hash

FACT = "recommendations"
"""Their name among the store facts."""

SIMILAR = 0.5
"""A search is similar if at least this fraction of the words of both is common."""


class Recommendations:
    """The newest purchase counts, read-only."""

    def __init__(self, packed: bytes) -> None:
        self._packed = packed

    @cached_property
    def skus(self) -> frozenset[str]:
        """All SKUs. Reads no counts."""
        return skus_in(self._packed)

    def counted(self, sku: str) -> ItemCount | None:
        """The count of an item with its data; None if unknown."""
        return self._items.get(sku)

    def sku_of(self, hash_: bytes) -> str | None:
        """The SKU with this hash (identity.sku_hash)."""
        return self._by_hash.get(hash_)

    def popular(self) -> Iterable[str]:
        """SKUs by number of purchases."""
        return self._popular

    def new(self) -> Iterable[str]:
        """SKUs by first purchase, newest first."""
        return self._new

    def related(self, anchors: Iterable[str]) -> Iterable[str]:
        """SKUs bought together with `anchors`, then popular ones."""
        scores: dict[str, int] = {}
        for anchor in anchors:
            for sku, count in self._together.get(anchor, {}).items():
                scores[sku] = scores.get(sku, 0) + count
        return _and_then(_ranked(scores), self._popular)

    def searched(self, query: str) -> Iterable[str]:
        """SKUs bought after the same search, then after similar ones."""
        words = hashed_words(query)
        if not words:
            return ()
        searches = self._searches
        similar: dict[str, int] = {}
        wanted = frozenset(each_word(words))
        for other, others in self._words.items():
            common = len(wanted & others)
            if common and common >= SIMILAR * len(wanted | others) and other != words:
                for sku, count in searches[other].items():
                    similar[sku] = similar.get(sku, 0) + count
        return _and_then(_ranked(searches.get(words, {})), _ranked(similar))

    @cached_property
    def _written(self) -> WrittenCounts:
        return written_in(self._packed)

    @cached_property
    def _items(self) -> Mapping[str, ItemCount]:
        return self._written.items_by_sku()

    @cached_property
    def _popular(self) -> list[str]:
        return _ranked({sku: known.count for sku, known in self._items.items()})

    @cached_property
    def _new(self) -> list[str]:
        return _ranked({sku: known.first_at for sku, known in self._items.items()})

    @cached_property
    def _by_hash(self) -> dict[bytes, str]:
        return {sku_hash(sku): sku for sku in self._items}

    @cached_property
    def _together(self) -> Mapping[str, dict[str, int]]:
        return self._written.bought_together()

    @cached_property
    def _searches(self) -> Mapping[bytes, dict[str, int]]:
        return self._written.items_by_search()

    @cached_property
    def _words(self) -> Mapping[bytes, frozenset[bytes]]:
        return {words: frozenset(each_word(words)) for words in self._searches}


def _ranked(scores: Mapping[str, int]) -> list[str]:
    """The highest first; of equals, by SKU."""
    return sorted(scores, key=lambda sku: (-scores[sku], sku))


def _and_then(first: list[str], then: list[str]) -> Iterator[str]:
    """`first`, then the rest of `then`."""
    yield from first
    known = set(first)
    yield from (sku for sku in then if sku not in known)
