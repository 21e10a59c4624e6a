"""The articles of a task: who waits, who is told in which chunk, and what is forgotten."""

from collections.abc import Iterator

import pytest

from streams.engine import Instant, Interest, Product, news_between
from streams.ports import StoreBatch
from streams.runtime import products as module
from streams.runtime.own_keys import OwnKeys
from streams.runtime.products import Products
from streams.runtime.timers import FAR_FUTURE
from streams.store.memory import MemoryStore

AT: Instant = 1_772_409_600_000
DAY = 86_400_000
LOW = 5


class Task:
    """Articles over a store, as a task has them."""

    def __init__(self) -> None:
        self.store = MemoryStore()
        self.pending: dict[bytes, bytes | None] = {}
        self.open()

    def open(self) -> None:
        """What isn't committed is lost."""
        self.pending.clear()
        own = OwnKeys(self.store, lambda: [self.pending], lambda: self.pending)
        self.products = Products(own)

    def commit(self) -> None:
        self.store.write(StoreBatch(dict(self.pending), 1, AT))
        self.pending.clear()

    def watch(self, sku: str, *customers: str, until: Instant = AT + DAY) -> None:
        for customer in customers:
            self.products.watch(Interest(sku, customer, "viewed", until, AT), AT)

    def tell(self, sku: str, now: Instant = AT) -> list[str]:
        found = list(news_between(product(sku, 2_000), product(sku, 1_000), LOW))
        return [one.customer for one in self.products.fan_out(sku, found, now)]

    def rest(self) -> Iterator[tuple[Instant, list[str]]]:
        while self.products.next_due < FAR_FUTURE:
            due = self.products.next_due
            yield due, [one.customer for one in self.products.next_chunk()]

    def keys(self, prefix: bytes) -> list[bytes]:
        self.commit()
        return [key for key, _ in self.store.own(prefix, b"", 1 << 20)]


def product(sku: str, price: int) -> Product:
    return Product(sku, f"p{price}", AT, "Lamp", None, price, "GBP", None, None, None, None)


@pytest.fixture
def task(monkeypatch: pytest.MonkeyPatch) -> Task:
    monkeypatch.setattr(module, "FAN_OUT_CHUNK", 3)
    return Task()


@pytest.mark.parametrize("committed", [True, False])
def test_news_of_an_article_go_to_its_watchers_only(task: Task, committed: bool) -> None:
    task.watch("A", "bob", "ada")
    task.watch("AB", "cyd")
    task.watch("B", "dan")
    if committed:
        task.commit()
    assert task.tell("A") == ["ada", "bob"]
    assert task.products.next_due == FAR_FUTURE


@pytest.mark.parametrize("number", [0, 1, 2, 3, 4, 6, 7])
def test_around_the_edges_of_chunks_each_watcher_gets_one_event(task: Task, number: int) -> None:
    names = "abcdefg"[:number]
    task.watch("A", *names)
    first = task.tell("A")
    told = [(AT, first), *task.rest()]
    assert "".join("".join(chunk) for _, chunk in told) == names
    assert [due - AT for due, _ in told] == list(range(len(told)))
    assert all(len(chunk) <= 3 for _, chunk in told)
    assert task.keys(b"\x00telling\x00") == []


def test_a_crash_in_the_middle_goes_on_behind_the_last_committed_chunk(task: Task) -> None:
    task.watch("A", *"abcdefgh")
    assert task.tell("A") == list("abc")
    task.commit()
    assert task.products.next_chunk()[0].customer == "d"
    task.open()
    assert [chunk for _, chunk in task.rest()] == [list("def"), list("gh")]


def test_a_watch_that_ends_between_chunks_gets_no_event(task: Task) -> None:
    task.watch("A", *"abcde")
    task.tell("A")
    task.products.watch(Interest("A", "d", None, 0, AT), AT)
    assert [chunk for _, chunk in task.rest()] == [["e"]]


def test_two_changes_of_an_article_are_both_sent(task: Task) -> None:
    task.watch("A", *"abcd")
    task.tell("A")
    task.tell("A")
    assert [chunk for _, chunk in task.rest()] == [["d"], ["d"]]


@pytest.mark.parametrize(("left", "is_told"), [(1, True), (0, False), (-1, False)])
def test_an_expired_watch_gets_no_event_and_is_deleted(
    task: Task, left: int, is_told: bool
) -> None:
    task.watch("A", "ada", until=AT + left)
    assert task.tell("A") == (["ada"] if is_told else [])
    assert len(task.keys(b"\x00watch\x00")) == is_told


def test_a_customer_waits_for_an_article_once(task: Task) -> None:
    task.watch("A", "ada", until=AT + 1)
    task.watch("A", "ada", until=AT + DAY)
    assert len(task.keys(b"\x00watch\x00")) == 1
    assert task.tell("A", AT + 1) == ["ada"]


@pytest.mark.parametrize(
    ("until", "followed_until", "ends"),
    [(AT + DAY, AT + 2 * DAY, AT + 2 * DAY), (AT + 2 * DAY, AT + DAY, AT + 2 * DAY)],
)
def test_7_6_an_entry_prolongs_a_watch_and_leaves_its_price(
    task: Task, until: Instant, followed_until: Instant, ends: Instant
) -> None:
    task.products.watch(Interest("A", "ada", "viewed", until, AT, 2_500, "GBP"), AT)
    task.products.watch(Interest("A", "ada", "followed", followed_until, AT), AT)
    changes = list(news_between(product("A", 2_000), product("A", 1_000), LOW))
    (event,) = task.products.fan_out("A", changes, ends - 1)
    assert event.interest == "viewed"
    assert event.seen is not None
    assert event.seen.price == 2_500
    assert task.tell("A", ends) == []


def test_7_6_an_entry_after_the_end_of_a_watch_begins_another(task: Task) -> None:
    task.products.watch(Interest("A", "ada", "viewed", AT + 1, AT, 2_500, "GBP"), AT)
    task.products.watch(Interest("A", "ada", "followed", AT + DAY, AT + 1), AT + 1)
    changes = list(news_between(product("A", 2_000), product("A", 1_000), LOW))
    (event,) = task.products.fan_out("A", changes, AT + 1)
    assert (event.interest, event.seen) == ("followed", None)


def test_an_interest_that_ends_where_there_is_none_writes_nothing(task: Task) -> None:
    task.products.watch(Interest("A", "ada", None, 0, AT), AT)
    assert task.pending == {}


def test_expired_watches_are_deleted_as_others_come(
    task: Task, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "SWEEP_EVERY", 2)
    monkeypatch.setattr(module, "SWEEP_BATCH", 4)
    for number in range(20):
        task.watch(f"old{number:02}", "ada", until=AT)
        task.commit()
    for number in range(20):
        task.watch(f"new{number:02}", "ada")
        task.commit()
    skus = [key[len(b"\x00watch\x00") + 2 :][:5] for key in task.keys(b"\x00watch\x00")]
    assert {sku for sku in skus if sku.startswith(b"new")} == {b"new%02d" % n for n in range(20)}
    assert not [sku for sku in skus if sku.startswith(b"old")]


def test_customer_ids_with_zero_bytes_are_distinguished(task: Task) -> None:
    task.watch("A\x00b", "c")
    task.watch("A", "b\x00c")
    assert task.tell("A") == ["b\x00c"]
    assert task.tell("A\x00b") == ["c"]
