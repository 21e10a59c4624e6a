"""Reports of articles: what recommendations show of them reaches every task (SEMANTICS 7.4).

    product.updated ──► shows something else, and is recommended ──┐
    facts of a day  ──► newly recommended, and not shown as it is ─┼─► \\0changed\\0<sku>
    first flow that recommends ──► the same for all ───────────────┘        │
                       half a minute later: partition-facts ◄───────────────┘
                                  │
    every task ◄── control ◄── the agent that adds up the facts (day_facts.py)

Tasks report at the same moments, so that a report of each becomes one record of `control`. In
simulated time no task waits for another within a day: reports come with those of the day, and
include all changed articles, because those of the coming day's recommendations aren't known yet.
"""

from streams.engine import (
    CATALOGUE,
    NO_ARTICLES,
    RECOMMENDATIONS,
    Catalogue,
    Instant,
    Product,
    Program,
    Recommendations,
    article_of,
    shows_same,
)
from streams.ports import ArticleReport
from streams.runtime.own_keys import OwnKeys
from streams.runtime.products import Products
from streams.runtime.time_policy import TimePolicy
from streams.runtime.timers import FAR_FUTURE

MOST_REPORTED = 500
"""Articles of one record."""

_CHANGED = b"\x00changed\x00"
_ALL = 1 << 30


class ArticleReports:
    """The unreported changes of a task's articles, as own keys with their due time."""

    def __init__(self, own: OwnKeys, products: Products, time: TimePolicy) -> None:
        self._own = own
        self._products = products
        self._time = time
        self.next_due: Instant = FAR_FUTURE
        """Due time of the next reports (FAR_FUTURE: none); stored, because it is often read."""
        for _, due in own.page(_CHANGED, b"", 1):  # the others have the same
            self.next_due = int.from_bytes(due, "big")

    def note(self, program: Program, before: Product | None, after: Product, now: Instant) -> None:
        """Notes an update of an article. `program`: in force."""
        if RECOMMENDATIONS not in program.facts_read or shows_same(after, before):
            return
        due = self._time.reports_due(now)
        if due == FAR_FUTURE or after.sku in _recommended(program):
            self._note(after.sku, due)

    def follow(self, before: Program, after: Program, now: Instant) -> None:
        """Notes the articles that are recommended since `after` is in force, where the catalogue
        doesn't have them as they are."""
        if before.facts_read is after.facts_read and (
            before.facts.get(RECOMMENDATIONS) is after.facts.get(RECOMMENDATIONS)
        ):
            return
        if self._products.is_empty():
            return
        recommended = _recommended(after) - _recommended(before)
        catalogue: Catalogue = after.facts.get(CATALOGUE, NO_ARTICLES)
        due = self._time.reports_due(now)
        for sku in sorted(recommended):  # the changelog's order; a set's differs by process
            product = self._products.get(sku)
            if product is not None and not shows_same(product, catalogue.article(sku)):
                self._note(sku, due)

    def take_due(self, partition: int, now: Instant) -> list[ArticleReport]:
        """The reports of all noted changes, which are then no longer noted."""
        articles = []
        for key, _ in self._own.page(_CHANGED, b"", _ALL):
            self._own.put(key, None)
            product = self._products.get(key[len(_CHANGED) :].decode())
            if product is not None:
                articles.append(article_of(product, now))
        self.next_due = FAR_FUTURE
        return [
            ArticleReport(partition, now, articles[start : start + MOST_REPORTED])
            for start in range(0, len(articles), MOST_REPORTED)
        ]

    def _note(self, sku: str, due: Instant) -> None:
        self._own.put(_CHANGED + sku.encode(), due.to_bytes(8, "big"))
        self.next_due = min(self.next_due, due)


def _recommended(program: Program) -> frozenset[str]:
    """The articles that flows may recommend."""
    known: Recommendations | None = program.facts.get(RECOMMENDATIONS)
    if known is None or RECOMMENDATIONS not in program.facts_read:
        return frozenset()
    return known.skus
