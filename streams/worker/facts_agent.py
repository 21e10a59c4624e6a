"""The agent that adds up the tasks' reports of a day and writes the store facts to `control`
(DESIGN 5.11), and that decides which coupon codes move between tasks (DESIGN 6.4).

    partition-facts ──► ReportAggregator ──► one transaction a day ──► control ──► every task
                   └──► CouponBalance        and for changes of articles
                                             and coupon pools in between

It runs on the worker that owns task 0, in a thread with its own producer, and is fed like a task.
It keeps no state: opening the producer fences the previous agent, and from then on the end of
`control` holds the newest written day. So each day is written once, across any crash.
"""

import asyncio
import logging
import threading
from collections.abc import Callable, Coroutine, Iterator
from queue import Empty, SimpleQueue
from typing import Any

from streams.contracts.control import (
    changed_articles_record,
    decode_control,
    fact_record,
    read_changed_articles,
    read_fact,
)
from streams.contracts.coupon_moves import coupon_facts_record, key_beginning
from streams.contracts.partition_facts import PARTITION_FACTS, TaskReport, read_report
from streams.engine import articles_in
from streams.errors import Aborted, Fenced, OutcomeUnknown
from streams.kafka.client_config import producer_options
from streams.kafka.consumer import Batch
from streams.kafka.partition import key_in
from streams.kafka.producer import Route, TransactionalProducer
from streams.kafka.topic_reader import TopicReader
from streams.kafka.topics import topic_name
from streams.ports import (
    ARTICLE_FACTS_KEY,
    CONTROL,
    COUPON_FACTS_KEY,
    DAY_FACTS_KEY,
    CouponFacts,
    CouponReport,
    DayReport,
    OutputRecord,
    Record,
    Rejection,
)
from streams.runtime.article_facts import ArticleFacts
from streams.runtime.coupon_balance import CouponBalance
from streams.runtime.day_facts import DayFact, ReportAggregator
from streams.settings import RecordTime, Settings
from streams.worker.clock import wall_clock
from streams.worker.fetching import Fetched, FetchThread

logger = logging.getLogger(__name__)

OPEN_WITHIN = 15.0
"""Seconds for the brokers to end the older agent's transaction."""
WRITE_WITHIN = 5.0
POLL_INTERVAL = 0.2
"""Seconds between two checks for a stop."""
FAILURES_ALLOWED = 5
"""Consecutive, without a write."""


class FactsAgent:
    """The agent of this worker: it runs while the worker owns task 0. Its methods are called on the
    event loop and do not block."""

    def __init__(
        self,
        settings: Settings,
        records: FetchThread,
        on_failure: Callable[[BaseException], None],
    ) -> None:
        """`on_failure` is called, on the event loop, with an error that ends the worker."""
        self._settings = settings
        self._records = records
        self._loop = asyncio.get_running_loop()
        self._on_failure = on_failure
        self._thread: _AgentThread | None = None

    def feed(self, fetched: Fetched) -> None:
        """Takes a batch of `partition-facts`."""
        if self._thread is not None:
            self._thread.fetched.put(fetched)

    def set_owner(self, is_owner: bool) -> None:
        """Starts or stops the agent: `is_owner` is True while this worker owns task 0."""
        if self._thread is not None and (not is_owner or not self._thread.is_alive()):
            self._thread.stop()
            self._thread = None
        if is_owner and self._thread is None:
            self._thread = _AgentThread(self._settings, self._records, self._loop, self._failed)
            self._thread.start()

    def _failed(self, error: BaseException) -> None:
        self._loop.call_soon_threadsafe(self._on_failure, error)


class _AgentThread(threading.Thread):
    """The thread of the agent, from the assignment of task 0 to its revocation."""

    def __init__(
        self,
        settings: Settings,
        records: FetchThread,
        loop: asyncio.AbstractEventLoop,
        on_failure: Callable[[BaseException], None],
    ) -> None:
        super().__init__(name="facts", daemon=True)
        self.fetched: SimpleQueue[Fetched] = SimpleQueue()
        self._settings = settings
        self._records = records
        self._loop = loop
        self._on_failure = on_failure
        self._stopped = threading.Event()
        self._failures = 0

    def stop(self) -> None:
        """Requests the end; a running transaction is left to the next agent's fence."""
        self._stopped.set()

    def run(self) -> None:
        """Opens producer and reader, and reopens them after a failure."""
        while not self._stopped.is_set():
            try:
                self._add_up()
            except Fenced as error:
                # Another worker owns task 0, and an assignment follows. Without one, this one does.
                logger.warning("day-facts agent: %s; stopped", error)
                self._stopped.wait(self._settings.session_timeout / 1000)
            except (Aborted, OutcomeUnknown) as error:
                self._failures += 1
                if self._failures > FAILURES_ALLOWED:
                    self._fail(error)
                logger.warning("day-facts agent: %s; restarting from committed records", error)
                self._stopped.wait(2.0**self._failures / 2)
            except Exception as error:
                self._fail(error)

    def _fail(self, error: Exception) -> None:
        if not self._stopped.is_set():
            self._stopped.set()
            self._on_failure(error)

    def _add_up(self) -> None:
        settings = self._settings
        producer = TransactionalProducer(
            producer_options(settings, f"{settings.application}-facts"),
            {CONTROL: Route(topic_name(settings, CONTROL), 0)},
            CONTROL,
        )
        try:
            producer.open(OPEN_WITHIN)
            coupons = CouponBalance(
                settings.partitions,
                lambda number: key_in(number, settings.partitions, key_beginning(number)),
                _warn_of_low_pool,
            )
            adding = ReportAggregator(settings.partitions, *self._last_facts(coupons))
            for report in self._reports():
                for records in self._records_of(adding, coupons, report):
                    producer.commit(records, WRITE_WITHIN)
                    self._failures = 0
        finally:
            producer.close()

    def _records_of(
        self, adding: ReportAggregator, coupons: CouponBalance, report: TaskReport | None
    ) -> Iterator[list[OutputRecord]]:
        """The facts that a report completes, those of one transaction together. Changes of articles
        and coupon pools wait for a pause between reports: those of all tasks, which report at the
        same moments, are one record."""
        record_time = self._settings.record_time
        if isinstance(report, DayReport):
            adding.add(report)
            for fact in adding.complete():
                time = record_time.given(fact.day_end)
                told = coupons.close_day()
                before = [] if told is None else [coupon_facts_record(told, time)]
                # Tasks in simulated time wait for the last of them.
                yield [*before, fact_record(fact, time)]
        elif isinstance(report, CouponReport):
            coupons.add(report)
        elif report is not None:
            adding.add_articles(report)
        elif record_time is RecordTime.APPEND:  # simulated: they are part of the day's facts
            changed = adding.articles.take_changed()
            if changed:
                yield [changed_articles_record(changed)]
            told = coupons.due(wall_clock())
            if told is not None:
                yield [coupon_facts_record(told)]

    def _last_facts(self, coupons: CouponBalance) -> tuple[DayFact | None, ArticleFacts]:
        """Newest facts on `control`; `coupons` recalls its own. The previous agent is fenced, so
        these are final."""
        newest: Record | None = None
        changes: list[Record] = []
        with TopicReader(self._settings, "facts") as reader:
            for found in reader.read(reader.starts([(CONTROL, 0)])):
                if found.record.key == DAY_FACTS_KEY:
                    newest = found.record
                    changes.clear()
                elif found.record.key == ARTICLE_FACTS_KEY:
                    changes.append(found.record)
                elif found.record.key == COUPON_FACTS_KEY:
                    told = decode_control(found.record.value or b"")
                    if isinstance(told, CouponFacts):
                        coupons.recall(told)
        fact = None if newest is None else read_fact(newest)
        known = [] if fact is None or fact.articles is None else articles_in(fact.articles)
        for record in changes:
            known += read_changed_articles(record)
        return fact, ArticleFacts(known)

    def _reports(self) -> Iterator[TaskReport | None]:
        """Yields existing and new reports until the agent is stopped; None in each pause between
        them, once all existing ones are read: some of them alone would look like a pool that is
        almost empty."""
        with TopicReader(self._settings, "facts") as reader:
            position, end = reader.bounds((PARTITION_FACTS, 0))
        has_read_existing = False
        self.fetched = SimpleQueue()  # without the batches of the previous reader
        key = (PARTITION_FACTS, 0)
        self._on_loop(self._records.unassign([key]))
        self._on_loop(self._records.assign({key: position}))
        while not self._stopped.is_set():
            try:
                fetched = self.fetched.get(timeout=POLL_INTERVAL)
            except Empty:
                if has_read_existing:
                    yield None
                continue
            if fetched.start > position:  # a gap: records were dropped, fetch them again
                self._on_loop(self._records.seek_back({key: position}))
            if fetched.start != position:
                continue  # a gap, or processed before
            position = fetched.batch.next_offset
            has_read_existing |= fetched.batch.end is not None or position >= end
            yield from _reports_in(fetched.batch)

    def _on_loop(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(OPEN_WITHIN)


def _warn_of_low_pool(pool: str, left: int, low: int) -> None:
    logger.warning(
        "coupon pool %r runs low: %d codes left, fewer than %d; load more with sendflow coupons "
        "load %s FILE",
        pool,
        left,
        low,
        pool,
    )


def _reports_in(batch: Batch) -> Iterator[TaskReport]:
    for record in batch.records:
        report = read_report(record.value or b"")
        if isinstance(report, Rejection):
            logger.error("%s@%d: %s", batch.topic, record.offset, report.reason)
        else:
            yield report
