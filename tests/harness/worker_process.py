"""A worker process: started, asked, stopped, paused and killed."""

import json
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from streams.demo.workers import COMMAND, Worker
from streams.embedded.broker_process import HOST
from streams.embedded.child_process import ChildProcess
from streams.settings import Settings
from tests.harness.eventually import eventually
from tests.harness.forked import ForkedProcess

READY_WITHIN = 30.0
STOPPED_WITHIN = 10.0
"""Seconds from SIGTERM on that a worker may take."""


class WorkerProcess(Worker):
    """A worker of the demo; forked (fork_server.py) instead of started by its command, unless a
    test wants the command itself."""

    def __init__(
        self,
        settings: Settings,
        folder: Path,
        name: str,
        *,
        options: Sequence[str] = (),
        variables: Mapping[str, str] | None = None,
        is_forked: bool = True,
    ) -> None:
        """`options` of its command and `variables` that it has beside its settings. One for the
        interpreter, which reads it at its start, wants the command."""
        self._command = (*COMMAND, *options)
        self._variables = variables or {}
        is_for_python = any(variable.startswith("PYTHON") for variable in self._variables)
        self._kind = ForkedProcess if is_forked and not is_for_python else ChildProcess
        super().__init__(settings, folder, name)

    def _start(self) -> ChildProcess:
        variables = {**self._environment, **self._variables}
        return self._kind(self._command, self.log, variables, self._folder)

    @property
    def process(self) -> ChildProcess:
        """The process as such."""
        return self._process

    def ask(self, path: str) -> tuple[int, Any]:
        """Status and content of an answer; 0 while there is none."""
        try:
            with urllib.request.urlopen(f"http://{HOST}:{self.port}{path}", timeout=5) as answer:
                text = answer.read().decode()
                is_json = answer.headers.get_content_type() == "application/json"
                return answer.status, json.loads(text) if is_json else text
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()
        except OSError:
            return 0, None

    def running(self) -> set[int]:
        """The numbers of the tasks that run here."""
        return {one.partition for one in self.tasks() if one.state in ("running", "committing")}

    def wait_for(self, tasks: int, definitions: bool = True) -> set[int]:
        """Waits until so many tasks run here, with definitions in force; their numbers."""

        def they_run() -> bool:
            assert self.is_running(), self.log_tail()
            if len(self.running()) != tasks:
                return False
            return not definitions or not tasks or self.ask("/status")[1]["definitions"] != "none"

        eventually(they_run, within=READY_WITHIN, message=self.log_tail)
        return self.running()

    def wait_for_log(self, text: str) -> None:
        """Waits until it has printed this."""
        eventually(
            lambda: text in self.log.read_text(), within=30, every=0.01, message=self.log_tail
        )

    def stop(self) -> int:
        """SIGTERM; the exit status. Fails where it takes too long."""
        self.request_stop()
        return self.wait()

    def wait(self) -> int:
        """The exit status. Fails where it takes too long."""
        try:
            return self.process.wait(STOPPED_WITHIN)
        except TimeoutError:
            raise AssertionError(
                f"still running after {STOPPED_WITHIN:g} s: {self.log_tail()}"
            ) from None

    def end(self) -> None:
        """SIGKILL, where it still runs."""
        if self.is_running():
            self.kill()

    def log_tail(self) -> str:
        """The end of what it printed."""
        return self.process.log_tail(40)
