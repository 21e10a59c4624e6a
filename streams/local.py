"""A partition task on logs in memory: for flow tests, and to test the task itself.

The steps of a worker, in one thread and by explicit calls: feed, set end offsets, run, commit, add
up the facts of a day; and its failures: a crash before or after the store was written, a restart
with or without the store.
"""

from collections.abc import Callable

import msgspec

from streams.contracts.control import fact_record
from streams.contracts.coupon_moves import key_beginning
from streams.contracts.partition_facts import PARTITION_FACTS, read_report
from streams.engine import BETWEEN_TASKS, INPUTS, Article, Instant
from streams.errors import Poisoned
from streams.ports import (
    CHANGELOG,
    CONTROL,
    ArticleReport,
    ControlReader,
    CouponFacts,
    CouponReport,
    DayReport,
    Decoder,
    Encoder,
    OutputRecord,
    Ports,
    Record,
    Store,
    StoreBatch,
    TaskSettings,
)
from streams.runtime.coupon_balance import CouponBalance
from streams.runtime.day_facts import DayFact, ReportAggregator
from streams.settings import RecordTime
from streams.task import PartitionTask

_BUDGET = 1_000_000  # records, timers and scanned customers per run


class LocalParts(msgspec.Struct):
    """The parts of a local task; `open_store` makes an empty store."""

    open_store: Callable[[], Store]
    decoder: Decoder
    encoder: Encoder
    control: ControlReader
    settings: TaskSettings = TaskSettings()
    partition: int = 0


class LocalTask:
    """One task with its inputs, its changelog and its outputs as lists.

    `output` holds the records that a read_committed reader would see.
    """

    def __init__(self, parts: LocalParts) -> None:
        self._parts = parts
        self.logs: dict[str, list[Record]] = {topic: [] for topic in (CONTROL, *INPUTS)}
        self.changelog: list[tuple[bytes, bytes | None]] = []
        self.output: list[OutputRecord] = []
        self._forwarded = 0
        self.store = parts.open_store()
        self._poisoned: frozenset[tuple[str, int]] = frozenset()
        self._aggregator = ReportAggregator(partitions=1)
        self._coupons = CouponBalance(1, key_beginning)
        self._facts_read = 0  # outputs whose reports were read
        self.task = self._open()

    def append(self, topic: str, time: Instant, key: bytes | None, value: bytes | None) -> Record:
        """Adds a record to the log of an input."""
        record = Record(time, len(self.logs[topic]), key, value)
        self.logs[topic].append(record)
        return record

    def advance(self, wall: Instant) -> None:
        """Feeds new records, sets end offsets as of `wall`, and processes all that is possible:
        records and timers before `wall` less the clock skew; in simulated time, up to the ticks,
        with a commit and the facts at the end of each day."""
        while (
            self.step(wall, _BUDGET) or self._passes_midnight(wall) or self.sets_end_offsets(wall)
        ):
            pass

    def step(self, wall: Instant, budget: int) -> bool:
        """One step of `advance`, of about `budget` records, timers and scanned customers; True if
        more can be done. Raises the errors of the task's lookup (`lookup_needed`)."""
        try:
            self._feed()
            if self._parts.settings.record_time is RecordTime.APPEND:
                self.task.set_end_offsets(
                    wall, {topic: len(log) for topic, log in self.logs.items()}
                )
            if self.task.run(wall, budget):
                return True
            if self.task.lookup_needed is None:
                return False
            self.task.lookup_needed.lookup()
            return True
        except Poisoned as poisoned:
            self._poisoned |= {poisoned.poison_id}
            self.task = self._open()
            return True

    def _feed(self) -> None:
        for topic, log in self.logs.items():
            fed = self._fed[topic]
            self.task.feed(topic, log[fed:], len(log), len(log))
            self._fed[topic] = len(log)

    def commit(self, wall: Instant, *, with_store: bool = True) -> None:
        """Commits one transaction, if there is anything to commit. Without the store: as if the
        worker had been killed between the commit and the write (PITFALLS 1)."""
        if self.task.commit_due(wall) is None:
            return
        commit = self.task.prepare_commit(wall)
        for record in commit.records:
            if record.topic == CHANGELOG:
                assert record.key is not None
                self.changelog.append((record.key, record.value))
            else:
                self.output.append(record)
        if with_store:
            self.store.write(msgspec.structs.replace(commit.batch, changelog_offset=self._end()))
            self.task.committed(commit, self._end())

    def new_facts(self) -> list[DayFact]:
        """The facts of the days completed by committed reports since the last call."""
        self._read_reports()
        return list(self._aggregator.complete())

    def new_articles(self) -> list[Article]:
        """The changes of articles in committed reports since the last call, or the last day."""
        self._read_reports()
        return self._aggregator.articles.take_changed()

    def new_coupon_facts(self, now: Instant) -> CouponFacts | None:
        """The facts of coupon pools by the committed reports; None if nothing is new since the last
        call."""
        self._read_reports()
        return self._coupons.due(now)

    def _read_reports(self) -> None:
        for record in self.output[self._facts_read :]:
            if record.topic == PARTITION_FACTS:
                report = read_report(record.value or b"")
                if isinstance(report, ArticleReport):
                    self._aggregator.add_articles(report)
                elif isinstance(report, CouponReport):
                    self._coupons.add(report)
                else:
                    assert isinstance(report, DayReport)
                    self._aggregator.add(report)
        self._facts_read = len(self.output)

    def add_fact(self, fact: DayFact) -> None:
        """Appends the facts of a day to the log of `control`, as of its end."""
        record = fact_record(fact)
        self.append(CONTROL, fact.day_end, record.key, record.value)

    def _passes_midnight(self, wall: Instant) -> bool:
        if not self.task.waits_for_facts:
            return False
        self.commit(wall)
        facts = self.new_facts()
        for fact in facts:
            self.add_fact(fact)
        return bool(facts)

    def take_new_internal(self) -> list[OutputRecord]:
        """Records committed for other tasks since the last call; the caller delivers them."""
        committed, self._forwarded = self.output[self._forwarded :], len(self.output)
        return [record for record in committed if record.topic in BETWEEN_TASKS]

    def sets_end_offsets(self, wall: Instant) -> bool:
        """In simulated time, sets the end offsets that the task needs after the facts of a day.
        Returns True if it needed any."""
        topics = self.task.needs_end_offsets(wall)
        if topics:
            self.task.set_end_offsets(wall, {topic: len(self.logs[topic]) for topic in topics})
        return bool(topics)

    def restart(self, *, keep_store: bool = True) -> None:
        """Drops the task; the store catches up with the changelog and a new task opens on it."""
        if not keep_store:
            self.store.close()
            self.store = self._parts.open_store()
        self._restore()
        self.task = self._open()

    def _end(self) -> int:
        return len(self.changelog)

    def _restore(self) -> None:
        start = self.store.changelog_offset() or 0
        changes = dict(self.changelog[start:])
        self.store.write(StoreBatch(changes, self._end(), written_at=0))

    def _open(self) -> PartitionTask:
        parts = self._parts
        ports = Ports(self.store, parts.decoder, parts.encoder, parts.control)
        task = PartitionTask(parts.partition, ports, parts.settings, self._poisoned)
        self._fed = {CONTROL: 0, **task.positions}
        return task
