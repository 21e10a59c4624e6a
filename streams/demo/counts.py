"""Counts of the workers' outputs, read from the topics; and one interesting customer."""

from collections import Counter, defaultdict
from collections.abc import Callable
from typing import Any

import msgspec

from streams.contracts.decisions import DECISIONS, read_decisions
from streams.contracts.encode import DEAD_LETTERS, LATE_RECORDS, SEND_COMMANDS
from streams.contracts.wire import decode_any
from streams.demo.low_clv import LowClvCounts, LowClvTally
from streams.kafka.topic_reader import TopicReader, TopicRecord


class DemoCounts(msgspec.Struct):
    """Counts of all outputs."""

    commands: dict[tuple[str, str], int]  # number by (flow, channel)
    entered: dict[str, int]  # journeys by flow
    not_entered: dict[tuple[str, str], int]  # number by (flow, reason)
    skipped: dict[tuple[str, str], int]  # number by (flow, reason)
    exited: dict[tuple[str, str], int]  # number by (flow, reason)
    decisions: int
    dead_letters: int
    late_records: int
    customers_written_to: int
    interesting_customer: str | None
    low_clv: LowClvCounts

    @property
    def total_commands(self) -> int:
        return sum(self.commands.values())

    @property
    def journeys(self) -> int:
        return sum(self.entered.values())


def count_outputs(reader: TopicReader, report: Callable[[int, int], None]) -> DemoCounts:
    """Reads the output topics to their ends; calls `report` with the records read and the total."""
    tally = _Tally()
    starts = {}
    total = 0
    for topic in (SEND_COMMANDS, DECISIONS, DEAD_LETTERS, LATE_RECORDS):
        for place in reader.partition_ids(topic):
            starts[place], end = reader.bounds(place)
            total += end - starts[place]
    for number, found in enumerate(reader.read(starts), start=1):
        tally.add(found)
        if number % 5_000 == 0:
            report(number, total)
    report(total, total)
    return tally.counts()


class _Tally:
    def __init__(self) -> None:
        self._topics: Counter[str] = Counter()
        self._commands: Counter[tuple[str, str]] = Counter()
        self._decisions = 0
        self._by_outcome: defaultdict[str, Counter[tuple[str, str]]] = defaultdict(Counter)
        self._customers: set[str] = set()
        self._low_clv = LowClvTally()
        self._stories: defaultdict[str, Counter[tuple[str, str, str]]] = defaultdict(Counter)

    def add(self, found: TopicRecord) -> None:
        self._topics[found.topic] += 1
        value = found.record.value
        if value is None or found.topic in (DEAD_LETTERS, LATE_RECORDS):
            return
        if found.topic == SEND_COMMANDS:
            fields = decode_any(value)[1]
            self._commands[fields["flow"], fields["channel"]] += 1
            self._customers.add(fields["customer_id"])
            return
        for decision in read_decisions(value):
            flow, outcome, reason = decision["flow"], decision["outcome"], decision["reason"]
            self._decisions += 1
            self._low_clv.add(decision)
            self._by_outcome[outcome][flow, reason] += 1
            self._stories[decision["customer_id"]][flow, outcome, reason] += 1

    def counts(self) -> DemoCounts:
        entered = {flow: number for (flow, _), number in self._by_outcome["entered"].items()}
        return DemoCounts(
            commands=dict(self._commands),
            entered=entered,
            not_entered=dict(self._by_outcome["not_entered"]),
            skipped=dict(self._by_outcome["skipped"]),
            exited=dict(self._by_outcome["exited"]),
            decisions=self._decisions,
            dead_letters=self._topics[DEAD_LETTERS],
            late_records=self._topics[LATE_RECORDS],
            customers_written_to=len(self._customers),
            interesting_customer=min(self._stories, key=self._dullness, default=None),
            low_clv=self._low_clv.counts(),
        )

    def _dullness(self, customer: str) -> tuple[Any, ...]:
        """Sort key: the most different outcomes in the fewest decisions first, then by id, so that
        the choice is the same in every run."""
        story = self._stories[customer]
        length = story.total()
        return -len(story) + length / 8, length, customer
