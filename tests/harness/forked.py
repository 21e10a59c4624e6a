"""Processes that are forked by a server (fork_server.py) instead of started: without the second and
a half of imports that the start of a worker takes."""

import atexit
import contextlib
import functools
import json
import os
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from streams.embedded.child_process import ChildProcess

_PYTHON_MODULE = (sys.executable, "-m")
_FORKS_WITHIN = 60.0
"""Seconds; at the first call the server imports."""


class ForkServer:
    """One server; it ends with this process."""

    def __init__(self) -> None:
        self._requests, its_end = socket.socketpair()
        self._asking = threading.Lock()
        with its_end:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.harness.fork_server", str(its_end.fileno())],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                pass_fds=[its_end.fileno()],
                cwd=Path(__file__).parents[2],
                start_new_session=True,
            )
        atexit.register(self.close)

    def fork(
        self,
        module: str,
        arguments: Sequence[str],
        environment: Mapping[str, str],
        directory: Path,
        log: Path,
    ) -> "Forked":
        """A process that runs `main()` of a module with these arguments and variables, and appends
        what it prints to `log`."""
        request = {
            "module": module,
            "arguments": list(arguments),
            "environment": dict(environment),
            "directory": os.fspath(directory),
            "log": os.fspath(log),
        }
        reports, its_end = os.pipe()
        with self._asking:
            socket.send_fds(self._requests, [json.dumps(request).encode() + b"\n"], [its_end])
        os.close(its_end)
        return Forked(reports)

    def close(self) -> None:
        """Ends it; processes that it forked go on."""
        self._requests.close()
        self._process.wait(10)


@functools.cache
def fork_server() -> ForkServer:
    """The server of this process, started at the first call."""
    return ForkServer()


class Forked:
    """For a process that was forked, what subprocess.Popen is for one that was started."""

    def __init__(self, reports: int) -> None:
        """`reports`: the pipe on which the server tells its id, its stops and its end."""
        self._reports = reports
        self._unread = b""
        self._is_stopped = False
        self._returncode: int | None = None
        deadline = time.monotonic() + _FORKS_WITHIN
        line = self._line(deadline)
        if line is None:
            raise TimeoutError(f"the fork server doesn't answer after {_FORKS_WITHIN:g} s")
        self.pid = int(line)

    def poll(self) -> int | None:
        """The exit status (negative: the signal that ended it), or None while it runs."""
        self._follow(time.monotonic(), until_stopped=False)
        return self._returncode

    def wait(self, timeout: float) -> int:
        """Waits for its end; the exit status. Raises subprocess.TimeoutExpired."""
        self._follow(time.monotonic() + timeout, until_stopped=False)
        if self._returncode is None:
            raise subprocess.TimeoutExpired(str(self.pid), timeout)
        return self._returncode

    def send_signal(self, number: signal.Signals) -> None:
        """Nothing happens where it has ended."""
        if self.poll() is None:
            if number is signal.SIGCONT:
                self._is_stopped = False
            with contextlib.suppress(ProcessLookupError):  # the server reaps it at once
                os.kill(self.pid, number)

    def wait_until_stopped(self, timeout: float) -> None:
        """Returns once all its threads sleep, or it has ended. Raises subprocess.TimeoutExpired."""
        self._follow(time.monotonic() + timeout, until_stopped=True)
        if self._returncode is None and not self._is_stopped:
            raise subprocess.TimeoutExpired(str(self.pid), timeout)

    def _follow(self, deadline: float, *, until_stopped: bool) -> None:
        """Takes in what the server tells until it has ended."""
        while self._returncode is None and not (until_stopped and self._is_stopped):
            line = self._line(deadline)
            if line is None:
                return
            status = int(line)
            if os.WIFSTOPPED(status):
                self._is_stopped = True
            else:
                self._returncode = os.waitstatus_to_exitcode(status)
                os.close(self._reports)

    def _line(self, deadline: float) -> bytes | None:
        while b"\n" not in self._unread:
            left = max(0.0, deadline - time.monotonic())
            if not select.select([self._reports], [], [], left)[0]:
                return None
            told = os.read(self._reports, 4096)
            if not told:
                raise RuntimeError("the fork server has ended; what it said is above")
            self._unread += told
        line, _, self._unread = self._unread.partition(b"\n")
        return line


class ForkedProcess(ChildProcess):
    """A ChildProcess whose command, `python -m` and a module with a `main()`, is forked."""

    def _start(  # type: ignore[override]
        self,
        command: Sequence[str],
        environment: Mapping[str, str],
        directory: Path | None,
    ) -> Forked:
        assert tuple(command[:2]) == _PYTHON_MODULE, command
        module, *arguments = command[2:]
        self.log.touch()  # readers find it at once, as that of a process that was started
        return fork_server().fork(module, arguments, environment, directory or Path(), self.log)

    def _wait_until_stopped(self) -> None:
        forked: Forked = self._process  # type: ignore[assignment]
        forked.wait_until_stopped(10.0)
