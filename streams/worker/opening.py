"""Opening of a task: the blocking part, in the order required for safety (DESIGN 4.1).

1. producer    fences the older owner and ends its open transaction
2. store       takes the directory's lock; handles a store too old, corrupt or foreign
3. changelog   restores its tail into the store, to its end, which is final now
4. task        runs on a store that holds all committed data, and nothing else
"""

import contextlib
import logging
import time
from collections.abc import Callable
from pathlib import Path

from streams.contracts.decode import EventDecoder
from streams.contracts.encode import EffectEncoder
from streams.contracts.meaning import Door
from streams.contracts.registry import RegistryUnreachable, SchemaRegistry, registry_in
from streams.errors import Refused
from streams.kafka.admin import KafkaAdmin
from streams.kafka.changelog import ChangelogReader
from streams.kafka.client_config import consumer_options, producer_options
from streams.kafka.partition import KeyCheck
from streams.kafka.producer import ANY, Route, TransactionalProducer
from streams.kafka.topics import TOPICS, PartitionCount, topic_name
from streams.ports import CHANGELOG, Ports, StoreBatch, TaskSettings
from streams.programs import Programs
from streams.runtime.commit import never_read
from streams.settings import Settings
from streams.store.rocks import RocksStore, StoreMemory, open_store, quarantine
from streams.task import PartitionTask
from streams.worker.clock import wall_clock
from streams.worker.kafka_task import KafkaTask
from streams.worker.renewal import Renewal
from streams.worker.slot import Opening

logger = logging.getLogger(__name__)

FENCE_WITHIN = 15.0
"""Seconds for the brokers to end the older owner's transaction, before a retry."""
LOCK_WITHIN = 10.0
"""Seconds for the lock of a store, and in addition the longest transaction: another process of this
host may hold it until its last one has ended."""
RENEW_WITHIN = 2.0
REPORT_EVERY = 5.0
REGISTRY_AGAIN_AFTER = 1.0
SCHEMAS = "schemas"
"""In data_dir: the cache of the schema registry. (A store's folder ends in a number.)"""


class TaskOpener:
    """Opens tasks; holds what they share: block cache, programs, schemas. Thread safe."""

    def __init__(
        self,
        settings: Settings,
        admin: KafkaAdmin,
        is_stopped: Callable[[], bool] = lambda: False,
    ) -> None:
        """Blocks until a configured schema registry has answered. Raises Refused after
        `broker_timeout`, when stopped, or where the registry rejects a request."""
        self._settings = settings
        self._admin = admin
        self._registry = registry_in(settings, settings.data_dir / SCHEMAS)
        self._encoder = encoder_with(self._registry, settings.broker_timeout / 1000, is_stopped)
        self._programs = Programs()
        self.read_control = self._programs.read
        """Reads a record of `control` for all tasks: compiles definitions."""
        self._memory = StoreMemory(settings.store_memory)
        self._task_settings = task_settings(settings)
        self._delete_retention = admin.delete_retention()
        self._patience = settings.broker_timeout / 1000

    def __call__(self, opening: Opening) -> KafkaTask:
        """Opens one task. Raises Refused, Fenced, OutcomeUnknown, StoreUnusable, Stopped."""
        settings, number = self._settings, opening.partition
        options = producer_options(settings, f"{settings.application}-{number}")
        producer = TransactionalProducer(options, routes(settings, number), CHANGELOG)
        with contextlib.ExitStack() as undo:
            undo.callback(producer.close)
            producer.open(FENCE_WITHIN)
            store = self._open_store(opening)
            undo.callback(store.close)
            self._restore(store, opening)
            task = self._task(store, opening)
            undo.pop_all()
        renewal = Renewal(self._delete_retention, lambda: self._changelog_end(number), wall_clock)
        return KafkaTask(task, producer, store, settings.transaction_timeout / 1000, renewal)

    def _changelog_end(self, partition: int) -> int:
        topic = topic_name(self._settings, CHANGELOG)
        return self._admin.bounds(topic, partition, RENEW_WITHIN)[1]

    def _task(self, store: RocksStore, opening: Opening) -> PartitionTask:
        # The fields to decode depend on the task's program, which changes while it runs.
        decoder = EventDecoder(
            lambda metric: task.program.fields_read(metric),
            registry=self._registry,
            custom_metric=lambda name: task.program.custom_metric(name),
            door=Door(
                frozenset(self._settings.placeholder_ids),
                lambda name: task.program.profile_field(name),
            ),
            misplaced=KeyCheck(opening.partition, self._settings.partitions).misplaced,
        )
        ports = Ports(store, decoder, self._encoder, self._programs)
        number = opening.partition
        beginnings = {
            topic: self._admin.bounds(topic_name(self._settings, topic), number, self._patience)[0]
            for topic in never_read(store, number)
        }
        task = PartitionTask(number, ports, self._task_settings, opening.poisoned, beginnings)
        return task

    # ── The store ─────────────────────────────────────────────────────────────────────────────

    def _open_store(self, opening: Opening) -> RocksStore:
        directory = self._directory(opening.partition)
        if opening.is_store_unusable and directory.exists():
            quarantine(directory)
        lock_within = LOCK_WITHIN + self._settings.transaction_timeout / 1000
        store = open_store(
            directory, self._memory, lock_within, is_stopped=opening.cancelled.is_set
        )
        try:
            self._clear_if_too_old(store, opening.partition)
        except BaseException:
            store.close()
            raise
        return store

    def _directory(self, partition: int) -> Path:
        return self._settings.data_dir / f"{self._settings.application}-{partition}"

    def _clear_if_too_old(self, store: RocksStore, partition: int) -> None:
        """A store that missed tombstones would bring erased customers back (PITFALLS 42)."""
        written_at = store.written_at()
        if written_at is None or wall_clock() - written_at <= self._delete_retention:
            return
        logger.warning(
            "task %d: store is %d h old, past delete.retention.ms of the changelog; rebuilding",
            partition,
            (wall_clock() - written_at) // 3_600_000,
        )
        store.clear()

    def _restore(self, store: RocksStore, opening: Opening) -> None:
        start = store.changelog_offset()
        topic = topic_name(self._settings, CHANGELOG)
        if start is not None:
            first, end = self._admin.bounds(topic, opening.partition, self._patience)
            if start > end:
                raise Refused(
                    f"{topic}[{opening.partition}] ends at offset {end}, but "
                    f"{self._directory(opening.partition)} is at {start}: the topic was recreated "
                    "or truncated; restore the topic, or delete the directory"
                )
            if start < first:
                store.clear()
                start = None
        reader = ChangelogReader(
            consumer_options(self._settings, f"restore-{opening.partition}"),
            self._admin,
            topic,
            opening.partition,
            self._patience,
        )
        began = reported = time.monotonic()
        records = 0
        # Before the end, tombstones may be missing: half a restore keeps the age of its start
        # (PITFALLS 42).
        seen_at = store.written_at() or wall_clock()
        for chunk in reader.read(start, opening.cancelled.is_set):
            if chunk.next_offset >= chunk.end:
                seen_at = wall_clock()
            store.write(StoreBatch(chunk.changes, chunk.next_offset, seen_at))
            records += chunk.records
            now = time.monotonic()
            if now - reported > REPORT_EVERY:
                reported = now
                logger.info(
                    "task %d: restoring: changelog offset %d of %d",
                    opening.partition,
                    chunk.next_offset,
                    chunk.end,
                )
        if records:
            seconds = time.monotonic() - began
            logger.info(
                "task %d: restored %d records in %.1f s", opening.partition, records, seconds
            )


def encoder_with(
    registry: SchemaRegistry | None, patience: float, is_stopped: Callable[[], bool]
) -> EffectEncoder:
    """Registers the output schemas, with retries for `patience` seconds. Raises Refused after that,
    when stopped, or where the registry rejects them."""
    deadline = time.monotonic() + patience
    while True:
        try:
            return EffectEncoder(registry=registry)
        except RegistryUnreachable as error:
            left = deadline - time.monotonic()
            if left <= 0 or is_stopped():
                raise Refused(
                    f"{error}; gave up after {patience:g} s: start it, set schema_registry "
                    "(SENDFLOW_SCHEMA_REGISTRY) or raise broker_timeout"
                ) from error
            logger.warning("%s; retrying for %.0f s", error, left)
        time.sleep(min(REGISTRY_AGAIN_AFTER, left))


def routes(settings: Settings, partition: int) -> dict[str, Route]:
    """Targets of a task's records: its own partition where the topic has the same partitions,
    murmur2 of the key for records to other tasks."""
    return {
        logical: Route(
            topic_name(settings, logical),
            partition if spec.partitions is PartitionCount.ALIKE and not spec.is_by_key else ANY,
        )
        for logical, spec in TOPICS.items()
    }


def task_settings(settings: Settings) -> TaskSettings:
    """The settings of a task."""
    return TaskSettings(
        clock_skew=settings.clock_skew,
        max_idle=settings.max_idle,
        commit_interval=settings.commit_interval,
        commit_events=settings.commit_events,
        record_time=settings.record_time,
        cache_memory=settings.cache_memory,
    )
