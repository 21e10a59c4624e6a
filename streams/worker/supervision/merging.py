"""One answer of several processes, to `/status` and to `/health`."""

from collections.abc import Mapping
from typing import Any

import msgspec

from streams.web.views import HealthStatus, HealthView


class ProcessView(msgspec.Struct):
    """One process in `/status`."""

    process: int
    state: str
    pid: int | None
    starts: int


def merged_status(
    answers: Mapping[int, dict[str, Any]], processes: list[ProcessView], application: str
) -> dict[str, Any]:
    """One `/status` of those of the processes that answered, by number: a task tells its process,
    and what isn't of the whole worker stands with its process."""
    worker: dict[str, Any] = {"application": application, "generation": None, "definitions": None}
    tasks: list[dict[str, Any]] = []
    of_processes: dict[int, dict[str, Any]] = {number: {} for number in answers}
    for number, answer in answers.items():
        tasks += [{"process": number, **task} for task in answer["tasks"]]
        for name, value in answer.items():
            if name in worker:
                worker[name] = value if worker[name] is None else worker[name]
            elif name != "tasks":
                of_processes[number][name] = value
    return {
        **worker,
        "tasks": sorted(tasks, key=lambda task: task["partition"]),
        "processes": [
            {**msgspec.to_builtins(process), **of_processes.get(process.process, {})}
            for process in processes
        ],
    }


def merged_health(
    answers: Mapping[int, dict[str, Any]], silent: int, processes: int, *, is_stopping: bool
) -> HealthView:
    """One `/health`. `answers`: of the processes that answered; `silent`: the number of those that
    took the request and didn't.

    A process that ends is started again, which is no reason to restart the worker: it is not ready.
    One that hangs is, because nobody else ends it."""
    if is_stopping:
        status = HealthStatus.STOPPING
    else:
        status = HealthStatus.FAILED if silent else HealthStatus.OK
    all_ready = len(answers) == processes and all(one["is_ready"] for one in answers.values())
    return HealthView(
        status,
        is_ready=status is HealthStatus.OK and all_ready,
        tasks=sum(one["tasks"] for one in answers.values()),
        running=sum(one["running"] for one in answers.values()),
    )
