"""One process of a worker, as its supervisor has it: started, told to stop, killed."""

import asyncio
import contextlib
import signal
import sys
import time
from pathlib import Path

from streams.worker.group import ProcessPlace
from streams.worker.supervision.handover import Handover, encode_handover
from streams.worker.supervision.merging import ProcessView
from streams.worker.supervision.states import ProcessState, process_moved

# -P: the working directory may hold a folder with the name of the package.
MEMBER_COMMAND = (sys.executable, "-P", "-m", "streams.worker.supervision.member")


class Child:
    """A process that may be started several times, in a session of its own: Ctrl-C reaches the
    supervisor alone. It keeps the log, the environment and the working directory of this process,
    and ends with it (member.py)."""

    def __init__(self, handover: Handover) -> None:
        self._handover = handover
        self._process: asyncio.subprocess.Process | None = None
        self._began = 0.0
        self.state = ProcessState.WAITING
        self.starts = 0
        self.exit_status: int | None = None
        """That of its last end; negative: the number of the signal."""

    @property
    def place(self) -> ProcessPlace:
        """Its number, and the socket of its HTTP server."""
        return self._handover.place

    @property
    def socket(self) -> Path:
        """Of its HTTP server."""
        return self.place.socket

    @property
    def number(self) -> int:
        """Its number, from 1."""
        return self.place.number

    @property
    def is_up(self) -> bool:
        """True while the process exists."""
        return self.state in (ProcessState.RUNNING, ProcessState.STOPPING)

    @property
    def pid(self) -> int | None:
        """Process id; None while there is no process."""
        return self._process.pid if self._process is not None and self.is_up else None

    @property
    def ran_for(self) -> float:
        """Seconds since its last start."""
        return time.monotonic() - self._began

    @property
    def view(self) -> ProcessView:
        """As `/status` shows it."""
        return ProcessView(self.number, self.state.value, self.pid, self.starts)

    async def start(self) -> None:
        """Starts the process. Raises OSError where the system has none left."""
        process = self._process = await asyncio.create_subprocess_exec(
            *MEMBER_COMMAND, str(self.number), stdin=asyncio.subprocess.PIPE, start_new_session=True
        )
        self.move(ProcessState.RUNNING)
        self.starts += 1
        self._began = time.monotonic()
        assert process.stdin is not None
        with contextlib.suppress(ConnectionError):  # it has ended already
            process.stdin.write(encode_handover(self._handover))
            await process.stdin.drain()

    async def ended(self) -> int:
        """Waits for the end of the process; returns the exit status."""
        assert self._process is not None
        self.exit_status = await self._process.wait()
        return self.exit_status

    def request_stop(self) -> None:
        """SIGTERM, once; a no-op where there is no process."""
        if self.state is ProcessState.RUNNING:
            self.move(ProcessState.STOPPING)
            self._signal(signal.SIGTERM)

    def kill(self) -> None:
        """SIGKILL; a no-op where there is no process."""
        if self.is_up:
            self._signal(signal.SIGKILL)

    def move(self, to: ProcessState) -> None:
        """Changes the state to `to`. Raises WrongTransition."""
        self.state = process_moved(self.number, self.state, to)

    def _signal(self, number: signal.Signals) -> None:
        assert self._process is not None
        with contextlib.suppress(ProcessLookupError):
            self._process.send_signal(number)
