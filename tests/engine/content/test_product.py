"""Which news_between of an article are news_event."""

from itertools import pairwise
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.contracts.encode import encode_event
from streams.engine import Product, gone, merged, news_between, news_event, price_at
from streams.engine.content.product import (
    BACK_IN_STOCK,
    LOW_STOCK,
    MOST_PAST_PRICES,
    PRICE_DROPPED,
    SOLD_OUT,
    PastPrice,
)
from streams.engine.effects import SeenPrice
from streams.engine.values import DAY

AT = 1_772_409_600_000
LOW = 5


def product(price: int = 2_000, stock: int | None = None, at: int = AT, **others: Any) -> Product:
    fields = {"category": None, "url": None, "image_url": None, "released_at": None, **others}
    given = {"sku": "A", "event_id": f"p{at}", "name": "Lamp", "currency": "GBP", **fields}
    return Product(occurred_at=at, price=price, stock=stock, **given)


def metrics(before: Product | None, after: Product) -> list[str]:
    return [change.metric for change in news_between(before, after, LOW)]


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
    assert [metric for metric in found if metric != SOLD_OUT] == (
        [BACK_IN_STOCK] if is_back else []
    )


def test_7_4_an_article_that_returns_without_a_stock_can_be_had() -> None:
    taken_away = gone(product(stock=3), AT + 1)
    assert not taken_away.is_available
    again = merged(taken_away, product(at=AT + 2))
    assert again is not None
    assert again.is_available
    assert again.stock is None
    sold_out = merged(product(stock=0), product(at=AT + 2))
    assert sold_out is not None
    assert not sold_out.is_available


@pytest.mark.parametrize(
    ("before", "after", "news"),
    [
        (1, 0, SOLD_OUT),
        (1, -1, SOLD_OUT),
        (None, 0, SOLD_OUT),  # it could be had, as far as anybody knew
        (0, 0, None),
        (0, -1, None),
        (1, None, None),
        (7, 6, None),
        (6, 5, LOW_STOCK),
        (6, 1, LOW_STOCK),
        (6, 0, SOLD_OUT),
        (5, 4, None),  # that it is low has been said
        (None, 5, None),
    ],
)
def test_sold_out_and_low_stock(before: int | None, after: int | None, news: str | None) -> None:
    known = product(stock=before)
    then = merged(known, product(stock=after))
    assert then is not None
    assert metrics(known, then) == ([] if news is None else [news])


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
    found = list(news_between(product(before), product(after), LOW))
    if percent is None:
        assert found == []
    else:
        (change,) = found
        assert change.metric == PRICE_DROPPED
        assert change.fields["percent"] == percent
        assert (change.fields["previous_price"], change.fields["price"]) == (before, after)


@pytest.mark.parametrize(("stock", "is_news"), [(None, True), (1, True), (0, False), (-1, False)])
def test_what_can_not_be_had_is_not_cheaper(stock: int | None, is_news: bool) -> None:
    found = metrics(product(2_000, 1), product(1_000, stock))
    assert found == ([PRICE_DROPPED] if is_news else [SOLD_OUT])


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
    then = merged(known, newer)
    assert then == msgspec.structs.replace(newer, past_prices=[PastPrice(2_000, AT)])
    assert merged(None, known) == known


def test_an_update_without_stock_leaves_the_stock_as_it_was() -> None:
    known = merged(product(stock=0), product(1_000, None, AT + 1))
    assert known is not None
    assert (known.stock, known.price) == (0, 1_000)
    assert metrics(known, product(1_000, 2, AT + 2)) == [BACK_IN_STOCK]


def test_news_fit_their_schemas() -> None:
    before, after = product(2_000, 0), product(1_000, 1, url="https://shop.example/a")
    for change in news_between(before, after, LOW):
        event = dict(news_event(change, "ada", "viewed", None) or {})
        assert encode_event(change.metric, event)
        assert event["customer_id"] == "ada"
        assert event["items"][0]["unit_price"] == 1_000
        assert event["event_id"].endswith(after.event_id)


def test_two_pieces_of_news_of_one_update_have_ids_of_their_own() -> None:
    found = list(news_between(product(2_000, 0), product(1_000, 1), LOW))
    assert len({change.fields["event_id"] for change in found}) == 2


def after_prices(*told: tuple[int, int]) -> list[Product]:
    """The versions of an article after prices at days."""
    versions: list[Product] = []
    for day, price in told:
        after = merged(versions[-1] if versions else None, product(price, at=AT + day * DAY))
        assert after is not None
        versions.append(after)
    return versions


def lowest(*told: tuple[int, int]) -> int:
    before, after = after_prices(*told)[-2:]
    (change,) = news_between(before, after, LOW)
    found: int = change.fields["lowest_30d"]
    return found


def test_a_drop_carries_the_lowest_price_of_the_thirty_days_before() -> None:
    assert lowest((0, 100), (1, 90)) == 100
    assert lowest((0, 100), (1, 130), (2, 110)) == 100
    assert lowest((0, 80), (1, 100), (31, 90)) == 100  # the 80 ended exactly 30 days ago
    assert lowest((0, 80), (2, 100), (31, 90)) == 80
    assert lowest((0, 80), (2, 100), (3, 70), (4, 120), (31, 110), (32, 100)) == 70
    assert lowest((0, 80), (2, 100), (3, 70), (4, 120), (34, 110)) == 120


@given(
    st.lists(
        st.tuples(st.integers(1, 12), st.integers(1, 8)),
        min_size=2,
        max_size=20,
    )
)
def test_the_lowest_price_is_that_of_all_versions_of_the_period(
    steps: list[tuple[int, int]],
) -> None:
    told, day = [], 0
    for days, price in steps:
        day += days
        told.append((day, price))
    versions = after_prices(*told)
    for place, (before, after) in enumerate(pairwise(versions)):
        for change in news_between(before, after, LOW):
            ends = [one.occurred_at for one in versions[1:]]
            prices = [
                version.price
                for version, end in zip(versions[: place + 1], ends, strict=False)
                if end > after.occurred_at - 30 * DAY
            ]
            assert change.fields["lowest_30d"] == min(prices)


@pytest.mark.parametrize(
    ("days", "price"),
    [
        (0, 100),  # before the first that was told
        (1, 100),
        (2, 120),  # the 130 isn't kept: the 120 after it is lower
        (3.5, 120),
        (4, 120),
        (5, 150),
        (9, 150),
    ],
)
def test_d25_the_price_at_a_look_is_known_afterwards(days: float, price: int) -> None:
    article = after_prices((1, 100), (2, 130), (3, 140), (4, 120), (5, 150))[-1]
    assert price_at(article, AT + int(days * DAY)) == price


def test_past_prices_are_few_and_never_make_the_lowest_higher() -> None:
    told = [(0, 1_000), *((1, 1_000 + number) for number in range(1, 3 * MOST_PAST_PRICES))]
    article = after_prices(*told)[-1]
    assert len(article.past_prices) == MOST_PAST_PRICES
    assert lowest(*told, (2, 1_001)) == 1_000


def test_prices_of_another_currency_are_no_past_prices() -> None:
    known, then = product(100), product(200, at=AT + 1, currency="EUR")
    assert merged(known, then) == then


@pytest.mark.parametrize(
    ("seen", "percent"),
    [
        (None, 20),  # against the previous price
        (SeenPrice(100, "GBP"), 20),
        (SeenPrice(100), 20),
        (SeenPrice(160, "GBP"), 50),
        (SeenPrice(81, "GBP"), 1),
        (SeenPrice(80, "GBP"), None),
        (SeenPrice(79, "GBP"), None),
        (SeenPrice(79, "EUR"), 20),  # not comparable
    ],
)
def test_d25_a_drop_is_measured_against_the_price_that_the_customer_saw(
    seen: SeenPrice | None, percent: int | None
) -> None:
    before, after = after_prices((0, 100), (1, 80))
    (change,) = news_between(before, after, LOW)
    event = news_event(change, "ada", "viewed", seen)
    if percent is None:
        assert event is None
        return
    assert event is not None
    assert encode_event(change.metric, dict(event))
    assert event["percent"] == percent
    is_comparable = seen is not None and seen.currency in ("GBP", None)
    assert event.get("seen_price") == (seen.price if seen and is_comparable else None)
    assert (event["previous_price"], event["price"], event["lowest_30d"]) == (100, 80, 100)
