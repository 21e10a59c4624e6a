"""What a customer waits for news of: when it's told to the article's task, and when it ends."""

from typing import Any

import msgspec
import pytest

from streams.engine import CustomerState, Effects, Event, Interest, act, new_state
from streams.engine.customer.interest import (
    FOLLOWED,
    LEEWAY,
    LONGEST_SKU,
    MOST_WATCHED,
    PERIODS,
    VIEWED,
    WISHLIST,
    interest_at,
    is_told_sold_out,
    is_valid_sku,
)
from streams.engine.customer.state import Watch
from streams.engine.values.event import ITEM_FIELDS, NEWS
from tests.harness.customer import DAY, MONDAY, flow, program_of, send

WANTED = program_of(flow(send(), on="product.back_in_stock"))
DROPS_WANTED = program_of(flow(send(), on="product.price_dropped"))
UNWANTED = program_of(flow(send(), on="order.placed"))
FOLLOWS = program_of(
    flow({"wait": "200d", "id": "w"}, on="cart.updated", exit_on=[{"metric": "product.sold_out"}])
)


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

    def enters(self, sku: str, at: int, occurred_at: int | None = None) -> list[Interest]:
        """Enters the flow of FOLLOWS by a cart with the article."""
        items = [{**dict.fromkeys(ITEM_FIELDS), "sku": sku}]
        cart = {"cart_id": "c", "total": 1, "currency": "GBP", "items": items}
        self.does("cart.updated", at, occurred_at, **cart)
        return self.told()

    def interests(self, *moments: int) -> list[str | None]:
        return [interest_at(self.state, "A", moment) for moment in moments]

    def told(self) -> list[Interest]:
        told, self.effects.interests = self.effects.interests, []
        return told


def interest(
    sku: str,
    kind: str | None,
    at: int,
    since: int | None = None,
    price: int | None = None,
    ends: int | None = None,
) -> Interest:
    if kind is None:
        until = 0
    elif ends is not None:
        until = known_end(ends)
    else:
        until = known_end((at if since is None else since) + PERIODS[kind])
    currency = None if price is None else "GBP"
    return Interest(sku, "ada", kind, until, at, price, currency)


def known_end(until: int) -> int:
    """What the article's task knows of an end."""
    return until + -until % LEEWAY


def test_a_view_and_a_wish_are_sent_with_their_periods() -> None:
    ada = Ada()
    (told,) = ada.views("A", MONDAY)
    assert told == interest("A", VIEWED, MONDAY)
    assert 0 <= told.until - (MONDAY + 30 * DAY) < LEEWAY
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


def test_another_view_prolongs_and_is_sent_if_so_late_an_end_is_not_known() -> None:
    ada = Ada()
    known = known_end(MONDAY + 30 * DAY) - 30 * DAY
    assert ada.views("A", MONDAY) == [interest("A", VIEWED, MONDAY)]
    assert ada.views("A", known) == []
    assert ada.interests(known + 30 * DAY - 1, known + 30 * DAY) == [VIEWED, None]
    assert ada.views("A", known + 1) == [interest("A", VIEWED, known + 1)]
    assert ada.views("A", known + 2) == []
    assert ada.interests(known + 2 + 30 * DAY - 1, known + 2 + 30 * DAY) == [VIEWED, None]


def test_a_wish_is_more_than_a_look_until_it_is_over() -> None:
    ada = Ada()
    ada.views("A", MONDAY)
    assert ada.wishes("A", MONDAY + 1) == [interest("A", WISHLIST, MONDAY + 1)]
    over = MONDAY + 1 + 365 * DAY
    assert ada.interests(over - 1, over) == [WISHLIST, None]
    assert ada.views("A", over - 100 * DAY) == []
    assert ada.views("A", over - 1) == [interest("A", WISHLIST, over - 1, ends=over - 1 + 30 * DAY)]
    assert ada.interests(over - 1, over, over + 30 * DAY - 2, over + 30 * DAY - 1) == [
        WISHLIST, VIEWED, VIEWED, None,
    ]  # fmt: skip
    later = over + 30 * DAY
    assert ada.views("A", later) == [interest("A", VIEWED, later)]


def test_d25_a_look_at_another_price_is_sent_again() -> None:
    ada = Ada(DROPS_WANTED)
    assert ada.views("A", MONDAY, price=100) == [interest("A", VIEWED, MONDAY, price=100)]
    assert ada.views("A", MONDAY + 1, price=100) == []
    assert ada.views("A", MONDAY + 2, price=120) == [interest("A", VIEWED, MONDAY + 2, price=120)]
    assert ada.views("A", MONDAY + 3, MONDAY + 1, price=90) == []  # an older look
    known = known_end(MONDAY + 2 + 30 * DAY) - 30 * DAY
    assert ada.views("A", known, price=120) == []
    assert ada.views("A", known + 1, price=120) == [interest("A", VIEWED, known + 1, price=120)]


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
    assert ada.views("A", at + 2) == []  # of that day
    assert ada.views("A", at + DAY) == [interest("A", WISHLIST, at + DAY, since=MONDAY)]


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


def test_interests_of_states_without_a_second_end_are_read() -> None:
    ada = Ada(FOLLOWS)
    old = ["f", MONDAY + 90 * DAY, 100, True]
    ada.state.watching["A"] = msgspec.msgpack.decode(msgspec.msgpack.encode(old), type=Watch)
    ada.views("A", MONDAY + 1)
    assert ada.interests(MONDAY + 1, MONDAY + 31 * DAY) == [VIEWED, FOLLOWED]
    assert is_told_sold_out(ada.state, "A")


def test_an_older_version_reads_the_interest_that_news_name() -> None:
    ada = Ada(FOLLOWS)
    ada.views("A", MONDAY)
    ada.enters("A", MONDAY)
    kind, until, *_ = msgspec.msgpack.decode(msgspec.msgpack.encode(ada.state.watching["A"]))
    assert (kind, until) == ("v", MONDAY + 30 * DAY)


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


# ── A flow about the article ──────────────────────────────────────────────────────────────────────


def test_7_6_a_look_after_an_entry_leaves_the_flow_its_90_days() -> None:
    ada = Ada(FOLLOWS)
    assert ada.enters("A", MONDAY) == [interest("A", FOLLOWED, MONDAY)]
    at = MONDAY + DAY
    assert ada.views("A", at) == [interest("A", VIEWED, at, ends=MONDAY + 90 * DAY)]
    looked, entered = at + 30 * DAY, MONDAY + 90 * DAY
    assert ada.interests(looked - 1, looked, entered - 1, entered) == [
        VIEWED, FOLLOWED, FOLLOWED, None,
    ]  # fmt: skip


def test_7_6_a_look_that_lasts_longer_than_the_flow() -> None:
    ada = Ada(FOLLOWS)
    ada.enters("A", MONDAY)
    at = MONDAY + 80 * DAY
    assert ada.views("A", at) == [interest("A", VIEWED, at)]
    over = at + 30 * DAY
    assert ada.interests(over - 1, over) == [VIEWED, None]


@pytest.mark.parametrize(("shown", "period"), [(VIEWED, 30 * DAY), (WISHLIST, 365 * DAY)])
def test_7_6_an_entry_prolongs_an_interest_that_is_about_to_end(shown: str, period: int) -> None:
    ada = Ada(FOLLOWS)
    (ada.views if shown == VIEWED else ada.wishes)("A", MONDAY)
    at = MONDAY + period - 1
    assert ada.enters("A", at) == [interest("A", FOLLOWED, at)]
    over = at + 90 * DAY
    assert ada.interests(at, at + 1, over - 1, over) == [shown, FOLLOWED, FOLLOWED, None]


def test_7_6_an_entry_within_a_wish_that_lasts_longer_is_not_sent() -> None:
    ada = Ada(FOLLOWS)
    ada.wishes("A", MONDAY)
    assert ada.enters("A", MONDAY + DAY) == []
    assert ada.interests(MONDAY + 365 * DAY - 1, MONDAY + 365 * DAY) == [WISHLIST, None]


def test_7_6_another_entry_prolongs_and_an_older_one_does_not() -> None:
    ada = Ada(FOLLOWS)
    ada.enters("A", MONDAY)
    at = MONDAY + 50 * DAY
    assert ada.enters("A", at) == [interest("A", FOLLOWED, at)]
    assert ada.enters("A", at + 1, occurred_at=at - 1) == []
    assert ada.interests(at + 90 * DAY - 1, at + 90 * DAY) == [FOLLOWED, None]


@pytest.mark.parametrize("ordered", [MONDAY + 2 * DAY, MONDAY + 20 * DAY])
def test_7_6_an_order_ends_the_look_and_the_flow_is_told_on(ordered: int) -> None:
    ada = Ada(FOLLOWS)
    ada.enters("A", MONDAY)
    ada.views("A", MONDAY + DAY)
    assert ada.orders(ordered, "A") == []
    over = MONDAY + 90 * DAY
    assert ada.interests(ordered, over - 1, over) == [FOLLOWED, FOLLOWED, None]


def test_7_6_of_a_wish_and_a_newer_look_an_order_between_ends_the_wish_alone() -> None:
    ada = Ada()
    ada.wishes("A", MONDAY)
    ada.views("A", MONDAY + 2 * DAY)
    assert ada.orders(MONDAY + 3 * DAY, "A", occurred_at=MONDAY + DAY) == []
    over = MONDAY + 32 * DAY
    assert ada.interests(MONDAY + 3 * DAY, over - 1, over) == [VIEWED, VIEWED, None]


def test_7_6_what_was_told_of_an_article_is_known_through_look_entry_and_order() -> None:
    ada = Ada(FOLLOWS)
    ada.views("A", MONDAY)
    ada.does("product.sold_out", MONDAY + 1, sku="A", currency="GBP", price=1)
    ada.enters("A", MONDAY + 2)
    ada.orders(MONDAY + 3, "A")
    assert is_told_sold_out(ada.state, "A")


def test_7_6_news_name_the_interest_that_lasts_whatever_the_articles_task_knows() -> None:
    program = program_of(
        flow({"wait": "200d", "id": "w"}, on="cart.updated", exit_on=[{"metric": NEWS[0]}]),
        flow(send(), on="product.sold_out", name="sorry"),
    )
    ada = Ada(program)
    ada.enters("A", MONDAY)
    ada.views("A", MONDAY)
    for at in (MONDAY + 30 * DAY - 1, MONDAY + 30 * DAY):
        ada.effects.decisions = []
        ada.does("product.sold_out", at, sku="A", currency="GBP", price=1, interest="viewed")
        started = [one.flow for one in ada.effects.decisions if one.outcome.value == "entered"]
        assert started == (["sorry"] if at < MONDAY + 30 * DAY else [])


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
