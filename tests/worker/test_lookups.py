"""A schema registry that is away or hangs: its records wait, nothing else does."""

import asyncio
import time
from collections.abc import Iterator

import pytest

from streams.contracts.registry import SchemaRegistry
from streams.contracts.schemas import shipped_schemas
from streams.errors import LookupNeeded, Refused
from streams.worker.lookups import Lookups
from streams.worker.slot import TaskSlot
from tests.contracts.registry_server import RegistryServer
from tests.harness.memory_cluster import MemoryCluster, MemoryWorker, until, worker_on

ORDER_PLACED = shipped_schemas().of_metric("order.placed")


@pytest.fixture
def registry() -> Iterator[RegistryServer]:
    with RegistryServer() as server:
        yield server


@pytest.fixture
def cluster(registry: RegistryServer, monkeypatch: pytest.MonkeyPatch) -> MemoryCluster:
    monkeypatch.setattr("streams.worker.lookups.RETRY_LOOKUP_AFTER", 0.02)
    cluster = MemoryCluster()
    cluster.register(*(f"c{number}" for number in range(20)))
    cluster.registry = SchemaRegistry(registry.url)
    return cluster


def waits_for_the_registry(worker: MemoryWorker) -> bool:
    slots = [slot for slot in worker.tasks.slots() if slot.runs and slot.partition == 0]
    return any("of the registry at" in (slot.task.waits_for or "") for slot in slots)


async def slowest_turn(turns: int) -> float:
    """Seconds that the loop needed at most to come back to somebody who wanted nothing."""
    slowest = 0.0
    for _ in range(turns):
        before = time.monotonic()
        await asyncio.sleep(0.005)
        slowest = max(slowest, time.monotonic() - before)
    return slowest


async def test_pitfall_67_a_registry_that_hangs_blocks_neither_the_loop_nor_the_other_tasks(
    cluster: MemoryCluster, registry: RegistryServer
) -> None:
    registry.answers.clear()
    waiting, other = cluster.customer_of(0), cluster.customer_of(1)
    async with worker_on(cluster) as worker:
        await worker.tasks.assigned({0, 1}, 1)
        cluster.order_in_confluent_form(waiting, registry.add(ORDER_PLACED.source))
        await until(lambda: waits_for_the_registry(worker) and registry.requests)
        for _ in range(5):
            cluster.order(other)
        assert await slowest_turn(60) < 1.0  # the request hangs for 5 s, or until it's let go
        await until(lambda: cluster.thanked() == [other] * 5)
        registry.answers.set()
        await until(lambda: waiting in cluster.thanked())
        assert len(registry.requests) == 1
    assert sorted(cluster.opened) == [0, 1], "a task was opened again"


async def test_a_registry_that_is_away_for_long_is_no_failure_of_the_task(
    cluster: MemoryCluster, registry: RegistryServer
) -> None:
    registry.fails_with = 503
    customer = cluster.customer_of(0)
    async with worker_on(cluster, failures_allowed=1) as worker:
        await worker.tasks.assigned({0}, 1)
        cluster.order_in_confluent_form(customer, registry.add(ORDER_PLACED.source))
        cluster.order(customer)
        await until(lambda: len(registry.requests) >= 8)
        assert not worker.tasks.failure.done()
        (slot,) = worker.tasks.slots()
        assert slot.failures == 0
        assert cluster.thanked() == []
        registry.fails_with = None
        await until(lambda: cluster.thanked() == [customer] * 2)
    assert cluster.opened == [0]
    assert cluster.dead_letters() == 0


async def test_a_task_that_waits_for_the_registry_can_be_taken_away(
    cluster: MemoryCluster, registry: RegistryServer
) -> None:
    registry.answers.clear()
    async with worker_on(cluster) as worker:
        await worker.tasks.assigned({0}, 1)
        cluster.order_in_confluent_form(cluster.customer_of(0), registry.add(ORDER_PLACED.source))
        await until(lambda: waits_for_the_registry(worker) and registry.requests)
        await worker.tasks.revoked()
        await worker.tasks.assigned(set(), 2)
        await until(lambda: cluster.closed == [0])
        registry.answers.set()


async def test_a_registry_that_refuses_the_password_ends_the_worker(
    cluster: MemoryCluster, registry: RegistryServer
) -> None:
    registry.password = "another one"
    async with worker_on(cluster) as worker:
        await worker.tasks.assigned({0}, 1)
        cluster.order_in_confluent_form(cluster.customer_of(0), 100)
        error = await asyncio.wait_for(worker.tasks.failure, 10)
    assert isinstance(error, Refused)
    assert "schema_registry_username" in str(error)


async def test_no_lookup_for_a_task_that_was_left() -> None:
    asking, slot = Lookups(), TaskSlot(0)
    slot.leave()

    def fail() -> None:
        raise AssertionError("it was asked")

    await asking.complete(slot, LookupNeeded("something", fail))
    asking.close()
