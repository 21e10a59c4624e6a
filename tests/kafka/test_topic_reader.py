"""Reading topics to their end, without brokers; with them: tests/broker."""

import time
from typing import Any

import pytest

from streams.errors import Refused
from streams.kafka.consumer import Batch
from streams.kafka.topic_reader import TopicReader
from streams.ports import Record
from streams.settings import Settings

SETTINGS = Settings(brokers="localhost:1", prefix="shop.", broker_timeout=50)


class Consumer:
    """Hands out one batch after the other, None: nothing, as it does at the end for ever."""

    def __init__(self, *batches: Batch | None) -> None:
        self.batches = list(batches)

    def __call__(self, options: dict[str, Any]) -> "Consumer":
        return self

    def assign(self, topic: str, partition: int, offset: int) -> None: ...
    def close(self) -> None: ...
    def fetch(self, most: int, timeout: float) -> list[Batch]:
        batch = self.batches.pop(0) if self.batches else None
        if batch is None:
            time.sleep(0.01)
            return []
        return [batch]


def test_silence_of_the_brokers_before_the_end_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    record = Record(1, 0, b"ada", b"x")
    consumer = Consumer(Batch("shop.orders", 0, [record], 1, 1), Batch("shop.orders", 1, [], 0))
    monkeypatch.setattr("streams.kafka.topic_reader.RecordConsumer", consumer)
    found = TopicReader(SETTINGS).read({("orders", 0): 0, ("orders", 1): 0})
    assert next(found).record is record
    with pytest.raises(Refused, match=r"^shop.orders\[1\]: no records for 0.05 s"):
        next(found)


def test_what_is_quiet_at_its_end_is_followed(monkeypatch: pytest.MonkeyPatch) -> None:
    later = Record(1, 0, b"ada", b"x")
    quiet = [None] * 20  # longer than the patience
    batches = Batch("shop.orders", 0, [], 0, 0), *quiet, Batch("shop.orders", 0, [later], 1)
    monkeypatch.setattr("streams.kafka.topic_reader.RecordConsumer", Consumer(*batches))
    found = TopicReader(SETTINGS).read({("orders", 0): 0}, follow=True)
    assert next(found).record is later
