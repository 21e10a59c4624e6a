"""Counters and gauges of a worker for Prometheus, with help text and labels.

Tasks keep the counts; a scrape reads them.
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

from streams.engine import Instant

COUNTERS: dict[str, tuple[str, str]] = {
    "events": ("sendflow_events", "Records processed and committed."),
    "timers": ("sendflow_timers", "Timers fired."),
    "commands": ("sendflow_commands", "Send commands committed."),
    "webhooks": ("sendflow_webhooks", "Webhook commands committed."),
    "reviews": ("sendflow_review_requests", "Review requests committed."),
    "segment_changes": (
        "sendflow_segment_changes",
        "Customers who entered or left a followed segment, committed.",
    ),
    "dead_letters": ("sendflow_dead_letters", "Records written to dead-letters."),
    "late": ("sendflow_late_records", "Records older than stream time."),
    "clamped": ("sendflow_clamped_events", "Events with occurred_at after their record time."),
    "duplicates": ("sendflow_duplicate_events", "Events with a known event_id."),
    "loops": ("sendflow_loops", "Entries and steps over the limit of one event or timer."),
    "without_rate": (
        "sendflow_amounts_without_rate",
        "Events in a currency without a rate.",
    ),
    "not_entered_history": (
        "sendflow_not_entered_history",
        "Entries into flows that events of an imported history did not cause.",
    ),
    "bad_addresses": (
        "sendflow_bad_addresses",
        "Addresses in patches that can't be read as such: not written to.",
    ),
    "reviews_stale": ("sendflow_reviews_stale", "Reviews of messages not awaiting review."),
    "backfilled": ("sendflow_backfilled", "Journeys added by backfill."),
    "backfills_rejected": ("sendflow_backfills_rejected", "Backfill requests rejected."),
    "coupons_missing": (
        "sendflow_coupons_missing",
        "Messages without a coupon: no loaded code left in the partition.",
    ),
    "interests": ("sendflow_interests", "Interests in articles begun or ended, committed."),
    "news": ("sendflow_news", "News events for customers committed."),
    "news_stale": ("sendflow_news_stale", "News events that the customer no longer waits for."),
    "days": ("sendflow_days", "Day reports written (midnights UTC)."),
    "inputs_given_up": (
        "sendflow_inputs_given_up",
        "Times an unreadable input exceeded max_idle and was skipped.",
    ),
}
"""Counters of a task: its name in `PartitionTask.counts`, and name and help text of the metric."""


class TaskMeasures(msgspec.Struct):
    """Measurements of one task; counts since it was opened."""

    partition: int
    behind: int  # ms from stream time to wall time
    buffered: dict[str, int]  # records, by topic
    lag: dict[str, int]  # records, by topic
    counts: dict[str, int]
    commits: int
    commit_seconds: float
    failures: int
    coupons_left: dict[str, int] = {}  # loaded codes in the task, by pool
    coupons_low: dict[str, bool] = {}  # by pool, whether it runs low in all tasks together


class LoopMeasures(msgspec.Struct, frozen=True):
    """How long the event loop of a worker was held up, in seconds."""

    longest_pause: float = 0.0  # since the start
    longest_pause_at: Instant | None = None
    recent_pause: float = 0.0  # the longest of the last one to two minutes


class LoopCollector(Collector):
    """Collects the measurements of the event loop at each scrape."""

    def __init__(self, measures: Callable[[], LoopMeasures]) -> None:
        self._measures = measures

    def collect(self) -> Iterator[Metric]:
        """All metrics of the loop."""
        loop = self._measures()
        yield GaugeMetricFamily(
            "sendflow_loop_longest_pause_seconds",
            "Longest time that the event loop was held up since the start.",
            loop.longest_pause,
        )
        yield GaugeMetricFamily(
            "sendflow_loop_longest_pause_timestamp_seconds",
            "When the longest pause ended; 0: none yet.",
            (loop.longest_pause_at or 0) / 1000,
        )
        yield GaugeMetricFamily(
            "sendflow_loop_recent_pause_seconds",
            "Longest time that the event loop was held up in the last one to two minutes.",
            loop.recent_pause,
        )


class TaskCollector(Collector):
    """Collects the measurements of all tasks at each scrape."""

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
        commits = CounterMetricFamily(
            "sendflow_commits", "Transactions committed.", labels=["task"]
        )
        seconds = CounterMetricFamily(
            "sendflow_commit_seconds", "Seconds spent in transactions.", labels=["task"]
        )
        behind = GaugeMetricFamily(
            "sendflow_clock_behind_seconds",
            "Seconds that stream time is behind wall time.",
            labels=["task"],
        )
        failures = GaugeMetricFamily(
            "sendflow_task_failures",
            "Consecutive failures of the task without a commit.",
            labels=["task"],
        )
        lag = GaugeMetricFamily(
            "sendflow_lag_records", "Records not processed yet.", labels=["task", "topic"]
        )
        buffered = GaugeMetricFamily(
            "sendflow_buffered_records",
            "Records fetched and not processed yet.",
            labels=["task", "topic"],
        )
        coupons = GaugeMetricFamily(
            "sendflow_coupons_left",
            "Loaded coupon codes of the task that are not given yet.",
            labels=["task", "pool"],
        )
        low = GaugeMetricFamily(
            "sendflow_coupons_low",
            "1 if a coupon pool runs low: all tasks together have few codes left.",
            labels=["task", "pool"],
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
            for pool, left in task.coupons_left.items():
                coupons.add_metric([*label, pool], left)
            for pool, is_low in task.coupons_low.items():
                low.add_metric([*label, pool], is_low)
        yield from (commits, seconds, behind, failures, lag, buffered, coupons, low)


def registry_of(
    tasks: Callable[[], Iterable[TaskMeasures]], loop: Callable[[], LoopMeasures]
) -> CollectorRegistry:
    """The registry behind `/metrics`: tasks, event loop and process."""
    registry = CollectorRegistry()
    registry.register(TaskCollector(tasks))
    registry.register(LoopCollector(loop))
    registry.register(GC_COLLECTOR)
    registry.register(PLATFORM_COLLECTOR)
    ProcessCollector(registry=registry)
    return registry
