"""The topics of a run: created, with definitions and profiles for Sendflow, and emptied of what an
earlier run wrote."""

import subprocess
import sys
import time
from pathlib import Path

from confluent_kafka.admin import AdminClient

from benchmarks import workload
from benchmarks.jobs import Run, sendflow_environment
from streams.engine import INPUTS
from streams.ports import CONTROL

GONE_WITHIN = 30.0


def prepare(bootstrap: str, prefix: str, flows: Path, customers: int = workload.CUSTOMERS) -> None:
    """Creates all topics with `prefix`, publishes the set in the folder `flows` and produces a
    profile of each customer: all that comes before the events."""
    create(bootstrap, prefix)
    _sendflow(bootstrap, prefix, "flows", "publish", str(flows), "--yes")
    workload.fill(bootstrap, [prefix], workload.customer_profiles(customers))


def create(bootstrap: str, prefix: str) -> None:
    """Creates the topics that aren't there."""
    _sendflow(bootstrap, prefix, "topics", "create")


def clear_outputs(bootstrap: str, prefix: str) -> None:
    """Empties everything that a job has written, its state too: the next run reads the same inputs
    and has nothing else from the last."""
    kept = {prefix + topic for topic in (*INPUTS, CONTROL)}
    delete(bootstrap, prefix, kept)
    create(bootstrap, prefix)


def delete(bootstrap: str, prefix: str, kept: frozenset[str] | set[str] = frozenset()) -> None:
    """Deletes the topics with `prefix` in their names but those `kept`, and waits until they are
    gone: what a job adds for itself has its group's name, which begins with the prefix, somewhere
    in the topic's. Raises TimeoutError."""
    admin = AdminClient({"bootstrap.servers": bootstrap, "log_level": 0})

    def found() -> list[str]:
        names = admin.list_topics(timeout=10).topics
        return [name for name in names if prefix in name and name not in kept]

    if names := found():
        for future in admin.delete_topics(names).values():
            future.result(30)
    deadline = time.monotonic() + GONE_WITHIN
    while found():
        if time.monotonic() > deadline:
            raise TimeoutError(f"topics are still there after {GONE_WITHIN:g} s: {found()}")
        time.sleep(0.1)


def _sendflow(bootstrap: str, prefix: str, *command: str) -> None:
    environment = sendflow_environment(Run(bootstrap, prefix, "prepare", Path("unused")))
    done = subprocess.run(
        [sys.executable, "-m", "streams.cli.main", *command],
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
    if done.returncode != 0:
        raise RuntimeError(f"sendflow {' '.join(command)}:\n{done.stdout}{done.stderr}")
