"""A part of the shop's year through real worker processes, which are started, killed and stopped on
the way; and everything that comes out of it, to be compared with another run."""

import functools
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import msgspec

from streams.demo.run import one_customer_in
from streams.demo.shop import build_shop_year
from streams.demo.workers import Worker, WorkerObserver, wait_until_decided
from streams.embedded.broker_process import BrokerProcess
from streams.engine import Instant
from streams.importing.encoding import EventRecord, event_record
from streams.importing.writing import PastWriter
from streams.kafka.admin import KafkaAdmin
from streams.kafka.event_producer import EventProducer
from streams.kafka.topic_reader import TopicReader
from streams.operations.publish import publish_set, read_set
from streams.ports import CHANGELOG
from streams.resources import example_flows_dir
from streams.settings import RecordTime, Settings
from tests.eventually import eventually

PARTITIONS = 4
DAY: Instant = 24 * 3_600_000


MONTHS = 150 * DAY
"""Of the year: longer than any flow waits for a silence (three months); each day takes its time."""


@functools.cache
def every_10th_customer() -> list[EventRecord]:
    """The events of one customer in ten in the first five months, in order of time: all flows."""
    events = one_customer_in(10, build_shop_year()).events
    until = events[0]["occurred_at"] + MONTHS
    return [event_record(event) for event in events if event["occurred_at"] < until]


class Outputs(msgspec.Struct):
    """View of a reader of committed records: values by partition, in their order, and the last
    state of every customer."""

    commands: dict[int, list[bytes]]
    decisions: dict[int, list[bytes]]
    states: dict[bytes, bytes | None]
    dead_letters: int

    def number_of_commands(self) -> int:
        return sum(map(len, self.commands.values()))


class ShopRun:
    """Topics of its own on a broker, workers, and an import that stops where it is told."""

    def __init__(self, broker: BrokerProcess, prefix: str, folder: Path) -> None:
        self.settings = Settings(
            brokers=broker.bootstrap,
            application=prefix.rstrip("."),
            prefix=prefix,
            partitions=PARTITIONS,
            record_time=RecordTime.CREATE,
            session_timeout=6_000,
            commit_interval=50,
            commit_events=500,  # many transactions: many moments at which one may be cut off
        )
        self.events = every_10th_customer()
        self.until = self.events[-1].occurred_at + 30 * DAY
        self._folder = folder
        self._workers: list[Worker] = []
        self._written = 0
        self._stack = ExitStack()

    def __enter__(self) -> "ShopRun":
        self._folder.mkdir(parents=True)
        admin = KafkaAdmin(self.settings)
        admin.create_topics()
        admin.close()
        flows, now = read_set(example_flows_dir()), time.time_ns() // 1_000_000
        publish_set(self.settings, flows, now, coupon_key="test")  # two runs make the same codes
        producer = self._stack.enter_context(EventProducer(self.settings))
        self._writer = PastWriter(producer.produce, PARTITIONS)
        self._flush = producer.flush
        return self

    def __exit__(self, *_: object) -> None:
        for worker in self._workers:
            if worker.is_running():
                worker.kill()
        self._stack.close()

    def start(self, name: str) -> Worker:
        """Starts a worker; one of the same name goes on with the same data directory."""
        worker = Worker(self.settings, self._folder, name)
        self._workers.append(worker)
        return worker

    def write(self, share: float) -> None:
        """Writes events until `share` of them are written, at 1.0 the end of time as well."""
        end = round(share * len(self.events))
        for event in self.events[self._written : end]:
            self._writer.write(event)
        self._written = end
        if share == 1.0:
            self._writer.end(self.until)
        self._flush()

    def time_at(self, share: float) -> Instant:
        """The simulated time at which `share` of the events have happened."""
        return self.events[round(share * len(self.events)) - 1].occurred_at

    def wait_for(self, share: float, *workers: Worker) -> None:
        """Waits until one of the tasks of these workers has come so far."""
        at = self.time_at(share)

        def has_come() -> bool:
            for worker in workers:
                assert worker.is_running(), worker.log_tail()
            tasks = (task for worker in workers for task in worker.tasks())
            return any(task.clock is not None and task.clock >= at for task in tasks)

        eventually(has_come, within=60, every=0.02, message=f"no task came to {share:.0%}")

    def wait_for_tasks(self, worker: Worker, number: int) -> None:
        """Waits until so many tasks run on a worker."""

        def run() -> bool:
            assert worker.is_running(), worker.log_tail()
            return sum(task.state in ("running", "committing") for task in worker.tasks()) == number

        eventually(run, within=60, message=lambda: f"{worker.name}: {worker.tasks()}")

    def finish(self, *workers: Worker) -> Outputs:
        """Waits until all is decided, stops these workers cleanly, and reads what came out."""
        observer = WorkerObserver(_nothing_to_show, _no_worker_ends_by_itself)
        wait_until_decided(list(workers), PARTITIONS, self.until, observer, silence=60)
        for worker in workers:
            worker.request_stop()
        for worker in workers:
            status = worker.wait_for_end()
            assert status == 0, f"{worker.name} ended with {status}:\n{worker.log_tail()}"
        return self._outputs()

    def _outputs(self) -> Outputs:
        with TopicReader(self.settings, "test") as reader:
            outputs = Outputs({}, {}, {}, 0)
            for topic, found in _records(reader, "send-commands", "flow-decisions"):
                by_partition = outputs.commands if topic == "send-commands" else outputs.decisions
                partition, value = found
                by_partition.setdefault(partition, []).append(value)
            for found_state in reader.read(reader.starts(reader.partition_ids(CHANGELOG))):
                key = found_state.record.key
                if key is not None and not key.startswith(b"\x00"):
                    outputs.states[key] = found_state.record.value
            letters = reader.read(reader.starts(reader.partition_ids("dead-letters")))
            outputs.dead_letters = sum(1 for _ in letters)
        return outputs


def _nothing_to_show(clock: Instant) -> None:
    pass


def _no_worker_ends_by_itself(worker: Worker) -> None:
    raise worker.failure()


def _records(reader: TopicReader, *topics: str) -> Iterator[tuple[str, tuple[int, bytes]]]:
    for topic in topics:
        for found in reader.read(reader.starts(reader.partition_ids(topic))):
            assert found.record.value is not None
            yield topic, (found.partition, found.record.value)
