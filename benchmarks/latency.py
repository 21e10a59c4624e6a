"""From the append of an order to its command, for a read_committed reader, at steady rates.

Every job is measured in the same way, one after the other on the same broker: the load comes from
a process of its own (`benchmarks.load`), one reader sees the commands of all, and the milliseconds
are those from the record time of the order to the arrival of the first command that it triggered.
Cold starts don't count: the broker is warmed by transactions of nobody's (`warm_up`), each job by a
catch-up with events that are already there and by some seconds of load, and each rate by its own
first seconds.
"""

import json
import statistics
import subprocess
import sys
import threading
import time
import uuid
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
from confluent_kafka import Consumer, Producer, TopicPartition

from benchmarks import shop_topics, workload
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
from benchmarks.throughput import opponents, turns
from benchmarks.workload import PARTITIONS
from streams.contracts.schemas import shipped_schemas
from streams.contracts.wire import SINGLE_OBJECT, decode_any, single_object_header

RATES = (500, 1_000, 2_000)
COMPARED = (QUIX_STREAMS, SENDFLOW_SAME_JOB, KAFKA_STREAMS, SENDFLOW)
ONCE = (QUIX_STREAMS_DEFAULT,)
"""Quix Streams commits every 5 s unless told otherwise. 100 ms, set for the other runs, is the
default of Sendflow, and of Kafka Streams with exactly once."""
LEAD = 2.0
"""Seconds at a new rate that don't count."""
TO_START = 2.0
"""Seconds in which a process of load makes its first events, at least."""
READY_WITHIN = 120.0
COMMANDS_WITHIN = 15.0


class Plan(msgspec.Struct, frozen=True):
    """What is measured on which broker."""

    bootstrap: str
    directory: Path
    compared: Sequence[Job]
    once: Sequence[Job]  # in the first round only
    commands: dict[str, list[str]]  # by name of a job
    rates: Sequence[int]  # events a second
    seconds: float  # of each rate
    warm_up: float  # seconds of load before the first rate
    warm_events: int  # there before the job starts
    rounds: int
    say: Callable[[str], None]
    between: Callable[[], None]  # before each run


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


def measure(plan: Plan) -> dict[str, Any]:
    """Every job at every rate, `rounds` times; the order of jobs is as in catch-up."""
    rounds: list[dict[str, list[Latency]]] = []
    for number in range(plan.rounds):
        rounds.append({})
        for job in turns(plan.compared, number, plan.once):
            plan.between()
            rounds[-1][job.name] = _of_job(plan, job, number)
    return {
        "rounds": [
            {name: [msgspec.structs.asdict(line) for line in lines] for name, lines in one.items()}
            for one in rounds
        ],
        "medians": medians(rounds),
        "ratios": ratios_of(rounds, opponents((*plan.compared, *plan.once))),
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


def _of_job(plan: Plan, job: Job, number: int) -> list[Latency]:
    """A job on topics of its own, so that it starts with nothing behind it."""
    prefix = f"latency-{job.short_name}-{number}-"
    shop_topics.prepare(plan.bootstrap, prefix, job.flows or SAME_JOB)
    workload.fill(plan.bootstrap, [prefix], workload.events(plan.warm_events, seed=99))
    run = Run.of(job, plan.bootstrap, prefix, number, plan.directory)
    found = []
    with (
        job.running(plan.commands[job.name], run) as process,
        reading(plan.bootstrap, prefix) as reader,
    ):
        _wait_until_ready(plan.bootstrap, prefix, reader)
        _load(plan.bootstrap, prefix, sorted(plan.rates)[len(plan.rates) // 2], plan.warm_up)
        for rate in plan.rates:
            line = _at_rate(plan, prefix, process, reader, rate)
            plan.say(
                f"round {number + 1}, {job.name} at {rate:,} events/s: p50 {line.p50:.0f}, p90 "
                f"{line.p90:.0f}, p99 {line.p99:.0f}, max {line.most:.0f} ms; "
                f"{line.commands:,} of {line.orders:,} commands; {line.idle:.0%} idle"
            )
            found.append(line)
    shop_topics.delete(plan.bootstrap, prefix)
    return found


class Reader:
    """Reads the commands of a prefix from now on; their content is looked at afterwards."""

    def __init__(self, bootstrap: str, prefix: str) -> None:
        self._consumer = Consumer(
            {
                "bootstrap.servers": bootstrap,
                "group.id": f"{prefix}reader",
                "isolation.level": "read_committed",
                "enable.auto.commit": False,
                "auto.offset.reset": "earliest",
                "fetch.wait.max.ms": 5,
            }
        )
        topic = f"{prefix}send-commands"
        self._consumer.assign([TopicPartition(topic, one, 0) for one in range(PARTITIONS)])
        self._came: deque[tuple[float, bytes]] = deque()  # read by the thread, not yet looked at
        self._arrived: dict[str, float] = {}
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def arrived(self) -> dict[str, float]:
        """Event id -> when the first command that it triggered was here, seconds since the
        epoch."""
        while self._came:
            at, value = self._came.popleft()
            event = trigger_of(value)
            if event is not None:
                self._arrived.setdefault(event, at)
        return self._arrived

    def close(self) -> None:
        """Ends the thread and the consumer."""
        self._stopped.set()
        self._thread.join()
        self._consumer.close()

    def _read(self) -> None:
        while not self._stopped.is_set():
            messages = self._consumer.consume(500, 0.01)
            now = time.time()
            self._came.extend(
                (now, value)
                for message in messages
                if message.error() is None and (value := message.value()) is not None
            )


def trigger_of(command: bytes) -> str | None:
    """Id of the event that a command came from. The peers write Avro without a header."""
    framed = command if command.startswith(SINGLE_OBJECT) else _HEADER + command
    event: str | None = decode_any(framed)[1]["trigger_event_id"]
    return event


_HEADER = single_object_header(shipped_schemas().current["SendCommand"])


@contextmanager
def reading(bootstrap: str, prefix: str) -> Iterator[Reader]:
    """A reader, closed at the end."""
    reader = Reader(bootstrap, prefix)
    try:
        yield reader
    finally:
        reader.close()


def _wait_until_ready(bootstrap: str, prefix: str, reader: Reader) -> None:
    """Until an order gets its command: the job has started, and caught up with what was there."""
    sent = _load(bootstrap, prefix, 20, 1.0)
    _wait_for_commands(sent, reader, READY_WITHIN)
    if not sent.appended.keys() & reader.arrived().keys():
        raise RuntimeError(f"no command within {READY_WITHIN:g} s on {prefix}send-commands")


def _at_rate(
    plan: Plan, prefix: str, process: subprocess.Popen[bytes], reader: Reader, rate: int
) -> Latency:
    at = _start_time(rate * plan.seconds)
    load = _start_load(plan.bootstrap, prefix, rate, LEAD + plan.seconds, at, LEAD)
    time.sleep(max(0.0, at + LEAD - time.time()))
    machine, job = cpu_times(), cpu_seconds(process.pid)
    time.sleep(max(0.0, at + LEAD + plan.seconds - time.time()))
    idle, spent = cpu_times().idle_since(machine), cpu_seconds(process.pid) - job
    sent = _sent(load)
    _wait_for_commands(sent, reader, COMMANDS_WITHIN)
    arrived = reader.arrived()
    taken = [
        arrived[event] * 1000 - appended
        for event, appended in sent.appended.items()
        if event in arrived
    ]
    if not taken:
        raise RuntimeError(f"no command for {len(sent.appended)} orders on {prefix}send-commands")
    return Latency(
        rate,
        len(sent.appended),
        len(taken),
        *percentiles(taken),
        idle,
        spent / (rate * plan.seconds) * 1e6,
        sent.late_ms_p99,
    )


def percentiles(values: Sequence[float]) -> tuple[float, float, float, float]:
    """p50, p90, p99 and the most; each is one of the values."""
    ordered = sorted(values)
    last = len(ordered) - 1
    p50, p90, p99 = (ordered[min(int(len(ordered) * share), last)] for share in (0.5, 0.9, 0.99))
    return p50, p90, p99, ordered[-1]


def _wait_for_commands(sent: Sent, reader: Reader, within: float) -> None:
    """Until every order has its command, or for so many seconds."""
    deadline = time.monotonic() + within
    while sent.appended.keys() - reader.arrived().keys() and time.monotonic() < deadline:
        time.sleep(0.1)


def _load(bootstrap: str, prefix: str, rate: int, seconds: float) -> Sent:
    at = _start_time(rate * seconds)
    return _sent(_start_load(bootstrap, prefix, rate, seconds, at))


def _start_time(events: float) -> float:
    """When a process of load can begin to send so many events, which it makes first."""
    return time.time() + TO_START + events / 10_000


def _start_load(
    bootstrap: str, prefix: str, rate: int, seconds: float, at: float, lead: float = 0.0
) -> subprocess.Popen[bytes]:
    run = uuid.uuid4().hex[:12]  # no event id may come twice: a duplicate makes no command
    seed = int(run, 16)
    options = {"rate": rate, "seconds": seconds, "at": at, "lead": lead, "seed": seed}
    given = [text for name, value in options.items() for text in (f"--{name}", str(value))]
    command = [sys.executable, "-m", "benchmarks.load", bootstrap, prefix, run, *given]
    return subprocess.Popen(command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)


def _sent(load: subprocess.Popen[bytes]) -> Sent:
    text, _ = load.communicate()
    if load.returncode != 0:
        raise RuntimeError(f"the load ended with status {load.returncode}")
    return msgspec.convert(json.loads(text), Sent)


def warm_up(bootstrap: str, seconds: float) -> None:
    """Warms the broker, whose Java code is compiled as it is used, by transactions of nobody's on
    topics of their own, with a read_committed reader behind them."""
    prefix = "warm-up-"
    shop_topics.create(bootstrap, prefix)
    quiet = {"bootstrap.servers": bootstrap, "log_level": 0}
    producer = Producer({**quiet, "transactional.id": prefix})
    producer.init_transactions(30)
    topics = [prefix + topic for topic in ("send-commands", "flow-decisions", "orders", "carts")]
    consumer = Consumer(
        {
            **quiet,
            "group.id": prefix,
            "isolation.level": "read_committed",
            "auto.offset.reset": "earliest",
        }
    )
    consumer.assign([TopicPartition(name, one, 0) for name in topics for one in range(PARTITIONS)])
    number, end = 0, time.monotonic() + seconds
    while time.monotonic() < end:
        producer.begin_transaction()
        for _ in range(100):
            producer.produce(topics[number % 4], b"." * 200, key=str(number))
            number += 1
        offset = TopicPartition(prefix + "orders", 0, number)
        producer.send_offsets_to_transaction([offset], consumer.consumer_group_metadata(), 30)
        producer.commit_transaction(30)
        consumer.consume(1_000, 0)
    consumer.close()
    shop_topics.delete(bootstrap, prefix)
