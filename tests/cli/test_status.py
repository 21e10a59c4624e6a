"""`sendflow status`: the tasks of a worker. tests/broker/test_import.py tests the lag."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import msgspec
import pytest

from streams.cli import status
from streams.cli.main import run
from streams.web.views import TaskView, WorkerView

NOON = 1_772_452_800_000
IDLE = TaskView(0, "running", clock=NOON, is_up_to_date=True)
HELD = TaskView(1, "running", clock=NOON, waits_for="orders", lag={"carts": 3})


@pytest.fixture
def worker(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A worker with two tasks, as HOST:PORT."""
    monkeypatch.setattr(status, "_lags", lambda _settings: [])
    answer = msgspec.json.encode(WorkerView("shop", 1, "v1", [IDLE, HELD]))

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
