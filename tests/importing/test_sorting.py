"""Events in order of time, in memory and through files alike."""

import random
import tempfile

import pytest

from streams.importing.encoding import EventRecord
from streams.importing.sorting import in_order_of_time


def numbered(moments):
    return [EventRecord(at, "carts", str(number), b"") for number, at in enumerate(moments)]


@pytest.mark.parametrize("run", [1, 2, 9, 10, 11, 1000])
def test_any_run_size_gives_a_stable_order(run):
    chance = random.Random(run)
    events = numbered(chance.choices(range(5), k=10))
    assert list(in_order_of_time(events, run)) == sorted(events, key=lambda e: e.occurred_at)


def test_values_survive_the_files():
    events = [EventRecord(2, "orders", "ä", b"\x00\xff"), EventRecord(1, "carts", "b", b"")]
    assert list(in_order_of_time(events, run=1)) == events[::-1]


def test_no_event_is_no_event():
    assert list(in_order_of_time([])) == []


def test_nothing_is_left_behind_when_the_reader_stops(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    ordered = in_order_of_time(numbered(range(10)), run=2)
    next(ordered)
    assert list(tmp_path.iterdir())
    ordered.close()
    assert not list(tmp_path.iterdir())
