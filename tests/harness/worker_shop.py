"""A shop on a broker: topics of its own, one flow that answers each order with one command, worker
processes, and what they put out."""

import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from streams.contracts.wire import decode_any
from streams.embedded.broker_process import BrokerProcess
from streams.kafka.event_producer import EventProducer
from streams.kafka.partition import partition_of
from streams.operations.publish import publish_set, read_set
from tests.harness.consumer_group import expire
from tests.harness.events import event, now
from tests.harness.eventually import eventually
from tests.harness.topics import create_all_topics, records_of, settings_for
from tests.harness.worker_process import WorkerProcess

THANKS = """\
flow: thanks
status: live
trigger: {metric: order.placed}
transactional: true
re_entry: always
steps: [{send: email, template: thanks}]
"""
STORE = "{timezone: Europe/London, currency: GBP}\n"


class Shop:
    """Topics of its own, one flow that answers each order with one command, and workers."""

    def __init__(
        self, broker: BrokerProcess, prefix: str, folder: Path, partitions: int = 4, **given: Any
    ) -> None:
        self.broker = broker
        self.settings = settings_for(
            broker, prefix, **{"partitions": partitions, "session_timeout": 6_000, **given}
        )
        self.folder = folder
        self.flows = folder / "flows"
        self.number = 0
        self.forks = True
        """Whether its workers are forked; else each is started by the command, as a user does."""
        self._stack = ExitStack()

    def __enter__(self) -> "Shop":
        self.flows.mkdir(parents=True)
        (self.flows / "thanks.yaml").write_text(THANKS)
        (self.flows / "store.yaml").write_text(STORE)
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def create_topics(self) -> None:
        """All topics."""
        create_all_topics(self.settings)

    def publish(self) -> None:
        """The flow."""
        publish_set(self.settings, read_set(self.flows), now())

    def start(self, name: str, *options: str, **variables: str) -> WorkerProcess:
        """A worker with a data directory of its own, named like it."""
        worker = WorkerProcess(
            self.settings,
            self.folder,
            name,
            options=options,
            variables={"SENDFLOW_LOG_LEVEL": "debug", **variables},
            is_forked=self.forks,
        )
        self._stack.callback(worker.end)
        return worker

    def order(self, customers: int, each: int = 1) -> None:
        """Orders of customers c0, c1, ..., each of whom can be written to."""
        with EventProducer(self.settings) as producer:
            for _ in range(each):
                for customer in range(customers):
                    self.number += 1
                    producer.produce(event("order.placed", f"c{customer}", self.number))

    def expire(self, worker: WorkerProcess) -> None:
        """The session of a worker that is paused ends."""
        expire(self.broker, self.settings.application, worker.pid)

    def outlive(self, paused_at: float) -> None:
        """Waits until the session of a worker that is paused since `paused_at` (time.monotonic) is
        over, and after it any transaction that it left open (PITFALLS 11). The embedded broker has
        neither timeout: there, `expire` is all."""
        if self.broker.kind == "embedded":
            return
        asleep = (self.settings.session_timeout + self.settings.transaction_timeout) / 1_000
        until = paused_at + asleep + 1
        eventually(lambda: time.monotonic() >= until, within=asleep + 5, every=0.2)

    def register(self, customers: int) -> None:
        """Customers c0, c1, ... with an address."""
        with EventProducer(self.settings) as producer:
            for customer in range(customers):
                producer.produce(event("customer.updated", f"c{customer}", customer))

    def commands(self) -> list[str]:
        """The orders that were thanked for, as a reader of committed records sees it."""
        values = [found.record.value for found in records_of(self.settings, "send-commands")]
        return [decode_any(value)[1]["trigger_event_id"] for value in values if value]

    def wait_for_all(self, log: Callable[[], str]) -> None:
        """Waits until every order has its command: one for each, and one only."""
        expected = sorted(f"order.placed-{n + 1}" for n in range(self.number))
        eventually(lambda: len(self.commands()) >= self.number, within=30, every=0.2, message=log)
        assert sorted(self.commands()) == expected

    def partition_of(self, customer: str) -> int:
        """The task that has a customer."""
        return partition_of(customer.encode(), self.settings.partitions)
