import pytest

from streams.worker.fetching import FetchThread
from tests.harness.memory_cluster import MemoryCluster, MemoryConsumer


class Reading:
    def __init__(self, cluster: MemoryCluster) -> None:
        self.consumer = MemoryConsumer(cluster)
        self.records = FetchThread(lambda: self.consumer, "")  # type: ignore[arg-type, return-value]

    async def starts(self) -> list[tuple[str, int, int]]:
        """(topic, start, next offset) of what one fetch brings."""
        return [
            (fetched.batch.topic, fetched.start, fetched.batch.next_offset)
            for fetched in await self.records.fetch(100, 0.0)
        ]


@pytest.fixture
async def reading():
    cluster = MemoryCluster(partitions=1)
    for _ in range(3):
        cluster.order("c0")
    reading = Reading(cluster)
    await reading.records.start()
    yield reading
    await reading.records.close()


async def test_a_batch_tells_where_its_fetch_began(reading):
    await reading.records.assign({("orders", 0): 1})
    assert await reading.starts() == [("orders", 1, 3)]
    reading.consumer.cluster.order("c0")
    assert await reading.starts() == [("orders", 3, 4)]


async def test_what_was_fetched_and_not_fed_is_fetched_again(reading):
    await reading.records.assign({("orders", 0): 0})
    await reading.starts()
    await reading.records.seek_back({("orders", 0): 1, ("carts", 0): 7})
    assert await reading.starts() == [("orders", 1, 3)]
    await reading.records.seek_back({("orders", 0): 3})
    assert await reading.starts() == []


async def test_a_partition_that_was_taken_away_brings_nothing(reading):
    await reading.records.assign({("orders", 0): 0})
    await reading.records.unassign([("orders", 0), ("carts", 0)])
    await reading.records.pause(("orders", 0))
    await reading.records.resume(("orders", 0))
    assert await reading.starts() == []
    assert reading.consumer.paused == set()
