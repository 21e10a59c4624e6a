"""What recommendations show of an article: the newer of its last order and the shop's update."""

from decimal import Decimal
from typing import Any

import msgspec
import pytest

from streams.engine import Catalogue, Product, article_of, articles_in, packed_articles, shows_same
from streams.engine.content.catalogue import NO_ARTICLES, shown_item
from streams.engine.customer import ItemCount
from streams.engine.effects import Bought
from streams.engine.values import Exchange

AT = 1_772_409_600_000
IN_POUNDS = Exchange("GBP", {"EUR": Decimal("0.5")})
SOLD = Bought("A", "Lamp", 2_000, "lights", "https://shop.example/old", None)


def product(at: int = AT, **others: Any) -> Product:
    fields = {"category": None, "url": None, "image_url": None, "released_at": None, "stock": None}
    given = {"sku": "A", "event_id": f"p{at}", "name": "Lamp", "price": 2_500, "currency": "GBP"}
    return Product(occurred_at=at, **{**fields, **given, **others})


def shown(update: Product | None, ordered_at: int = AT) -> Bought | None:
    article = None if update is None else article_of(update, AT)
    return shown_item(ItemCount(1_000, AT, ordered_at, SOLD), article, IN_POUNDS)


def test_an_article_that_nobody_told_of_is_shown_as_it_was_ordered() -> None:
    assert shown(None) == SOLD


@pytest.mark.parametrize(("stock", "is_shown"), [(None, True), (1, True), (0, False), (-1, False)])
def test_d23_what_is_out_of_stock_is_not_shown(stock: int | None, is_shown: bool) -> None:
    assert (shown(product(stock=stock)) is not None) == is_shown


@pytest.mark.parametrize(("ordered", "price"), [(-1, 2_500), (0, 2_500), (1, 2_000)])
def test_the_newer_of_order_and_update_has_the_price(ordered: int, price: int) -> None:
    found = shown(product(), ordered_at=AT + ordered)
    assert found is not None
    assert found.unit_price == price


def test_each_detail_comes_from_who_has_it() -> None:
    told = product(name="Reading lamp", image_url="https://shop.example/a.jpg")
    assert shown(told) == Bought(
        "A",
        "Reading lamp",
        2_500,
        "lights",
        "https://shop.example/old",
        "https://shop.example/a.jpg",
    )


@pytest.mark.parametrize(("currency", "price"), [("EUR", 1_250), ("USD", 2_000)])
def test_a_price_in_another_currency_needs_a_rate(currency: str, price: int) -> None:
    found = shown(product(currency=currency))
    assert found is not None
    assert found.unit_price == price


@pytest.mark.parametrize(
    ("others", "is_same"),
    [
        ({}, True),
        ({"stock": 7}, True),  # another number, but it can be had
        ({"event_id": "x", "released_at": 1}, True),
        ({"stock": 0}, False),
        ({"price": 1}, False),
        ({"currency": "EUR"}, False),
        ({"name": "x"}, False),
        ({"category": "x"}, False),
        ({"url": "x"}, False),
        ({"image_url": "x"}, False),
    ],
)
def test_only_what_is_shown_otherwise_is_reported(others: dict[str, Any], is_same: bool) -> None:
    known = product()
    update = msgspec.structs.replace(known, **others)
    assert shows_same(update, known) == is_same
    assert shows_same(update, article_of(known, AT)) == is_same
    assert not shows_same(update, None)
    assert shows_same(None, None)


def test_a_catalogue_is_unpacked_and_changed_without_changing_the_one_before() -> None:
    lamp, vase = article_of(product(), AT), article_of(product(sku="B"), AT)
    assert articles_in(packed_articles([lamp, vase])) == [lamp, vase]
    first = Catalogue(packed_articles([lamp, vase]))
    gone = article_of(product(stock=0), AT + 1)
    then = first.with_changes([gone])
    assert (first.article("A"), then.article("A"), then.article("B")) == (lamp, gone, vase)
    assert NO_ARTICLES.article("A") is None
