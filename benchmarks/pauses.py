"""How long the event loop of a worker was ever held up while it catches up with the events of many
customers, and its memory: all flows of the shop, on topics of its own.

A pause that ended within the first seconds is the worker's start (definitions are compiled then);
the recent one is that of the last one to two minutes.
"""

import time
import urllib.request
from pathlib import Path
from typing import Any

from benchmarks import shop_topics, workload
from benchmarks.jobs import SENDFLOW, Run
from benchmarks.progress import watch

CUSTOMERS = 200_000
LONGEST = "sendflow_loop_longest_pause_seconds"
LONGEST_ENDED = "sendflow_loop_longest_pause_timestamp_seconds"
RECENT = "sendflow_loop_recent_pause_seconds"
"""Gauges, by their names in docs/operations.md."""
PREFIX = "pauses-"


def measure(
    bootstrap: str, directory: Path, command: list[str], events: int, customers: int, limit: float
) -> dict[str, Any]:
    """Catches up with a profile of each customer and `events` events, within `limit` seconds."""
    shop_topics.prepare(bootstrap, PREFIX, SENDFLOW.flows or Path(), customers)
    workload.fill(bootstrap, [PREFIX], workload.events(events, seed=3, customers=customers))
    run, began = Run.of(SENDFLOW, bootstrap, PREFIX, 0, directory), time.time()
    with SENDFLOW.running(command, run) as process:
        found = watch(process, bootstrap, run.group, PREFIX, events, limit)
        with urllib.request.urlopen(f"http://127.0.0.1:{run.web_port}/metrics", timeout=10) as page:
            metrics = page.read().decode()
    shop_topics.delete(bootstrap, PREFIX)
    longest, ended, recent = (value_of(metrics, name) for name in (LONGEST, LONGEST_ENDED, RECENT))
    return {
        "customers": customers,
        "events": found.samples[-1].events,
        "longest_pause_ms": None if longest is None else longest * 1000,
        "ended_after_seconds": None if ended is None else ended - began,
        "recent_pause_ms": None if recent is None else recent * 1000,
        "peak_mib": found.peak_mib,
    }


def value_of(metrics: str, name: str) -> float | None:
    """The largest value of a metric in Prometheus' text, over its labels; None if it isn't
    there."""
    values = []
    for line in metrics.splitlines():
        if line.startswith((f"{name} ", f"{name}{{")):
            values.append(float(line.rsplit("}", 1)[-1].removeprefix(name).split()[0]))
    return max(values, default=None)
