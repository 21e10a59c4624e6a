"""Waiting for the workers of the demo."""

import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import cast

from streams.demo.workers import Worker, WorkerObserver, WorkerStatus, wait_until_decided

END = 1_000


class Told:
    """A worker that says of its tasks what it was given, one answer after the other; None: it has
    ended."""

    def __init__(self, *answers: dict[int, int] | None) -> None:
        self.answers = list(answers)
        self.asked = 0

    def tasks(self) -> list[WorkerStatus]:
        self.asked += 1
        clocks = self.answers[min(self.asked, len(self.answers)) - 1] or {}
        return [WorkerStatus(partition, "running", clock) for partition, clock in clocks.items()]

    def is_running(self) -> bool:
        return self.answers[min(self.asked, len(self.answers)) - 1] is not None


def test_what_a_killed_worker_said_of_its_tasks_is_no_proof(monkeypatch) -> None:
    monkeypatch.setattr("streams.demo.workers._POLL", 0)
    one = Told({0: END}, None, {}, {0: END - 1}, {0: END})
    two = Told({1: END - 1}, {1: END})
    ended: list[Worker] = []
    workers = [cast(Worker, one), cast(Worker, two)]
    wait_until_decided(workers, 2, END, WorkerObserver(lambda clock: None, ended.append))
    assert ended == workers[:1]
    assert one.asked == 5


class Status(BaseHTTPRequestHandler):
    """A worker's `/status`."""

    def do_GET(self) -> None:
        self.send_response(200 if self.path == "/status" else 404)
        self.end_headers()
        self.wfile.write(b'{"tasks": [{"partition": 3, "state": "running", "clock": 5}]}')

    def log_message(self, *_: object) -> None:
        pass


def test_a_worker_is_asked_directly_whatever_proxy_there_is(monkeypatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    worker = Worker.__new__(Worker)  # no process
    with HTTPServer(("127.0.0.1", 0), Status) as server:
        worker.port = server.server_port
        answering = threading.Thread(target=server.handle_request, daemon=True)
        answering.start()
        assert worker.tasks() == [WorkerStatus(3, "running", 5)]
        answering.join()
    assert worker.tasks() == []  # nobody there any more
