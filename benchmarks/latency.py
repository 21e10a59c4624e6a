"""From the append of an order to its command, for a read_committed reader, at steady rates.

Every job is measured in the same way, one after the other on the same broker: the load comes from
a process of its own (`benchmarks.load`), one reader sees the commands of all, and the milliseconds
are those from the record time of the order to the arrival of the first command that it triggered.
Cold starts don't count: the broker is warmed by other transactions (`warm_up`), each job by a
catch-up with events that are already there and by some seconds of load, and each rate by its own
first seconds.
"""

import json
import statistics
import subprocess
import sys
import time
import uuid
from collections.abc import Sequence
from typing import Any

import msgspec

from benchmarks import shop_topics, workload
from benchmarks.command_reader import CommandReader, reading
from benchmarks.jobs import (
    KAFKA_STREAMS,
    QUIX_STREAMS,
    QUIX_STREAMS_DEFAULT,
    ROOT,
    SAME_JOB,
    SENDFLOW,
    SENDFLOW_SAME_JOB,
    Job,
    Run,
)
from benchmarks.load import Sent
from benchmarks.machine import cpu_seconds, cpu_times
from benchmarks.pairs import spread
from benchmarks.rounds import Rounds

RATES = (500, 1_000, 2_000)
COMPARED = (QUIX_STREAMS, SENDFLOW_SAME_JOB, KAFKA_STREAMS, SENDFLOW)
ONCE = (QUIX_STREAMS_DEFAULT,)
"""Quix Streams commits every 5 s unless told otherwise. 100 ms, set for the other runs, is the
default of Sendflow, and of Kafka Streams with exactly once."""
LEAD = 2.0
"""Seconds at a new rate that don't count."""
TO_START = 2.0
"""Seconds in which a process of load starts."""
EVENTS_MADE_PER_SECOND = 10_000
"""At least: all are made before the first is sent."""
READY_WITHIN = 120.0
COMMANDS_WITHIN = 15.0


class Pace(msgspec.Struct, frozen=True):
    """The load of each job."""

    rates: Sequence[int]  # events a second
    seconds: float  # of each rate
    warm_up: float  # seconds of load before the first rate
    warm_events: int  # there before the job starts


class Latency(msgspec.Struct, frozen=True):
    """Of one job at one rate: milliseconds over `commands` orders that got a command, of `orders`
    sent. `idle`: share of the time in which the machine's CPUs had nothing to do."""

    rate: int
    orders: int
    commands: int
    p50: float
    p90: float
    p99: float
    most: float
    idle: float
    cpu_us: float  # of the job, per event
    load_late_ms_p99: float  # how late the load itself was


def measure(rounds: Rounds, pace: Pace) -> dict[str, Any]:
    """Every job at every rate, and Sendflow's ratios to the others."""
    found: list[dict[str, list[Latency]]] = []
    for number in range(rounds.number):
        found.append({})
        for job in rounds.turns(number):
            rounds.between()
            found[-1][job.name] = _of_job(rounds, pace, job, number)
    return {
        "rounds": [
            {name: [msgspec.structs.asdict(line) for line in lines] for name, lines in one.items()}
            for one in found
        ],
        "medians": medians(found),
        "ratios": ratios_of(found, rounds.opponents()),
    }


def medians(rounds: Sequence[dict[str, list[Latency]]]) -> list[dict[str, Any]]:
    """A line for each job and rate, every figure the median over the rounds."""
    lines = []
    for name in {name: None for one in rounds for name in one}:
        for same_rate in zip(*(one[name] for one in rounds if name in one), strict=True):
            values = {
                field: statistics.median(getattr(line, field) for line in same_rate)
                for field in Latency.__struct_fields__
            }
            lines.append({"job": name, **values})
    return lines


def ratios_of(
    rounds: Sequence[dict[str, list[Latency]]], opponents: dict[str, str]
) -> list[dict[str, Any]]:
    """A line for each other job, rate and percentile: Sendflow's over the other's, round by
    round."""
    lines = []
    for name, ours in opponents.items():
        both = [(one[ours], one[name]) for one in rounds if ours in one and name in one]
        by_rate = zip(*(zip(a, b, strict=True) for a, b in both), strict=True)
        for same_rate in by_rate:
            for percentile in ("p50", "p99"):
                pairs = [getattr(a, percentile) / getattr(b, percentile) for a, b in same_rate]
                over = {"job": name, "rate": same_rate[0][0].rate, "percentile": percentile}
                lines.append({**over, "pairs": pairs, **msgspec.structs.asdict(spread(pairs))})
    return lines


def _of_job(rounds: Rounds, pace: Pace, job: Job, number: int) -> list[Latency]:
    """A job on topics of its own, so that it starts with nothing behind it."""
    bootstrap, prefix = rounds.bootstrap, f"latency-{job.short_name}-{number}-"
    shop_topics.prepare(bootstrap, prefix, job.flows or SAME_JOB)
    workload.fill(bootstrap, [prefix], workload.events(pace.warm_events, seed=99))
    run = Run.of(job, bootstrap, prefix, number, rounds.directory)
    found = []
    with (
        job.running(rounds.commands[job.name], run) as process,
        reading(bootstrap, prefix) as reader,
    ):
        load = Load(bootstrap, prefix)
        _wait_until_ready(load, reader)
        load.start(sorted(pace.rates)[len(pace.rates) // 2], pace.warm_up).sent()
        for rate in pace.rates:
            line = _at_rate(load, rate, pace.seconds, process, reader)
            rounds.say(
                f"round {number + 1}, {job.name} at {rate:,} events/s: p50 {line.p50:.0f}, p90 "
                f"{line.p90:.0f}, p99 {line.p99:.0f}, max {line.most:.0f} ms; "
                f"{line.commands:,} of {line.orders:,} commands; {line.idle:.0%} idle"
            )
            found.append(line)
    shop_topics.delete(bootstrap, prefix)
    return found


class Load(msgspec.Struct, frozen=True):
    """Steady loads on the topics of a prefix, each from a process of its own."""

    bootstrap: str
    prefix: str

    def start(self, rate: int, seconds: float, lead: float = 0.0) -> "RunningLoad":
        """A load of `rate` events a second for `lead` and then `seconds` seconds, which begins when
        the process has made its events."""
        run = uuid.uuid4().hex[:12]  # no event id may come twice: a duplicate makes no command
        at = time.time() + TO_START + rate * (lead + seconds) / EVENTS_MADE_PER_SECOND
        options = {
            "rate": rate,
            "seconds": lead + seconds,
            "at": at,
            "lead": lead,
            "seed": int(run, 16),
        }
        given = [text for name, value in options.items() for text in (f"--{name}", str(value))]
        command = [sys.executable, "-m", "benchmarks.load", self.bootstrap, self.prefix, run]
        process = subprocess.Popen(
            [*command, *given], cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE
        )
        return RunningLoad(process, at + lead)


class RunningLoad(msgspec.Struct, frozen=True):
    """A load in progress. `measured_from`: seconds since the epoch."""

    process: subprocess.Popen[bytes]
    measured_from: float

    def sent(self) -> Sent:
        """Waits for its end; what it has sent. Raises RuntimeError."""
        text, _ = self.process.communicate()
        if self.process.returncode != 0:
            raise RuntimeError(f"the load ended with status {self.process.returncode}")
        return msgspec.convert(json.loads(text), Sent)


def _wait_until_ready(load: Load, reader: CommandReader) -> None:
    """Until an order gets its command: the job has started, and caught up with what was there."""
    sent = load.start(rate=100, seconds=1.0).sent()
    _wait_for_commands(sent, reader, READY_WITHIN)
    if not sent.appended.keys() & reader.arrived().keys():
        raise RuntimeError(f"no command within {READY_WITHIN:g} s on {load.prefix}send-commands")


def _at_rate(
    load: Load,
    rate: int,
    seconds: float,
    process: subprocess.Popen[bytes],
    reader: CommandReader,
) -> Latency:
    running = load.start(rate, seconds, LEAD)
    _sleep_until(running.measured_from)
    machine, job = cpu_times(), cpu_seconds(process.pid)
    _sleep_until(running.measured_from + seconds)
    idle, spent = cpu_times().idle_since(machine), cpu_seconds(process.pid) - job
    sent = running.sent()
    _wait_for_commands(sent, reader, COMMANDS_WITHIN)
    arrived = reader.arrived()
    taken = [
        arrived[event] * 1000 - appended
        for event, appended in sent.appended.items()
        if event in arrived
    ]
    if not taken:
        raise RuntimeError(f"no command for {len(sent.appended)} orders on {load.prefix}*")
    return Latency(
        rate,
        len(sent.appended),
        len(taken),
        *percentiles(taken),
        idle,
        spent / (rate * seconds) * 1e6,
        sent.late_ms_p99,
    )


def _sleep_until(at: float) -> None:
    time.sleep(max(0.0, at - time.time()))


def percentiles(values: Sequence[float]) -> tuple[float, float, float, float]:
    """p50, p90, p99 and the most; each is one of the values."""
    ordered = sorted(values)
    last = len(ordered) - 1
    p50, p90, p99 = (ordered[min(int(len(ordered) * share), last)] for share in (0.5, 0.9, 0.99))
    return p50, p90, p99, ordered[-1]


def _wait_for_commands(sent: Sent, reader: CommandReader, within: float) -> None:
    """Until every order has its command, or for so many seconds."""
    deadline = time.monotonic() + within
    while sent.appended.keys() - reader.arrived().keys() and time.monotonic() < deadline:
        time.sleep(0.1)
