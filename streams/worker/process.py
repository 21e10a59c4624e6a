"""A worker process from its start to its end.

    reach a broker ──► check the topics ──► publish, if asked to ──► join the group ──► decide
         │                  │                     │                       │              │
         └──────────────────┴─────────────────────┴───── SIGTERM ─────────┴──────────────┤
                                                                                         ▼
                                    last transactions ──► stores closed ──► group left ──► end

Whatever hangs in the last line is cut off in time: what was committed stands, the rest is decided
again by whoever owns it next.
"""

import asyncio
import contextlib
import errno
import gc
import itertools
import logging
import os
import signal
import threading
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from faust.types import TP

from streams.errors import Refused
from streams.kafka.admin import KafkaAdmin
from streams.kafka.consumer import RecordConsumer
from streams.kafka.options import consumer_options
from streams.kafka.partition import KeyCheck, partition_of
from streams.kafka.topics import topic_name
from streams.metrics import TaskMeasures, registry_of
from streams.settings import Settings
from streams.web.views import HealthView, TaskView, WorkerView, health_view, waiting_view
from streams.worker.app import WorkerApp, advertised_host, build_app
from streams.worker.facts import FactsAgent
from streams.worker.fetching import FetchThread, Key
from streams.worker.host import Host, in_thread
from streams.worker.opening import TaskOpener
from streams.worker.publish import publish_if_new
from streams.worker.routes import Questions, add_routes
from streams.worker.tasks import TaskPorts, Tasks, TasksOptions, wall_clock
from streams.worker.transport import Consumer

logger = logging.getLogger(__name__)

GRACE = 9.5
"""Seconds from the first SIGTERM to the end, whatever happens (the issue allows 10)."""
TASKS_WITHIN, GROUP_WITHIN = 5.0, 2.0
CUT_WITHIN = 2.0
COLLECT_EVERY = 0.25
"""Seconds between two looks of the collector: a few milliseconds each."""
MIDDLE_TURN, OLD_TURN = 40, 4_800
"""Every so many looks one goes further: each ten seconds, and each twenty minutes over all."""

THREADS_WITHIN = 0.5
"""Seconds that threads have to end once everything is closed."""

STOPPED, FAILED, REFUSED = 0, 1, 2
"""Exit statuses; what only the user can mend is raised as Refused."""


def run_worker(settings: Settings, flows: Path | None = None) -> int:
    """Runs a worker until SIGTERM or Ctrl-C; its exit status. `flows`: a folder of definitions to
    be published at the start, if that set never was. Raises Refused."""
    worker = WorkerProcess(settings, flows)
    others = set(threading.enumerate())
    try:
        asyncio.run(worker.run())
    except Refused:
        worker.ends_with = REFUSED
        raise
    except Exception as error:
        logger.error("the worker can't go on: %s: %s", type(error).__name__, error)
        return FAILED
    logger.info("stopped")
    if hanging := still_running(others, THREADS_WITHIN):
        logger.warning("ending without %s, which still waits for an answer", ", ".join(hanging))
        end_now(STOPPED)
    return STOPPED


class WorkerProcess:
    """One worker; see the module."""

    def __init__(self, settings: Settings, flows: Path | None) -> None:
        self._settings = settings
        self._flows = flows
        self._stop = asyncio.Event()
        self.ends_with = FAILED
        """The exit status, should the process have to be cut off."""
        self._is_stopping = threading.Event()
        self._blocking = ThreadPoolExecutor(1, thread_name_prefix="start")
        self._admin: KafkaAdmin | None = None
        self._records: FetchThread | None = None
        self._tasks: Tasks | None = None
        self._app: WorkerApp | None = None

    async def run(self) -> None:
        """From the start to the end. Raises what made the worker fail."""
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
            logger.warning("%s again: ending at once", number.name)
            end_now(FAILED)
        logger.info("%s: stopping", number.name)
        self._stop.set()

    def _end_in_time(self) -> None:
        """From now on the process has GRACE seconds, even if a thread hangs."""
        deadline = threading.Timer(GRACE, self._cut_off)
        deadline.daemon = True
        deadline.start()

    def _cut_off(self) -> None:
        logger.error("not stopped after %g s: ending without a good-bye", GRACE)
        end_now(self.ends_with)

    # ── Start ─────────────────────────────────────────────────────────────────────────────────

    async def _serve(self) -> None:
        """Runs until it's cancelled. Raises what made the worker fail."""
        opener = await in_thread(self._blocking, self._prepare)
        tasks, app = await self._assemble(opener)
        collecting = asyncio.create_task(collect_garbage())
        await tasks.start()
        starting = asyncio.create_task(self._start_app(app))
        crashed = asyncio.create_task(app.crashed_by())
        try:
            ends: list[asyncio.Future[Any]] = [starting, crashed, tasks.failure]
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
            if starting.done():
                starting.result()
            await asyncio.wait([crashed, tasks.failure], return_when=asyncio.FIRST_COMPLETED)
        finally:
            for one in (collecting, starting, crashed):
                one.cancel()
        raise tasks.failure.result() if tasks.failure.done() else crashed.result()

    async def _assemble(self, opener: TaskOpener) -> tuple[Tasks, WorkerApp]:
        settings = self._settings
        records = self._records = FetchThread(
            lambda: RecordConsumer(consumer_options(settings, "records")),
            settings.prefix,
            KeyCheck(settings.partitions),
        )
        await records.start()
        facts = FactsAgent(settings, records, lambda error: tasks.fail(error))
        ports = TaskPorts(
            opener=opener,
            records=records,
            ask_ends=self._ask_ends,
            partition_of=lambda key: partition_of(key, settings.partitions),
            write_offsets=self._write_offsets,
            own_facts=facts.own,
        )
        options = TasksOptions(
            reopen_after_fenced=settings.session_timeout / 1000,
            broker_patience=settings.broker_timeout / 1000,
        )
        tasks = self._tasks = Tasks(ports, options)
        app = self._app = build_app(settings, records, tasks, facts)
        registry = registry_of(self._measures)
        add_routes(app, app.customers, Questions(self._status, self._health, registry))
        return tasks, app

    def _prepare(self) -> TaskOpener:
        """Everything that must be right before the group is joined; blocks. Raises Refused."""
        admin = self._admin = KafkaAdmin(self._settings)
        admin.wait_for_broker(self._is_stopping.is_set)
        problems = admin.check_topics()
        for problem in problems:
            if problem.is_advice:
                logger.warning("%s", problem)
        serious = [str(problem) for problem in problems if not problem.is_advice]
        if serious:
            raise Refused("\n".join(serious))
        if self._flows is not None:
            published = publish_if_new(self._settings, self._flows, wall_clock())
            if published is not None:
                logger.info("published definitions %s from %s", published.version, self._flows)
        return TaskOpener(self._settings, admin, self._is_stopping.is_set)

    async def _start_app(self, app: WorkerApp) -> None:
        settings = self._settings
        try:
            await app.start()
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
            raise Refused(
                f"port {settings.web_port} is taken; stop what listens there, or set another one "
                "(web_port, SENDFLOW_WEB_PORT)"
            ) from error
        logger.info(
            "member of the group %s; http://%s:%d/status shows its tasks",
            settings.application,
            advertised_host(settings),
            settings.web_port,
        )

    # ── End ───────────────────────────────────────────────────────────────────────────────────

    async def _end(self) -> None:
        """Last transactions, stores, group; each within its time."""
        began = time.monotonic()
        if self._tasks is not None:
            await self._tasks.stop(TASKS_WITHIN)
        if self._app is not None and self._app.started:
            leaving = asyncio.create_task(self._app.stop())
            await asyncio.wait([leaving], timeout=GROUP_WITHIN)
            if not leaving.done():
                logger.warning("the group doesn't answer: left without a good-bye")
                end_now(STOPPED)
        if self._records is not None:
            await self._records.close()
        if self._admin is not None and self._tasks is not None:
            self._admin.close()
        self._blocking.shutdown(wait=False)
        logger.info("everything closed in %.1f s", time.monotonic() - began)

    # ── What the tasks and the views ask ──────────────────────────────────────────────────────

    def _ask_ends(self, keys: list[Key]) -> dict[Key, int]:
        assert self._admin is not None
        settings = self._settings
        names = {(topic_name(settings, topic), number): (topic, number) for topic, number in keys}
        ends = self._admin.end_offsets(names, CUT_WITHIN)
        return {names[name]: end for name, end in ends.items()}

    async def _write_offsets(self, offsets: Mapping[Key, int]) -> None:
        assert self._app is not None
        consumer = self._app.consumer
        assert isinstance(consumer, Consumer)
        settings = self._settings
        await consumer.write_offsets(
            {
                TP(topic_name(settings, topic), number): offset
                for (topic, number), offset in offsets.items()
            }
        )

    def _status(self) -> WorkerView:
        hosts = [] if self._tasks is None else self._tasks.hosts()
        running = [host for host in hosts if host.runs]
        return WorkerView(
            application=self._settings.application,
            generation=None if self._app is None else self._app.consumer_generation_id,
            definitions=running[0].task.program.version if running else None,
            tasks=[task_view(host) for host in hosts],
        )

    def _measures(self) -> list[TaskMeasures]:
        hosts = [] if self._tasks is None else self._tasks.hosts()
        return [task_measures(host) for host in hosts if host.runs]

    def _health(self) -> HealthView:
        hosts = [] if self._tasks is None else self._tasks.hosts()
        return health_view(
            [host.state for host in hosts],
            is_stopping=self._is_stopping.is_set(),
            is_failed=self._tasks is not None and self._tasks.failure.done(),
        )


def task_view(host: Host) -> TaskView:
    """A task as `/status` shows it."""
    view = TaskView(host.partition, host.state.value, failures=host.failures)
    if host.runs:
        task = host.task
        view.clock = task.clock
        view.behind = wall_clock() - task.clock
        view.waits_for = task.waits_for
        view.next_due = task.next_due
        view.buffered = {topic: task.buffered(topic)[0] for topic in host.fed}
        view.lag = host.lag()
        view.counts = dict(task.counts)
        is_at_rest = task.time.is_at_rest(view.behind, view.waits_for)
        return waiting_view(view, is_at_rest=is_at_rest, knows_ends=host.knows_ends)
    return view


def task_measures(host: Host) -> TaskMeasures:
    """A task as `/metrics` shows it."""
    task = host.task
    return TaskMeasures(
        partition=host.partition,
        behind=wall_clock() - task.clock,
        buffered={topic: task.buffered(topic)[0] for topic in host.fed},
        lag=host.lag(),
        counts=dict(task.counts),
        commits=host.commits,
        commit_seconds=host.commit_seconds,
        failures=host.failures,
    )


async def collect_garbage() -> None:
    """The collector, run by hand until it's cancelled, mostly over what is new since the last time.

    By itself it would walk through all cached states again and again, which never are garbage in
    cycles; that took a third of the CPU (`make bench`). Cycles that got old are found all the
    same, only seldom: a worker that runs for months mustn't grow.
    """
    gc.disable()
    gc.freeze()
    for turn in itertools.count(1):
        await asyncio.sleep(COLLECT_EVERY)
        generation = 2 if turn % OLD_TURN == 0 else 1 if turn % MIDDLE_TURN == 0 else 0
        gc.collect(generation)


def still_running(others: set[threading.Thread], within: float) -> list[str]:
    """The names of the threads that hang in a call: the interpreter would wait for them, and it may
    be for a quarter of a minute. What they began is left to the next owner's fence, as after any
    end; nothing of it was committed, or all of it. `others` are left out."""
    deadline = time.monotonic() + within
    names = []
    for thread in threading.enumerate():
        if thread.daemon or thread in others:
            continue
        thread.join(max(0.0, deadline - time.monotonic()))
        if thread.is_alive():
            names.append(thread.name)
    return names


def end_now(status: int) -> None:
    """Ends the process without waiting for its threads: one of them hangs in a call."""
    logging.shutdown()
    os._exit(status)
