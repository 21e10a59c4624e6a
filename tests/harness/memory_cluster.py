"""Brokers in memory, for the tasks of one worker: logs, transactions, fencing. What is blocked or
broken is up to the test."""

import asyncio
import json
import threading
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

import msgspec

from streams.contracts.control import DefinitionsRecord, encode_definitions
from streams.contracts.decode import EventDecoder
from streams.contracts.encode import EffectEncoder
from streams.contracts.registry import SchemaRegistry
from streams.contracts.wire import SINGLE_OBJECT_HEADER, confluent_header, decode_any
from streams.errors import Fenced
from streams.kafka.consumer import Batch
from streams.kafka.partition import partition_of
from streams.ports import (
    CHANGELOG,
    CONTROL,
    OutputRecord,
    PartitionId,
    Ports,
    Record,
    StoreBatch,
    TaskSettings,
)
from streams.programs import SEMANTICS, Programs
from streams.runtime.commit import Commit
from streams.store.memory import MemoryStore
from streams.task import PartitionTask
from streams.worker.fetching import FetchThread
from streams.worker.slot import Opening
from streams.worker.tasks import TaskPorts, Tasks, TasksOptions
from tests.harness.events import event

THANKS: dict[str, Any] = {
    "flow": "thanks",
    "status": "live",
    "transactional": "true",
    "trigger": {"metric": "order.placed"},
    "re_entry": "always",
    "steps": [{"send": "email", "template": "thanks"}],
}


class MemoryCluster:
    """Inputs, changelogs and outputs of a few partitions."""

    def __init__(self, partitions: int = 2) -> None:
        self.partitions = partitions
        self.logs: dict[PartitionId, list[Record]] = {}
        self.changelogs: dict[int, list[tuple[bytes, bytes | None]]] = {}
        self.output: list[OutputRecord] = []
        self.owners: dict[int, object] = {}
        self.opened: list[int] = []
        self.closed: list[int] = []
        self.on_open: Callable[[Opening], None] = lambda opening: None
        self.on_commit: Callable[[int], None] = lambda partition: None
        self.on_committed: Callable[[int], None] = lambda partition: None
        self.registry: SchemaRegistry | None = None
        self.programs = Programs()
        self.number = 0
        self._append(CONTROL, 0, b"definitions", _definitions())

    def order(self, customer: str) -> None:
        """An order of now."""
        self.number += 1
        self._add(event("order.placed", customer, self.number))

    def order_in_confluent_form(self, customer: str, schema_id: int) -> None:
        """An order of now, with the id of its schema in a registry."""
        self.number += 1
        order = event("order.placed", customer, self.number)
        assert order.value is not None
        order.value = confluent_header(schema_id) + order.value[SINGLE_OBJECT_HEADER:]
        self._add(order)

    def publish(self) -> None:
        """The same definitions as a set of another version."""
        self._append(CONTROL, 0, b"definitions", _definitions("v2"))

    def register(self, *customers: str) -> None:
        """Customers who can be written to."""
        for customer in customers:
            self._add(event("customer.updated", customer, 0))

    def thanked(self) -> list[str]:
        """The customers of all commands, in order."""
        return [
            decode_any(record.value or b"")[1]["customer_id"]
            for record in self.output
            if record.topic == "send-commands"
        ]

    def dead_letters(self) -> int:
        return sum(record.topic == "dead-letters" for record in self.output)

    def partition_of(self, key: bytes) -> int:
        return partition_of(key, self.partitions)

    def customer_of(self, partition: int) -> str:
        """Some customer of a task."""
        return next(
            customer
            for customer in (f"c{number}" for number in range(1_000))
            if self.partition_of(customer.encode()) == partition
        )

    def ends(self, keys: list[PartitionId]) -> dict[PartitionId, int]:
        return {key: len(self.logs.get(key, [])) for key in keys}

    def open(self, opening: Opening) -> "MemoryTask":
        """See slot.Opener."""
        self.on_open(opening)
        partition = opening.partition
        self.opened.append(partition)
        store = MemoryStore()
        changelog = self.changelogs.setdefault(partition, [])
        store.write(StoreBatch(dict(changelog), len(changelog), 0))
        decoder = EventDecoder(registry=self.registry)
        ports = Ports(store, decoder, EffectEncoder(), self.programs)
        settings = TaskSettings(clock_skew=0, commit_interval=20)
        task = PartitionTask(partition, ports, settings, opening.poisoned)
        opened = MemoryTask(self, task, store)
        self.owners[partition] = opened
        return opened

    def _add(self, record: OutputRecord) -> None:
        assert record.key is not None
        self._append(record.topic, self.partition_of(record.key), record.key, record.value)

    def _append(self, topic: str, partition: int, key: bytes, value: bytes | None) -> None:
        log = self.logs.setdefault((topic, partition), [])
        log.append(Record(time.time_ns() // 1_000_000, len(log), key, value))


class MemoryTask:
    """slot.OpenTask."""

    def __init__(self, cluster: MemoryCluster, task: PartitionTask, store: MemoryStore) -> None:
        self.task = task
        self._cluster = cluster
        self._store = store

    def commit(self, commit: Commit) -> int:
        cluster, partition = self._cluster, self.task.partition
        cluster.on_commit(partition)
        if cluster.owners[partition] is not self:
            raise Fenced("fenced: another worker owns this task")
        changelog = cluster.changelogs[partition]
        for record in commit.records:
            if record.topic == CHANGELOG:
                assert record.key is not None
                changelog.append((record.key, record.value))
            else:
                cluster.output.append(record)
        cluster.on_committed(partition)
        batch = msgspec.structs.replace(commit.batch, changelog_offset=len(changelog))
        self._store.write(batch)
        return len(changelog)

    def close(self) -> None:
        self._cluster.closed.append(self.task.partition)


class MemoryConsumer:
    """kafka.consumer.RecordConsumer on the logs of a cluster."""

    def __init__(self, cluster: MemoryCluster) -> None:
        self.cluster = cluster
        self.next: dict[PartitionId, int] = {}
        self.paused: set[PartitionId] = set()

    def assign(self, topic: str, partition: int, offset: int) -> None:
        assert (topic, partition) not in self.next, "assigned twice"
        self.next[topic, partition] = offset

    def unassign(self, topic: str, partition: int) -> None:
        del self.next[topic, partition]

    def seek(self, topic: str, partition: int, offset: int) -> None:
        self.next[topic, partition] = offset

    def pause(self, topic: str, partition: int) -> None:
        self.paused.add((topic, partition))

    def resume(self, topic: str, partition: int) -> None:
        self.paused.discard((topic, partition))

    def fetch(self, max_records: int, timeout: float) -> list[Batch]:
        batches = []
        for (topic, partition), offset in self.next.items():
            if (topic, partition) in self.paused:
                continue
            log = self.cluster.logs.get((topic, partition), [])
            if records := log[offset : offset + max_records]:
                end = offset + len(records)
                batches.append(
                    Batch(topic, partition, records, end, end if end == len(log) else None)
                )
                self.next[topic, partition] = end
        if not batches:
            time.sleep(min(timeout, 0.005))
        return batches

    def close(self) -> None:
        self.next.clear()


class MemoryWorker:
    """The tasks of one worker, and somebody who feeds them."""

    def __init__(self, cluster: MemoryCluster, **options: Any) -> None:
        self.cluster = cluster
        self.consumer = MemoryConsumer(cluster)
        self.records = FetchThread(lambda: self.consumer, "")  # type: ignore[arg-type, return-value]
        self.positions: dict[PartitionId, int] = {}
        ports = TaskPorts(
            opener=cluster.open,
            records=self.records,
            read_end_offsets=cluster.ends,
            partition_of=cluster.partition_of,
            write_positions=self._write_positions,
            read_control=cluster.programs.read,
        )
        given = {"reopen_delay": 0.01, "reopen_after_fenced": 0.05, **options}
        self.tasks = Tasks(ports, TasksOptions(**given))
        self.feeds = True

    async def start(self) -> None:
        await self.records.start()
        await self.tasks.start()

    async def stop(self) -> None:
        await self.tasks.stop(5.0)
        await self.records.close()

    async def feed(self) -> None:
        """Plays Faust until cancelled."""
        while True:
            for fetched in await self.records.fetch(1_000, 0.01):
                if fetched.batch.topic == CONTROL:
                    self.tasks.feed_control(fetched)
                elif self.feeds:
                    self.tasks.feed(fetched)
            await asyncio.sleep(0)

    async def _write_positions(self, positions: Any) -> None:
        self.positions.update(positions)


@asynccontextmanager
async def worker_on(cluster: MemoryCluster, **options: Any) -> AsyncIterator[MemoryWorker]:
    """A worker that was assigned nothing yet."""
    worker = MemoryWorker(cluster, **options)
    await worker.start()
    feeder = asyncio.create_task(worker.feed())
    try:
        yield worker
    finally:
        feeder.cancel()
        with suppress(asyncio.CancelledError):
            await feeder
        await worker.stop()


async def until(condition: Callable[[], Any], within: float = 10.0) -> None:
    """Waits until the condition holds."""
    deadline = time.monotonic() + within
    while not condition():
        assert time.monotonic() < deadline, "the condition doesn't hold in time"
        await asyncio.sleep(0.005)


class Gate:
    """Holds whoever goes through, in a thread, until it's opened."""

    def __init__(self) -> None:
        self.waiting = threading.Event()
        self._open = threading.Event()

    def pass_(self) -> None:
        self.waiting.set()
        assert self._open.wait(20), "nobody opened the gate"

    def open(self) -> None:
        self._open.set()


def _definitions(version: str = "v1") -> bytes:
    definitions = {"flows": [THANKS], "store": {"timezone": "UTC", "currency": "GBP"}}
    record = DefinitionsRecord(1, version, SEMANTICS[-1], "test", json.dumps(definitions), {})
    return encode_definitions(record)
