"""What a customer waits for news of: when it's told to the article's task, and when it ends."""

from typing import Any

import msgspec
import pytest

from streams.engine import CustomerState, Effects, Event, Interest, act, new_state
from streams.engine.customer.interest import (
    LONGEST_SKU,
    MOST_WATCHED,
    PERIODS,
    VIEWED,
    WISHLIST,
    is_told_sold_out,
    is_valid_sku,
)
from streams.engine.customer.state import Watch
from streams.engine.values.event import ITEM_FIELDS, NEWS
from tests.harness.customer import DAY, MONDAY, flow, program_of, send

WANTED = program_of(flow(send(), on="product.back_in_stock"))
DROPS_WANTED = program_of(flow(send(), on="product.price_dropped"))
UNWANTED = program_of(flow(send(), on="order.placed"))


class Ada:
    """A customer; what each event tells about her interests."""

    def __init__(self, program: Any = WANTED) -> None:
        self.program = program
        self.state = new_state("ada")
        self.effects = Effects()
        self._events = 0

    def does(self, metric: str, at: int, occurred_at: int | None = None, **data: Any) -> None:
        self._events += 1
        event = Event(
            metric, f"e{self._events}", "ada", at if occurred_at is None else occurred_at, data
        )
        act(self.program, self.state, event, at, self.effects)

    def views(
        self, sku: str, at: int, occurred_at: int | None = None, price: int | None = None
    ) -> list[Interest]:
        currency = None if price is None else "GBP"
        self.does("view.item", at, occurred_at, sku=sku, unit_price=price, currency=currency)
        return self.told()

    def wishes(self, sku: str, at: int, occurred_at: int | None = None) -> list[Interest]:
        self.does("wishlist.added", at, occurred_at, sku=sku)
        return self.told()

    def orders(self, at: int, *skus: str, occurred_at: int | None = None) -> list[Interest]:
        items = [{**dict.fromkeys(ITEM_FIELDS), "sku": sku} for sku in skus]
        self.does(
            "order.placed", at, occurred_at, order_id="1", total=1, currency="GBP", items=items
        )
        return self.told()

    def told(self) -> list[Interest]:
        told, self.effects.interests = self.effects.interests, []
        return told


def interest(
    sku: str, kind: str | None, at: int, since: int | None = None, price: int | None = None
) -> Interest:
    until = 0 if kind is None else (at if since is None else since) + PERIODS[kind]
    currency = None if price is None else "GBP"
    return Interest(sku, "ada", kind, until, at, price, currency)


def test_a_view_and_a_wish_are_sent_with_their_periods() -> None:
    ada = Ada()
    assert ada.views("A", MONDAY) == [interest("A", VIEWED, MONDAY)]
    assert ada.wishes("B", MONDAY) == [interest("B", WISHLIST, MONDAY)]
    assert (PERIODS[VIEWED], PERIODS[WISHLIST]) == (30 * DAY, 365 * DAY)


def test_no_interest_is_sent_if_no_flow_uses_news() -> None:
    ada = Ada(UNWANTED)
    assert ada.views("A", MONDAY) == []
    assert ada.wishes("A", MONDAY) == []
    assert ada.state.watching == {}
    assert not UNWANTED.news_wanted


@pytest.mark.parametrize(
    "asking",
    [
        flow(
            {"wait_for": {"metric": NEWS[0]}, "timeout": "1d", "id": "w"}, send(), on="order.placed"
        ),
        flow(send(), on="order.placed", exit_on=[{"metric": NEWS[1]}]),
        flow(send(), on="order.placed", filter={"count": NEWS[0], "equals": "0"}),
        flow(send(), on=NEWS[0], status="draft"),
    ],
)
def test_each_use_of_news_wants_them(asking: dict[str, Any]) -> None:
    assert program_of(asking).news_wanted


def test_another_view_is_sent_after_half_of_the_period() -> None:
    ada = Ada()
    ada.views("A", MONDAY)
    half = MONDAY + 15 * DAY
    assert ada.views("A", half - 1) == []
    assert ada.views("A", half) == [interest("A", VIEWED, half)]
    assert ada.views("A", half + 1) == []


def test_a_wish_is_more_than_a_look_until_it_is_over() -> None:
    ada = Ada()
    ada.views("A", MONDAY)
    assert ada.wishes("A", MONDAY + 1) == [interest("A", WISHLIST, MONDAY + 1)]
    over = MONDAY + 1 + 365 * DAY
    assert ada.views("A", over - 1) == []
    assert ada.views("A", over) == [interest("A", VIEWED, over)]


def test_d25_a_look_at_another_price_is_sent_again() -> None:
    ada = Ada(DROPS_WANTED)
    assert ada.views("A", MONDAY, price=100) == [interest("A", VIEWED, MONDAY, price=100)]
    assert ada.views("A", MONDAY + 1, price=100) == []
    assert ada.views("A", MONDAY + 2, price=120) == [interest("A", VIEWED, MONDAY + 2, price=120)]
    assert ada.views("A", MONDAY + 3, MONDAY + 1, price=90) == []  # an older look
    half = MONDAY + 2 + 15 * DAY
    assert ada.views("A", half - 1, price=120) == []
    assert ada.views("A", half, price=120) == [interest("A", VIEWED, half, price=120)]


def test_d25_looks_without_a_price_are_sent_once_a_day() -> None:
    ada = Ada(DROPS_WANTED)
    assert ada.views("A", MONDAY) == [interest("A", VIEWED, MONDAY)]
    assert ada.views("A", MONDAY + DAY - 1) == []
    assert ada.views("A", MONDAY + DAY) == [interest("A", VIEWED, MONDAY + DAY)]


def test_d25_a_look_at_a_wish_says_the_price_and_leaves_the_wish() -> None:
    ada = Ada(DROPS_WANTED)
    ada.wishes("A", MONDAY)
    at = MONDAY + DAY
    shown = interest("A", WISHLIST, at, since=MONDAY, price=100)
    assert ada.views("A", at, price=100) == [shown]
    assert ada.views("A", at + 1, price=100) == []
    assert ada.views("A", at + 2) == [interest("A", WISHLIST, at + 2, since=MONDAY)]


def test_d25_a_look_before_the_wish_says_nothing_of_the_price() -> None:
    ada = Ada(DROPS_WANTED)
    ada.wishes("A", MONDAY)
    assert ada.views("A", MONDAY + 1, MONDAY - 1, price=90) == []
    shown = interest("A", WISHLIST, MONDAY + 1, since=MONDAY, price=90)
    assert ada.views("A", MONDAY + 1, MONDAY, price=90) == [shown]


def test_interests_of_older_states_are_known_by_their_words() -> None:
    ada = Ada()
    ada.state.watching["A"] = Watch("wishlist", MONDAY + 365 * DAY)
    ada.state.watching["B"] = Watch("viewed", MONDAY + 30 * DAY)
    assert ada.views("A", MONDAY + 1) == []
    assert ada.views("B", MONDAY + 1) == []
    assert ada.wishes("B", MONDAY + 1) == [interest("B", WISHLIST, MONDAY + 1)]
    assert len(msgspec.msgpack.encode(ada.state.watching["B"])) < len(
        msgspec.msgpack.encode(["wishlist", MONDAY])
    )


def test_d24_what_is_told_sold_out_is_known_until_it_is_told_back_and_by_another_look() -> None:
    ada = Ada()
    ada.views("A", MONDAY)
    assert not is_told_sold_out(ada.state, "A")
    ada.does("product.sold_out", MONDAY + 1, sku="A", currency="GBP", price=1)
    assert is_told_sold_out(ada.state, "A")
    ada.wishes("A", MONDAY + 2)
    assert is_told_sold_out(ada.state, "A")
    ada.does("product.back_in_stock", MONDAY + 3, sku="A", currency="GBP", price=1)
    assert not is_told_sold_out(ada.state, "A")
    assert not is_told_sold_out(ada.state, "B")


def test_d24_a_look_after_the_end_of_the_interest_knows_nothing_of_what_was_told_before() -> None:
    ada = Ada()
    ada.views("A", MONDAY)
    ada.does("product.sold_out", MONDAY + 1, sku="A", currency="GBP", price=1)
    ada.views("A", MONDAY + 31 * DAY)  # back since, which nobody told P
    assert not is_told_sold_out(ada.state, "A")


def test_what_is_too_long_ago_shows_nothing_and_an_older_look_shortens_nothing() -> None:
    ada = Ada()
    assert ada.views("A", MONDAY, occurred_at=MONDAY - 30 * DAY) == []
    first = ada.views("A", MONDAY, occurred_at=MONDAY - 30 * DAY + 1)
    assert first == [interest("A", VIEWED, MONDAY, since=MONDAY - 30 * DAY + 1)]
    assert ada.views("A", MONDAY, occurred_at=MONDAY - 30 * DAY + 1) == []


def test_an_order_ends_the_interest_in_what_it_holds() -> None:
    ada = Ada()
    for sku in "ABC":
        ada.views(sku, MONDAY)
    assert ada.orders(MONDAY + 1, "B", "B", "X") == [interest("B", None, MONDAY + 1)]
    assert sorted(ada.state.watching) == ["A", "C"]


@pytest.mark.parametrize(("ago", "ends"), [(-1, True), (0, True), (1, False)])
def test_an_order_from_before_the_look_ends_nothing(ago: int, ends: bool) -> None:
    ada = Ada()
    ada.views("A", MONDAY)
    told = ada.orders(MONDAY + DAY, "A", occurred_at=MONDAY - ago)
    assert told == ([interest("A", None, MONDAY + DAY)] if ends else [])


def test_an_order_ends_interests_also_if_no_flow_uses_news_any_more() -> None:
    ada = Ada()
    ada.views("A", MONDAY)
    ada.program = UNWANTED
    assert ada.orders(MONDAY + 1, "A") == [interest("A", None, MONDAY + 1)]


def test_of_more_than_a_hundred_those_are_given_up_that_would_be_over_first() -> None:
    ada = Ada()
    ada.wishes("wish", MONDAY)
    for number in range(MOST_WATCHED - 1):
        ada.views(f"v{number:03}", MONDAY + number)
    assert len(ada.state.watching) == MOST_WATCHED
    at = MONDAY + DAY
    assert ada.views("new", at) == [interest("new", VIEWED, at), interest("v000", None, at)]
    assert len(ada.state.watching) == MOST_WATCHED


def test_what_is_over_makes_room_without_a_word() -> None:
    ada = Ada()
    for number in range(MOST_WATCHED):
        ada.views(f"v{number:03}", MONDAY)
    at = MONDAY + 30 * DAY
    assert ada.views("new", at) == [interest("new", VIEWED, at)]
    assert list(ada.state.watching) == ["new"]


def test_an_erased_customer_waits_for_nothing() -> None:
    ada = Ada()
    ada.views("A", MONDAY)
    ada.wishes("B", MONDAY)
    ada.does("customer.erased", MONDAY + 1)
    assert ada.told() == [interest("A", None, MONDAY + 1), interest("B", None, MONDAY + 1)]
    assert ada.state == CustomerState("ada", adapted=ada.state.adapted)


def news_of(ada: Ada, sku: str, at: int) -> None:
    ada.does("product.back_in_stock", at, sku=sku, currency="GBP", price=1)


def test_news_of_what_the_customer_waits_for_start_flows() -> None:
    ada = Ada()
    ada.views("A", MONDAY)
    news_of(ada, "A", MONDAY + 30 * DAY - 1)
    assert [one.outcome.value for one in ada.effects.decisions] == ["entered", "held"]
    assert ada.effects.news_stale == 0


@pytest.mark.parametrize("why", ["never", "bought", "over", "erased"])
def test_news_of_anything_else_change_nothing_and_are_counted(why: str) -> None:
    ada = Ada()
    at = MONDAY + 1
    if why != "never":
        ada.views("A", MONDAY)
    if why == "bought":
        ada.orders(MONDAY, "A")
    if why == "over":
        at = MONDAY + 30 * DAY
    if why == "erased":
        ada.does("customer.erased", MONDAY)
    before = CustomerState(
        **{name: getattr(ada.state, name) for name in CustomerState.__struct_fields__}
    )
    before.adapted = WANTED.number
    news_of(ada, "A", at)
    assert ada.effects.decisions == []
    assert ada.effects.news_stale == 1
    assert ada.state == before


@pytest.mark.parametrize(
    ("sku", "fits"),
    [
        ("", False),
        ("\x00A", False),
        ("A\x00", True),
        ("é" * (LONGEST_SKU // 2), True),
        ("é" * (LONGEST_SKU // 2) + "x", False),
    ],
)
def test_what_can_not_be_a_key_is_nothing_to_wait_for(sku: str, fits: bool) -> None:
    assert is_valid_sku(sku) is fits
    assert bool(Ada().views(sku, MONDAY)) is fits
