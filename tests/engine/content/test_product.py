"""Which news_between of an article are news_event."""

from typing import Any

import pytest

from streams.contracts.encode import encode_event
from streams.engine import Product, merged, news_between, news_event
from streams.engine.content.product import BACK_IN_STOCK, PRICE_DROPPED

AT = 1_772_409_600_000


def product(price: int = 2_000, stock: int | None = None, at: int = AT, **others: Any) -> Product:
    fields = {"category": None, "url": None, "image_url": None, "released_at": None, **others}
    given = {"sku": "A", "event_id": f"p{at}", "name": "Lamp", "currency": "GBP", **fields}
    return Product(occurred_at=at, price=price, stock=stock, **given)


def metrics(before: Product | None, after: Product) -> list[str]:
    return [change.metric for change in news_between(before, after)]


@pytest.mark.parametrize(
    ("before", "after", "is_back"),
    [
        (0, 1, True),
        (-3, 1, True),
        (0, 0, False),
        (0, -1, False),
        (1, 2, False),
        (1, 0, False),
        (None, 5, False),  # nobody knows that it was gone
        (0, None, False),
    ],
)
def test_back_in_stock(before: int | None, after: int | None, is_back: bool) -> None:
    found = metrics(product(stock=before), product(stock=after))
    assert found == ([BACK_IN_STOCK] if is_back else [])


@pytest.mark.parametrize(
    ("before", "after", "percent"),
    [
        (2_000, 1_999, 0),
        (2_000, 1_800, 10),
        (2_000, 1_801, 9),
        (1, 0, 100),
        (0, 0, None),
        (2_000, 2_000, None),
        (2_000, 2_001, None),
    ],
)
def test_price_dropped(before: int, after: int, percent: int | None) -> None:
    found = list(news_between(product(before), product(after)))
    if percent is None:
        assert found == []
    else:
        (change,) = found
        assert change.metric == PRICE_DROPPED
        assert change.fields["percent"] == percent
        assert (change.fields["previous_price"], change.fields["price"]) == (before, after)


@pytest.mark.parametrize(("stock", "is_news"), [(None, True), (1, True), (0, False), (-1, False)])
def test_what_can_not_be_had_is_not_cheaper(stock: int | None, is_news: bool) -> None:
    assert metrics(product(2_000, 1), product(1_000, stock)) == ([PRICE_DROPPED] if is_news else [])


def test_both_at_once_are_news_in_this_order() -> None:
    assert metrics(product(2_000, 0), product(1_000, 1)) == [BACK_IN_STOCK, PRICE_DROPPED]


def test_prices_in_two_currencies_are_not_compared() -> None:
    assert metrics(product(2_000), product(1_000, currency="EUR")) == []


def test_the_first_that_is_heard_of_an_article_is_no_news() -> None:
    assert metrics(None, product(1_000, 5)) == []


def test_an_older_update_changes_nothing_and_one_of_the_same_moment_does() -> None:
    known = product(at=AT)
    assert merged(known, product(1, at=AT - 1)) is None
    newer = product(1, at=AT)
    assert merged(known, newer) == newer
    assert merged(None, known) == known


def test_an_update_without_stock_leaves_the_stock_as_it_was() -> None:
    known = merged(product(stock=0), product(1_000, None, AT + 1))
    assert known is not None
    assert (known.stock, known.price) == (0, 1_000)
    assert metrics(known, product(1_000, 2, AT + 2)) == [BACK_IN_STOCK]


def test_news_fit_their_schemas() -> None:
    before, after = product(2_000, 0), product(1_000, 1, url="https://shop.example/a")
    for change in news_between(before, after):
        event = dict(news_event(change, "ada", "viewed"))
        assert encode_event(change.metric, event)
        assert event["customer_id"] == "ada"
        assert event["items"][0]["unit_price"] == 1_000
        assert event["event_id"].endswith(after.event_id)


def test_two_pieces_of_news_of_one_update_have_ids_of_their_own() -> None:
    found = list(news_between(product(2_000, 0), product(1_000, 1)))
    assert len({change.fields["event_id"] for change in found}) == 2
