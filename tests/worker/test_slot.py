"""Known commits of a task on this worker, over its failures."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any, cast

import msgspec
import pytest

from streams.worker.slot import OpenTask, TaskSlot


class Restored(msgspec.Struct):
    """The part of a task that its slot reads after opening."""

    positions: dict[str, int]
    processed_to: int


class Opened(msgspec.Struct):
    """slot.OpenTask, as far as it's needed."""

    task: Restored


async def opened(slot: TaskSlot, orders: int, processed_to: int) -> TaskSlot:
    task = cast(OpenTask, Opened(Restored({"orders": orders, "carts": 7}, processed_to)))
    with ThreadPoolExecutor(1) as pool:
        await slot.open(pool, lambda opening: task)
    return slot


@pytest.mark.parametrize(
    ("orders", "processed_to", "failures"),
    [
        (4, 100, 1),  # nothing was committed
        (5, 100, 0),
        (4, 101, 0),  # timers alone
        (3, 100, 1),
    ],
)
async def test_a_failure_counts_unless_the_task_is_found_further_on(
    orders: int, processed_to: int, failures: int
) -> None:
    before = await opened(TaskSlot(0), 4, 100)
    again = TaskSlot(0, before)
    assert again.failures == 1
    await opened(again, orders, processed_to)
    assert again.failures == failures


async def test_what_is_known_outlasts_a_task_that_could_not_be_opened() -> None:
    def fail(opening: object) -> Any:
        raise OSError("no")

    first = await opened(TaskSlot(0), 4, 100)
    second = TaskSlot(0, first)
    with ThreadPoolExecutor(1) as pool, pytest.raises(OSError, match="no"):
        await second.open(pool, fail)
    assert (await opened(TaskSlot(0, second), 4, 100)).failures == 2
    assert (await opened(TaskSlot(0, second), 5, 100)).failures == 0


async def test_the_first_task_of_a_worker_has_no_failures_to_forget() -> None:
    assert (await opened(TaskSlot(0), 4, 100)).failures == 0
