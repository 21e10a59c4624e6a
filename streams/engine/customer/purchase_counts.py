"""Purchase counts for recommendations: per item, per pair of items bought together, and per search
before a purchase.

Counts are integers, so that they can be added in any order. One purchase counts ONE and decays
daily: after three weeks it counts half.

    day    1         2                     3
    count  1000 ──►  1000 − 32 = 968 ──►   968 − 31 + 1000 (bought again) = 1937

Of a search only hashes of its words are kept: the facts of a shop are kept permanently, and search
texts are personal data.
"""

import re
import zlib
from collections.abc import Iterable, Iterator
from heapq import nlargest
from itertools import combinations
from typing import Any, TypeVar

import msgspec

from streams.engine.effects import Bought, Purchase
from streams.engine.values import Instant

ONE = 1_000
FADING = 5
"""A count decays by one part in 2 ** FADING per day."""
MOST_OF_AN_ORDER = 12
"""Limit on different items counted per order: those of a very large order have little in common."""
LONGEST_TEXT = 300
"""Characters of an item's texts: its name, an address."""
MOST_ITEMS, MOST_PAIRS, MOST_SEARCHES, MOST_OF_A_SEARCH = 1_000, 5_000, 1_000, 8
"""Limits at the end of a day; the most frequent are kept."""
MOST_ITEMS_OF_A_DAY, MOST_PAIRS_OF_A_DAY, MOST_SEARCHES_OF_A_DAY = 4_000, 30_000, 4_000
"""Limits of one task's day; further new items, pairs and searches aren't counted."""

_WORD = re.compile(r"\w+")
_WORD_HASH = 4
_encode = msgspec.msgpack.Encoder().encode
_T = TypeVar("_T")


class ItemCount(msgspec.Struct, array_like=True):
    """The count of an item and its data. Fields are only appended, here and below."""

    count: int
    first_at: Instant  # first purchase
    at: Instant  # of the newest order, the source of `item`
    item: Bought


class Counts(msgspec.Struct, array_like=True):
    """Counts of one task's day, or of all tasks over all days."""

    items: dict[str, ItemCount] = {}
    pairs: dict[tuple[str, str], int] = {}  # of two SKUs, the lesser first
    searches: dict[bytes, dict[str, int]] = {}  # hashed words -> SKU -> count

    def __bool__(self) -> bool:
        return bool(self.items)

    def learn(self, purchase: Purchase) -> None:
        """Counts one purchase, within the limits (MOST_ITEMS_OF_A_DAY, …)."""
        items, at = self.items, purchase.at
        skus = []
        for bought in purchase.items:
            known = items.get(bought.sku)
            if known is None:
                if len(items) >= MOST_ITEMS_OF_A_DAY:
                    continue
                items[bought.sku] = ItemCount(ONE, at, at, bought)
            else:
                _add_item(known, ONE, at, at, bought)
            skus.append(bought.sku)
        skus.sort()
        pairs = self.pairs
        for pair in combinations(skus, 2):
            if pair in pairs or len(pairs) < MOST_PAIRS_OF_A_DAY:
                pairs[pair] = pairs.get(pair, 0) + ONE
        for words in purchase.searches:
            if words in self.searches or len(self.searches) < MOST_SEARCHES_OF_A_DAY:
                found = self.searches.setdefault(words, {})
                for sku in skus:
                    found[sku] = found.get(sku, 0) + ONE

    def add(self, other: "Counts") -> None:
        """Adds the counts of another task."""
        for sku, counted in other.items.items():
            known = self.items.get(sku)
            if known is None:
                self.items[sku] = counted
            else:
                _add_item(known, counted.count, counted.first_at, counted.at, counted.item)
        for pair, count in other.pairs.items():
            self.pairs[pair] = self.pairs.get(pair, 0) + count
        for words, found in other.searches.items():
            mine = self.searches.setdefault(words, {})
            for sku, count in found.items():
                mine[sku] = mine.get(sku, 0) + count

    def fade(self, days: int) -> None:
        """Decays all counts by `days`."""
        for _ in range(days):
            if not self.items:
                return
            for item in self.items.values():
                item.count = _faded(item.count)
            self.items = {sku: item for sku, item in self.items.items() if item.count > 0}
            self.pairs = _all_faded(self.pairs)
            self.searches = {
                words: left for words, found in self.searches.items() if (left := _all_faded(found))
            }

    def keep_the_most(self) -> None:
        """Drops the least frequent items with their pairs and searches; of equals, later SKUs."""
        items = self.items
        if len(items) > MOST_ITEMS:
            counts = {sku: item.count for sku, item in items.items()}
            self.items = items = {sku: items[sku] for sku in _most(counts, MOST_ITEMS)}
        pairs = {
            pair: count
            for pair, count in self.pairs.items()
            if pair[0] in items and pair[1] in items
        }
        self.pairs = _kept(pairs, MOST_PAIRS)
        searches = {}
        for words, found in self.searches.items():
            left = {sku: count for sku, count in found.items() if sku in items}
            if left:
                searches[words] = _kept(left, MOST_OF_A_SEARCH)
        if len(searches) > MOST_SEARCHES:
            sums = {words: sum(found.values()) for words, found in searches.items()}
            searches = {words: searches[words] for words in _most(sums, MOST_SEARCHES)}
        self.searches = searches

    def packed(self) -> bytes:
        """The counts as bytes, for a record."""
        return zlib.compress(_encode(_written(self)), level=1)


def counts_in(packed: bytes) -> Counts:
    """The counts of `Counts.packed` bytes."""
    written = written_in(packed)
    skus, numbers = written.skus, written.pairs
    return Counts(
        written.items_by_sku(),
        {
            (skus[numbers[place]], skus[numbers[place + 1]]): numbers[place + 2]
            for place in range(0, len(numbers), 3)
        },
        written.items_by_search(),
    )


def written_in(packed: bytes) -> "WrittenCounts":
    """The parts of `Counts.packed` bytes, in half the time of `counts_in`."""
    return _decode_written(zlib.decompress(packed))


def skus_in(packed: bytes) -> frozenset[str]:
    """The SKUs of `Counts.packed` bytes, in a fraction of the time of `counts_in`."""
    return frozenset(_decode_skus(zlib.decompress(packed)).skus)


class _WrittenSkus(msgspec.Struct, array_like=True):
    """The first part of WrittenCounts."""

    skus: list[str]


class WrittenCounts(msgspec.Struct, array_like=True):
    """Counts with every SKU once, elsewhere referred to by its index. Each part is read by itself:
    most facts of a shop's past are asked for one of them, or none."""

    skus: list[str]
    items: list[ItemCount]
    pairs: list[int]  # index, index, count, ...
    searches: dict[bytes, list[int]]  # index, count, ...

    def items_by_sku(self) -> dict[str, ItemCount]:
        """As Counts.items."""
        return dict(zip(self.skus, self.items, strict=True))

    def bought_together(self) -> dict[str, dict[str, int]]:
        """Of each SKU those bought with it, and the counts."""
        skus, numbers = self.skus, self.pairs
        together: dict[str, dict[str, int]] = {}
        for place in range(0, len(numbers), 3):
            one, other, count = skus[numbers[place]], skus[numbers[place + 1]], numbers[place + 2]
            together.setdefault(one, {})[other] = count
            together.setdefault(other, {})[one] = count
        return together

    def items_by_search(self) -> dict[bytes, dict[str, int]]:
        """As Counts.searches."""
        skus = self.skus
        return {
            words: {skus[found[place]]: found[place + 1] for place in range(0, len(found), 2)}
            for words, found in self.searches.items()
        }


_decode_skus = msgspec.msgpack.Decoder(_WrittenSkus).decode
_decode_written = msgspec.msgpack.Decoder(WrittenCounts).decode


def _written(counts: Counts) -> WrittenCounts:
    places = {sku: place for place, sku in enumerate(counts.items)}
    pairs: list[int] = []
    for (one, other), count in counts.pairs.items():
        pairs += (places[one], places[other], count)
    searches = {
        words: [number for sku, count in found.items() for number in (places[sku], count)]
        for words, found in counts.searches.items()
    }
    return WrittenCounts(list(counts.items), list(counts.items.values()), pairs, searches)


def bought_items(items: Iterable[dict[str, Any]]) -> list[Bought]:
    """The items of an order to count, each once."""
    found: dict[str, Bought] = {}
    for item in items:
        sku = item["sku"]
        if sku and sku not in found and len(sku) <= LONGEST_TEXT:
            found[sku] = Bought(
                sku,
                _short(item.get("name")),
                item.get("unit_price"),
                _short(item.get("category")),
                _short(item.get("url")),
                _short(item.get("image_url")),
            )
            if len(found) == MOST_OF_AN_ORDER:
                break
    return list(found.values())


def _short(text: str | None) -> str | None:
    """The text, or None if it is too long: a day of long texts would exceed a record, and a
    truncated address is useless."""
    return None if text is None or len(text) > LONGEST_TEXT else text


def hashed_words(query: str) -> bytes:
    """The words of a search, each once, whatever their case and order: 4 bytes each, end to end."""
    words = set(_WORD.findall(query.casefold()))
    return b"".join(sorted(zlib.crc32(word.encode()).to_bytes(_WORD_HASH, "big") for word in words))


def each_word(words: bytes) -> Iterator[bytes]:
    """The hashes in `hashed_words`."""
    for place in range(0, len(words), _WORD_HASH):
        yield words[place : place + _WORD_HASH]


def _add_item(known: ItemCount, count: int, first_at: Instant, at: Instant, item: Bought) -> None:
    known.count += count
    known.first_at = min(known.first_at, first_at)
    # Of two orders of one millisecond, the same one wins whichever comes first.
    if at > known.at or (at == known.at and _encode(item) > _encode(known.item)):
        known.at, known.item = at, item


def _faded(count: int) -> int:
    return count - (count >> FADING) - 1


def _all_faded(counts: dict[_T, int]) -> dict[_T, int]:
    return {key: left for key, count in counts.items() if (left := _faded(count)) > 0}


def _most(counts: dict[Any, int], most: int) -> list[Any]:
    """The keys with the highest counts; of equals, the lesser keys."""
    lowest = nlargest(most, counts.values())[-1]
    above = [key for key, count in counts.items() if count > lowest]
    equal = sorted(key for key, count in counts.items() if count == lowest)
    return above + equal[: most - len(above)]


def _kept(counts: dict[_T, int], most: int) -> dict[_T, int]:
    return counts if len(counts) <= most else {key: counts[key] for key in _most(counts, most)}
