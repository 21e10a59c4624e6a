"""A child process that ends with its parent, also after kill -9 of the parent."""

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

# The guard reads a pipe whose only writing end is in this process. A line releases it; end of file
# without a line means that this process died (kill -9 included), and the guard ends the child.
# Not prctl(PR_SET_PDEATHSIG), which fires when the *thread* that started the child ends.
_GUARD = """
trap '' HUP INT TERM
read -r line && exit 0
kill -CONT "$1" 2>/dev/null
kill -TERM "$1" 2>/dev/null || exit 0
for attempt in 1 2 3 4 5 6 7 8 9 10; do sleep 0.2; kill -0 "$1" 2>/dev/null || exit 0; done
kill -KILL "$1" 2>/dev/null
"""


class ChildProcess:
    """A command in its own session, so that Ctrl-C reaches the parent alone.

    The parent ends its children in the order that fits: clients first, then the broker.
    """

    def __init__(
        self,
        command: Sequence[str | Path],
        log: Path,
        environment: Mapping[str, str] | None = None,
        directory: Path | None = None,
    ) -> None:
        """Starts `command`; its output is appended to the file `log`.

        `environment` is added to that of this process. Raises OSError if the command can't run.
        """
        self.log = log
        variables = {**os.environ, **(environment or {})}
        self._process = self._start([os.fspath(part) for part in command], variables, directory)
        self._guard = subprocess.Popen(
            ["/bin/sh", "-c", _GUARD, "guard", str(self._process.pid)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def _start(
        self, command: Sequence[str], environment: Mapping[str, str], directory: Path | None
    ) -> "subprocess.Popen[bytes]":
        with self.log.open("ab") as output:
            return subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=environment,
                cwd=directory,
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        """Process id."""
        return self._process.pid

    def exit_status(self) -> int | None:
        """Exit status (negative: number of the signal), or None while it runs."""
        status = self._process.poll()
        if status is not None:
            self._release_guard()
        return status

    def is_running(self) -> bool:
        """True while the process exists, paused or not."""
        return self.exit_status() is None

    def wait(self, within: float) -> int:
        """Waits `within` seconds for its end; returns the exit status. Raises TimeoutError."""
        try:
            status = self._process.wait(within)
        except subprocess.TimeoutExpired:
            raise TimeoutError(
                f"process {self.pid} still runs after {within:g} s; output: {self.log}"
            ) from None
        self._release_guard()
        return status

    def signal(self, number: signal.Signals) -> None:
        """Sends a signal; a no-op after the process has ended."""
        self._process.send_signal(number)

    def pause(self) -> None:
        """SIGSTOP; once this returns, connections stay open without responses. A no-op after the
        process has ended."""
        self.signal(signal.SIGSTOP)
        self._wait_until_stopped()

    def _wait_until_stopped(self) -> None:
        if sys.platform != "darwin" or sys.version_info >= (3, 13):  # otherwise no waitid
            # Signals are asynchronous: until all threads have stopped, it would still respond.
            with contextlib.suppress(ChildProcessError):
                os.waitid(os.P_PID, self.pid, os.WSTOPPED | os.WEXITED | os.WNOWAIT)

    def resume(self) -> None:
        """SIGCONT: ends `pause`."""
        self.signal(signal.SIGCONT)

    def terminate(self, within: float) -> int:
        """SIGTERM, and SIGKILL after `within` seconds; returns the exit status."""
        self.resume()
        self.signal(signal.SIGTERM)
        try:
            return self.wait(within)
        except TimeoutError:
            return self.kill()

    def kill(self) -> int:
        """SIGKILL; returns the exit status."""
        self.signal(signal.SIGKILL)
        return self.wait(within=30)

    def log_tail(self, lines: int = 20) -> str:
        """Last lines of its output."""
        text = self.log.read_text(encoding="utf-8", errors="replace")
        return "\n".join(text.splitlines()[-lines:])

    def _release_guard(self) -> None:
        if self._guard.stdin is None or self._guard.stdin.closed:
            return
        with contextlib.suppress(BrokenPipeError):
            self._guard.stdin.write(b"\n")
            self._guard.stdin.flush()
        with contextlib.suppress(BrokenPipeError):
            self._guard.stdin.close()
        self._guard.wait(10)
