"""How long the event loop of a worker was ever held up while it catches up with the events of many
customers, and its memory: all flows of the shop, on topics of its own."""

import urllib.request
from pathlib import Path
from typing import Any

from benchmarks import shop_topics, workload
from benchmarks.jobs import SENDFLOW, Run
from benchmarks.progress import watch

CUSTOMERS = 200_000
METRIC = "sendflow_longest_pause_seconds"
"""The gauge of the longest pause, by its name in docs/operations.md."""
PREFIX = "pauses-"


def measure(
    bootstrap: str, directory: Path, command: list[str], events: int, customers: int, limit: float
) -> dict[str, Any]:
    """Catches up with a profile of each customer and `events` events, within `limit` seconds."""
    shop_topics.prepare(bootstrap, PREFIX, SENDFLOW.flows or Path(), customers)
    workload.fill(bootstrap, [PREFIX], workload.events(events, seed=3, customers=customers))
    run = Run.of(SENDFLOW, bootstrap, PREFIX, 0, directory)
    with SENDFLOW.running(command, run) as process:
        found = watch(process, bootstrap, run.group, PREFIX, events, limit)
        with urllib.request.urlopen(f"http://127.0.0.1:{run.web_port}/metrics", timeout=10) as page:
            seconds = value_of(page.read().decode(), METRIC)
    shop_topics.delete(bootstrap, PREFIX)
    return {
        "customers": customers,
        "events": found.whole.events,
        "longest_pause_ms": None if seconds is None else seconds * 1000,
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
