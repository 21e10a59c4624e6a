"""The catalogue: what the shop says of the articles that recommendations may show (SEMANTICS 7.4).

Each article's task reports changes; they reach every task as store facts: the facts of a day hold
all of it, and changes come in between (DESIGN 5.11). Only recommended articles are in it.
"""

import zlib
from collections.abc import Iterable, Mapping
from functools import cached_property

import msgspec

from streams.engine.content.product import Product
from streams.engine.customer import ItemCount
from streams.engine.effects import Bought
from streams.engine.values import Exchange, Instant

CATALOGUE = "catalogue"
"""Its name among the store facts."""


class Article(msgspec.Struct, array_like=True, gc=False):
    """An article as the shop last described it; the price in minor units of `currency`. Fields are
    only appended, with defaults."""

    sku: str
    told_at: Instant  # `occurred_at` of the update
    reported_at: Instant  # by its task, in stream time
    is_available: bool
    name: str
    price: int
    currency: str
    category: str | None = None
    url: str | None = None
    image_url: str | None = None


def article_of(product: Product, reported_at: Instant) -> Article:
    """The part of an article that recommendations show."""
    return Article(
        product.sku,
        product.occurred_at,
        reported_at,
        product.is_available,
        product.name,
        product.price,
        product.currency,
        product.category,
        product.url,
        product.image_url,
    )


def shows_same(product: Product | None, known: Product | Article | None) -> bool:
    """True if recommendations show `product` as they show `known`."""
    if product is None or known is None:
        return product is known
    return all(getattr(product, name) == getattr(known, name) for name in _SHOWN)


_SHOWN = ("is_available", "price", "currency", "name", "category", "url", "image_url")

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(list[Article]).decode


def packed_articles(articles: Iterable[Article]) -> bytes:
    """Articles as bytes, for a record."""
    return zlib.compress(_encode(list(articles)), level=1)


def articles_in(packed: bytes) -> list[Article]:
    """The articles of `packed_articles` bytes."""
    return _decode(zlib.decompress(packed))


class Catalogue:
    """The known articles, read-only; unpacked on first use, as those of most days never are."""

    def __init__(self, packed: bytes | None) -> None:
        """`packed`: `packed_articles`; None: no articles."""
        self._packed = packed

    def article(self, sku: str) -> Article | None:
        """The article; None if nothing was reported of it."""
        return self._articles.get(sku)

    def with_changes(self, changed: Iterable[Article]) -> "Catalogue":
        """The catalogue with newer reports of some articles."""
        newer = Catalogue(None)
        newer._articles = {**self._articles, **{article.sku: article for article in changed}}
        return newer

    @cached_property
    def _articles(self) -> Mapping[str, Article]:
        packed = self._packed
        return {} if packed is None else {one.sku: one for one in articles_in(packed)}


NO_ARTICLES = Catalogue(None)


def shown_item(counted: ItemCount, article: Article | None, exchange: Exchange) -> Bought | None:
    """A recommended article as a message shows it: each detail from the newer of its last order and
    the shop's last update, as far as that has it; None if it can't be had. Without a rate for the
    update's currency, the price is that of the order."""
    item = counted.item
    if article is None:
        return item
    if not article.is_available:
        return None
    told = Bought(
        article.sku,
        article.name,
        exchange.convert(article.price, article.currency),
        article.category,
        article.url,
        article.image_url,
    )
    newer, older = (told, item) if article.told_at >= counted.at else (item, told)
    return Bought(
        item.sku,
        newer.name or older.name,
        older.unit_price if newer.unit_price is None else newer.unit_price,
        newer.category or older.category,
        newer.url or older.url,
        newer.image_url or older.image_url,
    )
