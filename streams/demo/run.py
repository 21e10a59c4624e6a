"""The demo: one year of a real shop through real workers, from an empty broker to explained output.

broker ── topics ── definitions ── workers ──────────────┐
                                      events in ─────────┴── all decided ── counted
"""

import contextlib
import shutil
import signal
import tempfile
import time
import uuid
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

import msgspec

from streams.demo.counts import DemoCounts, count_outputs
from streams.demo.low_clv import Story, tell_stories
from streams.demo.purchase_model import fit_purchase_model, publish_purchase_model
from streams.demo.retail import read_retail
from streams.demo.shop import ShopSummary, ShopYear, build_shop_year
from streams.demo.workers import Worker, WorkerFailed, WorkerObserver, wait_until_decided
from streams.embedded.broker_process import EmbeddedBroker
from streams.engine import Instant
from streams.engine.forecast import PurchaseModel
from streams.engine.values import DAY
from streams.errors import Refused
from streams.importing import DAYS_AFTER_LAST_EVENT
from streams.importing.encoding import event_record
from streams.importing.past_import import ImportSummary, end_after, write_past
from streams.kafka.admin import KafkaAdmin
from streams.kafka.topic_reader import TopicReader
from streams.operations.publish import DefinitionsSet, publish_set, read_to_publish
from streams.replay.history import read_history
from streams.replay.timeline import Timeline, customer_timeline
from streams.resources import example_flows_dir
from streams.settings import RecordTime, Settings

_MOST_RESTARTS = 10


class Reach(Protocol):
    """A progress bar."""

    total: int | None

    def reach(self, done: int, detail: str = "") -> None:
        """Sets the number done; `detail` is shown beside it."""


OpenProgress = Callable[[str, int | None], AbstractContextManager[Reach]]
"""Opens a progress bar with a description and a total."""


class DemoOptions(msgspec.Struct, frozen=True):
    """Options of the demo."""

    workers: int = 2
    partitions: int = 4
    seed: int = 7
    one_in: int = 1  # sample one customer in so many: faster
    flows: Path | None = None  # None: the example shop
    brokers: str | None = None  # None: the embedded broker
    keep: Path | None = None  # folder for the broker's data and the logs; None: deleted


class DemoReport(msgspec.Struct):
    """Result of the demo."""

    summary: ShopSummary
    definitions: DefinitionsSet
    imported: ImportSummary
    counts: DemoCounts
    seconds: float  # from the first event written to the last decision
    restarts: int  # of killed workers
    model: PurchaseModel | None  # None: the extra `value` isn't installed
    timeline: Timeline | None
    stories: list[Story]  # of low-clv


class Demo:
    """The demo as a context manager: its exit stops and removes everything that it started."""

    def __init__(self, options: DemoOptions, open_progress: OpenProgress) -> None:
        self.folder = Path()
        """Folder of data and logs, while the demo runs."""
        self.logs: Path | None = None
        """Folder with the workers' logs, after a failure."""
        self._options = options
        self._open_progress = open_progress
        self._stack = ExitStack()
        self._workers: list[Worker] = []
        self._restarts = 0

    def __enter__(self) -> Self:
        keep = self._options.keep
        if keep is None:
            self.folder = Path(tempfile.mkdtemp(prefix="sendflow-demo-"))
            self._stack.callback(shutil.rmtree, self.folder, ignore_errors=True)
        else:
            keep.mkdir(parents=True, exist_ok=True)
            self.folder = keep.resolve()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if isinstance(error, Exception) and not isinstance(error, Refused):
            self._keep_logs()
        self._stack.close()

    def run(self) -> DemoReport:
        """Runs the demo. Raises Refused, WorkerFailed."""
        with self._open_progress("starting the broker", None):
            settings = self._start_broker()
            definitions = self._prepare(settings)
            for number in range(1, self._options.workers + 1):
                worker = Worker(settings, self.folder, f"worker-{number}")
                self._workers.append(worker)
            self._stack.callback(self._end_workers)
        with self._open_progress("reading the shop data", None):
            retail = read_retail()
            year = build_shop_year(self._options.seed, self._options.one_in, retail)
        with self._open_progress("fitting the purchase model", None):
            model = fit_purchase_model(retail)
            if model is not None:
                publish_purchase_model(settings, model, _now())
        began = time.monotonic()
        imported = self._import(settings, year)
        assert imported.until is not None
        self._decide(year.summary.first_at, imported.until)
        seconds = time.monotonic() - began
        with self._open_progress("stopping the workers", None):
            self._stop_workers()
        with TopicReader(settings, "demo") as reader:
            with self._open_progress("counting decisions", None) as bar:

                def report(done: int, total: int) -> None:
                    bar.total = total
                    bar.reach(done)

                counts = count_outputs(reader, report)
            timeline = None
            if counts.interesting_customer is not None:
                timeline = customer_timeline(read_history(reader, counts.interesting_customer))
            stories = tell_stories(reader, counts.low_clv)
        return DemoReport(
            summary=year.summary,
            definitions=definitions,
            imported=imported,
            counts=counts,
            seconds=seconds,
            restarts=self._restarts,
            model=model,
            timeline=timeline,
            stories=stories,
        )

    def _start_broker(self) -> Settings:
        options = self._options
        settings = Settings(
            application="sendflow-demo",
            partitions=options.partitions,
            record_time=RecordTime.CREATE,
            session_timeout=6_000,
        )
        if options.brokers is not None:
            # Topics under a prefix of their own, beside others; deleted at the end.
            name = f"demo-{uuid.uuid4().hex[:8]}"
            settings = msgspec.structs.replace(
                settings, brokers=options.brokers, prefix=f"{name}.", application=name
            )
            self._stack.callback(_delete_topics, settings)
            return settings
        broker = EmbeddedBroker(self.folder / "broker")
        # A kept broker is stopped cleanly, so that all its data are on disk.
        self._stack.callback(broker.kill if options.keep is None else broker.stop)
        return msgspec.structs.replace(settings, brokers=broker.start())

    def _prepare(self, settings: Settings) -> DefinitionsSet:
        definitions = read_to_publish(self._options.flows or example_flows_dir())
        admin = KafkaAdmin(settings)
        try:
            admin.wait_for_broker()
            admin.create_topics()
        finally:
            admin.close()
        publish_set(settings, definitions, _now(), coupon_key=f"demo {self._options.seed}")
        return definitions

    def _import(self, settings: Settings, year: ShopYear) -> ImportSummary:
        """Writes the events, while the workers process them."""
        with self._open_progress("writing events to Kafka", len(year.events)) as bar:

            def report(done: int, at: Instant) -> None:
                for worker in self._workers:
                    if not worker.is_running():
                        self._restart(worker)
                bar.reach(done, _day(at))

            events = map(event_record, year.events)
            return write_past(settings, events, end_after(DAYS_AFTER_LAST_EVENT, _now()), report)

    def _decide(self, first: Instant, until: Instant) -> None:
        with self._open_progress("deciding", (until - first) // DAY) as bar:

            def on_progress(clock: Instant) -> None:
                detail = _day(clock)
                if self._restarts:
                    detail += f", worker restarts: {self._restarts}"
                bar.reach(max(0, clock - first) // DAY, detail)

            observer = WorkerObserver(on_progress, self._restart)
            wait_until_decided(self._workers, self._options.partitions, until, observer)

    def _restart(self, worker: Worker) -> None:
        """Restarts a killed worker; no output is lost or duplicated by it."""
        if not worker.was_killed() or self._restarts == _MOST_RESTARTS:
            raise worker.failure()
        self._restarts += 1
        worker.restart()

    def _stop_workers(self) -> None:
        for name, status in self._end_workers():
            if status not in (0, -signal.SIGTERM):  # the latter: stopped right after a restart
                raise WorkerFailed(f"{name}: unclean exit: status {status}")

    def _end_workers(self) -> list[tuple[str, int]]:
        """Stops all at the same time; returns their names and exit statuses."""
        workers, self._workers = self._workers, []
        for worker in workers:
            worker.request_stop()
        return [(worker.name, worker.wait_for_end()) for worker in workers]

    def _keep_logs(self) -> None:
        logs = sorted(self.folder.glob("*.log")) + sorted(self.folder.glob("broker/*.log"))
        if self._options.keep is not None or not logs:
            return
        self.logs = Path(tempfile.mkdtemp(prefix="sendflow-demo-logs-"))
        for log in logs:
            with contextlib.suppress(OSError):
                shutil.copy(log, self.logs)


def _delete_topics(settings: Settings) -> None:
    admin = KafkaAdmin(settings)
    try:
        admin.delete_topics()
    finally:
        admin.close()


def _day(at: Instant) -> str:
    return time.strftime("%Y-%m-%d", time.gmtime(at / 1000))


def _now() -> Instant:
    return time.time_ns() // 1_000_000
