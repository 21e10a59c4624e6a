"""Workers as processes of their own, as they run in production."""

import json
import os
import signal
import sys
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from streams.embedded.broker_process import HOST, free_port
from streams.embedded.child_process import ChildProcess
from streams.engine import Instant
from streams.errors import SendflowError
from streams.settings import Settings

COMMAND = (sys.executable, "-m", "streams.cli.main", "worker")
_STOP_WITHIN = 15.0  # seconds: a worker needs 10 at most
_ANSWER_WITHIN = 2.0
_POLL = 0.25
_SILENCE_ALLOWED = 120.0


class WorkerFailed(SendflowError):
    """A worker ended, or doesn't get on; the message holds the end of its log."""


class WorkerStatus(msgspec.Struct):
    """What one worker says of a task."""

    partition: int
    state: str
    clock: Instant | None = None


class Worker:
    """One worker process; `log` is what it prints."""

    def __init__(self, settings: Settings, folder: Path, name: str) -> None:
        """Starts it. Its state and its log lie in `folder`, under `name`."""
        self.name = name
        self.log = folder / f"{name}.log"
        self.port = free_port()
        self._folder = folder
        self._environment = environment(settings, folder / name, self.port)
        self._process = self._start()

    def _start(self) -> ChildProcess:
        # In a folder in which no sendflow.toml lies.
        return ChildProcess(COMMAND, self.log, self._environment, directory=self._folder)

    def start_again(self) -> None:
        """After its end: another process that goes on with the same state."""
        self._process = self._start()

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    def is_running(self) -> bool:
        """Whether the process is there."""
        return self._process.is_running()

    def was_killed(self) -> bool:
        """Did a signal end it that it couldn't answer?"""
        return self._process.exit_status() == -signal.SIGKILL

    def tasks(self) -> list[WorkerStatus]:
        """Its tasks, as it tells them on its web port; none while it doesn't answer."""
        try:
            url = f"http://{HOST}:{self.port}/status"
            with urllib.request.urlopen(url, timeout=_ANSWER_WITHIN) as response:
                tasks: list[dict[str, Any]] = json.load(response)["tasks"]
        except (OSError, ValueError, KeyError):
            return []
        return [msgspec.convert(task, WorkerStatus) for task in tasks]

    def ask_to_stop(self) -> None:
        """SIGTERM, once: a second one would end it at once. `wait_for_end` comes next."""
        self._process.signal(signal.SIGTERM)

    def wait_for_end(self) -> int:
        """After `ask_to_stop`; SIGKILL if that doesn't help. The exit status."""
        try:
            return self._process.wait(_STOP_WITHIN)
        except TimeoutError:
            return self._process.kill()

    def stop(self) -> int:
        """Ends it cleanly; the exit status."""
        self.ask_to_stop()
        return self.wait_for_end()

    def kill(self) -> None:
        """SIGKILL."""
        self._process.kill()

    def log_tail(self) -> str:
        """The last lines that it printed."""
        return self._process.log_tail(15)

    def failure(self) -> WorkerFailed:
        """That it ended by itself, with the end of its log."""
        return WorkerFailed(
            f"{self.name} ended with status {self._process.exit_status()}; the end of its log:\n"
            f"{self.log_tail()}"
        )


def environment(settings: Settings, data_dir: Path, web_port: int) -> dict[str, str]:
    """The variables that give a worker process these settings."""
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
    """Waits until every task has decided all before `until`, the end of simulated time. What isn't
    committed then is committed when the workers are stopped.

    Raises WorkerFailed where nothing moves for `silence` seconds, and what `observer` raises."""
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
        # What a worker that was killed had said of its tasks, it may not have committed.
        if sum(clock >= until for clock in now.values()) == partitions:
            return
        for worker in workers:
            if not worker.is_running():
                observer.on_exit(worker)
        if time.monotonic() - moved > silence:
            raise WorkerFailed(
                f"simulated time hasn't moved for {silence:g} s; the end of {workers[0].name}'s "
                f"log:\n{workers[0].log_tail()}"
            )
        time.sleep(_POLL)
