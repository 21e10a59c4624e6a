"""Articles and those who wait for them, in two tasks: what goes between, and what crashes leave."""

from collections.abc import Callable, Iterable
from itertools import islice
from typing import Any

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from streams.contracts.decode import EventDecoder
from streams.contracts.encode import EffectEncoder, encode_event
from streams.contracts.wire import decode_any
from streams.engine import BETWEEN_TASKS, Instant
from streams.kafka.partition import partition_of
from streams.local import LocalParts, LocalTask
from streams.ports import TaskSettings
from streams.programs import Programs
from streams.runtime import products
from streams.runtime.commit import position_in
from streams.runtime.order import time_of
from streams.store.memory import MemoryStore
from tests.harness.examples import examples
from tests.harness.local_shop import BEGIN, DAY, HOUR, SKEW, LocalShop
from tests.sim.replayed import late_in, replayed

NOON = BEGIN + 12 * HOUR
NEWS_FLOW: dict[str, Any] = {
    "flow": "cheaper",
    "trigger": {"metric": "product.price_dropped"},
    "key": "sku",
    "exit_on": [{"metric": "order.placed", "where": {"items": {"any": {"sku": "$trigger.sku"}}}}],
    "steps": [
        {"wait": "1h", "id": "pause"},
        {
            "send": "email",
            "template": "cheaper",
            "smart_sending": "false",
            "variables": {"sku": "$trigger.sku", "price": "$trigger.price"},
        },
    ],
}
BACK_FLOW: dict[str, Any] = {
    "flow": "back",
    "trigger": {"metric": "product.back_in_stock"},
    "steps": [{"send": "email", "template": "back", "smart_sending": "false"}],
}
PAUSE_FLOW: dict[str, Any] = {
    "flow": "pause",
    "trigger": {"metric": "cart.updated"},
    "exit_on": [{"metric": "product.sold_out"}],
    "steps": [{"wait": "70d", "id": "pause"}, BACK_FLOW["steps"][0]],
}
SOLD_OUT_FLOW: dict[str, Any] = {
    "flow": "sorry",
    "trigger": {"metric": "product.sold_out"},
    "steps": [{"send": "email", "template": "sorry", "smart_sending": "false"}],
}
"""What the flows of these tests answer."""

PARTITIONS = 2


class TwoTasks:
    """A shop on two tasks: records go to the task of their key, also those of the tasks."""

    def __init__(self, parts: LocalParts) -> None:
        self.shops = [
            LocalShop(LocalTask(msgspec.structs.replace(parts, partition=number)))
            for number in range(PARTITIONS)
        ]
        self._events = 0
        self.committed_clocks: dict[tuple[int, str, int], Instant] = {}
        """By task, topic and offset of a record of the shop: the committed clock of the task when
        the record was appended."""

    def of(self, key: str) -> LocalShop:
        return self.shops[partition_of(key.encode(), PARTITIONS)]

    def publish(self, at: Instant, *flows: dict[str, Any]) -> None:
        for shop in self.shops:
            shop.publish(at, *flows)

    def product(self, at: Instant, sku: str, price: int, stock: int | None = None) -> None:
        """What the shop says of an article."""
        self._events += 1
        given = {"sku": sku, "name": sku, "price": price, "currency": "GBP", "stock": stock}
        event = {"event_id": f"p{self._events}", "occurred_at": at, **given}
        value = encode_event("product.updated", event)
        self.of(sku).local.append("products", at, sku.encode(), value)

    def views(self, at: Instant, customer: str, sku: str) -> None:
        self.of(customer).happens(at, "view.item", customer, sku=sku)

    def wishes(self, at: Instant, customer: str, sku: str) -> None:
        self.of(customer).happens(at, "wishlist.added", customer, sku=sku)

    def buys(self, at: Instant, customer: str, sku: str) -> None:
        items = [{"sku": sku, "quantity": 1, "unit_price": 1}]
        self.of(customer).order(at, customer, items=items)

    def customer(self, at: Instant, customer: str) -> None:
        self.of(customer).customer(at, customer)

    def hand_over(self, at: Instant) -> bool:
        """What was committed for other tasks is appended, at the broker's time `at`; was there
        anything?"""
        found = [one for shop in self.shops for one in shop.local.take_new_internal()]
        for one in found:
            assert one.key is not None
            self.of(one.key.decode()).local.append(one.topic, at, one.key, one.value)
        return bool(found)

    def until(self, wall: Instant) -> None:
        """Everything before `wall` happens, also what comes of what the tasks tell each other."""
        for shop in self.shops:
            shop.until(wall)
        while self.hand_over(wall):
            for shop in self.shops:
                shop.until(wall + 1)

    def note_committed_clocks(self) -> None:
        """Of the records of the shop that were appended since the last call."""
        for number, shop in enumerate(self.shops):
            clock = time_of(position_in(shop.local.store, number).clock)
            for topic, log in shop.local.logs.items():
                if topic not in BETWEEN_TASKS:
                    for record in log:
                        self.committed_clocks.setdefault((number, topic, record.offset), clock)

    def effective_times(self) -> dict[tuple[int, str, int], Instant]:
        """By task, topic and offset of a record of the shop."""
        late = [late_in(shop.local) for shop in self.shops]
        return {
            (number, topic, offset): late[number].get(
                (topic, offset), self.shops[number].local.logs[topic][offset].time
            )
            for number, topic, offset in self.committed_clocks
        }

    def sent(self) -> list[tuple[str, str, Instant]]:
        return sorted((one for shop in self.shops for one in shop.sent()), key=lambda one: one[2])

    def outputs(self, topic: str) -> list[dict[str, Any]]:
        return [one for shop in self.shops for one in shop.outputs(topic)]

    def counts(self, name: str) -> int:
        return sum(shop.local.task.counts[name] for shop in self.shops)


@pytest.fixture
def open_two() -> Callable[..., TwoTasks]:
    def open_them(**given: Any) -> TwoTasks:
        decoder, encoder = EventDecoder(), EffectEncoder()
        task_settings = TaskSettings(clock_skew=SKEW, **given)
        return TwoTasks(LocalParts(MemoryStore, decoder, encoder, Programs(), task_settings))

    return open_them


@pytest.fixture
def two(open_two: Callable[..., TwoTasks]) -> TwoTasks:
    two = open_two()
    two.publish(BEGIN - 1, NEWS_FLOW, BACK_FLOW)
    return two


def someone_in(partition: int, prefix: str) -> str:
    names = (f"{prefix}{number}" for number in range(100))
    return next(name for name in names if partition_of(name.encode(), PARTITIONS) == partition)


@pytest.mark.parametrize("of_customer", [0, 1])
@pytest.mark.parametrize("of_article", [0, 1])
def test_news_go_from_the_articles_task_to_the_customers(
    two: TwoTasks, of_customer: int, of_article: int
) -> None:
    ada, lamp = someone_in(of_customer, "ada"), someone_in(of_article, "lamp")
    two.customer(BEGIN, ada)
    two.product(BEGIN, lamp, 2_000)
    two.views(NOON, ada, lamp)
    two.until(NOON + 1)
    two.product(NOON + HOUR, lamp, 1_500)
    two.until(NOON + HOUR + 1)
    two.until(NOON + DAY)
    ((customer, template, at),) = two.sent()
    assert (customer, template) == (ada, "cheaper")
    assert NOON + 2 * HOUR < at < NOON + 2 * HOUR + 100
    assert two.counts("interests") == two.counts("news") == 1


def test_what_tasks_tell_each_other_holds_no_clock_up(two: TwoTasks) -> None:
    """A transaction of another task is open on both topics, and hides what lies behind it."""
    two.customer(BEGIN, "ada")
    two.until(NOON)
    for shop in two.shops:
        shop.live(NOON, NOON + 20_000, *BETWEEN_TASKS)
        assert shop.local.task.clock > NOON + 15_000
        assert shop.local.task.counts["inputs_given_up"] == 0


def test_a_late_interest_is_recorded_where_replay_finds_it(two: TwoTasks) -> None:
    two.customer(BEGIN, "ada")
    two.product(BEGIN, "lamp", 2_000)
    two.views(NOON, "ada", "lamp")
    for shop in two.shops:
        shop.until(NOON + HOUR)
    two.hand_over(NOON + 5)
    for shop in two.shops:
        shop.until(NOON + HOUR + 1)
    (late,) = two.outputs("late-records")
    assert (late["topic"], late["offset"]) == ("interests", 0)
    assert late["effective_time"] == NOON + HOUR
    assert (two.counts("late"), two.counts("late_between_tasks")) == (0, 1)


def test_no_news_are_sent_where_no_flow_uses_them(open_two: Callable[..., TwoTasks]) -> None:
    two = open_two()
    two.customer(BEGIN, "ada")
    two.views(NOON, "ada", "lamp")
    two.product(NOON, "lamp", 2_000)
    two.until(NOON + HOUR)
    two.product(NOON + HOUR, "lamp", 1_000)
    two.until(NOON + 2 * HOUR)
    assert two.counts("interests") == two.counts("news") == 0


def test_a_flow_that_is_published_later_finds_what_the_article_cost(
    open_two: Callable[..., TwoTasks],
) -> None:
    two = open_two()
    two.customer(BEGIN, "ada")
    two.product(BEGIN, "lamp", 2_000)
    two.until(BEGIN + HOUR)
    two.publish(NOON, NEWS_FLOW)
    two.until(NOON + 1)
    two.views(NOON + 1, "ada", "lamp")
    two.until(NOON + 2)
    two.product(NOON + HOUR, "lamp", 1_000)
    two.until(NOON + HOUR + 1)
    two.until(NOON + DAY)
    assert [one[:2] for one in two.sent()] == [("ada", "cheaper")]


def test_an_order_that_crosses_with_the_news_keeps_the_mail_back(two: TwoTasks) -> None:
    two.customer(BEGIN, "ada")
    two.product(BEGIN, "lamp", 2_000)
    two.views(NOON, "ada", "lamp")
    two.until(NOON + 1)
    two.product(NOON + HOUR, "lamp", 1_000)
    two.of("lamp").until(NOON + HOUR + 1)  # the news are on their way
    two.buys(NOON + HOUR, "ada", "lamp")
    two.of("ada").until(NOON + HOUR + 1)
    two.hand_over(NOON + HOUR + 1)
    two.until(NOON + DAY)
    assert two.sent() == []
    assert two.counts("news_stale") == 1


def test_7_6_a_flow_hears_of_its_article_when_the_look_of_the_next_day_is_over(
    open_two: Callable[..., TwoTasks],
) -> None:
    two = open_two()
    two.publish(BEGIN - 1, PAUSE_FLOW, SOLD_OUT_FLOW)
    two.customer(BEGIN, "ada")
    two.product(BEGIN, "lamp", 2_000, 1)
    items = [{"sku": "lamp", "quantity": 1, "unit_price": 2_000}]
    cart: dict[str, Any] = {"cart_id": "c", "total": 2_000, "currency": "GBP", "items": items}
    two.of("ada").happens(NOON, "cart.updated", "ada", **cart)
    two.until(NOON + 1)
    two.views(NOON + DAY, "ada", "lamp")
    two.until(NOON + DAY + 1)
    two.product(NOON + 60 * DAY, "lamp", 2_000, 0)
    two.until(NOON + 60 * DAY + 1)
    two.until(NOON + 80 * DAY)
    assert two.sent() == []
    assert (two.counts("news"), two.counts("news_stale")) == (1, 0)
    assert [one["reason"] for one in two.outputs("flow-decisions")] == ["", "exit_on"]


def test_a_fan_out_sends_five_hundred_at_once_and_the_next_a_millisecond_later(
    two: TwoTasks, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(products, "FAN_OUT_CHUNK", 3)
    names = [someone_in(0, prefix) for prefix in "abcdefgh"]
    for name in names:
        two.views(NOON, name, "lamp")
    two.product(BEGIN, "lamp", 2_000)
    two.until(NOON + 1)
    two.product(NOON + HOUR, "lamp", 1_000)
    local = two.of("lamp").local
    local.advance(NOON + HOUR + SKEW + 1)
    assert local.task.next_due == NOON + HOUR + 1
    local.commit(NOON + HOUR + SKEW + 1)
    local.restart(keep_store=False)
    local.advance(NOON + HOUR + SKEW + 3)
    local.commit(NOON + HOUR + SKEW + 3)
    news = [decode_any(one.value or b"")[1] for one in local.output if one.topic == "product-news"]
    assert [one["customer_id"] for one in news] == sorted(names)


# ── Any crashes ───────────────────────────────────────────────────────────────────────────────────

CUSTOMERS, SKUS = "abcdefgh", ("lamp", "vase")
PARTS = LocalParts(
    MemoryStore, EventDecoder(), EffectEncoder(), Programs(), TaskSettings(clock_skew=SKEW)
)
OUTPUTS = (*BETWEEN_TASKS, "send-commands", "flow-decisions", "late-records", "dead-letters")
HAPPENINGS = st.lists(
    st.tuples(
        st.integers(0, 3 * DAY) | st.sampled_from([0, 1, 2, DAY]),
        st.sampled_from(["views", "views", "wishes", "buys", "product", "product", "erase"]),
        st.sampled_from(CUSTOMERS),
        st.sampled_from(SKUS),
        st.sampled_from([(2_000, 0), (1_500, 0), (1_500, 3), (1_000, None), (500, 2)]),
    ),
    max_size=40,
)
PLANS = st.lists(
    st.tuples(
        st.sampled_from(["step", "commit", "commit_only", "crash", "lose_disk", "advance"]),
        st.integers(0, PARTITIONS - 1),
        st.integers(1, 12),
    ),
    max_size=60,
)


def run_through(plan: Iterable[tuple[str, int, int]], happened: list[Any]) -> TwoTasks:
    """The same records; what the tasks tell each other is handed over at the same moments, after
    each of them has come so far and committed, whatever happened to it on the way."""
    two = TwoTasks(PARTS)
    two.publish(BEGIN - 1, NEWS_FLOW, BACK_FLOW)
    for customer in CUSTOMERS[:6]:
        two.customer(BEGIN, customer)
        two.wishes(BEGIN, customer, "lamp")
    for sku in SKUS:
        two.product(BEGIN, sku, 2_500, 0)
    plans = iter(plan)
    for offset, what, customer, sku, (price, stock) in sorted(happened):
        at = BEGIN + 1 + offset
        match what:
            case "product":
                two.product(at, sku, price, stock)
            case "erase":
                two.of(customer).happens(at, "customer.erased", customer)
            case _:
                getattr(two, what)(at, customer, sku)
        two.note_committed_clocks()
        for way, partition, number in islice(plans, 2):
            disturb(two.shops[partition], at + 1 + SKEW, way, number)
        for shop in two.shops:
            shop.until(at + 1)
        two.hand_over(at + 1)
    two.until(BEGIN + 5 * DAY)
    two.until(BEGIN + 6 * DAY)
    return two


def disturb(shop: LocalShop, wall: Instant, way: str, number: int) -> None:
    local = shop.local
    match way:
        case "step":
            local.step(wall, number)
        case "commit":
            local.step(wall, number)
            local.commit(wall)
        case "commit_only":
            local.step(wall, number)
            local.commit(wall, with_store=False)
            local.restart()
        case "crash":
            local.step(wall, number)
            local.restart()
        case "lose_disk":
            local.restart(keep_store=False)
        case "advance":
            local.advance(wall)


AN_IDLE_CLOCK_IS_LOST: dict[str, Any] = {
    "plan": [("step", 0, 1)] * 6 + [("crash", 1, 1)],
    "happened": [
        (0, "views", "a", "lamp", (2_000, 0)),
        (0, "views", "a", "lamp", (2_000, 0)),
        (1, "views", "a", "lamp", (2_000, 0)),
        (1, "views", "d", "lamp", (2_000, 0)),
    ],
}
"""Without the crash, the last record is late: the clock of its idle task has passed it. No
transaction holds that clock, so after the crash the record is on time."""


@examples(40)
@given(plan=PLANS, happened=HAPPENINGS)
@example(**AN_IDLE_CLOCK_IS_LOST)
def test_any_crashes_give_the_same_news_and_messages_as_none(
    plan: list[tuple[str, int, int]], happened: list[Any]
) -> None:
    """DESIGN 5.2 to 5.5: a crash takes the clock back to the committed one, never further, so a
    record may be less late than without the crash. Where each record has the same effective time,
    the output is the same; and always it is that of a replay without any crash."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(products, "FAN_OUT_CHUNK", 2)
        patched.setattr(products, "SWEEP_EVERY", 3)
        undisturbed, disturbed = run_through([], happened), run_through(plan, happened)
        replays = [replay_of(shop, number) for number, shop in enumerate(disturbed.shops)]
    latest, effective = undisturbed.effective_times(), disturbed.effective_times()
    assert effective.keys() == latest.keys()
    for address, committed_clock in disturbed.committed_clocks.items():
        assert committed_clock <= effective[address] <= latest[address], address
    for shop, replay in zip(disturbed.shops, replays, strict=True):
        assert_same(shop, replay)
    if effective == latest:
        for shop, other in zip(disturbed.shops, undisturbed.shops, strict=True):
            assert_same(shop, other)


def replay_of(shop: LocalShop, partition: int) -> LocalShop:
    parts = msgspec.structs.replace(PARTS, partition=partition)
    return LocalShop(replayed(shop.local, parts))


def assert_same(one: LocalShop, other: LocalShop) -> None:
    for topic in OUTPUTS:
        assert one.outputs(topic) == other.outputs(topic), topic
    assert owned(one) == owned(other)


def owned(shop: LocalShop) -> dict[bytes, bytes]:
    """What the store holds, but for the position: a commit more may have taken the clock on."""
    return {key: value for key, value in shop.local.store.items() if key != b"\x00position"}
