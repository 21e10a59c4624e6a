"""Store facts about articles: the newest report of each (SEMANTICS 7.4).

reports ──► known ──► changed since the last record ──► a record of `control` in between
              └─────► those recommended ──────────────► the facts of the day: all of them
"""

from collections.abc import Container, Iterable, Mapping

from streams.engine import Article, packed_articles
from streams.ports import ArticleReport


class ArticleFacts:
    """The newest report of each article."""

    def __init__(self, known: Iterable[Article] = ()) -> None:
        """`known`: as told by the newest facts, and by the changes after them."""
        self._known = {article.sku: article for article in known}
        self._changed: dict[str, Article] = {}

    def add(self, report: ArticleReport) -> None:
        """Adds a report of one task. Reports may repeat, after a restart of the agent."""
        for article in report.articles:
            known = self._known.get(article.sku)
            if known is None or article.reported_at > known.reported_at:
                self._known[article.sku] = self._changed[article.sku] = article

    def take_changed(self) -> list[Article]:
        """The articles that changed since the last call or the last day, by SKU."""
        changed, self._changed = self._changed, {}
        return _by_sku(changed)

    def close_day(self, recommended: Container[str]) -> bytes | None:
        """The known articles among the recommended ones, packed; others are forgotten. None: none
        is known."""
        self._known = {sku: article for sku, article in self._known.items() if sku in recommended}
        self._changed = {}
        return packed_articles(_by_sku(self._known)) if self._known else None


def _by_sku(articles: Mapping[str, Article]) -> list[Article]:
    """In one order, whichever task has reported first: two runs write the same facts."""
    return [article for _, article in sorted(articles.items())]
