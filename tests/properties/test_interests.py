"""How long a customer hears news of an article, and against which price (SEMANTICS 7.6): state and
article's task against the rule, read slowly, for any looks, wishes, entries and orders."""

from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from streams.engine import (
    Event,
    Instant,
    Product,
    act,
    decode_state,
    encode_state,
    merged,
    news_between,
    news_event,
)
from streams.engine.values.event import ITEM_FIELDS
from streams.runtime.own_keys import OwnKeys
from streams.runtime.products import Products
from streams.store.memory import MemoryStore
from tests.harness.customer import DAY, EVERYWHERE, HOUR, MONDAY, Customer, flow, program_of, send
from tests.harness.examples import examples

SKU = "LAMP"
LOW_STOCK = 5


class Told(msgspec.Struct, frozen=True):
    """An event of the customer, which happened `ago` before it is processed. `price` is the one
    that a look names."""

    at: Instant
    what: str
    ago: int = 0
    price: int | None = None

    @property
    def occurred_at(self) -> Instant:
        return self.at - self.ago


class Changed(msgspec.Struct, frozen=True):
    """The article has this price and stock from now on."""

    at: Instant
    price: int
    stock: int


History = list[Told | Changed]

told = st.builds(
    Told,
    st.just(0),
    st.sampled_from(["looks", "wishes", "enters", "orders"]),
    st.sampled_from([0, 0, 1, DAY, 30 * DAY - 1, 30 * DAY, 89 * DAY]),
    st.sampled_from([None, 85, 95, 105]),
).map(lambda one: one if one.what == "looks" else msgspec.structs.replace(one, price=None))
changed = st.builds(Changed, st.just(0), st.sampled_from([80, 90, 100]), st.integers(0, 1))
between = st.sampled_from([0, 1, HOUR, DAY, 4 * DAY, 29 * DAY, 30 * DAY, 60 * DAY, 89 * DAY])
drawn = st.lists(st.tuples(between, told | changed), min_size=1, max_size=12)


def in_order(steps: list[tuple[int, Told | Changed]]) -> History:
    """Each some time after the one before."""
    at, found = MONDAY, list[Told | Changed]()
    for after, one in steps:
        at += after
        found.append(msgspec.structs.replace(one, at=at))
    return found


# ── The engine and the article's task ─────────────────────────────────────────────────────────────

NEWS = ("product.sold_out", "product.back_in_stock", "product.price_dropped")
ABOUT = flow(
    {"wait": "900d", "id": "w"},
    on="checkout.started",
    name="about",
    max_event_age="100d",
    exit_on=[{"metric": "product.sold_out", "where": {"name": "another"}}],
)
STARTED = [
    flow(
        send(smart_sending="false", variables={"interest": "$trigger.interest"}),
        on=metric,
        name=metric.split(".")[1],
        max_event_age="100d",
    )
    for metric in NEWS
]
PROGRAM = program_of(ABOUT, *STARTED)

Heard = tuple[Instant, str, str]
"""When P heard which news, and why."""


class Shop:
    """A customer, and the article's task; what one tells the other is there at once."""

    def __init__(self) -> None:
        self.ada = Customer(PROGRAM, EVERYWHERE)
        store, pending = MemoryStore(), dict[bytes, bytes | None]()
        self.products = Products(OwnKeys(store, lambda: [pending], lambda: pending))
        self.heard: list[Heard] = []
        self._events = 0

    def happens(self, one: Told) -> None:
        items = [{**dict.fromkeys(ITEM_FIELDS), "sku": SKU}]
        bought: dict[str, Any] = {"total": 1, "currency": "GBP", "items": items}
        self._events += 1
        events: dict[str, tuple[str, dict[str, Any]]] = {
            "looks": ("view.item", {"sku": SKU, "unit_price": one.price, "currency": "GBP"}),
            "wishes": ("wishlist.added", {"sku": SKU}),
            "enters": ("checkout.started", {**bought, "cart_id": "c"}),
            "orders": ("order.placed", {**bought, "order_id": f"o{self._events}"}),
        }
        metric, data = events[one.what]
        self.ada.event(metric, one.at, occurred_at=one.occurred_at, **data)
        self.ada.state = decode_state(encode_state(self.ada.state))
        for interest in self.ada.effects.interests:
            self.products.watch(interest, one.at)
        self.ada.effects.interests = []

    def changes(self, one: Changed) -> None:
        self._events += 1
        before = self.products.get(SKU)
        update = Product(
            SKU,
            f"p{self._events}",
            one.at,
            SKU,
            None,
            one.price,
            "GBP",
            one.stock,
            None,
            None,
            None,
        )
        after = merged(before, update)
        assert after is not None
        self.products.put(after)
        changes = list(news_between(before, after, LOW_STOCK))
        for told in self.products.fan_out(SKU, changes, one.at):
            event = news_event(told.change, told.customer, told.interest, told.seen)
            if event is not None and told.change.metric in NEWS:
                self._hears(told.change.metric, {**event}, one.at)

    def _hears(self, metric: str, fields: dict[str, Any], at: Instant) -> None:
        effects = self.ada.effects
        stale, sent = effects.news_stale, len(effects.commands)
        event_id = fields.pop("event_id")
        event = Event(
            metric, event_id, fields.pop("customer_id"), fields.pop("occurred_at"), fields
        )
        act(PROGRAM, self.ada.state, event, at, effects)
        if effects.news_stale == stale:
            started = effects.commands[sent:]
            why = started[0].variables["interest"] if started else "followed"
            self.heard.append((at, metric, why))


def heard_by_engine(history: History) -> list[Heard]:
    shop = Shop()
    for one in history:
        if isinstance(one, Told):
            shop.happens(one)
        else:
            shop.changes(one)
    return shop.heard


# ── The rule ──────────────────────────────────────────────────────────────────────────────────────

LASTS = {"wishes": 365 * DAY, "looks": 30 * DAY, "enters": 90 * DAY}
WHY = {"wishes": "wishlist", "looks": "viewed", "enters": "followed"}


def expected(history: History) -> tuple[list[Heard], list[Heard]]:
    """SEMANTICS 7.6, read slowly: what P hears, and the price drops that P may hear or not. The
    price that P saw is that of the newest look or wish; looks that name none count once a day."""
    surely, perhaps = list[Heard](), list[Heard]()
    shown: list[Told] = []
    price, stock, seen = None, 0, None
    for one in history:
        lasting = [told for told in shown if told.occurred_at + LASTS[told.what] > one.at]
        if isinstance(one, Changed):
            why = next(
                (WHY[what] for what in LASTS if any(told.what == what for told in lasting)), None
            )
            news: list[str] = []
            if price is not None and why is not None:
                if stock == 0 and one.stock > 0:
                    news.append(NEWS[1])
                if one.price < price and one.stock > 0:
                    news.append(NEWS[2])
                if stock > 0 and one.stock == 0:
                    news.append(NEWS[0])
            for metric in news:
                assert why is not None
                if metric == NEWS[2] and why == "followed":
                    perhaps.append((one.at, metric, why))
                elif metric != NEWS[2] or seen is None or one.price < seen:
                    surely.append((one.at, metric, why))
            price, stock = one.price, one.stock
        elif one.what == "orders":
            shown = [
                told
                for told in lasting
                if told.what == "enters" or told.occurred_at > one.occurred_at
            ]
        elif one.occurred_at + LASTS[one.what] > one.at:
            looked = [told for told in lasting if told.what != "enters"]
            shown = [*lasting, one]
            if one.what == "enters":
                if not lasting:
                    seen = price
                continue
            of_day = [
                told
                for told in looked
                if told.what == one.what and told.occurred_at // DAY == one.occurred_at // DAY
            ]
            is_newest = all(
                told.occurred_at < one.occurred_at + (told.what != one.what) for told in looked
            )
            if is_newest and not (one.price is None and of_day):
                seen = price if one.price is None else one.price
    return surely, perhaps


@examples(300)
@given(drawn.map(in_order))
def test_7_6_news_are_heard_as_long_as_the_longest_interest(history: History) -> None:
    surely, perhaps = expected(history)
    heard = heard_by_engine(history)
    assert [one for one in heard if one not in perhaps] == surely
