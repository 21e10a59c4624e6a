"""Records fed to a task, in order and without gaps."""

import json
import threading
from collections.abc import Mapping
from typing import Any

import pytest

from streams.contracts.control import DefinitionsRecord, encode_definitions
from streams.engine import Definitions, Program, compile_program
from streams.errors import Refused
from streams.ports import CONTROL, PartitionId
from streams.programs import SEMANTICS
from tests.harness.memory_cluster import MemoryCluster, MemoryWorker, until, worker_on


@pytest.fixture
def cluster() -> MemoryCluster:
    cluster = MemoryCluster()
    cluster.register(cluster.customer_of(1))
    return cluster


def publish(cluster: MemoryCluster, version: str) -> None:
    """An empty set, by which nothing is sent any more."""
    record = DefinitionsRecord(1, version, SEMANTICS[-1], "test", json.dumps({}), {})
    cluster._append(CONTROL, 0, b"definitions", encode_definitions(record))


def is_running(worker: MemoryWorker) -> bool:
    """True if all its tasks run, of which there is at least one."""
    slots = worker.tasks.slots()
    return bool(slots) and all(slot.runs for slot in slots)


async def test_definitions_that_come_while_a_task_begins_to_run_reach_it(
    cluster: MemoryCluster,
) -> None:
    async with worker_on(cluster) as worker:
        await until(lambda: len(worker.tasks._control) == 1)
        assign = worker.records.assign

        async def assign_while_somebody_publishes(positions: Mapping[PartitionId, int]) -> None:
            publish(cluster, "v2")
            await until(lambda: len(worker.tasks._control) == 2)
            await assign(positions)

        worker.records.assign = assign_while_somebody_publishes  # type: ignore[method-assign]
        await worker.tasks.assigned({1}, 1)
        await until(lambda: is_running(worker))
        (slot,) = worker.tasks.slots()
        await until(lambda: slot.task.program.version == "v2")


async def test_definitions_are_compiled_in_a_thread_before_a_task_reads_them(
    cluster: MemoryCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads: dict[str, str] = {}

    def compiled(definitions: Definitions, version: str, successors: Any) -> Program:
        threads[version] = threading.current_thread().name
        return compile_program(definitions, version, successors)

    monkeypatch.setattr("streams.programs.compile_program", compiled)
    async with worker_on(cluster) as worker:
        await worker.tasks.assigned({0, 1}, 1)
        await until(lambda: is_running(worker))
        for version in ("v2", "v3", "v4"):
            publish(cluster, version)
        await until(
            lambda: [slot.task.program.version for slot in worker.tasks.slots()] == ["v4"] * 2
        )
    assert list(threads)[-3:] == ["v2", "v3", "v4"]
    assert all(name.startswith("control") for name in threads.values())


async def test_definitions_that_this_worker_is_too_old_for_stop_it(cluster: MemoryCluster) -> None:
    """The thread's failure is that of the task."""
    async with worker_on(cluster) as worker:
        await worker.tasks.assigned({1}, 1)
        await until(lambda: is_running(worker))
        record = DefinitionsRecord(1, "v2", SEMANTICS[-1] + 1, "test", json.dumps({}), {})
        cluster._append(CONTROL, 0, b"definitions", encode_definitions(record))
        await until(worker.tasks.failure.done)
        assert isinstance(worker.tasks.failure.result(), Refused)


async def test_what_was_lost_on_the_way_to_a_task_is_fetched_again(cluster: MemoryCluster) -> None:
    async with worker_on(cluster) as worker:
        await worker.tasks.assigned({1}, 1)
        await until(lambda: is_running(worker))
        (slot,) = worker.tasks.slots()
        await until(lambda: slot.fed["customers"] == 1)
        worker.feeds = False
        cluster.order(cluster.customer_of(1))
        await until(lambda: worker.consumer.next.get(("orders", 1)) == 1)
        worker.feeds = True
        cluster.order(cluster.customer_of(1))
        await until(lambda: len(cluster.thanked()) == 2)


async def test_what_comes_to_a_task_twice_is_fed_once(cluster: MemoryCluster) -> None:
    """A batch from before a task was opened anew, and the same records fetched again for it."""
    async with worker_on(cluster) as worker:
        await worker.tasks.assigned({1}, 1)
        await until(lambda: is_running(worker))
        for _ in range(3):
            cluster.order(cluster.customer_of(1))
        await until(lambda: len(cluster.thanked()) == 3)
        await worker.records.seek_back({("orders", 1): 1})
        for _ in range(2):
            cluster.order(cluster.customer_of(1))
        await until(lambda: len(cluster.thanked()) == 5)
        (slot,) = worker.tasks.slots()
        assert slot.fed["orders"] == 5
        assert slot.task.positions["orders"] == 5
