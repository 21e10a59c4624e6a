"""A steady load of events, in a process of its own so that nothing else disturbs its pace.

    python -m benchmarks.load BOOTSTRAP PREFIX RUN --rate N --seconds S --at TIME --seed N
                              [--lead S]

The events are made and encoded before TIME (seconds since the epoch); then each is sent at its due
time, which is also its `occurred_at`. Prints one JSON object: when each order was appended (record
time, ms), and how late events were sent; without those of the first seconds (`--lead`).
"""

import argparse
import gc
import json
import time
from collections.abc import Callable, Iterator

import msgspec
from confluent_kafka import Message

from benchmarks import workload
from benchmarks.workload import Encoded
from streams.contracts.encode import encode_event
from streams.engine import topic_of

ORDER = "order.placed"
SERVE = 0.002
"""Seconds between two looks at delivery reports."""


class Due(msgspec.Struct, frozen=True):
    """An event, and when to send it (seconds since the epoch). `order`: its id if it is an order,
    which makes a command at once in every job."""

    at: float
    event: Encoded
    order: str | None


class Sent(msgspec.Struct, frozen=True):
    """What was sent."""

    events: int
    appended: dict[str, int]  # order's event id -> record time, ms
    late_ms_p99: float  # behind the due time


def schedule(rate: int, seconds: float, at: float, run: str, seed: int) -> Iterator[Due]:
    """`rate` events a second, evenly spaced from `at` on."""
    named = workload.events(int(rate * seconds), seed, run=run)
    for number, (metric, event) in enumerate(named):
        due = at + number / rate
        event["occurred_at"] = int(due * 1000)
        value = encode_event(metric, event)
        order = event["event_id"] if metric == ORDER else None
        yield Due(due, Encoded(topic_of(metric), event["customer_id"], value), order)


def send(bootstrap: str, prefix: str, due: list[Due], noted_from: float = 0.0) -> Sent:
    """Sends every event at its time; what is returned is about those due at `noted_from` or
    later."""
    producer = workload.open_producer(bootstrap)
    producer.list_topics(timeout=30)  # connects before the first is due
    appended: dict[str, int] = {}

    def noting(order: str) -> Callable[[object, Message], None]:
        def delivered(error: object, message: Message) -> None:
            if error is None:
                appended[order] = message.timestamp()[1]

        return delivered

    late: list[float] = []
    for one in due:
        while (ahead := one.at - time.time()) > 0:
            if ahead > SERVE:
                producer.poll(ahead - SERVE)
            else:
                time.sleep(ahead)
        is_noted = one.at >= noted_from
        if is_noted:
            late.append(-ahead * 1000)
        event, note = one.event, noting(one.order) if one.order and is_noted else None
        producer.produce(prefix + event.topic, event.value, key=event.key, on_delivery=note)
    producer.flush(30)
    late.sort()
    return Sent(len(late), appended, late[int(len(late) * 0.99)])


def main() -> None:
    """Sends what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("bootstrap")
    parser.add_argument("prefix")
    parser.add_argument("run", help="first part of every event id: unlike all others'")
    parser.add_argument("--rate", type=int, required=True, help="events a second")
    parser.add_argument("--seconds", type=float, required=True)
    parser.add_argument("--at", type=float, required=True, help="time of the first event")
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--lead", type=float, default=0.0, help="seconds that aren't noted")
    asked = parser.parse_args()
    due = list(schedule(asked.rate, asked.seconds, asked.at, asked.run, asked.seed))
    gc.disable()  # a collection over all these events would hold some of them back
    sent = send(asked.bootstrap, asked.prefix, due, asked.at + asked.lead)
    print(json.dumps(msgspec.to_builtins(sent)))


if __name__ == "__main__":
    main()
