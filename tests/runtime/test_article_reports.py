"""Which articles a task reports, and when."""

from collections import Counter

import msgspec
import pytest

from streams.engine import (
    CATALOGUE,
    RECOMMENDATIONS,
    Catalogue,
    Counts,
    Instant,
    Product,
    Program,
    Purchase,
    Recommendations,
    article_of,
    packed_articles,
)
from streams.engine.effects import Bought
from streams.ports import ArticleReport, StoreBatch, TaskSettings
from streams.runtime import article_reports
from streams.runtime.article_reports import ArticleReports
from streams.runtime.commit import Position
from streams.runtime.own_keys import OwnKeys
from streams.runtime.products import Products
from streams.runtime.time_policy import open_time
from streams.runtime.timers import FAR_FUTURE
from streams.settings import RecordTime
from streams.store.memory import MemoryStore
from tests.harness.customer import flow, program_of, send

AT: Instant = 1_772_409_600_000
HALF_MINUTE = 30_000
POPULAR = program_of(flow(send(items={"recommend": "popular"}), on="search.performed"))
PLAIN = program_of(flow(send(), on="search.performed"))


def learnt(program: Program, *skus: str, known: tuple[Product, ...] = ()) -> Program:
    """The program with facts of a day on which these articles were bought."""
    counts = Counts()
    counts.learn(Purchase(AT, [Bought(sku) for sku in skus]))
    articles = packed_articles([article_of(product, AT) for product in known])
    facts = {RECOMMENDATIONS: Recommendations(counts.packed()), CATALOGUE: Catalogue(articles)}
    return program.with_facts(facts)


def product(sku: str, price: int = 2_000, stock: int | None = None) -> Product:
    return Product(sku, f"p{price}", AT, "Lamp", None, price, "GBP", stock, None, None, None)


class Task:
    """The articles of a task and their reports."""

    def __init__(self, record_time: RecordTime = RecordTime.APPEND) -> None:
        self.settings = TaskSettings(record_time=record_time)
        self.store = MemoryStore()
        self.pending: dict[bytes, bytes | None] = {}
        self.open()

    def open(self) -> None:
        own = OwnKeys(self.store, lambda: [self.pending], lambda: self.pending)
        self.products = Products(own)
        time = open_time(0, self.settings, Position({}, 0), Counter())
        self.reports = ArticleReports(own, self.products, time)

    def commit(self) -> None:
        self.store.write(StoreBatch(dict(self.pending), 1, AT))
        self.pending.clear()

    def tell(self, program: Program, update: Product, now: Instant = AT) -> None:
        before = self.products.get(update.sku)
        self.products.put(update)
        self.reports.note(program, before, update, now)

    def reported(self, now: Instant = AT) -> list[str]:
        found = self.reports.take_due(3, now)
        assert all((one.partition, one.at) == (3, now) for one in found)
        return sorted(article.sku for one in found for article in one.articles)


@pytest.mark.parametrize(
    ("after", "due"),
    [(0, HALF_MINUTE), (HALF_MINUTE - 1, HALF_MINUTE), (HALF_MINUTE, 2 * HALF_MINUTE)],
)
def test_d23_a_change_is_due_at_the_next_half_minute(after: int, due: int) -> None:
    task = Task()
    task.tell(learnt(POPULAR, "A"), product("A"), AT + after)
    assert task.reports.next_due == AT + due
    assert task.reported(AT + due) == ["A"]
    assert task.reports.next_due == FAR_FUTURE
    assert task.reported() == []


def test_only_changes_of_recommended_articles_are_reported() -> None:
    task, program = Task(), learnt(POPULAR, "A", "B", "C")
    for sku in "ABX":
        task.tell(program, product(sku))
    assert task.reported() == ["A", "B"]
    task.tell(program, product("A"))  # as before
    task.tell(program, product("B", stock=0))
    task.tell(learnt(PLAIN, "C"), product("C"))  # no flow recommends
    assert task.reported() == ["B"]


def test_the_newest_update_is_reported_once() -> None:
    task, program = Task(), learnt(POPULAR, "A")
    task.tell(program, product("A", 1_000))
    task.tell(program, product("A", 1_500))
    assert task.reports.take_due(3, AT) == [
        ArticleReport(3, AT, [article_of(product("A", 1_500), AT)])
    ]


def test_what_is_newly_recommended_is_compared_with_the_catalogue() -> None:
    task = Task()
    for sku in "ABCX":
        task.tell(PLAIN, product(sku))
    before = learnt(POPULAR, "A")
    after = learnt(POPULAR, "A", "B", "C", "D", known=(product("B"), product("C", 1)))
    task.reports.follow(before, after, AT)
    assert task.reported() == ["C"]  # A is old, B told, D unknown here, X isn't recommended
    task.reports.follow(after, after.with_facts({**after.facts, "clv.total.mean": 1.0}), AT)
    assert task.reported() == []


def test_the_first_flow_that_recommends_has_all_compared() -> None:
    task = Task()
    task.tell(PLAIN, product("A"))
    task.reports.follow(learnt(PLAIN, "A"), learnt(POPULAR, "A"), AT)
    assert task.reported() == ["A"]


def test_articles_are_noted_in_the_same_order_by_every_process() -> None:
    """Their order is that of records of the changelog; that of a set depends on the hash seed."""
    skus = [f"S{number:02}" for number in range(50)]
    task = Task()
    for sku in reversed(skus):
        task.tell(PLAIN, product(sku))
    told = len(task.pending)
    task.reports.follow(learnt(POPULAR), learnt(POPULAR, *skus), AT)
    noted = [key.decode()[-3:] for key in [*task.pending][told:]]
    assert noted == skus


def test_changes_survive_a_restart() -> None:
    task = Task()
    task.tell(learnt(POPULAR, "A"), product("A"), AT)
    task.commit()
    task.open()
    assert task.reports.next_due == AT + HALF_MINUTE
    assert task.reported() == ["A"]
    task.commit()
    task.open()
    assert task.reports.next_due == FAR_FUTURE


def test_in_simulated_time_all_changes_wait_for_the_end_of_the_day() -> None:
    task = Task(RecordTime.CREATE)
    task.tell(POPULAR, product("A"))
    assert task.reports.next_due == FAR_FUTURE
    assert task.reported() == ["A"]


def test_many_articles_take_several_records(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(article_reports, "MOST_REPORTED", 2)
    task, program = Task(), learnt(POPULAR, "A", "B", "C")
    for sku in "ABC":
        task.tell(program, product(sku))
    found = task.reports.take_due(0, AT)
    assert [len(one.articles) for one in found] == [2, 1]
    assert msgspec.structs.replace(found[0], articles=[]).at == AT
