"""A process that can't outlive the one that started it, however that one ends."""

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

# The guard holds the reading end of a pipe whose writing end only we hold. A line sets it free; the
# pipe's end without a line means that we died (kill -9 included), and the child must go too.
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
    """A command that runs in a session of its own, so that Ctrl-C reaches us and not it.

    Whoever starts it ends it, in the order that suits them: clients first, then the broker.
    """

    def __init__(
        self,
        command: Sequence[str | Path],
        log: Path,
        environment: Mapping[str, str] | None = None,
        directory: Path | None = None,
    ) -> None:
        """Start `command`; what it prints is appended to the file `log`.

        `environment` is added to ours. Raises OSError where the command can't be run.
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
        """The process id."""
        return self._process.pid

    def exit_status(self) -> int | None:
        """The exit status (negative: the signal that ended it), or None while it runs."""
        status = self._process.poll()
        if status is not None:
            self._release_guard()
        return status

    def is_running(self) -> bool:
        """Whether the process is there, a paused one included."""
        return self.exit_status() is None

    def wait(self, within: float) -> int:
        """Wait up to `within` seconds for its end; the exit status. Raises TimeoutError."""
        try:
            status = self._process.wait(within)
        except subprocess.TimeoutExpired:
            raise TimeoutError(
                f"process {self.pid} still runs after {within:g} s; its output is in {self.log}"
            ) from None
        self._release_guard()
        return status

    def signal(self, number: signal.Signals) -> None:
        """Send a signal; nothing happens where the process has ended."""
        self._process.send_signal(number)

    def pause(self) -> None:
        """SIGSTOP: it keeps its connections and answers nothing, once this has returned.

        Nothing happens where the process has ended."""
        self.signal(signal.SIGSTOP)
        self._wait_until_stopped()

    def _wait_until_stopped(self) -> None:
        if sys.platform != "darwin" or sys.version_info >= (3, 13):  # else there is no waitid
            # The signal is on its way: until all threads have stopped, it would still answer.
            with contextlib.suppress(ChildProcessError):
                os.waitid(os.P_PID, self.pid, os.WSTOPPED | os.WEXITED | os.WNOWAIT)

    def resume(self) -> None:
        """SIGCONT: the end of `pause`."""
        self.signal(signal.SIGCONT)

    def terminate(self, within: float) -> int:
        """SIGTERM, and SIGKILL after `within` seconds; the exit status."""
        self.resume()
        self.signal(signal.SIGTERM)
        try:
            return self.wait(within)
        except TimeoutError:
            return self.kill()

    def kill(self) -> int:
        """SIGKILL; the exit status."""
        self.signal(signal.SIGKILL)
        return self.wait(within=30)

    def log_tail(self, lines: int = 20) -> str:
        """The last lines that it printed."""
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
