"""SIGINT and SIGTERM end a command by SystemExit, which runs its cleanup on the way.

An exception of a signal handler may get lost. Python drops one that is raised while an object is
finalized or in the callback of a weak reference (each import has one), and so may a C library; the
command would go on as if no signal had come. So another is raised until one gets through.
"""

import signal
import sys
from collections.abc import Callable
from types import FrameType

_NUMBERS = (signal.SIGINT, signal.SIGTERM)
RAISED_AGAIN_AFTER = 0.5
"""Seconds after which the exception is raised again, unless the command is cleaning up."""


def killed_by(number: int) -> int:
    """Exit status of a process that a signal has ended, as shells report it."""
    return 128 + number


class StopSignals:
    """The handlers of one process, which belong to its main thread. Uses the timer of SIGALRM."""

    def __init__(self) -> None:
        self._raised: SystemExit | None = None

    def handle(self, status_of: Callable[[int], int] = killed_by) -> None:
        """Begins to handle the signals. `status_of`: exit status for the number of a signal."""

        def on_signal(number: int, frame: FrameType | None) -> None:
            self._raised = SystemExit(status_of(number))
            signal.setitimer(signal.ITIMER_REAL, RAISED_AGAIN_AFTER, RAISED_AGAIN_AFTER)
            raise self._raised

        signal.signal(signal.SIGALRM, self._raise_again)
        for number in _NUMBERS:
            signal.signal(number, on_signal)

    def settle(self) -> None:
        """Raises the exception of a signal that came, for the last time: from now on the command
        has ended, or handles signals itself."""
        signal.setitimer(signal.ITIMER_REAL, 0)
        if self._raised is not None:
            raise self._raised

    def _raise_again(self, number: int, frame: FrameType | None) -> None:
        if self._raised is not None and not self._is_under_way():
            self._raised = SystemExit(self._raised.code)
            raise self._raised

    def _is_under_way(self) -> bool:
        """True while the code that runs was called by a `finally` or an exit on the way of the
        exception: an error of its own has the exception as context."""
        error = sys.exception()
        while error is not None and error is not self._raised:
            error = error.__context__
        return error is not None


STOP_SIGNALS = StopSignals()
"""Those of the command line."""
