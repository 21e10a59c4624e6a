"""Every counter and gauge of a worker, with help text and labels, for Prometheus.

Nothing is counted twice: the tasks count as they go, and a scrape reads them.
"""

from collections.abc import Callable, Iterable, Iterator

import msgspec
from prometheus_client import (
    GC_COLLECTOR,
    PLATFORM_COLLECTOR,
    CollectorRegistry,
    ProcessCollector,
)
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

COUNTERS: dict[str, tuple[str, str]] = {
    "events": ("sendflow_events", "Records decided and committed."),
    "timers": ("sendflow_timers", "Timers fired."),
    "commands": ("sendflow_commands", "Send commands committed."),
    "webhooks": ("sendflow_webhooks", "Commands to call a webhook committed."),
    "reviews": ("sendflow_review_requests", "Messages put up for review and committed."),
    "decisions": ("sendflow_decisions", "Decisions committed."),
    "dead_letters": ("sendflow_dead_letters", "Records that went to dead-letters."),
    "late": ("sendflow_late_records", "Records that came behind the stream clock."),
    "late_between_tasks": (
        "sendflow_late_between_tasks",
        "Records of tasks for each other that came behind the stream clock, as most do.",
    ),
    "clamped": ("sendflow_clamped_events", "Events dated after they were recorded."),
    "duplicates": ("sendflow_duplicate_events", "Events with an event_id that was seen before."),
    "loops": ("sendflow_loops", "Entries and steps beyond what one event or timer may cause."),
    "without_rate": (
        "sendflow_amounts_without_rate",
        "Events with amounts in a currency that the store has no rate for.",
    ),
    "not_entered_by_time": (
        "sendflow_refused_quietly",
        "Customers of a schedule or date who didn't enter.",
    ),
    "reviews_stale": (
        "sendflow_reviews_stale",
        "Reviews of messages that didn't wait for one (any more).",
    ),
    "backfilled": (
        "sendflow_backfilled",
        "Journeys of past customers who were added to a flow.",
    ),
    "backfills_rejected": (
        "sendflow_backfills_rejected",
        "Past customers who were to be added to a flow and weren't.",
    ),
    "coupons_loaded": ("sendflow_coupons_loaded", "Coupon codes that were loaded."),
    "coupon_duplicates": ("sendflow_coupon_duplicates", "Coupon codes that were loaded again."),
    "coupons_given": ("sendflow_coupons_given", "Coupon codes that were given."),
    "coupons_missing": (
        "sendflow_coupons_missing",
        "Coupons that weren't given, because no loaded code was left in the partition.",
    ),
    "interests": ("sendflow_interests", "What customers wait for, or no longer, committed."),
    "news": ("sendflow_news", "News of articles for customers committed."),
    "news_stale": (
        "sendflow_news_stale",
        "News of articles that the customer didn't wait for (any more).",
    ),
    "days": ("sendflow_days", "Days whose sums were told, for the store facts."),
    "ticks": ("sendflow_ticks", "Ticks of simulated time."),
    "inputs_given_up": (
        "sendflow_inputs_given_up",
        "How often an input that can't be read to its end was no longer waited for.",
    ),
}
"""What a task counts, by its name there; the label is the task's number."""


class TaskMeasures(msgspec.Struct):
    """What is measured of one task; counts since it was opened."""

    partition: int
    behind: int  # ms between the stream clock and the wall clock
    buffered: dict[str, int]  # records, by topic
    lag: dict[str, int]  # records, by topic
    counts: dict[str, int]
    commits: int
    commit_seconds: float
    failures: int


class TaskCollector(Collector):
    """Asks for the tasks' measures at each scrape."""

    def __init__(self, measures: Callable[[], Iterable[TaskMeasures]]) -> None:
        self._measures = measures

    def collect(self) -> Iterator[Metric]:
        """All metrics of all tasks."""
        tasks = list(self._measures())
        for counted, (name, text) in COUNTERS.items():
            counter = CounterMetricFamily(name, text, labels=["task"])
            for task in tasks:
                counter.add_metric([str(task.partition)], task.counts.get(counted, 0))
            yield counter
        commits = CounterMetricFamily("sendflow_commits", "Transactions.", labels=["task"])
        seconds = CounterMetricFamily(
            "sendflow_commit_seconds", "Time spent in transactions.", labels=["task"]
        )
        behind = GaugeMetricFamily(
            "sendflow_clock_behind_seconds",
            "Between the stream clock and the wall clock.",
            labels=["task"],
        )
        failures = GaugeMetricFamily(
            "sendflow_task_failures",
            "How often in a row the task failed before it committed anything.",
            labels=["task"],
        )
        lag = GaugeMetricFamily(
            "sendflow_lag_records", "Records not decided yet.", labels=["task", "topic"]
        )
        buffered = GaugeMetricFamily(
            "sendflow_buffered_records", "Fetched and not decided.", labels=["task", "topic"]
        )
        for task in tasks:
            label = [str(task.partition)]
            commits.add_metric(label, task.commits)
            seconds.add_metric(label, task.commit_seconds)
            behind.add_metric(label, task.behind / 1000)
            failures.add_metric(label, task.failures)
            for topic, records in task.lag.items():
                lag.add_metric([*label, topic], records)
            for topic, records in task.buffered.items():
                buffered.add_metric([*label, topic], records)
        yield from (commits, seconds, behind, failures, lag, buffered)


def registry_of(measures: Callable[[], Iterable[TaskMeasures]]) -> CollectorRegistry:
    """What `/metrics` shows: the tasks and the process."""
    registry = CollectorRegistry()
    registry.register(TaskCollector(measures))
    registry.register(GC_COLLECTOR)
    registry.register(PLATFORM_COLLECTOR)
    ProcessCollector(registry=registry)
    return registry
