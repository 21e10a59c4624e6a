"""Gathering of messages in one call."""

from typing import Any, cast

import pytest
from confluent_kafka import Consumer

from streams.kafka.consumed_message import ENOUGH, consume


class Arrivals:
    """A consumer without a broker: each call finds what came since the last one."""

    def __init__(self, *arrivals: list[int]) -> None:
        self.arrivals = list(arrivals)
        self.polls = 0

    def consume(self, most: int, timeout: float) -> list[int]:
        assert timeout == 0
        found = self.arrivals.pop(0) if self.arrivals else []
        if len(found) > most:
            self.arrivals.insert(0, found[most:])
        return found[:most]

    def poll(self, timeout: float) -> int | None:
        self.polls += 1
        found = self.consume(1, 0)
        return found[0] if found else None


def consumed(arrivals: Arrivals, most: int, gather: float) -> list[Any]:
    return list(consume(cast(Consumer, arrivals), most, 1.0, gather))


@pytest.mark.parametrize("gather", [0.0, 1e-6])
def test_what_comes_while_it_waits_is_returned_with_what_follows(gather: float) -> None:
    consumer = Arrivals([], [1], [2, 3])
    assert consumed(consumer, 5, gather) == [1, 2, 3]


def test_nothing_is_gathered_where_nothing_came() -> None:
    consumer = Arrivals([], [], [1])
    assert consumed(consumer, 5, 3600.0) == []
    assert consumer.polls == 1


def test_few_are_joined_by_those_that_follow() -> None:
    assert consumed(Arrivals([1], [2, 3]), 5, 1e-6) == [1, 2, 3]
    assert consumed(Arrivals([1], [2, 3]), 5, 0.0) == [1]


def test_many_are_returned_at_once() -> None:
    many = list(range(ENOUGH))
    assert consumed(Arrivals(many, [1]), 5_000, 3600.0) == many


def test_no_more_than_asked_for() -> None:
    assert consumed(Arrivals([1, 2], [3]), 2, 3600.0) == [1, 2]
    assert consumed(Arrivals([], [1, 2]), 1, 3600.0) == [1]
    assert consumed(Arrivals([1], [2, 3, 4]), 3, 1e-6) == [1, 2, 3]
