"""A supervisor from its start to its end.

    take the web port ──► check the topics, publish if --flows ──► start the processes ──► wait
             │                           │                                  │                │
             └───────────────────────────┴─── SIGTERM, or one is given up ──┴────────────────┤
                                                                                             ▼
                                      SIGTERM to all ──► wait ──► SIGKILL at the deadline ──► end

Topics and definitions are its part, so that a mistake is told once and a set is published once; the
rest is done by the processes.
"""

import asyncio
import contextlib
import logging
import os
import shutil
import signal
import tempfile
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from streams import __version__
from streams.compiled import form
from streams.errors import Refused
from streams.kafka.admin import KafkaAdmin
from streams.settings import Settings
from streams.worker.ending import FAILED, exit_now, exit_past_hanging_threads
from streams.worker.group import ProcessPlace
from streams.worker.preparing import check_cluster, publish_once
from streams.worker.supervision.child import Child
from streams.worker.supervision.cores import settings_of_process
from streams.worker.supervision.front import Front
from streams.worker.supervision.handover import Handover
from streams.worker.supervision.restarts import (
    GiveUp,
    RestartPolicy,
    end_text,
    reaction_to,
    status_of_stop,
)
from streams.worker.supervision.states import ProcessState

logger = logging.getLogger(__name__)

PROCESSES_WITHIN = 9.0
"""Seconds from SIGTERM until processes that haven't ended are killed; they allow themselves less
(process.GRACE_OF_PROCESS)."""
GRACE_OF_ALL = 9.6
"""Maximum seconds from SIGTERM to the exit."""
LONGEST_FOLDER = 95
"""Bytes; systems allow 104 to 108 for a socket in it."""


def run_supervisor(settings: Settings, processes: int, flows: Path | None = None) -> int:
    """Runs a worker of several processes until SIGTERM or Ctrl-C; returns the exit status. `flows`:
    folder of definitions to publish on start, unless that set was published before. Raises
    Refused."""
    logger.info("sendflow %s, %s, %d processes", __version__, form(), processes)
    if processes > settings.partitions:
        logger.warning(
            "%d processes stand by: there is a task for each of %d partitions",
            processes - settings.partitions,
            settings.partitions,
        )
    others = set(threading.enumerate())
    with socket_folder() as folder:
        supervisor = Supervisor(settings, processes, flows, folder)
        try:
            status = asyncio.run(supervisor.run())
        except Refused:
            raise
        except Exception as error:
            logger.error("supervisor failed: %s: %s", type(error).__name__, error)
            return FAILED
        logger.info("stopped")
    exit_past_hanging_threads(others, status)
    return status


class Supervisor:
    """One worker of several processes; see the module."""

    def __init__(
        self,
        settings: Settings,
        processes: int,
        flows: Path | None,
        folder: Path,
    ) -> None:
        """`folder`: for the sockets of the processes."""
        self._settings = settings
        self._flows = flows
        self._folder = folder
        self._policy = RestartPolicy()
        self._is_stopping = threading.Event()
        self._stop = asyncio.Event()
        """Set together with `_is_stopping`, which other threads read."""
        self._is_signalled = False
        """True from the first signal on; without one, a process that was given up ends the rest."""
        self._given_up: int | None = None
        """Exit status where a process was given up."""
        self._blocking = ThreadPoolExecutor(1, thread_name_prefix="start")
        self._children = [
            Child(
                Handover(
                    settings_of_process(settings, number, processes),
                    ProcessPlace(number, folder / str(number)),
                )
            )
            for number in range(1, processes + 1)
        ]
        self._front = Front(settings, self._children, self._is_stopping.is_set)

    async def run(self) -> int:
        """Runs until stopped or failed; returns the exit status. Raises Refused."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._on_signal, number)
        try:
            await self._front.open()
            await self._prepared()
            statuses = await self._keep_all()
        finally:
            self._kill_all()
            await self._front.close()
            self._blocking.shutdown(wait=False)
        return status_of_stop(statuses) if self._given_up is None else self._given_up

    def _on_signal(self, number: signal.Signals) -> None:
        if self._is_signalled:
            logger.warning("second %s: killing all processes", number.name)
            self._exit_now()
        self._is_signalled = True
        logger.info("%s received: stopping all processes", number.name)
        if not self._stop.is_set():
            self._begin_end()

    def _begin_end(self) -> None:
        """Limits the rest to GRACE_OF_ALL seconds, whatever hangs."""
        self._is_stopping.set()
        self._stop.set()
        deadline = threading.Timer(GRACE_OF_ALL, self._exit_at_deadline)
        deadline.daemon = True
        deadline.start()

    def _exit_at_deadline(self) -> None:
        logger.error("shutdown exceeded %g s; killing all processes", GRACE_OF_ALL)
        self._exit_now()

    def _exit_now(self) -> None:
        self._kill_all()
        shutil.rmtree(self._folder, ignore_errors=True)
        exit_now(FAILED)

    def _kill_all(self) -> None:
        for child in self._children:
            child.kill()

    # ── Start ─────────────────────────────────────────────────────────────────────────────────

    async def _prepared(self) -> None:
        """Returns once the processes may start, or are not to start any more. Raises Refused."""
        loop = asyncio.get_running_loop()
        preparing = loop.run_in_executor(self._blocking, self._prepare)
        stopping = asyncio.create_task(self._stop.wait())
        ends: list[asyncio.Future[Any]] = [preparing, stopping]
        await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        if preparing.done():
            preparing.result()
        else:
            preparing.cancel()

    def _prepare(self) -> None:
        admin = KafkaAdmin(self._settings)
        try:
            check_cluster(admin, self._is_stopping.is_set)
        finally:
            admin.close()
        if self._flows is not None:
            publish_once(self._settings, self._flows)

    # ── Processes ─────────────────────────────────────────────────────────────────────────────

    async def _keep_all(self) -> list[int]:
        """Keeps all processes running until the stop, then ends them. Returns their exit statuses.
        Raises OSError where the system has no process left."""
        keepers = [asyncio.create_task(self._keep(child)) for child in self._children]
        stopping = asyncio.create_task(self._stop.wait())
        await asyncio.wait([stopping, *keepers], return_when=asyncio.FIRST_COMPLETED)
        if not self._stop.is_set():
            self._begin_end()  # one was given up
        for child in self._children:
            child.request_stop()
        _, late = await asyncio.wait(keepers, timeout=PROCESSES_WITHIN)
        if late:
            names = ", ".join(str(child.number) for child in self._children if child.is_up)
            logger.warning("killing what still runs after %g s: %s", PROCESSES_WITHIN, names)
            self._kill_all()
        statuses = await asyncio.gather(*keepers)
        return [status for status in statuses if status is not None]

    async def _keep(self, child: Child) -> int | None:
        """Starts a process again whenever it has ended. Returns its exit status after the stop;
        None where there was no process then."""
        status = None
        failures = 0
        while not self._stop.is_set():
            await child.start()
            logger.info("process %d started (pid %d)", child.number, child.pid)
            if self._stop.is_set():
                child.request_stop()
            status = await child.ended()
            if self._stop.is_set():
                break
            reaction = reaction_to(status, child.ran_for, failures, self._policy)
            how = f"process {child.number} {end_text(status)} after {child.ran_for:.0f} s"
            if isinstance(reaction, GiveUp):
                logger.error("%s; stopping all processes", how)
                self._given_up = reaction.exit_status
                break
            logger.warning("%s; starting it again in %g s", how, reaction.delay)
            status, failures = None, reaction.failures
            child.move(ProcessState.WAITING)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stop.wait(), reaction.delay)
        child.move(ProcessState.ENDED)
        return status


@contextlib.contextmanager
def socket_folder() -> Iterator[Path]:
    """A new folder for the sockets of the processes, which only this user may enter. Raises
    Refused where there is no place for one."""
    try:
        folder = tempfile.TemporaryDirectory(prefix="sendflow-", ignore_cleanup_errors=True)
    except OSError as error:
        raise Refused(f"no temporary folder: {error}; set TMPDIR to a writable folder") from error
    with folder as name:
        if len(os.fsencode(name)) > LONGEST_FOLDER:
            raise Refused(
                f"{name} is too long for a socket, expected at most {LONGEST_FOLDER} bytes; set "
                "TMPDIR to a shorter folder"
            )
        yield Path(name)
