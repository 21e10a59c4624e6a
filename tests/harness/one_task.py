"""One task of a worker, moved by hand: its real parts over a broker, without the group.

Also a process that dies at a point of its commit, where nobody from outside could hit it: `main`
with the name of a point takes its settings from SENDFLOW_ variables, decides all that there is, and
kills itself with -9.
"""

import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from typing import Any, NoReturn

from streams.engine import INPUTS
from streams.kafka.admin import KafkaAdmin
from streams.kafka.client_config import consumer_options
from streams.kafka.consumer import RecordConsumer
from streams.kafka.producer import TransactionalProducer
from streams.kafka.topics import topic_name
from streams.ports import CONTROL
from streams.settings import RecordTime, Settings, load_settings
from streams.store.rocks import RocksStore
from streams.task import PartitionTask
from streams.worker.kafka_task import KafkaTask
from streams.worker.opening import TaskOpener
from streams.worker.slot import Opening
from tests.harness.eventually import eventually

WITHIN = 20.0


def wall_clock() -> int:
    """Milliseconds since the epoch."""
    return time.time_ns() // 1_000_000


class OneTask:
    """The task of one partition on its data directory, as `streams/worker/opening.py` opens it;
    also a context manager. Its parts are open to tests."""

    def __init__(self, settings: Settings, partition: int = 0) -> None:
        """Opens it. Raises whatever TaskOpener does."""
        self.settings = settings
        self.partition = partition
        self.admin = KafkaAdmin(settings)
        self.admin.wait_for_broker()
        self.opened = self._open()
        self._consumer = RecordConsumer(consumer_options(settings, "records"))
        self._consumer.assign(topic_name(settings, CONTROL), 0, 0)
        for topic, offset in self.task.positions.items():
            self._consumer.assign(topic_name(settings, topic), partition, offset)
        self._reached: dict[str, int] = {}  # the last end that a fetch has come to, by topic

    def _open(self) -> KafkaTask:
        try:
            opening = Opening(self.partition, frozenset(), threading.Event())
            return TaskOpener(self.settings, self.admin)(opening)
        except BaseException:
            self.admin.close()
            raise

    @property
    def task(self) -> PartitionTask:
        return self.opened.task

    @property
    def producer(self) -> TransactionalProducer:
        return self.opened._producer

    @property
    def store(self) -> RocksStore:
        return self.opened._store

    def advance(self) -> None:
        """Decides everything that is in the topics now, and fires what is due now."""
        now = wall_clock()
        if self.task.settings.record_time is RecordTime.CREATE:
            self._cut(now)
        else:  # the clock is to pass what was appended in the very last milliseconds
            eventually(lambda: self._cut(wall_clock()) > now, WITHIN, every=0.005)

    def _cut(self, wall: int) -> int:
        """Decides what can be decided at `wall`; the stream clock after that."""
        names = {self._name(topic): topic for topic in (CONTROL, *INPUTS)}
        ends = {names[name]: end for name, end in self.admin.end_offsets(names, WITHIN).items()}
        assert len(ends) == len(names), f"only these ends were told: {ends}"
        self._feed(ends, names)
        if self.task.settings.record_time is RecordTime.APPEND:
            self.task.set_end_offsets(wall, ends)
        while self.task.run(wall, 10_000) or self._lets_in(wall, ends):
            pass
        return self.task.clock

    def _lets_in(self, wall: int, ends: dict[str, int]) -> bool:
        """In simulated time, what tasks tell each other is let in at midnight."""
        is_simulated = self.task.settings.record_time is RecordTime.CREATE
        wanted = self.task.needs_end_offsets(wall) if is_simulated else []
        if wanted:
            self.task.set_end_offsets(wall, {topic: ends[topic] for topic in wanted})
        return bool(wanted)

    def commit(self) -> int | None:
        """One transaction with all that is decided, then the store, as `worker/slot.py` does it;
        None where there is nothing to commit. Raises whatever KafkaTask.commit does."""
        wall = wall_clock()
        if self.task.commit_due(wall) is None:
            return None
        commit = self.task.prepare_commit(wall)
        offset = self.opened.commit(commit)
        self.task.committed(commit, offset)
        return offset

    def finish(self) -> None:
        """Decides and commits everything, and closes."""
        with self:
            self.advance()
            self.commit()

    def close(self) -> None:
        """Frees everything, the lock of the store too."""
        self._consumer.close()
        self.opened.close()
        self.admin.close()

    def __enter__(self) -> "OneTask":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _name(self, topic: str) -> tuple[str, int]:
        return topic_name(self.settings, topic), 0 if topic == CONTROL else self.partition

    def _feed(self, ends: dict[str, int], names: dict[tuple[str, int], str]) -> None:
        """Fetches until the inputs are fed up to `ends`, and known to end there."""

        def is_fed() -> bool:
            for batch in self._consumer.fetch(5_000, 0.1):
                topic = names[batch.topic, batch.partition]
                self.task.feed(topic, batch.records, batch.next_offset, batch.end)
                if batch.end is not None:
                    self._reached[topic] = batch.end
            return all(self._reached.get(topic, -1) >= end for topic, end in ends.items())

        eventually(is_fed, WITHIN, every=0, message=lambda: f"{self._reached}, not yet {ends}")


def die(*_: object, **__: object) -> NoReturn:
    """kill -9, in the place of a function."""
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError("still alive")


def before_commit(one: OneTask) -> None:
    """Everything is produced and on the brokers, and the transaction isn't ended."""
    one.producer._end = die  # type: ignore[method-assign]


def after_commit(one: OneTask) -> None:
    """The transaction is committed, and the store isn't written."""
    store: Any = one.store
    store.write = die


POINTS: dict[str, Callable[[OneTask], None]] = {
    "before_commit": before_commit,
    "after_commit": after_commit,
}


def main() -> None:
    """See the module."""
    dying = OneTask(load_settings(None, os.environ).settings)
    POINTS[sys.argv[1]](dying)
    dying.advance()
    dying.commit()
