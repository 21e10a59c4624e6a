"""A part of the shop's year through real worker processes, which are started, killed and stopped on
the way; and everything that comes out of it, to be compared with another run."""

import functools
import time
from contextlib import ExitStack
from pathlib import Path

import msgspec

from streams.demo.shop import build_shop_year
from streams.demo.workers import Worker, WorkerObserver, wait_until_decided
from streams.embedded.broker_process import BrokerProcess
from streams.engine import Instant
from streams.importing.encoding import EventRecord, event_record
from streams.importing.writing import PastWriter
from streams.kafka.event_producer import EventProducer
from streams.operations.publish import publish_set, read_set
from streams.ports import CHANGELOG
from streams.resources import example_flows_dir
from streams.settings import RecordTime
from tests.harness.eventually import eventually
from tests.harness.topics import create_all_topics, records_of, settings_for
from tests.harness.worker_process import WorkerProcess

PARTITIONS = 4
DAY: Instant = 24 * 3_600_000


MONTHS = 150 * DAY
"""Of the year: longer than any flow waits for a silence (three months); each day takes its time."""


@functools.cache
def every_10th_customer() -> list[EventRecord]:
    """The events of one customer in ten in the first five months, in order of time: all flows."""
    events = build_shop_year(one_in=10).events
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


class YearRun:
    """Topics of its own on a broker, workers, and an import that stops where it is told."""

    def __init__(self, broker: BrokerProcess, prefix: str, folder: Path) -> None:
        self.settings = settings_for(
            broker,
            prefix,
            partitions=PARTITIONS,
            record_time=RecordTime.CREATE,
            session_timeout=6_000,
            commit_interval=50,
            commit_events=500,  # many transactions: many moments at which one may be cut off
        )
        self.events = every_10th_customer()
        self.until = self.events[-1].occurred_at + 30 * DAY
        self._folder = folder
        self._workers: list[WorkerProcess] = []
        self._written = 0
        self._stack = ExitStack()

    def __enter__(self) -> "YearRun":
        self._folder.mkdir(parents=True)
        create_all_topics(self.settings)
        flows, now = read_set(example_flows_dir()), time.time_ns() // 1_000_000
        publish_set(self.settings, flows, now, coupon_key="test")  # two runs make the same codes
        producer = self._stack.enter_context(EventProducer(self.settings))
        self._writer = PastWriter(producer.produce, PARTITIONS)
        self._flush = producer.flush
        return self

    def __exit__(self, *_: object) -> None:
        for worker in self._workers:
            worker.end()
        self._stack.close()

    def start(self, name: str) -> WorkerProcess:
        """Starts a worker; one of the same name goes on with the same data directory."""
        worker = WorkerProcess(self.settings, self._folder, name)
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

    def wait_for(self, share: float, *workers: WorkerProcess) -> None:
        """Waits until one of the tasks of these workers has come so far."""
        at = self.time_at(share)

        def has_come() -> bool:
            for worker in workers:
                assert worker.is_running(), worker.log_tail()
            tasks = (task for worker in workers for task in worker.tasks())
            return any(task.clock is not None and task.clock >= at for task in tasks)

        eventually(has_come, within=60, every=0.02, message=f"no task came to {share:.0%}")

    def wait_for_tasks(self, worker: WorkerProcess, number: int) -> None:
        """Waits until so many tasks run on a worker."""

        def run() -> bool:
            assert worker.is_running(), worker.log_tail()
            return sum(task.state in ("running", "committing") for task in worker.tasks()) == number

        eventually(run, within=60, message=lambda: f"{worker.name}: {worker.tasks()}")

    def finish(self, *workers: WorkerProcess) -> Outputs:
        """Waits until all is decided, stops these workers cleanly, and reads what came out."""
        observer = WorkerObserver(_nothing_to_show, _no_worker_ends_by_itself)
        wait_until_decided(list(workers), PARTITIONS, self.until, observer)
        for worker in workers:
            worker.request_stop()
        for worker in workers:
            status = worker.wait_for_end()
            assert status == 0, f"{worker.name} ended with {status}:\n{worker.log_tail()}"
        return self._outputs()

    def _outputs(self) -> Outputs:
        states = {
            found.record.key: found.record.value
            for found in records_of(self.settings, CHANGELOG)
            if found.record.key is not None and not found.record.key.startswith(b"\x00")
        }
        return Outputs(
            commands=self._by_partition("send-commands"),
            decisions=self._by_partition("flow-decisions"),
            states=states,
            dead_letters=len(records_of(self.settings, "dead-letters")),
        )

    def _by_partition(self, topic: str) -> dict[int, list[bytes]]:
        values: dict[int, list[bytes]] = {}
        for found in records_of(self.settings, topic):
            assert found.record.value is not None
            values.setdefault(found.partition, []).append(found.record.value)
        return values


def _nothing_to_show(clock: Instant) -> None:
    pass


def _no_worker_ends_by_itself(worker: Worker) -> None:
    raise worker.failure()
