"""Renewal of an idle store on closing."""

import pytest

from streams.ports import StoreBatch
from streams.store.memory import MemoryStore
from streams.worker.renewal import Renewal

DAY = 86_400_000
HOUR = 3_600_000
NOW = 1_772_452_800_000


def store_of(offset: int, written_at: int) -> MemoryStore:
    store = MemoryStore()
    store.write(StoreBatch({b"\x00position": b"p"}, offset, written_at))
    return store


def renewal(end: int) -> Renewal:
    return Renewal(DAY, lambda: end, lambda: NOW)


@pytest.mark.parametrize("end", [10, 11])  # after a restore; after a commit, with its marker
def test_a_quiet_store_that_lacks_nothing_is_as_new_as_now(end: int) -> None:
    store = store_of(10, NOW - 30 * DAY)
    assert renewal(end).renew(store)
    assert (store.changelog_offset(), store.written_at()) == (10, NOW)
    assert store.get(b"\x00position") == b"p"


@pytest.mark.parametrize("end", [12, 13, 500])
def test_a_store_that_lacks_what_a_later_owner_committed_keeps_its_age(end: int) -> None:
    store = store_of(10, NOW - 30 * DAY)
    assert not renewal(end).renew(store)
    assert store.written_at() == NOW - 30 * DAY


@pytest.mark.parametrize(
    ("age", "is_renewed"), [(HOUR - 1, False), (HOUR, False), (HOUR + 1, True)]
)
def test_no_request_for_a_store_that_was_just_written(age: int, is_renewed: bool) -> None:
    asked = []

    def read_end() -> int:
        asked.append(age)
        return 10

    store = store_of(10, NOW - age)
    assert Renewal(DAY, read_end, lambda: NOW).renew(store) is is_renewed
    assert bool(asked) is is_renewed


def test_a_broker_that_does_not_answer_leaves_the_store_as_it_is() -> None:
    def read_end() -> int:
        raise RuntimeError("the client is closed")

    store = store_of(10, NOW - 30 * DAY)
    assert not Renewal(DAY, read_end, lambda: NOW).renew(store)
    assert store.written_at() == NOW - 30 * DAY


def test_a_commit_during_the_request_for_the_end_is_not_covered() -> None:
    """The time is that before the question."""
    times = iter([NOW, NOW + HOUR])
    store = store_of(10, NOW - 30 * DAY)
    assert Renewal(DAY, lambda: 10, lambda: next(times)).renew(store)
    assert store.written_at() == NOW


def test_a_new_store_has_nothing_to_renew() -> None:
    assert not renewal(0).renew(MemoryStore())
