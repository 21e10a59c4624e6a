"""`make bench`: the whole job against its peers in one run, taking turns; as a table and as JSON.

python -m benchmarks.run [--events N] [--rounds N] [--only NAME ...] [--schedule [N]] [--json FILE]
                         [--short]
"""

import argparse
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks import latency, parts, workload
from benchmarks.jobs import (
    JOBS,
    PLAIN_FAUST,
    ROOT,
    SENDFLOW,
    SENDFLOW_SAME_JOB,
    Job,
    Run,
    has_java,
)
from benchmarks.progress import Rate, watch
from streams.embedded.broker_process import BrokerProcess, EmbeddedBroker

console = Console()

NO_SIGNS = str.maketrans("", "", ",'")
RESULTS = ROOT / "benchmarks" / "results" / "last.json"


def main() -> None:
    """Runs what is asked for and prints it."""
    asked = _arguments()
    directory = Path(tempfile.mkdtemp(prefix="sendflow-bench-"))
    broker = _broker(directory / "broker")
    try:
        jobs = [job for job in JOBS if _can_run(job) and (not asked.only or job.name in asked.only)]
        commands = {job.name: job.build() for job in jobs}
        broker.start()
        result: dict[str, Any] = {"machine": _machine(broker.kind), "events": asked.events}
        rates = _compare(jobs, commands, broker.bootstrap, directory, asked)
        result["rates"] = _summary(rates)
        if SENDFLOW in jobs:
            result["latency"] = _latency(
                commands[SENDFLOW.name], broker.bootstrap, directory, asked
            )
            result["parts"] = parts.measure(
                broker.bootstrap, "parts-", asked.events // 3, directory
            )
    finally:
        broker.stop()
        shutil.rmtree(directory, ignore_errors=True)
    result["many flows"] = _alone("many_flows", "--events", str(asked.events // 10))
    if asked.schedule:
        result["schedule"] = _alone("schedule", "--customers", str(asked.schedule))
    _show(result)
    asked.json.parent.mkdir(parents=True, exist_ok=True)
    asked.json.write_text(json.dumps(result, indent=2) + "\n")
    console.print(f"the same as JSON: {os.path.relpath(asked.json)}")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="benchmarks.run", description=__doc__)
    parser.add_argument("--events", type=int, default=300_000, help="events of each round")
    parser.add_argument("--rounds", type=int, default=3, help="turns of every job")
    parser.add_argument("--limit", type=float, default=20.0, help="seconds of one job's turn")
    parser.add_argument("--rate", type=int, default=2000, help="events/s while measuring latency")
    parser.add_argument("--only", nargs="*", metavar="NAME", help="these jobs alone")
    parser.add_argument(
        "--schedule",
        type=int,
        nargs="?",
        const=1_000_000,
        metavar="N",
        help="also scan this many customers of one partition (takes minutes; default 1,000,000)",
    )
    parser.add_argument(
        "--json", metavar="FILE", type=Path, default=RESULTS, help="where the figures go, too"
    )
    parser.add_argument("--short", action="store_true", help="a minute, to see that it runs")
    asked = parser.parse_args()
    if asked.short:
        asked.events, asked.rounds, asked.limit, asked.only = 60_000, 1, 5.0, [SENDFLOW.name]
    return asked


def _broker(directory: Path) -> BrokerProcess:
    if has_java():
        from tests.harness.apache_kafka.broker import KafkaBroker

        return KafkaBroker(directory)
    console.print("no Java and Maven here: on the embedded broker, without Kafka Streams")
    return EmbeddedBroker(directory)


def _can_run(job: Job) -> bool:
    return has_java() or not job.name.startswith("Kafka Streams")


def _machine(broker: str) -> dict[str, Any]:
    import sysconfig

    return {
        "cpus": os.cpu_count(),
        "python": platform.python_version(),
        "optimised_python": "--enable-optimizations"
        in (sysconfig.get_config_var("CONFIG_ARGS") or ""),
        "broker": broker,
        "system": platform.platform(),
    }


def _compare(
    jobs: list[Job],
    commands: dict[str, list[str]],
    bootstrap: str,
    directory: Path,
    asked: argparse.Namespace,
) -> dict[str, list[Rate]]:
    """Every job in turn on the same events, `rounds` times."""
    rates: dict[str, list[Rate]] = {job.name: [] for job in jobs}
    for number in range(asked.rounds):
        for topics, flows in {job.topics: job.flows for job in jobs}.items():
            prefix = f"round{number}-{topics}"
            _prepare(bootstrap, prefix, flows, directory)
            count = workload.fill(bootstrap, prefix, workload.events(asked.events, seed=number))
        for job in jobs if number % 2 == 0 else reversed(jobs):
            prefix = f"round{number}-{job.topics}"
            group = f"{job.name.lower().replace(' ', '-').translate(NO_SIGNS)}-{number}"
            run = Run(bootstrap, prefix, group, directory / group)
            process = job.start(commands[job.name], run)
            try:
                rate = watch(process, bootstrap, group, prefix, count, asked.limit)
            except RuntimeError as error:
                sys.stderr.write((run.directory / "log").read_text()[-4000:])
                raise SystemExit(str(error)) from error
            finally:
                _end(process)
            rates[job.name].append(rate)
            console.print(
                f"round {number + 1}, {job.name}: {rate.per_second:,.0f} events/s, "
                f"{rate.cpu_us:.1f} us CPU an event"
            )
    return rates


def _prepare(bootstrap: str, prefix: str, flows: Path | None, directory: Path) -> None:
    """Topics; and for Sendflow, flows to decide by and a profile for every customer."""
    environment = SENDFLOW.environment(Run(bootstrap, prefix, "prepare", directory))
    sendflow = [sys.executable, "-m", "streams.cli.main"]
    commands = [["topics", "create"]]
    if flows is not None:
        commands.append(["flows", "publish", str(flows), "--yes"])
    for command in commands:
        subprocess.run([*sendflow, *command], env=environment, check=True, capture_output=True)
    if flows is not None:
        workload.fill(bootstrap, prefix, workload.customer_profiles())


def _latency(
    command: list[str], bootstrap: str, directory: Path, asked: argparse.Namespace
) -> dict[str, float]:
    prefix = "latency-"
    _prepare(bootstrap, prefix, SENDFLOW.flows, directory)
    workload.fill(bootstrap, prefix, workload.events(20_000, seed=99))
    run = Run(bootstrap, prefix, "latency", directory / "latency")
    process = SENDFLOW.start(command, run)
    try:
        watch(process, bootstrap, "latency", prefix, 20_000, 60)
        seconds = 5.0 if asked.short else 20.0
        found = latency.measure(
            bootstrap, prefix, asked.rate, seconds, warm_up=20.0
        )  # the JVM of the broker too
    finally:
        _end(process)
    return {name: getattr(found, name) for name in found.__struct_fields__}


def _alone(name: str, *options: str) -> Any:
    """What another benchmark says, in a process of its own: its memory is its own, too."""
    command = [sys.executable, "-m", f"benchmarks.{name}", *options, "--json"]
    run = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE)
    return json.loads(run.stdout)


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(15)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _summary(rates: dict[str, list[Rate]]) -> dict[str, dict[str, float]]:
    """Medians, and the median of Sendflow's rate over the job's, round by round: by the job that
    the peers do, where it was measured."""
    ours = rates.get(SENDFLOW_SAME_JOB.name) or rates.get(SENDFLOW.name, [])
    summary = {}
    for name, runs in rates.items():
        ratios = [our.per_second / run.per_second for our, run in zip(ours, runs, strict=False)]
        summary[name] = {
            "events_per_second": statistics.median(run.per_second for run in runs),
            "cpu_us_per_event": statistics.median(run.cpu_us for run in runs),
            "peak_mib": max(run.peak_mib for run in runs),
            "sendflow_is_times_faster": statistics.median(ratios) if ratios else 0.0,
        }
    return summary


def _show(result: dict[str, Any]) -> None:
    table = Table(title="The whole job", title_justify="left")
    for heading in (
        "",
        "events/s",
        "CPU us/event",
        "peak MiB",
        "Sendflow, same job, is ... times as fast",
    ):
        table.add_column(heading, justify="left" if not heading else "right")
    for name, found in result["rates"].items():
        note = " (at least once)" if name == PLAIN_FAUST.name else ""
        table.add_row(
            name + note,
            f"{found['events_per_second']:,.0f}",
            f"{found['cpu_us_per_event']:.1f}",
            f"{found['peak_mib']:.0f}",
            f"{found['sendflow_is_times_faster']:.2f}",
        )
    console.print(table)
    if "latency" in result:
        found = result["latency"]
        console.print(
            f"from event to command at {found['rate']:,} events/s: p50 {found['p50']:.0f} ms, "
            f"p90 {found['p90']:.0f} ms, p99 {found['p99']:.0f} ms ({found['commands']:,} commands)"
        )
    if "parts" in result:
        table = Table(title="CPU of the parts, us an event", title_justify="left")
        table.add_column("part")
        table.add_column("us", justify="right")
        for name, us in result["parts"]["us_per_event"].items():
            table.add_row(name, f"{us:.2f}")
        console.print(table)
        console.print(f"state: {result['parts']['state_bytes_per_customer']:.0f} bytes a customer")
    for title in ("many flows", "schedule"):
        if title in result:
            _show_figures(title, result[title])


def _show_figures(title: str, lines: list[dict[str, Any]]) -> None:
    table = Table(title=title.capitalize(), title_justify="left")
    for heading in lines[0]:
        table.add_column(heading.replace("_", " "), justify="right")
    for line in lines:
        table.add_row(
            *(f"{one:,.2f}" if isinstance(one, float) else str(one) for one in line.values())
        )
    console.print(table)


if __name__ == "__main__":
    main()
