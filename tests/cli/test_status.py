"""`sendflow status`: the tasks of a worker. tests/broker/test_import.py tests the lag."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import msgspec
import pytest

from streams.cli import status
from streams.cli.main import run
from streams.web.views import TaskView, WorkerView
from streams.worker.supervision.merging import ProcessView, merged_status

NOON = 1_772_452_800_000
IDLE = TaskView(0, "running", clock=NOON, is_up_to_date=True)
HELD = TaskView(1, "running", clock=NOON, waits_for="orders", lag={"carts": 3})


VIEW: dict[str, Any] = msgspec.to_builtins(WorkerView("shop", 1, "v1", [IDLE, HELD]))


@pytest.fixture
def worker() -> Iterator[str]:
    """A worker with two tasks, as HOST:PORT."""
    with worker_that_answers(VIEW) as address:
        yield address


@pytest.fixture(autouse=True)
def _no_lags(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(status, "_lags", lambda _settings: [])


@contextmanager
def worker_that_answers(view: dict[str, Any]) -> Iterator[str]:
    """A worker with this `/status`, as HOST:PORT."""
    answer = msgspec.json.encode(view)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200 if self.path == "/status" else 404)
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: Any) -> None:
            """Nothing."""

    with HTTPServer(("localhost", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"localhost:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("form", ["{}", "http://{}", "http://{}/"])
def test_a_worker_is_named_by_host_and_port_or_by_its_address(
    worker: str, capsys: pytest.CaptureFixture[str], form: str
) -> None:
    assert run(["status", "--worker", form.format(worker), "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)["worker"]
    assert [task["partition"] for task in answer["tasks"]] == [0, 1]


def test_a_task_that_rests_is_told_from_one_that_is_held_back(
    worker: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["status", "--worker", worker]) == 0
    idle, held = capsys.readouterr().out.splitlines()[-2:]
    assert "none (up to date)" in idle
    assert held.split()[-2:] == ["orders", "3"]


def test_a_worker_that_does_not_answer(worker: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["status", "--worker", "localhost:1"]) == 0
    assert (
        "no worker responds at http://localhost:1 (--worker HOST:PORT)" in capsys.readouterr().out
    )


def test_a_task_of_a_worker_of_several_processes_tells_its_process(
    capsys: pytest.CaptureFixture[str],
) -> None:
    processes = [ProcessView(7, "running", 4711, 1)]
    with worker_that_answers(merged_status({7: VIEW}, processes, "shop")) as address:
        assert run(["status", "--worker", address]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[-2].split()[:3] == ["7", "0", "running"]
    assert any(line.split()[:2] == ["process", "task"] for line in lines)
