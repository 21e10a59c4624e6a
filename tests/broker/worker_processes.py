"""Worker processes for tests: started, asked, stopped and killed; and what they put out."""

import json
import signal
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from streams.contracts.encode import encode_event
from streams.contracts.wire import decode_any
from streams.demo.workers import environment
from streams.embedded.broker_process import HOST, BrokerProcess, free_port
from streams.embedded.child_process import ChildProcess
from streams.kafka.admin import KafkaAdmin
from streams.kafka.event_producer import EventProducer
from streams.kafka.partition import partition_of
from streams.kafka.topic_reader import TopicReader
from streams.operations.publish import publish_set, read_set
from streams.ports import OutputRecord
from streams.settings import Settings
from tests.broker.group import expire
from tests.eventually import eventually

COMMAND = (sys.executable, "-m", "streams.cli.main", "worker")
READY_WITHIN = 30.0
STOPPED_WITHIN = 10.0  # what the issue allows

THANKS = """\
flow: thanks
status: live
trigger: {metric: order.placed}
transactional: true
re_entry: always
steps: [{send: email, template: thanks}]
"""
STORE = "{timezone: Europe/London, currency: GBP}\n"


def now() -> int:
    """Milliseconds since the epoch."""
    return time.time_ns() // 1_000_000


class Process:
    """One worker process."""

    def __init__(self, process: ChildProcess, port: int) -> None:
        self.port = port
        self.process = process

    def ask(self, path: str) -> tuple[int, Any]:
        """Status and content of an answer; 0 while there is none."""
        try:
            with urllib.request.urlopen(f"http://{HOST}:{self.port}{path}", timeout=5) as answer:
                text = answer.read().decode()
                is_json = answer.headers.get_content_type() == "application/json"
                return answer.status, json.loads(text) if is_json else text
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()
        except OSError:
            return 0, None

    def running(self) -> set[int]:
        """The numbers of the tasks that run here."""
        status, answer = self.ask("/status")
        if status != 200:
            return set()
        return {
            task["partition"]
            for task in answer["tasks"]
            if task["state"] in ("running", "committing")
        }

    def wait_for(self, tasks: int, definitions: bool = True) -> set[int]:
        """Waits until so many tasks run here, with definitions in force; their numbers."""

        def they_run() -> bool:
            assert self.process.is_running(), self.log()
            if len(self.running()) != tasks:
                return False
            return not definitions or not tasks or self.ask("/status")[1]["definitions"] != "none"

        eventually(they_run, within=READY_WITHIN, message=self.log)
        return self.running()

    def stop(self) -> int:
        """SIGTERM; the exit status. Fails where it takes too long."""
        self.process.signal(signal.SIGTERM)
        return self.wait()

    def wait(self) -> int:
        """The exit status. Fails where it takes too long."""
        try:
            return self.process.wait(STOPPED_WITHIN)
        except TimeoutError:
            raise AssertionError(
                f"still running after {STOPPED_WITHIN:g} s: {self.log()}"
            ) from None

    def kill(self) -> None:
        """SIGKILL."""
        self.process.kill()

    def log(self) -> str:
        """The end of what it printed."""
        return self.process.log_tail(40)


class Shop:
    """Topics of its own, one flow that answers each order with one command, and workers."""

    def __init__(
        self, broker: BrokerProcess, prefix: str, folder: Path, partitions: int = 4, **given: Any
    ) -> None:
        self.broker = broker
        self.settings = Settings(
            brokers=broker.bootstrap,
            application=prefix.rstrip("."),
            prefix=prefix,
            partitions=partitions,
            **{"session_timeout": 6_000, **given},
        )
        self.folder = folder
        self.flows = folder / "flows"
        self.number = 0
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
        admin = KafkaAdmin(self.settings)
        admin.create_topics()
        admin.close()

    def publish(self) -> None:
        """The flow."""
        publish_set(self.settings, read_set(self.flows), now())

    def start(self, name: str, *options: str, **variables: str) -> Process:
        """A worker with a data directory of its own, named like it."""
        port = free_port()
        settings = {
            **environment(self.settings, self.folder / name, port),
            "SENDFLOW_LOG_LEVEL": "debug",
            **variables,
        }
        process = ChildProcess(
            (*COMMAND, *options), self.folder / f"{name}.log", settings, self.folder
        )

        def end() -> None:
            if process.is_running():
                process.kill()

        self._stack.callback(end)
        return Process(process, port)

    def order(self, customers: int, each: int = 1) -> None:
        """Orders of customers c0, c1, ..., each of whom can be written to."""
        with EventProducer(self.settings) as producer:
            for _ in range(each):
                for customer in range(customers):
                    self.number += 1
                    producer.produce(event("order.placed", f"c{customer}", self.number))

    def expire(self, worker: Process) -> None:
        """The session of a worker that is paused ends."""
        expire(self.broker, self.settings.application, worker.process.pid)

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
        with TopicReader(self.settings) as reader:
            starts = reader.starts(reader.partition_ids("send-commands"))
            values = [found.record.value for found in reader.read(starts)]
        return [decode_any(value)[1]["trigger_event_id"] for value in values if value]

    def wait_for_all(self, log: Callable[[], str]) -> None:
        """Waits until every order has its command: one for each, and one only."""
        expected = sorted(f"order.placed-{n + 1}" for n in range(self.number))
        eventually(lambda: len(self.commands()) >= self.number, within=30, every=0.2, message=log)
        assert sorted(self.commands()) == expected

    def partition_of(self, customer: str) -> int:
        """The task that has a customer."""
        return partition_of(customer.encode(), self.settings.partitions)


def event(metric: str, customer: str, number: int) -> OutputRecord:
    """One event of now."""
    fields: dict[str, Any] = {
        "event_id": f"{metric}-{number}",
        "customer_id": customer,
        "occurred_at": now(),
    }
    if metric == "order.placed":
        item = {"sku": "A1", "quantity": 1, "unit_price": 1_250}
        fields |= {"order_id": f"o{number}", "total": 1_250, "currency": "GBP", "items": [item]}
        topic = "orders"
    else:
        fields["set"] = {"email": f"{customer}@example.com", "consent": ["email"]}
        topic = "customers"
    return OutputRecord(topic, customer.encode(), encode_event(metric, fields))
