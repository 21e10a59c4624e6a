from typing import Any

import pytest

from streams.web.views import HealthStatus, HealthView
from streams.worker.supervision.merging import ProcessView, merged_health, merged_status

READY = {"status": "ok", "is_ready": True, "tasks": 2, "running": 2}
STARTS = {"status": "ok", "is_ready": False, "tasks": 2, "running": 1}
FAILS = {"status": "failed", "is_ready": False, "tasks": 2, "running": 2}


def test_tasks_stand_in_order_and_tell_their_process() -> None:
    answers: dict[int, dict[str, Any]] = {
        1: {
            "application": "shop",
            "generation": None,
            "definitions": None,
            "loop": {"longest": 1.5},
            "tasks": [],
        },
        2: {
            "application": "shop",
            "generation": 7,
            "definitions": "5748",
            "loop": {"longest": 2.5},
            "tasks": [{"partition": 2}, {"partition": 0}],
        },
        3: {
            "application": "shop",
            "generation": 7,
            "definitions": "5748",
            "loop": {"longest": 3.5},
            "tasks": [{"partition": 1}],
        },
    }
    processes = [ProcessView(1, "running", 4711, 3), ProcessView(4, "waiting", None, 1)]
    assert merged_status(answers, processes, "shop") == {
        "application": "shop",
        "generation": 7,
        "definitions": "5748",
        "tasks": [
            {"process": 2, "partition": 0},
            {"process": 3, "partition": 1},
            {"process": 2, "partition": 2},
        ],
        "processes": [
            {"process": 1, "state": "running", "pid": 4711, "starts": 3, "loop": {"longest": 1.5}},
            {"process": 4, "state": "waiting", "pid": None, "starts": 1},
        ],
    }


def test_before_any_process_answers_there_is_a_status_all_the_same() -> None:
    processes = [ProcessView(1, "waiting", None, 0)]
    assert merged_status({}, processes, "shop") == {
        "application": "shop",
        "generation": None,
        "definitions": None,
        "tasks": [],
        "processes": [{"process": 1, "state": "waiting", "pid": None, "starts": 0}],
    }


@pytest.mark.parametrize(
    ("answers", "silent", "expected"),
    [
        ([READY, READY], 0, HealthView(HealthStatus.OK, True, 4, 4)),
        ([READY, STARTS], 0, HealthView(HealthStatus.OK, False, 4, 3)),
        ([READY, FAILS], 0, HealthView(HealthStatus.OK, False, 4, 4)),  # it is started again
        ([READY], 0, HealthView(HealthStatus.OK, False, 2, 2)),  # the other isn't there yet
        ([READY], 1, HealthView(HealthStatus.FAILED, False, 2, 2)),
        ([], 0, HealthView(HealthStatus.OK, False, 0, 0)),
    ],
)
def test_the_health_of_two_processes(
    answers: list[dict[str, Any]], silent: int, expected: HealthView
) -> None:
    by_number = dict(enumerate(answers, 1))
    assert merged_health(by_number, silent, 2, is_stopping=False) == expected


def test_a_worker_that_stops_is_neither_alive_nor_ready() -> None:
    stopping = merged_health({1: READY, 2: READY}, 0, 2, is_stopping=True)
    assert stopping == HealthView(HealthStatus.STOPPING, False, 4, 4)
