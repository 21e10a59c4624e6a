"""From an event's append to the commit of the command that it caused, at a steady rate."""

import threading
import time
from collections.abc import Callable

import msgspec
from confluent_kafka import Consumer, Message

from benchmarks.workload import events, open_producer, produce
from streams.contracts.wire import decode_any


class Latency(msgspec.Struct):
    """Milliseconds from the append of an event to its command being there for a read_committed
    reader; over `commands` commands that were decided at once."""

    rate: int
    commands: int
    p50: float
    p90: float
    p99: float
    most: float


def measure(bootstrap: str, prefix: str, rate: int, seconds: float, warm_up: float) -> Latency:
    """Produces `rate` events a second and reads the commands; a worker must be running."""
    appended: dict[str, int] = {}
    arrived: dict[str, float] = {}
    stop = threading.Event()
    reader = threading.Thread(target=_read, args=(bootstrap, prefix, arrived, stop))
    reader.start()
    try:
        warm = _produce(bootstrap, prefix, rate, seconds + warm_up, appended, warm_up)
        _wait_for_quiet(arrived)
    finally:
        stop.set()
        reader.join()
    taken = sorted(
        at * 1000 - appended[event]
        for event, at in arrived.items()
        if event in appended and event not in warm
    )
    return Latency(
        rate,
        len(taken),
        *(taken[min(int(len(taken) * share), len(taken) - 1)] for share in (0.5, 0.9, 0.99)),
        taken[-1],
    )


def _produce(
    bootstrap: str,
    prefix: str,
    rate: int,
    seconds: float,
    appended: dict[str, int],
    warm_up: float,
) -> set[str]:
    """Notes when each event was appended; the ids of those of the warm-up."""
    producer = open_producer(bootstrap)
    warm: set[str] = set()
    began = time.monotonic()

    def note(event: str) -> Callable[[object, Message], None]:
        def delivered(error: object, message: Message) -> None:
            if error is None:
                appended[event] = message.timestamp()[1]

        return delivered

    for number, (metric, event) in enumerate(events(int(rate * seconds), seed=2)):
        due = began + number / rate
        while (ahead := due - time.monotonic()) > 0:
            producer.poll(min(ahead, 0.005))
        event["occurred_at"] = int(time.time() * 1000)
        if number < rate * warm_up:
            warm.add(event["event_id"])
        produce(producer, prefix, metric, event, note(event["event_id"]))
    producer.flush(30)
    return warm


def _read(bootstrap: str, prefix: str, arrived: dict[str, float], stop: threading.Event) -> None:
    consumer = Consumer(
        {
            "bootstrap.servers": bootstrap,
            "group.id": f"{prefix}latency",
            "isolation.level": "read_committed",
            "auto.offset.reset": "earliest",
            "fetch.wait.max.ms": 5,
        }
    )
    consumer.subscribe([f"{prefix}send-commands"])
    while not stop.is_set():
        for message in consumer.consume(500, 0.01):
            now = time.time()
            value = message.value()
            if message.error() is None and value is not None:
                command = decode_any(value)[1]
                # Commands of timers have no part here: they waited on purpose.
                arrived.setdefault(command["trigger_event_id"], now)
    consumer.close()


def _wait_for_quiet(arrived: dict[str, float], within: float = 15.0) -> None:
    """Until no command has come for a second."""
    deadline = time.monotonic() + within
    seen, since = -1, time.monotonic()
    while time.monotonic() < deadline and time.monotonic() - since < 1.0:
        if len(arrived) != seen:
            seen, since = len(arrived), time.monotonic()
        time.sleep(0.05)
