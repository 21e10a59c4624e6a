"""BatchTransport: Faust's group membership and assignment, librdkafka's records.

    aiokafka consumer ── joins the group, heartbeats, calls back on a rebalance; fetches nothing
    librdkafka        ── fetches the tasks' partitions; one Faust message is one fetch of one
                         partition, and its value is the batch

Per record, Faust's own consumer costs fifty times the rest of the work (DESIGN 3).
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from typing import Any, cast

from aiokafka.consumer.group_coordinator import OffsetCommitRequest
from aiokafka.errors import KafkaError
from faust.transport import base
from faust.transport.conductor import Conductor as FaustConductor
from faust.transport.drivers import aiokafka as driver
from faust.transport.producer import Producer as FaustProducer
from faust.types import TP, AppT, ConsumerMessage
from mode import Service
from mode.types import ServiceT

from streams.errors import SendflowError
from streams.kafka.partition import partition_of
from streams.ports import PartitionId
from streams.worker.faust.assignor import Assignor
from streams.worker.faust.input_topics import InputTopics
from streams.worker.fetching import Fetched, FetchThread
from streams.worker.group import Feed

logger = logging.getLogger(__name__)

UNKNOWN_GENERATION = -1
CHECK_INTERVAL = 1.0
"""Seconds between two checks of the group coordinator for errors."""
FETCH_TIMEOUT = 0.1
"""Seconds that one fetch waits for its first record; an assignment waits for it."""
MAX_RECORDS = 5_000
"""Maximum records of one fetch, over all partitions."""


class RebalanceListener(driver.ConsumerRebalanceListener):
    """Callbacks in aiokafka's thread during a rebalance."""

    def on_partitions_revoked(self, revoked: Iterable[Any]) -> Any:
        """Records first whether the group expelled this worker."""
        thread = self._thread
        consumer = cast(Consumer, thread.consumer)
        coordinator = thread._ensure_consumer()._coordinator
        consumer.was_expelled = coordinator.generation == UNKNOWN_GENERATION
        return super().on_partitions_revoked(revoked)

    async def on_partitions_assigned(self, assigned: Iterable[Any]) -> None:
        """Pauses at once: aiokafka would prefetch 1 MB for each partition, which is never read.
        Joins again where the others know another address of this worker."""
        consumer = self._thread._ensure_consumer()
        consumer.pause(*assigned)
        await super().on_partitions_assigned(assigned)
        if cast(Assignor, self._thread.app.assignor).has_moved:
            logger.info("returned to the group at another address: joining again to tell it")
            consumer._coordinator.request_rejoin()


class MembershipThread(driver.AIOKafkaConsumerThread):
    """The thread in which aiokafka keeps the membership."""

    mundane_level = "debug"
    _open_fetch: AbstractContextManager[Any] | None = None

    async def on_start(self) -> None:
        """Starts the consumer, with a fetch that never ends: a member without a fetch leaves the
        group after `max.poll.interval`, while its `assignment()` still shows everything."""
        await super().on_start()
        self._open_fetch = self._ensure_consumer()._subscription.fetch_context()
        self._open_fetch.__enter__()

    @Service.task
    async def _watch_coordinator(self) -> None:
        # The coordinator stops and waits until its error is consumed, usually by a fetch.
        while not self.should_stop:
            await self.sleep(CHECK_INTERVAL)
            if self._consumer is not None and not self.should_stop:
                self._consumer._coordinator.check_errors()

    async def write_offsets(self, offsets: Mapping[TP, int]) -> None:
        """Commits the tasks' positions to the group, for lag monitoring only; may fail."""
        await self.call_thread(self._write_offsets, offsets)

    async def _write_offsets(self, offsets: Mapping[TP, int]) -> None:
        # Not aiokafka's commit(): on an outdated generation in a rebalance it leaves the group and
        # joins as a new member.
        consumer = self._ensure_consumer()
        coordinator = consumer._coordinator
        assigned = consumer.assignment()
        by_topic: dict[str, list[tuple[int, int, str]]] = {}
        for tp, offset in offsets.items():
            if driver.ensure_aiokafka_TP(tp) in assigned:
                by_topic.setdefault(tp.topic, []).append((tp.partition, offset, ""))
        if not by_topic or coordinator.generation == UNKNOWN_GENERATION:
            return
        request = OffsetCommitRequest(
            coordinator.group_id,
            coordinator.generation,
            coordinator.member_id,
            OffsetCommitRequest.DEFAULT_RETENTION_TIME,
            list(by_topic.items()),
        )
        try:
            await coordinator._send_req(request)
        except KafkaError as error:
            logger.debug("consumer-group offsets not committed: %r", error)


class Consumer(driver.Consumer):
    """Faust's consumer: its life cycle, and batches instead of records."""

    mundane_level = "debug"
    RebalanceListener = RebalanceListener
    _thread: MembershipThread
    was_expelled = False
    """True if the last rebalance began with an expulsion: others may own the tasks."""

    def _new_consumer_thread(self) -> MembershipThread:
        return MembershipThread(self, loop=self.loop, beacon=self.beacon)

    async def getmany(self, timeout: float) -> AsyncIterator[tuple[TP, ConsumerMessage]]:
        """Yields one message per partition and fetch. Ends early when the generation changes: the
        stream would silently drop a message of an old one (PITFALLS 39)."""
        transport = cast(BatchTransport, self.transport)
        if not self.flow_active:
            await self.wait(self.can_resume_flow.wait())
        generation = self.app.consumer_generation_id
        for fetched in await transport.records.fetch(MAX_RECORDS, timeout):
            batch = fetched.batch
            on_shared = transport.shared.get(batch.topic)
            if on_shared is not None:
                on_shared(fetched)
                continue
            if not self.flow_active or self.app.consumer_generation_id != generation:
                continue  # positions are reset before the flow resumes
            tp = TP(transport.inputs.names[batch.topic], batch.partition)
            yield tp, batch_message(tp, fetched, generation)

    async def _drain_messages(self, fetcher: ServiceT) -> None:
        """Passes every batch to the topic's agent until the fetcher is stopped. Faust's own loop
        tracks offsets by record, which tasks do here."""
        try:
            while not (self.should_stop or fetcher.should_stop):
                async for _, message in self.getmany(timeout=FETCH_TIMEOUT):
                    # Not under `wait_first`, whose four asyncio tasks per message cost more than
                    # the rest of Faust. While the flow is active, the callback doesn't block; a
                    # batch of a suspended one is fetched again once positions are reset.
                    if self.app.flow_control.is_active():
                        await self.callback(message)
        except asyncio.CancelledError:
            if not self.app.should_stop:
                raise
        except SendflowError as error:
            cast(BatchTransport, self.transport).on_failure(error)

    async def write_positions(self, positions: Mapping[PartitionId, int]) -> None:
        """See GroupMembership."""
        names = cast(BatchTransport, self.transport).inputs.names
        await self._thread.write_offsets(
            {TP(names[topic], number): offset for (topic, number), offset in positions.items()}
        )

    async def perform_seek(self) -> None:
        """No-op: positions are part of the tasks' state."""

    async def commit(self, topics: Any = None, start_new_transaction: bool = True) -> bool:
        """No-op: see `write_positions`."""
        return False

    def verify_event_path(self, now: float, tp: TP) -> None:
        """No-op: aiokafka fetches nothing, by design."""

    def topic_partitions(self, topic: str) -> int | None:
        """Equal for all inputs and the changelog; checked on start."""
        return cast(BatchTransport, self.transport).inputs.partitions


def batch_message(tp: TP, fetched: Fetched, generation: int) -> ConsumerMessage:
    """Wraps a batch in a Faust message, whose offset is the begin of the fetch."""
    return ConsumerMessage(
        topic=tp.topic,
        partition=tp.partition,
        offset=fetched.start,
        timestamp=0.0,  # the records have their own
        timestamp_type=0,
        headers=[],
        key=None,
        value=cast(Any, fetched),
        checksum=None,
        tp=tp,
        generation_id=generation,
    )


class Producer(FaustProducer):
    """Faust's producer, used only for the partition of a key."""

    mundane_level = "debug"

    def key_partition(self, topic: str, key: bytes) -> TP:
        """Partition of `key`, as in Java's producer."""
        transport = cast(BatchTransport, self.transport)
        return TP(topic, partition_of(key, transport.inputs.partitions))


class Conductor(FaustConductor):
    """Delivers batches to agents: of all inputs with an owned number, however the assignor placed
    the other topics (DESIGN 3)."""

    _resubscribe_sleep_lock_seconds = 0.5  # nothing is subscribed later: no need to coalesce

    async def on_partitions_assigned(self, assigned: set[TP]) -> None:
        """Called with a new assignment."""
        inputs = cast(BatchTransport, self.app.transport).inputs
        await super().on_partitions_assigned(assigned | inputs.all_of(inputs.numbers(assigned)))


class BatchTransport(driver.Transport):
    """The transport of the worker; see the module."""

    Consumer = Consumer
    Producer = Producer
    Conductor = Conductor
    Fetcher = base.Transport.Fetcher

    def __init__(
        self,
        app: AppT,
        records: FetchThread,
        inputs: InputTopics,
        shared: Mapping[str, Feed],
        on_failure: Callable[[BaseException], None],
    ) -> None:
        """`shared`: receivers of the batches of unassigned topics, such as `control`. An error
        that ends reading goes to `on_failure`."""
        super().__init__(app.conf.broker_consumer, app)
        self.records = records
        self.inputs = inputs
        self.shared = shared
        self.on_failure = on_failure
