"""Fetching of records: one librdkafka consumer in one thread.

All calls of the consumer run in that thread, one after the other, so that a fetch and an assignment
cannot overlap. None runs on the event loop (PITFALLS 67).
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import msgspec

from streams.kafka.consumer import Batch, RecordConsumer
from streams.ports import PartitionId

GATHER = 0.01
"""Seconds for which a fetch of few records waits for more: about as long as a record waits for the
clock anyway (`clock_skew`). Each fetch costs two hand-overs between threads, each batch of it a
message through Faust."""
T = TypeVar("T")


class Fetched(msgspec.Struct, gc=False):
    """A batch with the position at which its fetch began. It is fed only if it continues what was
    fed before."""

    start: int
    batch: Batch


class FetchThread:
    """The consumer and its thread."""

    def __init__(
        self,
        open_consumer: Callable[[], RecordConsumer],
        prefix: str,
    ) -> None:
        """`prefix`: of all topic names in the cluster."""
        self._open_consumer = open_consumer
        self._prefix = prefix
        self._consumer: RecordConsumer | None = None
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="fetch")
        self._positions: dict[PartitionId, int] = {}

    async def start(self) -> None:
        """Opens the consumer."""

        def open_consumer() -> None:
            self._consumer = self._open_consumer()

        await self._call(open_consumer)

    async def fetch(self, max_records: int, timeout: float) -> list[Fetched]:
        """Returns arrived batches; waits up to `timeout` seconds for the first. Raises Refused: see
        RecordConsumer.fetch."""
        return await self._call(self._fetch, max_records, timeout)

    async def assign(self, positions: Mapping[PartitionId, int]) -> None:
        """Adds partitions, read from these offsets."""
        await self._call(self._assign, dict(positions))

    async def unassign(self, keys: Iterable[PartitionId]) -> None:
        """Removes partitions; unassigned ones are ignored."""
        await self._call(self._unassign, list(keys))

    async def seek_back(self, expected: Mapping[PartitionId, int]) -> None:
        """Seeks to `expected` where batches were fetched but not fed, as in a rebalance."""
        await self._call(self._seek_back, dict(expected))

    async def pause(self, key: PartitionId) -> None:
        """Stops fetching this partition until `resume`."""
        await self._call(self._pause, key)

    async def resume(self, key: PartitionId) -> None:
        """Ends `pause`."""
        await self._call(self._resume, key)

    async def close(self) -> None:
        """Closes the consumer and ends the thread."""
        if self._consumer is not None:
            await self._call(self._consumer.close)
        self._thread.shutdown(wait=False)

    async def _call(self, work: Callable[..., T], *arguments: object) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work, *arguments)

    # ── In the thread ─────────────────────────────────────────────────────────────────────────

    @property
    def _ready(self) -> RecordConsumer:
        assert self._consumer is not None, "start() comes first"
        return self._consumer

    def _fetch(self, max_records: int, timeout: float) -> list[Fetched]:
        fetched = []
        cut = len(self._prefix)
        for batch in self._ready.fetch(max_records, timeout):
            batch.topic = batch.topic[cut:]
            key = batch.topic, batch.partition
            start = self._positions.get(key)
            if start is None:
                continue  # no longer assigned
            self._positions[key] = batch.next_offset
            fetched.append(Fetched(start, batch))
        return fetched

    def _assign(self, positions: dict[PartitionId, int]) -> None:
        for (topic, partition), offset in positions.items():
            self._ready.assign(self._prefix + topic, partition, offset)
        self._positions.update(positions)

    def _unassign(self, keys: list[PartitionId]) -> None:
        for topic, partition in keys:
            if self._positions.pop((topic, partition), None) is not None:
                self._ready.unassign(self._prefix + topic, partition)

    def _seek_back(self, expected: dict[PartitionId, int]) -> None:
        for (topic, partition), offset in expected.items():
            if self._positions.get((topic, partition), offset) != offset:
                self._ready.seek(self._prefix + topic, partition, offset)
                self._positions[topic, partition] = offset

    def _pause(self, key: PartitionId) -> None:
        if key in self._positions:
            self._ready.pause(self._prefix + key[0], key[1])

    def _resume(self, key: PartitionId) -> None:
        if key in self._positions:
            self._ready.resume(self._prefix + key[0], key[1])
