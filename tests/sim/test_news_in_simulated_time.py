"""What tasks tell each other in simulated time: known from midnight on, whoever runs ahead."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.contracts.coupon_codes import coupon_record
from streams.contracts.coupon_moves import coupon_facts_record, key_beginning
from streams.contracts.decode import EventDecoder
from streams.contracts.encode import EffectEncoder
from streams.contracts.partition_facts import PARTITION_FACTS, read_report
from streams.engine import BETWEEN_TASKS, Instant
from streams.importing.encoding import event_record
from streams.importing.writing import PastWriter
from streams.kafka.partition import key_in, partition_of
from streams.local import LocalParts, LocalTask
from streams.ports import (
    CONTROL,
    ArticleReport,
    CouponCode,
    CouponReport,
    DayReport,
    OutputRecord,
    TaskSettings,
)
from streams.programs import Programs
from streams.runtime.coupon_balance import CouponBalance
from streams.runtime.day_facts import ReportAggregator
from streams.settings import RecordTime
from streams.store.memory import MemoryStore
from tests.harness.examples import examples
from tests.harness.local_shop import BEGIN, DAY, HOUR, LocalShop

from .test_news import BACK_FLOW, NEWS_FLOW, PARTITIONS, someone_in

NOON = BEGIN + 12 * HOUR
WALL = BEGIN + 400 * DAY
POPULAR: dict[str, Any] = {
    "flow": "popular",
    "trigger": {"metric": "search.performed"},
    "steps": [
        {
            "send": "email",
            "template": "popular",
            "smart_sending": "false",
            "items": {"recommend": "popular"},
        }
    ],
}
CHEAPER = {**NEWS_FLOW, "exit_on": [*NEWS_FLOW["exit_on"], {"metric": "product.sold_out"}]}
FLOWS = (CHEAPER, BACK_FLOW, POPULAR)


class Cluster:
    """Two tasks in simulated time, their events written with ticks, and who adds the facts up."""

    def __init__(
        self,
        events: Iterable[dict[str, Any]],
        until: Instant,
        flows: Iterable[dict[str, Any]] = FLOWS,
        coupons: Sequence[dict[str, Any]] = (),
        codes: Iterable[CouponCode] = (),
    ) -> None:
        parts = LocalParts(
            MemoryStore,
            EventDecoder(),
            EffectEncoder(),
            Programs(),
            TaskSettings(record_time=RecordTime.CREATE),
        )
        self.shops = [
            LocalShop(LocalTask(msgspec.structs.replace(parts, partition=number)))
            for number in range(PARTITIONS)
        ]
        for shop in self.shops:
            shop.publish(1, *flows, coupons=coupons)
        for code in codes:
            self._load(code)
        writer = PastWriter(self._produce, PARTITIONS)
        next_tick = BEGIN
        for event in events:
            while next_tick <= event["occurred_at"]:
                writer.tick(next_tick)
                next_tick += DAY
            writer.write(event_record(event))
        writer.end(until)
        self._adding = ReportAggregator(PARTITIONS)
        self._coupons = CouponBalance(
            PARTITIONS, lambda number: key_in(number, PARTITIONS, key_beginning(number))
        )
        self._read = [0] * PARTITIONS

    def _produce(self, record: OutputRecord) -> None:
        assert record.partition is not None
        assert record.time is not None
        local = self.shops[record.partition].local
        local.append(record.topic, record.time, record.key, record.value).headers = record.headers

    def _load(self, code: CouponCode) -> None:
        record = coupon_record(code)
        assert record.key is not None
        record.partition, record.time = partition_of(record.key, PARTITIONS), code.at
        self._produce(record)

    def step(self, number: int, budget: int) -> bool:
        """One task runs a little."""
        return self.shops[number].local.step(WALL, budget)

    def commit(self, number: int, *, with_store: bool = True) -> None:
        """What one task has decided is seen by the others."""
        local = self.shops[number].local
        local.commit(WALL, with_store=with_store)
        if not with_store:
            local.restart()
        for record in local.take_new_internal():
            assert record.key is not None
            partition = partition_of(record.key, PARTITIONS)
            self._produce(msgspec.structs.replace(record, partition=partition))

    def add_up(self) -> bool:
        """Reports become facts; was there one?"""
        for number, shop in enumerate(self.shops):
            output = shop.local.output
            for record in output[self._read[number] :]:
                if record.topic == PARTITION_FACTS:
                    report = read_report(record.value or b"")
                    if isinstance(report, ArticleReport):
                        self._adding.add_articles(report)
                    elif isinstance(report, CouponReport):
                        self._coupons.add(report)
                    else:
                        assert isinstance(report, DayReport)
                        self._adding.add(report)
            self._read[number] = len(output)
        facts = list(self._adding.complete())
        for fact in facts:
            told = self._coupons.close_day()
            for shop in self.shops:
                if told is not None:
                    record = coupon_facts_record(told)
                    shop.local.append(CONTROL, fact.day_end, record.key, record.value)
                shop.local.add_fact(fact)
        return bool(facts)

    def learns_ends(self, number: int) -> bool:
        return self.shops[number].local.sets_end_offsets(WALL)

    def crash(self, number: int, *, keep_store: bool) -> None:
        self.shops[number].local.restart(keep_store=keep_store)

    def finish(self) -> None:
        """Everything happens."""
        while True:
            moved = False
            for number in range(PARTITIONS):
                while self.step(number, 1_000):
                    moved = True
                self.commit(number)
            moved |= self.add_up()
            for number in range(PARTITIONS):
                moved |= self.learns_ends(number)
            if not moved:
                return

    def sent(self) -> list[tuple[str, str, Instant]]:
        return sorted((one for shop in self.shops for one in shop.sent()), key=lambda one: one[2])


def events_of(*happened: tuple[Instant, str, dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Events in order of time, with what all of them have."""
    for number, (at, metric, fields) in enumerate(sorted(happened, key=lambda one: one[0])):
        yield {"metric": metric, "event_id": f"e{number}", "occurred_at": at, **fields}


def customer(at: Instant, name: str) -> tuple[Instant, str, dict[str, Any]]:
    profile = {"email": f"{name}@example.com", "consent": ["email"]}
    return at, "customer.updated", {"customer_id": name, "set": profile, "unset": []}


def wish(at: Instant, name: str, sku: str) -> tuple[Instant, str, dict[str, Any]]:
    return at, "wishlist.added", {"customer_id": name, "sku": sku}


def view(at: Instant, name: str, sku: str) -> tuple[Instant, str, dict[str, Any]]:
    return at, "view.item", {"customer_id": name, "sku": sku}


def order(at: Instant, name: str, sku: str) -> tuple[Instant, str, dict[str, Any]]:
    items = [{"sku": sku, "quantity": 1, "unit_price": 1}]
    common = {"customer_id": name, "order_id": f"{name}{at}", "total": 1, "currency": "GBP"}
    return at, "order.placed", {**common, "items": items}


def search(at: Instant, name: str, query: str) -> tuple[Instant, str, dict[str, Any]]:
    return at, "search.performed", {"customer_id": name, "query": query, "results": 1}


def product(
    at: Instant, sku: str, price: int, stock: int | None = None
) -> tuple[Instant, str, dict[str, Any]]:
    fields = {"sku": sku, "name": sku, "price": price, "currency": "GBP", "stock": stock}
    return at, "product.updated", fields


def run(*happened: tuple[Instant, str, dict[str, Any]], days: int = 10) -> Cluster:
    cluster = Cluster(events_of(*happened), BEGIN + days * DAY)
    cluster.finish()
    return cluster


@pytest.mark.parametrize("of_customer", [0, 1])
@pytest.mark.parametrize("of_article", [0, 1])
def test_a_day_later_the_article_knows_and_at_midnight_the_customer_hears(
    of_customer: int, of_article: int
) -> None:
    ada, lamp = someone_in(of_customer, "ada"), someone_in(of_article, "lamp")
    cluster = run(
        customer(NOON, ada),
        product(NOON, lamp, 2_000),
        wish(NOON + 1, ada, lamp),
        product(NOON + HOUR, lamp, 1_900),  # the same day: nobody is known to wait
        product(BEGIN + DAY, lamp, 1_800),  # at midnight it's known
    )
    assert cluster.sent() == [(ada, "cheaper", BEGIN + 2 * DAY + HOUR)]
    assert cluster.shops[0].local.task.clock == BEGIN + 10 * DAY
    assert [one for shop in cluster.shops for one in shop.outputs("late-records")] == []


@pytest.mark.parametrize(("at", "sent"), [(-1, 0), (0, 1)])
def test_an_interest_of_the_last_millisecond_counts_at_midnight(at: int, sent: int) -> None:
    midnight = BEGIN + DAY
    cluster = run(
        customer(NOON, "ada"),
        product(NOON, "lamp", 2_000),
        wish(midnight - 1, "ada", "lamp"),
        product(midnight + at, "lamp", 1_000),
    )
    assert len(cluster.sent()) == sent


def test_an_order_after_the_news_and_before_midnight_keeps_the_mail_back() -> None:
    cluster = run(
        customer(NOON, "ada"),
        product(NOON, "lamp", 2_000),
        wish(NOON, "ada", "lamp"),
        product(NOON + DAY, "lamp", 1_000),
        order(NOON + DAY + HOUR, "ada", "lamp"),
    )
    assert cluster.sent() == []
    assert sum(shop.local.task.counts["news_stale"] for shop in cluster.shops) == 1


def test_d25_a_drop_is_measured_against_the_price_at_the_wish_not_at_midnight() -> None:
    cluster = run(
        customer(NOON, "ada"),
        product(NOON, "lamp", 2_000),
        wish(NOON + 1, "ada", "lamp"),
        product(NOON + HOUR, "lamp", 2_600),
        product(NOON + DAY, "lamp", 2_000),  # what ada saw
        product(NOON + 2 * DAY, "lamp", 1_900),
    )
    assert cluster.sent() == [("ada", "cheaper", BEGIN + 3 * DAY + HOUR)]


def test_d24_that_an_article_is_sold_out_is_told_at_midnight() -> None:
    cluster = run(
        customer(NOON, "ada"),
        product(NOON, "lamp", 2_000, 9),
        wish(NOON + 1, "ada", "lamp"),
        product(NOON + DAY, "lamp", 1_000, 8),
        product(NOON + DAY + HOUR, "lamp", 1_000, 0),
    )
    told = [
        (one["event_id"].partition(":")[0], one["occurred_at"])
        for shop in cluster.shops
        for one in shop.outputs("product-news")
    ]
    assert told == [("price_dropped", BEGIN + 2 * DAY), ("sold_out", BEGIN + 2 * DAY)]
    assert cluster.sent() == []  # an hour after midnight it is known


def test_until_the_ends_are_known_the_clock_stands_at_midnight() -> None:
    happened = [customer(NOON, "ada"), wish(NOON, "ada", "lamp"), wish(NOON + DAY, "ada", "vase")]
    cluster = Cluster(events_of(*happened), BEGIN + 3 * DAY)
    tasks = [shop.local.task for shop in cluster.shops]
    for _ in range(3):
        for number in range(PARTITIONS):
            while cluster.step(number, 100):
                pass
            cluster.commit(number)
        if not cluster.add_up():
            break
    assert {task.waits_for for task in tasks} == {"coupon-moves"}
    assert [set(task.needs_end_offsets(WALL)) for task in tasks] == [BETWEEN_TASKS] * PARTITIONS
    assert {task.clock for task in tasks} == {BEGIN}
    cluster.finish()
    assert {task.clock for task in tasks} == {BEGIN + 3 * DAY}


NAMES, SKUS = "abcdef", ("lamp", "vase", "bowl")
MOMENTS = st.builds(
    lambda day, offset: day * DAY + offset,
    st.sampled_from(range(5)),
    st.sampled_from([0, 1, HOUR, 5 * HOUR, 23 * HOUR, DAY - 12, DAY - 11]),
)
"""After BEGIN + 11: also in the last milliseconds of a day, and in the first of the next."""
HAPPENINGS = st.lists(
    st.one_of(
        st.tuples(
            st.sampled_from([wish, view, order, search]),
            st.sampled_from(NAMES),
            st.sampled_from(SKUS),
        ),
        st.tuples(
            st.just(product),
            st.sampled_from(SKUS),
            st.sampled_from([(2_000, 0), (1_500, 0), (1_500, 3), (1_000, None), (500, 2)]),
        ),
    ).flatmap(lambda one: st.tuples(MOMENTS, st.just(one))),
    min_size=4,
    max_size=30,
)
PLANS = st.lists(
    st.tuples(
        st.sampled_from(["step", "commit", "commit_only", "crash", "lose_disk", "add", "ends"]),
        st.integers(0, PARTITIONS - 1),
        st.integers(1, 30),
    ),
    max_size=120,
)


def run_through(plan: list[tuple[str, int, int]], happened: list[Any]) -> Cluster:
    """The same past; the tasks run in turns as `plan` says, then to the end."""
    past = [customer(BEGIN + number, name) for number, name in enumerate(NAMES)]
    past += [wish(BEGIN + 10, name, "lamp") for name in NAMES]
    past += [product(BEGIN + 10, sku, 2_500, 0) for sku in SKUS]
    for offset, (what, first, second) in happened:
        given = second if isinstance(second, tuple) else (second,)
        past.append(what(BEGIN + 11 + offset, first, *given))
    cluster = Cluster(events_of(*past), BEGIN + 8 * DAY)
    for way, number, budget in plan:
        match way:
            case "step":
                cluster.step(number, budget)
            case "commit" | "commit_only":
                cluster.step(number, budget)
                cluster.commit(number, with_store=way == "commit")
            case "crash" | "lose_disk":
                cluster.crash(number, keep_store=way == "crash")
            case "add":
                cluster.add_up()
            case "ends":
                cluster.learns_ends(number)
    cluster.finish()
    return cluster


@examples(40)
@given(plan=PLANS, happened=HAPPENINGS)
def test_any_task_may_run_ahead_or_crash_without_changing_the_output(
    plan: list[tuple[str, int, int]], happened: list[Any]
) -> None:
    undisturbed, disturbed = run_through([], happened), run_through(plan, happened)
    for one, other in zip(disturbed.shops, undisturbed.shops, strict=True):
        for topic in (
            "interests",
            "product-news",
            "send-commands",
            "flow-decisions",
            "late-records",
            "dead-letters",
        ):
            assert one.outputs(topic) == other.outputs(topic), topic
        assert one.outputs("late-records") == []
        assert one.local.task.clock == BEGIN + 8 * DAY
