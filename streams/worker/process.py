"""A worker process from its start to its end.

    reach a broker ──► check the topics ──► publish, if --flows ──► join the group ──► decide
         │                  │                     │                       │              │
         └──────────────────┴─────────────────────┴──── SIGTERM ──────────┴──────────────┤
                                                                                         ▼
                                    last transactions ──► stores closed ──► group left ──► end

A deadline bounds the last line. Committed data stands; the next owner decides the rest again.
"""

import asyncio
import contextlib
import logging
import signal
import threading
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from streams import __version__
from streams.compiled import form
from streams.contracts.partition_facts import PARTITION_FACTS
from streams.errors import Refused
from streams.kafka.admin import KafkaAdmin
from streams.kafka.client_config import consumer_options
from streams.kafka.consumer import RecordConsumer
from streams.kafka.partition import partition_of
from streams.kafka.topics import topic_name
from streams.metrics import TaskMeasures, registry_of
from streams.ports import CONTROL, PartitionId
from streams.runtime.side_outputs import dead_letter_logger
from streams.settings import RecordTime, Settings
from streams.web.views import HealthView, WorkerView, health_view
from streams.worker.allocator import limit_arenas
from streams.worker.dead_letter_log import DeadLetterFilter, report_dead_letters
from streams.worker.ending import (
    FAILED,
    REFUSED,
    STOPPED,
    exit_now,
    exit_past_hanging_threads,
)
from streams.worker.facts_agent import FactsAgent
from streams.worker.faust.faust_group import FaustGroup
from streams.worker.fetching import GATHER, FetchThread
from streams.worker.garbage import Collector, collect_garbage
from streams.worker.group import Answers, GroupMembership, ProcessPlace
from streams.worker.opening import TaskOpener
from streams.worker.pauses import Pauses, PauseSelector, measured_loop
from streams.worker.preparing import check_cluster, publish_once
from streams.worker.refit_agent import RefitAgent
from streams.worker.reporting import task_measures, task_view
from streams.worker.slot import TaskSlot, in_thread
from streams.worker.tasks import TaskPorts, Tasks, TasksOptions

logger = logging.getLogger(__name__)

GRACE = 9.5
"""Maximum seconds from the first SIGTERM to the exit."""
GRACE_OF_PROCESS = 8.5
"""The same where the process is one of several: their supervisor ends after them."""
TASKS_WITHIN, GROUP_WITHIN = 5.0, 2.0
CUT_WITHIN = 2.0


def run_worker(
    settings: Settings, flows: Path | None = None, place: ProcessPlace | None = None
) -> int:
    """Runs a worker until SIGTERM or Ctrl-C and returns the exit status. `flows`: folder of
    definitions to publish on start, unless that set was published before. `place`: where this
    process is one of several. Raises Refused."""
    logger.info("sendflow %s, %s", __version__, form())
    limit_arenas()
    selector = PauseSelector()
    worker = WorkerProcess(settings, flows, selector, place)
    others = set(threading.enumerate())
    try:
        with asyncio.Runner(loop_factory=lambda: measured_loop(selector)) as runner:
            runner.run(worker.run())
    except Refused:
        worker.exit_status = REFUSED
        raise
    except Exception as error:
        logger.error("worker failed: %s: %s", type(error).__name__, error)
        return FAILED
    logger.info("stopped")
    exit_past_hanging_threads(others, STOPPED)
    return STOPPED


class WorkerProcess:
    """One worker; see the module."""

    def __init__(
        self,
        settings: Settings,
        flows: Path | None,
        selector: PauseSelector,
        place: ProcessPlace | None = None,
    ) -> None:
        """`selector`: of the event loop."""
        self._settings = settings
        self._flows = flows
        self._selector = selector
        self._pauses = Pauses()
        self._place = place
        self._grace = GRACE if place is None else GRACE_OF_PROCESS
        self._stop = asyncio.Event()
        self.exit_status = FAILED
        """Exit status at the deadline."""
        self._is_stopping = threading.Event()
        self._blocking = ThreadPoolExecutor(1, thread_name_prefix="start")
        self._admin: KafkaAdmin | None = None
        self._records: FetchThread | None = None
        self._tasks: Tasks | None = None
        self._refits = RefitAgent(settings)
        self._membership: GroupMembership | None = None

    async def run(self) -> None:
        """Runs until stopped or failed. Raises the error that made the worker fail."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._on_signal, number)
        serving = asyncio.create_task(self._serve())
        stopping = asyncio.create_task(self._stop.wait())
        await asyncio.wait([serving, stopping], return_when=asyncio.FIRST_COMPLETED)
        self._is_stopping.set()
        self._end_in_time()
        stopping.cancel()
        serving.cancel()
        try:
            with contextlib.suppress(asyncio.CancelledError):
                await serving
        finally:
            await self._end()

    def _on_signal(self, number: signal.Signals) -> None:
        if self._stop.is_set():
            if self._place is not None:
                return  # systemd signals every process, and so does the supervisor, which decides
            logger.warning("second %s: exiting immediately", number.name)
            exit_now(FAILED)
        logger.info("%s received: shutting down", number.name)
        self._stop.set()

    def _end_in_time(self) -> None:
        """Limits the rest of the process, even if a thread hangs."""
        deadline = threading.Timer(self._grace, self._exit_at_deadline)
        deadline.daemon = True
        deadline.start()

    def _exit_at_deadline(self) -> None:
        logger.error("shutdown exceeded %g s; exiting without leaving the group", self._grace)
        exit_now(self.exit_status)

    # ── Start ─────────────────────────────────────────────────────────────────────────────────

    async def _serve(self) -> None:
        """Runs until cancelled. Raises the error that made the worker fail."""
        opener = await in_thread(self._blocking, self._prepare)
        tasks, membership = await self._assemble(opener)
        collecting = asyncio.create_task(collect_garbage(Collector()))
        letters = DeadLetterFilter()
        dead_letter_logger.addFilter(letters)
        reporting = asyncio.create_task(report_dead_letters(letters))
        self._selector.begin(self._pauses)
        await tasks.start()
        joining = asyncio.create_task(membership.join())
        ended = asyncio.create_task(membership.ended())
        try:
            ends: list[asyncio.Future[Any]] = [joining, ended, tasks.failure]
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
            if joining.done():
                joining.result()
            await asyncio.wait([ended, tasks.failure], return_when=asyncio.FIRST_COMPLETED)
        finally:
            for one in (collecting, reporting, joining, ended):
                one.cancel()
            dead_letter_logger.removeFilter(letters)
            letters.report()
        raise tasks.failure.result() if tasks.failure.done() else ended.result()

    async def _assemble(self, opener: TaskOpener) -> tuple[Tasks, GroupMembership]:
        settings = self._settings
        # In simulated time all tasks wait for each other at midnight, and nothing else is to come.
        gather = 0.0 if settings.record_time is RecordTime.CREATE else GATHER
        records = self._records = FetchThread(
            lambda: RecordConsumer(consumer_options(settings, "records"), gather),
            settings.prefix,
        )
        await records.start()
        facts = FactsAgent(settings, records, lambda error: tasks.fail(error))

        def set_owner(is_owner: bool) -> None:
            facts.set_owner(is_owner)
            self._refits.set_owner(is_owner)

        ports = TaskPorts(
            opener=opener,
            records=records,
            read_end_offsets=self._read_end_offsets,
            partition_of=lambda key: partition_of(key, settings.partitions),
            write_positions=self._write_positions,
            read_control=opener.read_control,
            set_facts_owner=set_owner,
        )
        options = TasksOptions(
            reopen_after_fenced=settings.session_timeout / 1000,
            broker_patience=settings.broker_timeout / 1000,
        )
        tasks = self._tasks = Tasks(ports, options)
        membership = self._membership = FaustGroup(
            settings,
            records,
            tasks,
            {CONTROL: tasks.feed_control, PARTITION_FACTS: facts.feed},
            Answers(self._status, self._health, registry_of(self._measures, self._pauses.measures)),
            self._place,
        )
        return tasks, membership

    def _prepare(self) -> TaskOpener:
        """Checks and preparations before joining the group; blocks. Raises Refused."""
        admin = self._admin = KafkaAdmin(self._settings)
        check_cluster(admin, self._is_stopping.is_set)
        if self._flows is not None:
            publish_once(self._settings, self._flows)
        return TaskOpener(self._settings, admin, self._is_stopping.is_set)

    # ── End ───────────────────────────────────────────────────────────────────────────────────

    async def _end(self) -> None:
        """Closes transactions, stores and group, each within its time."""
        began = time.monotonic()
        self._refits.set_owner(False)
        if self._tasks is not None:
            await self._tasks.stop(TASKS_WITHIN)
        if self._membership is not None:
            leaving = asyncio.create_task(self._membership.leave())
            await asyncio.wait([leaving], timeout=GROUP_WITHIN)
            if not leaving.done():
                logger.warning(
                    "group coordinator does not answer; exiting without leaving the group"
                )
                exit_now(STOPPED)
        if self._records is not None:
            await self._records.close()
        if self._admin is not None and self._tasks is not None:
            self._admin.close()
        self._blocking.shutdown(wait=False)
        logger.info("shutdown completed in %.1f s", time.monotonic() - began)

    # ── Providers for tasks and views ─────────────────────────────────────────────────────────

    def _read_end_offsets(self, keys: list[PartitionId]) -> dict[PartitionId, int]:
        assert self._admin is not None
        settings = self._settings
        names = {(topic_name(settings, topic), number): (topic, number) for topic, number in keys}
        ends = self._admin.end_offsets(names, CUT_WITHIN)
        return {names[name]: end for name, end in ends.items()}

    async def _write_positions(self, positions: Mapping[PartitionId, int]) -> None:
        assert self._membership is not None
        await self._membership.write_positions(positions)

    def _slots(self) -> list[TaskSlot]:
        return [] if self._tasks is None else self._tasks.slots()

    def _status(self) -> WorkerView:
        slots = self._slots()
        running = [slot for slot in slots if slot.runs]
        return WorkerView(
            application=self._settings.application,
            generation=None if self._membership is None else self._membership.generation,
            definitions=running[0].task.program.version if running else None,
            tasks=[task_view(slot) for slot in slots],
            form=str(form()),
            loop=self._pauses.measures(),
        )

    def _measures(self) -> list[TaskMeasures]:
        return [task_measures(slot) for slot in self._slots() if slot.runs]

    def _health(self) -> HealthView:
        return health_view(
            [slot.state for slot in self._slots()],
            is_stopping=self._is_stopping.is_set(),
            is_failed=self._tasks is not None and self._tasks.failure.done(),
        )
