"""The facts of each day equal a batch computation in SQL over the same events, for any number of
partitions, crashes included."""

import random
from collections.abc import Iterator
from typing import Any

import duckdb
import msgspec
import pytest

from streams.contracts.decode import EventDecoder
from streams.contracts.encode import EffectEncoder
from streams.contracts.partition_facts import PARTITION_FACTS, read_report
from streams.engine.customer import QUANTILES
from streams.kafka.partition import partition_of
from streams.local import LocalParts, LocalTask
from streams.ports import DayReport, TaskSettings
from streams.programs import Programs
from streams.runtime.day_facts import DayFact, ReportAggregator
from streams.store.memory import MemoryStore
from tests.harness.local_shop import BEGIN, CART_FLOW, DAY, SKEW, LocalShop

DAYS = 6
CUSTOMERS = 60
RATES = {"GBP": 1.0, "EUR": 0.5, "USD": None}
"""Of each currency to the store's; USD has none."""


class Happening(msgspec.Struct):
    """One event, as its shop tells it and as a row of the table."""

    at: int  # of the record
    metric: str
    customer: str
    occurred_at: int
    order_id: str | None = None
    amount: int | None = None
    currency: str | None = None


def happenings() -> list[Happening]:
    """Some days of orders, corrections, refunds, cancellations, carts and erasures."""
    chance = random.Random(11)
    found: list[Happening] = []
    orders: dict[str, list[tuple[str, str]]] = {}  # of each customer: id and currency
    for number in range(900):
        at = BEGIN + 60_000 + number * DAYS * DAY // 900
        customer = f"c{chance.randrange(CUSTOMERS)}"
        own = orders.setdefault(customer, [])
        draw = chance.random()
        if draw < 0.45 or (draw < 0.85 and not own):
            currency = chance.choice(("GBP", "GBP", "GBP", "EUR", "USD"))
            order_id, total = f"o{number}", 2 * chance.randrange(50, 50_000)
            occurred_at = at - chance.choice((0, 0, chance.randrange(2 * DAY)))
            own.append((order_id, currency))
            one = Happening(at, "order.placed", customer, occurred_at, order_id, total, currency)
        elif draw < 0.55:
            order_id, currency = chance.choice(own)
            total = 2 * chance.randrange(50, 50_000)
            one = Happening(at, "order.placed", customer, at, order_id, total, currency)
        elif draw < 0.7:
            order_id, currency = chance.choice(own)
            one = Happening(at, "order.refunded", customer, at, order_id, 4, currency)
        elif draw < 0.75:
            order_id, currency = chance.choice(own)
            one = Happening(at, "order.cancelled", customer, at, order_id, None, currency)
        elif draw < 0.97:
            one = Happening(at, "cart.updated", f"v{chance.randrange(CUSTOMERS)}", at)
        else:
            own.clear()
            one = Happening(at, "customer.erased", customer, at)
        found.append(one)
    return found


def tell(shop: LocalShop, one: Happening) -> None:
    money: dict[str, Any] = {"order_id": one.order_id, "currency": one.currency}
    match one.metric:
        case "order.placed":
            shop.order(one.at, one.customer, occurred_at=one.occurred_at, total=one.amount, **money)
        case "order.refunded":
            shop.happens(one.at, one.metric, one.customer, amount=one.amount, items=[], **money)
        case "order.cancelled":
            shop.happens(one.at, one.metric, one.customer, amount=None, **money)
        case "cart.updated":
            shop.cart(one.at, one.customer)
        case _:
            shop.happens(one.at, one.metric, one.customer)


def facts_of(partitions: int, told: list[Happening]) -> list[DayFact]:
    """What the tasks report, added up. Some crash, with valuations in progress."""
    adding = ReportAggregator(partitions)
    for number in range(partitions):
        local = LocalTask(
            LocalParts(
                MemoryStore,
                EventDecoder(),
                EffectEncoder(),
                Programs(),
                TaskSettings(clock_skew=SKEW),
                number,
            )
        )
        shop = LocalShop(local)
        shop.publish(BEGIN, CART_FLOW, rates={"EUR": "0.5"})
        own = [one for one in told if partition_of(one.customer.encode(), partitions) == number]
        for place, one in enumerate(own):
            tell(shop, one)
            local.step(one.at + SKEW, 50)
            if place % 7 == number:
                local.commit(one.at + SKEW)
            if place % 23 == number:
                local.restart(keep_store=place % 2 == 0)
        shop.until(BEGIN + (DAYS + 1) * DAY)
        for record in local.output:
            if record.topic == PARTITION_FACTS:
                report = read_report(record.value or b"")
                assert isinstance(report, DayReport)
                adding.add(report)
    return list(adding.complete())


BATCH = """
with told as (
    select * from events where recorded_at < $midnight
), erased as (
    select customer, max(recorded_at) as erased_at
    from told where metric = 'customer.erased' group by customer
), known as (
    select told.* from told left join erased using (customer)
    where erased_at is null or recorded_at > erased_at
), orders as (
    select customer, order_id, min(occurred_at) as placed_at,
           arg_max(amount * rate, occurred_at) as total
    from known where metric = 'order.placed' group by customer, order_id
), taken as (
    select customer, order_id, sum(amount * rate) as refunded,
           bool_or(metric = 'order.cancelled') as is_cancelled
    from known where metric in ('order.refunded', 'order.cancelled') group by customer, order_id
), net as (
    select orders.*, case
        when total is null then null
        when is_cancelled then 0
        else greatest(total - coalesce(refunded, 0), 0) end as left_of_it
    from orders left join taken using (customer, order_id)
), buyers as (
    select customer, count(*) as number, coalesce(sum(left_of_it), 0) as revenue,
           min(placed_at) as first_at, max(placed_at) as last_at,
           arg_max(coalesce(left_of_it, -1), placed_at) as last_worth
    from net group by customer
)
"""
"""The buyers as of a midnight, and what is left of each of their orders."""

VALUES = {
    "clv.historic": "revenue",
    "orders.count": "number",
    "order.mean": "round(revenue / number)",
    "order.last": "case when last_worth >= 0 then last_worth end",
    "orders.days_between": """case when number > 1 then
        round((last_at // 86400000 - first_at // 86400000) / (number - 1), 4) end""",
}
"""Value -> its expression over a row of `buyers`; null: missing."""


def batch(events: duckdb.DuckDBPyConnection, midnight: int) -> Iterator[tuple[str, float, bool]]:
    """(fact, figure, is exact) as of the midnight."""

    def ask(select: str) -> Any:
        return events.execute(BATCH + select, {"midnight": midnight}).fetchall()

    [(customers,)] = ask("select count(distinct customer) from known")
    [(buyers,)] = ask("select count(*) from buyers")
    yield "customers", customers, True
    yield "buyers", buyers, True
    for name, expression in VALUES.items():
        found = [
            value
            for (value,) in ask(f"select {expression} as value from buyers order by value")
            if value is not None
        ]
        if not found:
            continue
        yield f"{name}.mean", sum(found) / len(found), True
        for percent in QUANTILES:
            yield f"{name}.p{percent}", found[-(-len(found) * percent // 100) - 1], False


@pytest.fixture(scope="module")
def told() -> list[Happening]:
    return happenings()


@pytest.fixture(scope="module")
def events(told: list[Happening]) -> duckdb.DuckDBPyConnection:
    database = duckdb.connect()
    database.execute(
        "create table events (recorded_at bigint, metric text, customer text, occurred_at bigint, "
        "order_id text, amount bigint, rate double)"
    )
    rows = [
        (one.at, one.metric, one.customer, one.occurred_at, one.order_id, one.amount,
         RATES.get(one.currency or ""))
        for one in told
    ]  # fmt: skip
    database.executemany("insert into events values (?, ?, ?, ?, ?, ?, ?)", rows)
    return database


@pytest.mark.parametrize("partitions", [1, 3, 8])
def test_the_facts_of_each_day_equal_a_batch(
    partitions: int, told: list[Happening], events: duckdb.DuckDBPyConnection
) -> None:
    facts = [fact for fact in facts_of(partitions, told) if fact.day_end > BEGIN]
    assert [fact.day_end for fact in facts] == [BEGIN + day * DAY for day in range(1, DAYS + 2)]
    for fact in facts:
        expected = list(batch(events, fact.day_end))
        assert fact.values.keys() == {name for name, _, _ in expected}
        for name, figure, is_exact in expected:
            rounding = 0.5 if name.startswith(("clv.", "order.")) else 5e-5  # half a cent
            allowed = rounding if is_exact else figure / 100 + rounding
            assert fact.values[name] == pytest.approx(figure, abs=allowed, rel=0), name
