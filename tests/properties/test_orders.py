"""SEMANTICS 8.6: in whatever order orders, corrections, refunds and cancellations come, and however
often, revenue, counts and dates are those of a batch computation over the events without their
repetitions, by DuckDB."""

from random import Random
from typing import Any

import duckdb
import pytest

from streams.engine import Effects, Event, act, decode_state, encode_state, new_state
from streams.engine.customer import CustomerState, net_revenue
from tests.harness.customer import DAY, MINUTE, MONDAY, flow, program_of, send

CUSTOMERS = 120
RATES = {"GBP": 1.0, "EUR": 0.86, "JPY": 0.0052}
SUM = {"sum": "order.placed", "of": "total", "at_least": "1"}
PROGRAM = program_of(
    flow(send(), filter=SUM, on="cart.updated"),
    store={"rates": {"EUR": "0.86", "JPY": "0.0052"}},
)

BATCH = """
with events as (
    select * from history
    qualify row_number() over (partition by customer, event_id order by seq) = 1
),
tellings as (
    select customer, order_id, count(*) as told, min(moment) as moment,
        arg_max(amount, moment * 100000 + seq) as total, any_value(rate) as rate,
        any_value(scale) as scale
    from events where metric = 'order.placed' group by all
),
refunds as (
    select * from events where metric = 'order.refunded'
    qualify refund_id is null
        or row_number() over (partition by customer, order_id, refund_id order by seq) = 1
),
taken as (
    select customer, order_id, coalesce(sum(amount), 0) as amount,
        bool_or(metric = 'order.cancelled' and amount is null) as is_cancelled
    from (
        select customer, order_id, metric, amount from refunds
        union all
        select customer, order_id, metric, amount from events where metric = 'order.cancelled'
    ) group by all
),
worth as (
    select customer, order_id, tellings.moment, total,
        round_even(total * rate * scale, 0)::bigint as worth,
        coalesce(is_cancelled, false) as is_cancelled,
        least(coalesce(taken.amount, 0), total) as taken
    from tellings left join taken using (customer, order_id)
)
select customer, count(*)::bigint as orders, sum(worth)::bigint as revenue,
    sum(case when is_cancelled then worth when total = 0 then 0
        else (2 * worth * taken + total) // (2 * total) end)::bigint as refunds,
    min(moment) as first_at, max(moment) as last_at,
    list({'moment': moment, 'worth': worth} order by moment, worth) as orders_of_it
from worth group by customer order by customer
"""


def history_of(random: Random, customer: int) -> list[tuple[int, str, str, int, dict[str, Any]]]:
    """(arrival, metric, event id, occurred_at, data) of one customer, in order of arrival: orders
    that are corrected, repeated, late; refunds and cancellations before and after them; carts."""
    events: list[tuple[int, str, str, int, dict[str, Any]]] = []

    def add(metric: str, at: int, **data: Any) -> None:
        event_id = f"{metric}-{len(events)}"
        for _ in range(1 + (random.random() < 0.25)):  # a producer's retry
            events.append((at + random.randrange(20 * DAY), metric, event_id, at, data))

    for number in range(random.randrange(1, 7)):
        order_id, currency = f"{customer}-{number}", random.choice(sorted(RATES))
        common = {"order_id": order_id, "currency": currency}
        placed_at = MONDAY + random.randrange(30) * DAY + random.randrange(3) * MINUTE
        for nth in range(random.choice([1, 1, 1, 2, 3])):
            items = [{"sku": f"S{random.randrange(9)}", "quantity": 1, "unit_price": 1}]
            total = random.choice([0, 1, 99, 5_000, 12_345, 999_999])
            at = placed_at + nth * random.choice([0, MINUTE, DAY])
            add("order.placed", at, total=total, items=items, tags=[], cart_id=None, **common)
        for nth in range(random.choice([0, 0, 1, 2, 3])):
            refund_id = random.choice([None, f"r{nth}", "r0"])
            amount = random.choice([1, 50, 5_000, 12_345])
            at = placed_at + random.randrange(5) * DAY
            add("order.refunded", at, amount=amount, items=[], refund_id=refund_id, **common)
        if random.random() < 0.2:
            whole: dict[str, Any] = {"order_id": order_id, "amount": None, "currency": None}
            part = {**common, "amount": 777}
            add("order.cancelled", placed_at + DAY, **random.choice([whole, part]))
        if random.random() < 0.5:
            cart = {"cart_id": "c", "total": 5, "currency": "GBP"}
            lines = [{"sku": f"S{random.randrange(9)}", "quantity": 1, "unit_price": 5}]
            add("cart.updated", placed_at + random.randrange(2 * MINUTE), items=lines, **cart)
    events.sort(key=lambda event: event[0])
    return events


def lived(customer: str, history: list[tuple[int, str, str, int, dict[str, Any]]]) -> CustomerState:
    """The state after the history, written and read on the way."""
    state, effects = new_state(customer), Effects()
    for number, (now, metric, event_id, at, data) in enumerate(history):
        act(PROGRAM, state, Event(metric, event_id, customer, at, dict(data)), now, effects)
        if number % 7 == 0:
            state = decode_state(encode_state(state))
    return state


def computed(histories: dict[str, list[tuple[int, str, str, int, dict[str, Any]]]]) -> list[Any]:
    """The batch computation, a row for each customer with an order."""
    with duckdb.connect() as database:
        database.execute(
            "create table history (customer text, seq bigint, metric text, event_id text, "
            "moment bigint, order_id text, amount bigint, rate double, scale double, "
            "refund_id text)"
        )
        rows = [
            (
                customer,
                seq,
                metric,
                event_id,
                at,
                data["order_id"],
                data.get("total") if metric == "order.placed" else data.get("amount"),
                RATES.get(data["currency"] or "GBP"),
                100 if data["currency"] == "JPY" else 1,
                data.get("refund_id"),
            )
            for customer, history in histories.items()
            for seq, (_, metric, event_id, at, data) in enumerate(history)
            if metric.startswith("order.")
        ]
        database.executemany("insert into history values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", rows)
        return database.execute(BATCH).fetchall()


@pytest.mark.parametrize("seed", range(4))
def test_orders_come_to_the_same_in_whatever_order_they_come(seed: int) -> None:
    random = Random(seed)
    histories = {f"c{number}": history_of(random, number) for number in range(CUSTOMERS)}
    rows = computed(histories)
    assert len(rows) == CUSTOMERS
    for customer, orders, revenue, refunds, first_at, last_at, orders_of_it in rows:
        state = lived(customer, histories[customer])
        assert (state.orders, state.revenue, state.refunds) == (orders, revenue, refunds), customer
        assert (state.first_order_at, state.last_order_at) == (first_at, last_at), customer
        assert net_revenue(state) == revenue - refunds >= 0
        past = state.recent["order.placed"]
        assert past.total == len(past) == orders
        remembered = [(event.at, (event.data or {}).get("total")) for event in past]
        wanted = [(one["moment"], one["worth"]) for one in orders_of_it]
        assert sorted(remembered) == wanted, customer


def test_the_histories_have_all_that_they_are_about() -> None:
    random = Random(0)
    events = [event for number in range(CUSTOMERS) for event in history_of(random, number)]
    first: dict[str, str] = {}
    for _, metric, _, _, data in events:
        if "order_id" in data:
            first.setdefault(data["order_id"], metric)
    assert set(first.values()) == {"order.placed", "order.refunded", "order.cancelled"}
    assert len({event[2:4] for event in events}) < len(events)
