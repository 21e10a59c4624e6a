"""Store facts: the sum of the day reports of all tasks (DESIGN 5.11).

A day is complete when every task has reported it or a later one; for a task without a report of the
day, its last report before counts. Only integers are added, so the order of reports doesn't matter.
Days are completed in order, each once: repeated reports, after a restart of the agent or of a task,
are recognised by their day.

    task 0   ■ 1   ■ 2           ■ 4
    task 1   ■ 1   ■ 2   ■ 3                  day 1, day 2; task 1 has no report after day 3 yet
    task 2         ■ 2   ■ 3   ■ 4            (day 1: zero)
"""

from collections import deque
from collections.abc import Iterator

import msgspec

from streams.engine import Counts, Instant, counts_in
from streams.engine.customer import MEAN, QUANTILES, members_fact, quantile_name, statistic_fact
from streams.engine.values import DAY, Distribution
from streams.ports import ArticleReport, DayReport
from streams.runtime.article_facts import ArticleFacts
from streams.runtime.valuation import scale_of

LONGEST_FADE_DAYS = 400
"""Days after which counts have faded to nothing."""


class DayFact(msgspec.Struct, frozen=True):
    """The facts of one day; money in minor units."""

    day_end: Instant
    partitions: int
    values: dict[str, float]
    recommendations: bytes | None = None  # Counts over all days, packed; None: no purchases
    articles: bytes | None = None  # packed_articles of these; None: nothing is known of them


class ReportAggregator:
    """Adds up the day reports of the tasks."""

    def __init__(
        self,
        partitions: int,
        last: DayFact | None = None,
        articles: ArticleFacts | None = None,
    ) -> None:
        """`last`: the newest known facts; `articles`: those of articles."""
        self.articles = ArticleFacts() if articles is None else articles
        self.last_day_end: Instant = 0 if last is None else last.day_end
        self._counts = Counts()
        if last is not None and last.recommendations is not None:
            self._counts = counts_in(last.recommendations)
        self._partitions = partitions
        self._coming: list[deque[DayReport]] = [deque() for _ in range(partitions)]
        """Reports of incomplete days, by task, in order."""
        self._newest = [DayReport(number, 0, 0, 0) for number in range(partitions)]
        """By task, the report in effect at `last_day_end`."""

    def add(self, report: DayReport) -> None:
        """Adds a report of one task. Reports may repeat, but in the same order."""
        if report.partition >= self._partitions:
            return  # from a time with more partitions
        coming = self._coming[report.partition]
        newest = coming[-1] if coming else self._newest[report.partition]
        if report.day_end <= newest.day_end:
            return
        if report.day_end <= self.last_day_end:
            self._newest[report.partition] = report
        else:
            coming.append(report)

    def add_articles(self, report: ArticleReport) -> None:
        """Adds a task's report of articles. One from a day that is complete is part of its facts:
        it was read before, and the agent restarted."""
        if report.at >= self.last_day_end:
            self.articles.add(report)

    def complete(self) -> Iterator[DayFact]:
        """The newly completed days, in order."""
        while all(self._coming):
            day_end = min(coming[0].day_end for coming in self._coming)
            self._counts.fade(min((day_end - self.last_day_end) // DAY, LONGEST_FADE_DAYS))
            for number, coming in enumerate(self._coming):
                if coming[0].day_end == day_end:
                    self._newest[number] = coming.popleft()
                    learned = self._newest[number].learned
                    if learned is not None:
                        self._counts.add(counts_in(learned))
            self._counts.keep_the_most()
            self.last_day_end = day_end
            values, counts = figures_of(self._newest), self._counts
            yield DayFact(
                day_end,
                self._partitions,
                values,
                counts.packed() if counts else None,
                self.articles.close_day(counts.items),
            )


def figures_of(reports: list[DayReport]) -> dict[str, float]:
    """The store facts by name (SEMANTICS 7.2): the number of customers and of those with at least
    one order, and over these the mean and the quantiles of each value; and the number of members of
    each followed segment. A value that none of them has is missing, and a segment without members.
    """
    figures = {
        "customers": float(sum(report.customers for report in reports)),
        "buyers": float(sum(report.buyers for report in reports)),
    }
    for report in reports:
        for segment, number in report.segments.items():
            fact = members_fact(segment)
            figures[fact] = figures.get(fact, 0.0) + number
    for name in sorted({name for report in reports for name in report.values}):
        values = Distribution()
        for report in reports:
            if name in report.values:
                values.merge(report.values[name])
        figures |= _figures_of_value(name, values)
    return figures


def _figures_of_value(name: str, values: Distribution) -> Iterator[tuple[str, float]]:
    found = {MEAN: values.mean()}
    found |= {quantile_name(percent): values.quantile(percent) for percent in QUANTILES}
    for statistic, figure in found.items():
        if figure is not None:
            yield statistic_fact(name, statistic), figure / scale_of(name)
