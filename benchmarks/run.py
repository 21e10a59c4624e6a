"""`make bench`: Sendflow and its peers in one run, by turns; as tables and as JSON.

    make bench                                   everything, about 40 minutes on two cores
    make bench ARGS=--short                      everything once, a few minutes, to see that it runs
    make bench ARGS='--only latency'             parts of it
    make bench ARGS='--only throughput --jobs Sendflow "Quix Streams" --against ../other'

CPU per event is the measure; events/s on a shared machine move by half within minutes. Each round
gives a ratio, and the median of the ratios is what may be claimed; the loudness of the machine
stands beside. `--against TREE` adds the Sendflow of another checkout to the rounds.
"""

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import msgspec
from rich.console import Console

from benchmarks import latency, machine, parts, pauses, tables, throughput
from benchmarks.jobs import (
    KAFKA_STREAMS_CACHED,
    PLAIN_FAUST,
    ROOT,
    SENDFLOW,
    SENDFLOW_SAME_JOB,
    SENDFLOW_TWO_PROCESSES,
    Job,
    can_run,
    has_java,
    sendflow_of,
)
from benchmarks.offline import DIGESTS
from benchmarks.pairs import spread
from benchmarks.rounds import Rounds
from benchmarks.warm_up import warm_broker
from streams.embedded.broker_process import BrokerProcess, EmbeddedBroker

RESULTS = ROOT / "benchmarks" / "results" / "last.json"
ONCE = (SENDFLOW_TWO_PROCESSES, KAFKA_STREAMS_CACHED, PLAIN_FAUST)

console = Console(width=None if sys.stdout.isatty() else 130)


def main() -> None:
    """Measures what is asked for and prints it."""
    asked = arguments()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))  # ends broker and jobs
    loudness = machine.Loudness()
    loudness.look()
    broker_kind = "kafka" if has_java() else "embedded"
    result: dict[str, Any] = {
        "machine": machine.description(broker_kind),
        "sendflow": _version(),
        "asked": {name: str(value) for name, value in vars(asked).items()},
    }
    for part in asked.only:
        if part in ALONE:
            loudness.look()
            result[part] = ALONE[part](asked)
    if any(part in WITH_BROKER for part in asked.only):
        result |= _with_broker(asked, loudness)
    loudness.look()
    result["loudness"] = msgspec.structs.asdict(loudness.spread())
    tables.show(console, result)
    asked.json.parent.mkdir(parents=True, exist_ok=True)
    asked.json.write_text(json.dumps(result, indent=2) + "\n")
    console.print(f"{result['sendflow']}; the same as JSON: {os.path.relpath(asked.json)}")


def _with_broker(asked: argparse.Namespace, loudness: machine.Loudness) -> dict[str, Any]:
    directory = Path(tempfile.mkdtemp(prefix="sendflow-bench-"))
    broker = _broker(directory / "broker")
    try:
        broker.start()
        on_broker = OnBroker(asked, broker.bootstrap, directory, loudness)
        return {part: WITH_BROKER[part](on_broker) for part in WITH_BROKER if part in asked.only}
    finally:
        broker.stop()
        shutil.rmtree(directory, ignore_errors=True)


class OnBroker:
    """The parts that run on a broker."""

    def __init__(
        self,
        asked: argparse.Namespace,
        bootstrap: str,
        directory: Path,
        loudness: machine.Loudness,
    ) -> None:
        self._asked = asked
        self._bootstrap = bootstrap
        self._directory = directory
        self._loudness = loudness

    def throughput(self) -> dict[str, Any]:
        rounds = self._rounds(throughput.COMPARED, ONCE, self._asked.pairs)
        return throughput.measure(rounds, self._asked.events, self._asked.limit)

    def latency(self) -> dict[str, Any]:
        asked = self._asked
        rounds = self._rounds(latency.COMPARED, latency.ONCE, asked.latency_rounds)
        pace = latency.Pace(asked.rates, asked.latency_seconds, asked.warm_up, asked.warm_events)
        warm_broker(self._bootstrap, asked.warm_up)
        return latency.measure(rounds, pace)

    def pauses(self) -> dict[str, Any]:
        asked = self._asked
        command, events = SENDFLOW.build(), asked.events // 3
        return pauses.measure(
            self._bootstrap, self._directory, command, events, asked.customers, asked.limit
        )

    def parts(self) -> dict[str, Any]:
        return parts.measure(self._bootstrap, "parts-", self._asked.events // 10, self._directory)

    def _rounds(self, compared: Iterable[Job], once: Iterable[Job], number: int) -> Rounds:
        compared, once = self._jobs(compared), self._jobs(once)
        commands = {job.name: job.build() for job in (*compared, *once)}
        return Rounds(
            self._bootstrap,
            self._directory,
            compared,
            once,
            number,
            commands,
            _say,
            self._loudness.look,
        )

    def _jobs(self, jobs: Iterable[Job]) -> list[Job]:
        """Those that are asked for and can run here; beside each Sendflow the other checkout's."""
        names, tree = self._asked.jobs, self._asked.against
        found: list[Job] = []
        for job in jobs:
            if can_run(job) and (not names or job.name in names):
                found.append(job)
                if tree and job in (SENDFLOW, SENDFLOW_SAME_JOB):
                    found.append(sendflow_of(tree, job))
        return found


def _offline(asked: argparse.Namespace) -> dict[str, Any]:
    """Both jobs; all flows on RocksDB, with about one event of each customer: idle ones."""
    events = str(max(asked.events // 20, 10_000))  # transactions enough for quartiles
    found = {
        "the peers' job": _alone("offline", "--events", events, "--pairs", "1"),
        "all flows, RocksDB": _alone(
            "offline", "--events", events, "--pairs", "1", "--rocks", "--flows", str(SENDFLOW.flows)
        ),
    }
    return {name: _in_short(one["runs"][0]) for name, one in found.items()}


def _in_short(run: dict[str, Any]) -> dict[str, Any]:
    decided = spread(run["run_us"])
    return {
        "run_q1": decided.q1,
        "run_median": decided.median,
        "prepare": spread(run["prepare_us"]).median,
        "store": spread(run["store_us"]).median,
        **{name: run[name] for name in (*DIGESTS.values(), "state_bytes", "collection_ms")},
    }


def _many_flows(asked: argparse.Namespace) -> Any:
    return _alone("many_flows", "--events", str(asked.events // 25))


def _schedule(asked: argparse.Namespace) -> Any:
    return _alone("schedule", "--customers", str(asked.scheduled))


ALONE: dict[str, Callable[[argparse.Namespace], Any]] = {
    "offline": _offline,
    "many_flows": _many_flows,
    "schedule": _schedule,
}
"""Parts that need no broker."""
WITH_BROKER: dict[str, Callable[[OnBroker], dict[str, Any]]] = {
    "throughput": OnBroker.throughput,
    "latency": OnBroker.latency,
    "pauses": OnBroker.pauses,
    "parts": OnBroker.parts,
}


def _alone(name: str, *options: str) -> Any:
    """What another benchmark says, in a process of its own: its memory is its own, too."""
    command = [sys.executable, "-m", f"benchmarks.{name}", *options, "--json"]
    run = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE)
    return json.loads(run.stdout)


def _say(line: str) -> None:
    """At once, to a file too: a run takes long."""
    console.print(line, soft_wrap=True)
    console.file.flush()


def _version() -> str:
    """Version and form of this Sendflow."""
    command = [sys.executable, "-m", "streams.cli.main", "--version"]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def _broker(directory: Path) -> BrokerProcess:
    if has_java():
        from tests.harness.apache_kafka.broker import KafkaBroker

        return KafkaBroker(directory)
    console.print("no Java and Maven here: on the embedded broker, without Kafka Streams")
    return EmbeddedBroker(directory)


SHORT: dict[str, Any] = {
    "events": 40_000,
    "pairs": 1,
    "limit": 10.0,
    "latency_seconds": 3.0,
    "latency_rounds": 1,
    "warm_up": 3.0,
    "warm_events": 5_000,
    "rates": [500, 1000],
    "customers": 20_000,
    "scheduled": 20_000,
}
"""Options of `--short`."""


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="benchmarks.run",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--only",
        nargs="+",
        default=(*ALONE, *WITH_BROKER),
        metavar="PART",
        choices=(*ALONE, *WITH_BROKER),
        help=f"of {', '.join((*ALONE, *WITH_BROKER))}",
    )
    add = parser.add_argument
    add("--jobs", nargs="+", metavar="NAME", help="these jobs alone, by their names in the tables")
    add("--against", type=Path, metavar="TREE", help="also the Sendflow of another checkout")
    add("--events", type=int, default=1_000_000, help="events of the catch-up")
    add("--pairs", type=int, default=3, help="rounds of the catch-up")
    add("--limit", type=float, default=120.0, help="seconds of one job's catch-up at most")
    add("--rates", type=int, nargs="+", default=list(latency.RATES), help="events/s for latency")
    add("--latency-seconds", type=float, default=12.0, help="seconds at each rate")
    add("--latency-rounds", type=int, default=2, help="rounds of the latencies")
    add("--warm-up", type=float, default=10.0, help="seconds for the broker, and for each job")
    add("--warm-events", type=int, default=100_000, help="caught up with before a job's latency")
    add("--customers", type=int, default=pauses.CUSTOMERS, help="of the catch-up for pauses")
    add("--scheduled", type=int, default=1_000_000, help="customers of the schedule")
    add("--json", type=Path, default=RESULTS, metavar="FILE", help="where the figures go, too")
    add("--short", action="store_true", help="a few minutes, to see that it runs")
    if parser.parse_args().short:
        parser.set_defaults(**SHORT)  # what is given beside it counts
    return parser.parse_args()


if __name__ == "__main__":
    main()
