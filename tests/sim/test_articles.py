"""What becomes of an article reaches the recommendations of every task (SEMANTICS 7.4): live within
a minute, in simulated time at midnight."""

import pytest

from streams.contracts.control import changed_articles_record
from streams.contracts.decode import EventDecoder
from streams.contracts.encode import EffectEncoder, encode_event
from streams.engine import Instant, Program
from streams.local import LocalParts, LocalTask
from streams.ports import ARTICLE_FACTS_KEY, CONTROL, Facts, Record, Rejection, TaskSettings
from streams.programs import Programs
from streams.store.memory import MemoryStore
from tests.harness.local_shop import BEGIN, DAY, HOUR, LocalShop
from tests.sim.test_news import BACK_FLOW, PARTITIONS, someone_in
from tests.sim.test_news_in_simulated_time import (
    POPULAR,
    Cluster,
    customer,
    events_of,
    order,
    product,
    search,
)

NOON = BEGIN + 12 * HOUR
MINUTE = 60_000


def shown(shop: LocalShop) -> list[list[tuple[str, int]]]:
    """The items of all commands."""
    return [
        [(one["sku"], one["unit_price"]) for one in command["items"]]
        for command in shop.outputs("send-commands")
    ]


@pytest.mark.parametrize("of_customer", range(PARTITIONS))
@pytest.mark.parametrize("of_article", range(PARTITIONS))
def test_d23_in_simulated_time_the_next_day_knows(of_customer: int, of_article: int) -> None:
    ada, bob = someone_in(of_customer, "ada"), someone_in(0, "bob")
    lamp = someone_in(of_article, "lamp")
    happened = [
        customer(NOON, ada),
        product(NOON, lamp, 2_000, 3),
        order(NOON + HOUR, bob, lamp),
        order(NOON + HOUR, bob + "2", "vase"),
        product(NOON + 2 * HOUR, "vase", 900),  # on the day of its first order
        search(BEGIN + DAY, ada, "present"),
        product(NOON + DAY, lamp, 2_000, 0),
        search(NOON + DAY + 1, ada, "present"),  # within the day nobody is told
        search(BEGIN + 2 * DAY, ada, "present"),
        product(NOON + 2 * DAY, lamp, 2_500, 3),
        search(BEGIN + 3 * DAY, ada, "present"),
    ]
    cluster = Cluster(events_of(*happened), BEGIN + 4 * DAY, flows=(POPULAR, BACK_FLOW))
    cluster.finish()
    assert shown(cluster.shops[of_customer]) == [
        [(lamp, 1), ("vase", 900)],  # the order's price is newer than the shop's
        [(lamp, 1), ("vase", 900)],
        [("vase", 900)],
        [(lamp, 2_500), ("vase", 900)],
    ]


class CountingPrograms(Programs):
    """Counts the records with changes of articles that were read."""

    def __init__(self) -> None:
        super().__init__()
        self.changes_read = 0

    def read(self, record: Record) -> Program | Facts | Rejection:
        self.changes_read += record.key == ARTICLE_FACTS_KEY
        return super().read(record)


class LiveShop:
    """One task in live time, with the agent that adds the facts up."""

    def __init__(self) -> None:
        self.programs = CountingPrograms()
        parts = LocalParts(
            MemoryStore,
            EventDecoder(),
            EffectEncoder(),
            self.programs,
            TaskSettings(clock_skew=0),
        )
        self.shop = LocalShop(LocalTask(parts))
        self.local = self.shop.local
        self.shop.publish(1, POPULAR)
        self.shop.customer(NOON, "ada")

    def until(self, at: Instant) -> None:
        """Everything before `at` happens; facts come a millisecond after their reports."""
        while (due := min(self.local.task.reports_due, self._midnight())) < at:
            self.local.advance(due + 1)
            self.local.commit(due + 1)
            for fact in self.local.new_facts():
                self.local.add_fact(fact)
            changed = self.local.new_articles()
            if changed:
                record = changed_articles_record(changed)
                self.local.append(CONTROL, due + 1, record.key, record.value)
        self.local.advance(at)
        self.local.commit(at)

    def _midnight(self) -> Instant:
        clock = self.local.task.clock
        return clock - clock % DAY + DAY

    def sells(self, at: Instant, sku: str) -> None:
        items = [{"sku": sku, "quantity": 1, "unit_price": 1_000}]
        self.shop.happens(
            at,
            "order.placed",
            "bob",
            order_id=f"o{at}",
            total=1_000,
            currency="GBP",
            items=items,
            tags=[],
        )

    def says(self, at: Instant, sku: str, stock: int) -> None:
        """What the shop says of an article."""
        given = {"sku": sku, "name": sku, "price": 1_000, "currency": "GBP", "stock": stock}
        event = {"event_id": f"p{at}", "occurred_at": at, **given}
        self.local.append("products", at, sku.encode(), encode_event("product.updated", event))
        self.until(at + 1)

    def searches(self, at: Instant) -> list[str]:
        """What ada is shown after a search at `at`."""
        self.shop.happens(at, "search.performed", "ada", query="a present", filters={}, results=1)
        self.until(at + 1)
        return [sku for sku, _ in shown(self.shop)[-1]]


@pytest.fixture
def live() -> LiveShop:
    live = LiveShop()
    live.until(NOON + 1)
    live.sells(NOON + 1, "lamp")
    live.until(BEGIN + DAY + HOUR)
    live.sells(BEGIN + DAY + HOUR, "vase")
    live.until(BEGIN + 2 * DAY + HOUR)
    return live


AT = BEGIN + 2 * DAY + HOUR


def test_d23_a_minute_later_it_is_known_and_across_a_restart(live: LiveShop) -> None:
    assert sorted(live.searches(AT)) == ["lamp", "vase"]
    live.says(AT + 2, "lamp", 0)
    live.until(AT + 2 + MINUTE)
    assert live.searches(AT + 2 + MINUTE) == ["vase"]
    live.local.restart(keep_store=False)
    assert live.searches(AT + 3 + MINUTE) == ["vase"]
    live.says(AT + 4 + MINUTE, "lamp", 1)
    live.until(AT + 4 + 2 * MINUTE)
    assert sorted(live.searches(AT + 4 + 2 * MINUTE)) == ["lamp", "vase"]


def test_an_article_that_the_shop_takes_away_is_gone(live: LiveShop) -> None:
    live.says(AT, "lamp", 4)
    live.until(AT + MINUTE)
    live.local.append("products", AT + MINUTE, b"lamp", None)
    live.local.append("products", AT + MINUTE, b"unknown", None)
    live.until(AT + MINUTE + 1)
    live.until(AT + 2 * MINUTE)
    assert live.searches(AT + 2 * MINUTE) == ["vase"]
    assert live.shop.outputs("dead-letters") == []
    live.says(AT + 3 * MINUTE, "lamp", 1)
    live.until(AT + 4 * MINUTE)
    assert sorted(live.searches(AT + 4 * MINUTE)) == ["lamp", "vase"]


def test_of_the_changes_before_a_days_facts_none_is_read_again(live: LiveShop) -> None:
    for number in range(5):
        live.says(AT + number * MINUTE, "lamp", number % 2)
        live.until(AT + (number + 1) * MINUTE)
    live.until(BEGIN + 3 * DAY + HOUR)
    live.says(BEGIN + 3 * DAY + HOUR, "lamp", 3)
    live.until(BEGIN + 3 * DAY + HOUR + MINUTE)
    changes = [record for record in live.local.logs[CONTROL] if record.key == ARTICLE_FACTS_KEY]
    assert len(changes) == 6
    live.programs.changes_read = 0
    live.local.restart()
    assert sorted(live.searches(BEGIN + 3 * DAY + 2 * HOUR)) == ["lamp", "vase"]
    assert live.programs.changes_read == 1


def test_a_key_that_is_no_sku_takes_nothing_away(live: LiveShop) -> None:
    live.local.append("products", AT, b"\xff", None)
    live.local.append("products", AT, None, None)
    live.until(AT + MINUTE)
    assert [letter["reason"] for letter in live.shop.outputs("dead-letters")] == [
        "the record has no value, which takes an article away, and the key b'\\xff' is no sku",
        "the record has no value, which takes an article away, and the key b'' is no sku",
    ]
