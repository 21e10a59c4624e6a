"""Workers as separate processes, as in production."""

import json
import os
import signal
import sys
import time
from collections.abc import Callable
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any

import msgspec

from streams.embedded.broker_process import HOST, free_port
from streams.embedded.child_process import ChildProcess
from streams.engine import Instant
from streams.errors import SendflowError
from streams.settings import Settings

COMMAND = (sys.executable, "-m", "streams.cli.main", "worker")
_STOP_WITHIN = 15.0  # seconds: a worker takes 10 at most
_ANSWER_WITHIN = 2.0
_POLL = 0.25
_SILENCE_ALLOWED = 120.0


class WorkerFailed(SendflowError):
    """A worker exited or makes no progress; the message holds the end of its log."""


class WorkerStatus(msgspec.Struct):
    """A task in a worker's `/status`."""

    partition: int
    state: str
    clock: Instant | None = None


class Worker:
    """One worker process; `log` is the file with its output."""

    def __init__(self, settings: Settings, folder: Path, name: str) -> None:
        """Starts the process. State and log are in `folder`, under `name`."""
        self.name = name
        self.log = folder / f"{name}.log"
        self.port = free_port()
        self._folder = folder
        self._environment = environment(settings, folder / name, self.port)
        self._process = self._start()

    def _start(self) -> ChildProcess:
        # A working directory without a sendflow.toml.
        return ChildProcess(COMMAND, self.log, self._environment, directory=self._folder)

    def restart(self) -> None:
        """Starts another process with the same state, after the end of the first."""
        self._process = self._start()

    @property
    def pid(self) -> int:
        """Process id."""
        return self._process.pid

    def is_running(self) -> bool:
        """True while the process exists."""
        return self._process.is_running()

    def was_killed(self) -> bool:
        """True if SIGKILL ended it."""
        return self._process.exit_status() == -signal.SIGKILL

    def tasks(self) -> list[WorkerStatus]:
        """Its tasks in `/status`; empty while it does not respond.

        Not by urllib: while it gets ready, the SystemExit of a signal can be lost, in whose place
        CPython puts the ValueError of `int("a word")`; and it asks proxies. The response is closed
        here, since its finalizer would lose it as well."""
        connection = HTTPConnection(HOST, self.port, timeout=_ANSWER_WITHIN)
        try:
            connection.request("GET", "/status")
            with connection.getresponse() as response:
                if response.status != HTTPStatus.OK:
                    return []
                tasks: list[dict[str, Any]] = json.load(response)["tasks"]
        except (OSError, HTTPException, ValueError, KeyError):
            return []
        finally:
            connection.close()
        return [msgspec.convert(task, WorkerStatus) for task in tasks]

    def request_stop(self) -> None:
        """SIGTERM, once: a second one ends it immediately. Call `wait_for_end` next."""
        self._process.signal(signal.SIGTERM)

    def wait_for_end(self) -> int:
        """Waits for its end after `request_stop`, SIGKILL after 15 s; returns the exit status."""
        try:
            return self._process.wait(_STOP_WITHIN)
        except TimeoutError:
            return self._process.kill()

    def stop(self) -> int:
        """Stops it cleanly; returns the exit status."""
        self.request_stop()
        return self.wait_for_end()

    def kill(self) -> None:
        """SIGKILL."""
        self._process.kill()

    def log_tail(self) -> str:
        """Last lines of its output."""
        return self._process.log_tail(15)

    def failure(self) -> WorkerFailed:
        """The error for an exit by itself, with the end of its log."""
        return WorkerFailed(
            f"{self.name} exited with status {self._process.exit_status()}; end of its log:\n"
            f"{self.log_tail()}"
        )


def environment(settings: Settings, data_dir: Path, web_port: int) -> dict[str, str]:
    """Environment variables of these settings for a worker process."""
    return {
        "SENDFLOW_BROKERS": settings.brokers,
        "SENDFLOW_PREFIX": settings.prefix,
        "SENDFLOW_APPLICATION": settings.application,
        "SENDFLOW_PARTITIONS": str(settings.partitions),
        "SENDFLOW_RECORD_TIME": settings.record_time.value,
        "SENDFLOW_COMMIT_INTERVAL": f"{settings.commit_interval}ms",
        "SENDFLOW_COMMIT_EVENTS": str(settings.commit_events),
        "SENDFLOW_SESSION_TIMEOUT": f"{settings.session_timeout}ms",
        "SENDFLOW_TRANSACTION_TIMEOUT": f"{settings.transaction_timeout}ms",
        "SENDFLOW_DATA_DIR": os.fspath(data_dir),
        "SENDFLOW_WEB_HOST": HOST,
        "SENDFLOW_WEB_PORT": str(web_port),
    }


class WorkerObserver(msgspec.Struct, frozen=True):
    """Callbacks for progress and for worker exits.

    `on_progress`: simulated time, as the mean of the tasks' clocks. `on_exit`: a worker has
    exited by itself; the callback restarts it or raises an error.
    """

    on_progress: Callable[[Instant], None]
    on_exit: Callable[[Worker], None]


def wait_until_decided(
    workers: list[Worker],
    partitions: int,
    until: Instant,
    observer: WorkerObserver,
    silence: float = _SILENCE_ALLOWED,
) -> None:
    """Waits until every task has processed everything before `until`, the end of simulated time.
    Uncommitted work is committed when the workers stop.

    Raises WorkerFailed after `silence` seconds without progress, and exceptions of `observer`."""
    clocks: dict[int, Instant] = {}
    moved = time.monotonic()
    while True:
        tasks = [task for worker in workers for task in worker.tasks()]
        now = {task.partition: task.clock for task in tasks if task.clock}
        before = sum(clocks.values())
        clocks.update(now)
        if sum(clocks.values()) != before:
            moved = time.monotonic()
            observer.on_progress(sum(clocks.values()) // len(clocks))
        # Only clocks of this round count: a killed worker may not have committed those before.
        if sum(clock >= until for clock in now.values()) == partitions:
            return
        for worker in workers:
            if not worker.is_running():
                observer.on_exit(worker)
        if time.monotonic() - moved > silence:
            raise WorkerFailed(
                f"no progress of simulated time for {silence:g} s; end of {workers[0].name}'s "
                f"log:\n{workers[0].log_tail()}"
            )
        time.sleep(_POLL)
