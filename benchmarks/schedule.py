"""The cost of scanning and of valuing all customers of a task: a million of them in RocksDB, in one
partition.

    python -m benchmarks.schedule [--customers N] [--profile | --json]

The task itself runs, as in a worker: a slice at a time, a transaction prepared and written to the
store every 100 ms. Each line is one scan or valuation; "longest slice" is how long a partition
beside this one waits for its turn. Where events go on meanwhile, one comes each millisecond of
stream time, and their cost is in the figure. The store is filled directly.
"""

import argparse
import cProfile
import json
import pstats
import random
import resource
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from benchmarks.engine import START, mix, profile_of, without_collector
from streams.contracts.control import (
    DefinitionsRecord,
    FactsRecord,
    encode_definitions,
    encode_facts,
)
from streams.contracts.decode import EventDecoder
from streams.contracts.encode import EffectEncoder, encode_event
from streams.engine import (
    INPUTS,
    CustomerState,
    Effects,
    Instant,
    Program,
    act,
    encode_state,
    new_state,
)
from streams.ports import CONTROL, FIRST_CUSTOMER, Ports, Record, StoreBatch, TaskSettings
from streams.programs import SEMANTICS, Programs
from streams.runtime.commit import POSITION_KEY, Position
from streams.runtime.order import START as PHASE
from streams.runtime.order import order_key
from streams.runtime.scans import SCAN_CHUNK
from streams.store.rocks import RocksStore, StoreMemory
from streams.task import PartitionTask
from streams.worker.slice_budget import SLICE

HOUR = 3_600_000
KINDS = 2_000
"""So many different customers; the others are copies of these under ids of their own."""
EVENTS_EACH = 6
DAYS = 60
"""Over so many days customers were last here."""
STORE_MEMORY = 256 * 1024 * 1024
COMMIT_SECONDS = 0.1
LOADED = START + DAYS * 24 * HOUR
"""The stream clock when all that is known of the customers has happened."""

SEARCHED: dict[str, Any] = {
    "all": [
        {"count": "search.performed", "on_day": "-1", "at_least": "1"},
        {"count": "order.placed", "since": {"last": "search.performed"}, "equals": "0"},
    ]
}
CART: dict[str, Any] = {
    "flow": "cart",
    "trigger": {"metric": "cart.updated"},
    "exit_on": [{"metric": "order.placed"}],
    "steps": [{"wait": "30d", "id": "pause"}, {"send": "email", "template": "your-cart"}],
}


def scheduled(name: str, hour: int, audience: Any) -> dict[str, Any]:
    """A flow at an hour of the day after all was loaded."""
    return {
        "flow": name,
        "trigger": {"schedule": f"0 {hour} * * *", "audience": audience},
        "steps": [{"send": "email", "template": name}],
    }


def matching(share: float) -> dict[str, Any]:
    """An audience of about this share of the customers."""
    return {"profile": "draw", "lt": str(share)}


BEFORE = [CART]
AT_HOURS = [
    scheduled("nobody", 12, {"all": [SEARCHED, {"count": "view.item", "at_least": "1"}]}),
    scheduled("by-profile", 13, {"profile": "draw", "lt": "0"}),
    scheduled("one-in-100", 14, {"all": [matching(0.01), SEARCHED]}),
    scheduled("one-in-10", 15, matching(0.1)),
]
LAPSED = {"segment": "lapsed", "if": {"since_last": "order.placed", "at_least": "300d"}}
LOW = {"segment": "low", "if": {"value": "clv.historic", "below": "store_mean"}}


def definitions(flows: list[dict[str, Any]], *segments: dict[str, Any]) -> bytes:
    """A set as a value of `control`; segment flows are paused, so that the scan is what is timed
    and not sending."""
    started = [
        {
            "flow": f"on-{segment['segment']}",
            "status": "paused",
            "trigger": {"segment": segment["segment"]},
            "steps": [{"send": "email", "template": f"on-{segment['segment']}"}],
        }
        for segment in segments
    ]
    store = {"timezone": "UTC", "currency": "GBP", "profile": {"draw": "number"}}
    raw = {"flows": flows + started, "segments": list(segments), "store": store}
    text = json.dumps(raw)
    return encode_definitions(
        DefinitionsRecord(LOADED, str(hash(text)), SEMANTICS[-1], "bench", text, {})
    )


def fill(store: RocksStore, program: Program, count: int) -> None:
    """Writes `count` customers, and a position behind the first record of `control`."""
    chance = random.Random(7)
    kinds = list(_kinds(program))
    changes: dict[bytes, bytes | None] = {}
    for number in range(count):
        state = kinds[number % KINDS]
        state.customer_id = f"C{number:08}"
        state.profile["draw"] = chance.random()
        changes[state.customer_id.encode()] = encode_state(state)
        if len(changes) == 20_000:
            store.write(StoreBatch(changes, 0, 0))
            changes = {}
    clock = order_key(LOADED, PHASE)
    position = Position({CONTROL: 1, **dict.fromkeys(INPUTS, 0)}, clock)
    changes[POSITION_KEY] = msgspec.msgpack.encode(position)
    store.write(StoreBatch(changes, 0, 0))


def _kinds(program: Program) -> Iterator[CustomerState]:
    states: dict[str, CustomerState] = {}
    for number, event in enumerate(mix(KINDS * 20)[: KINDS * EVENTS_EACH]):
        event.occurred_at += number % KINDS % DAYS * 24 * HOUR
        state = states.get(event.customer_id)
        if state is None:
            state = states[event.customer_id] = new_state(event.customer_id)
            profile = profile_of(event.customer_id)
            act(program, state, profile, profile.occurred_at, Effects())
        act(program, state, event, event.occurred_at, Effects())
    yield from states.values()


class Bench:
    """One task on a store, fed as a worker feeds it."""

    def __init__(self, store: RocksStore, first: bytes) -> None:
        self._store = store
        self._programs = Programs()
        decoder, encoder = EventDecoder(), EffectEncoder()
        ports = Ports(store, decoder, encoder, self._programs)
        self.task = PartitionTask(0, ports, TaskSettings(clock_skew=0))
        self._control = self._orders = 0
        self.publish(LOADED, first)
        for topic in INPUTS:
            self.task.feed(topic, [], 0, 0)
        self._written = 0

    def publish(self, at: Instant, value: bytes) -> None:
        """A record of `control`."""
        record = Record(at, self._control, b"", value)
        self._control += 1
        self.task.feed(CONTROL, [record], self._control, self._control)

    def fact(self, at: Instant, mean: float) -> None:
        """A store fact: the mean of what customers are worth."""
        self.publish(at, encode_facts(FactsRecord("2026-03-02", {"clv.historic.mean": mean})))

    def orders(self, at: Instant, count: int) -> None:
        """Orders of customers far apart, one each millisecond from `at` on."""
        records = [
            Record(at + number, self._orders + number, *_order(self._orders + number, at + number))
            for number in range(count)
        ]
        self._orders += count
        self.task.feed("orders", records, self._orders, self._orders)

    def until(self, wall: Instant) -> tuple[float, float, int]:
        """All before `wall` happens. Returns the CPU seconds in all, those of the longest slice,
        and the number of customers that were written."""
        clock = time.process_time  # others may be at work on this machine
        own = time.thread_time  # what the store does in threads of its own holds nobody up
        ends = {CONTROL: self._control, **dict.fromkeys(INPUTS, 0), "orders": self._orders}
        self.task.set_end_offsets(wall, ends)
        began = committed = clock()
        longest, written, has_more = 0.0, 0, True
        while has_more:
            start = own()
            has_more = self.task.run(wall, SLICE)
            longest = max(longest, own() - start)
            if not has_more or clock() - committed > COMMIT_SECONDS:
                written += self._commit(wall)
                committed = clock()
        return clock() - began, longest, written

    def _commit(self, wall: Instant) -> int:
        """In a worker a thread does this meanwhile."""
        if self.task.commit_due(wall) is None:
            return 0
        commit = self.task.prepare_commit(wall)
        self._written += len(commit.batch.changes)
        batch = msgspec.structs.replace(commit.batch, changelog_offset=self._written)
        self._store.write(batch)
        self.task.committed(commit, self._written)
        return sum(key >= FIRST_CUSTOMER for key in commit.batch.changes)


def _order(number: int, at: Instant) -> tuple[bytes, bytes]:
    customer = f"C{number * 7919 % 100_000:08}"
    order = {
        "event_id": f"o{number}",
        "customer_id": customer,
        "occurred_at": at,
        "order_id": f"o{number}",
        "total": 100,
        "currency": "GBP",
        "items": [],
        "tags": [],
    }
    return customer.encode(), encode_event("order.placed", order)


class Memory:
    """The most that the process has held, looked at every few milliseconds."""

    def __init__(self) -> None:
        self.most = 0
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()

    def stop(self) -> int:
        """The most, in bytes."""
        self._stopped.set()
        self._thread.join()
        return self.most

    def _look(self) -> None:
        while not self._stopped.wait(0.02):
            self.most = max(self.most, resident())


def resident() -> int:
    """Bytes of memory that the process holds now."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


def main() -> None:
    """Prints the figures, or with --profile where the time of the first scan goes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--customers", type=int, default=1_000_000)
    parser.add_argument("--profile", action="store_true")
    parser.add_argument("--json", action="store_true", help="print one list of lines")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="sendflow-bench-") as temporary:
        store = RocksStore(Path(temporary) / "store", StoreMemory(STORE_MEMORY))
        try:
            bench = _prepare(store, options.customers)
            if options.profile:
                _profile(bench)
                return
            lines = _measure(bench, options.customers)
            if options.json:
                print(json.dumps([msgspec.to_builtins(line) for line in lines]))
                return
            print(f"{'scan':28} {'customers/s':>12} {'written':>9} {'longest slice':>14} memory")
            for line in lines:
                print(line.text(), flush=True)
        finally:
            store.close()


class Line(msgspec.Struct, frozen=True):
    """Cost of one scan, in CPU time; memory in MB."""

    scan: str
    customers_per_second: float
    written: int
    longest_slice_ms: float
    memory_before: float
    most_memory: float

    def text(self) -> str:
        """As a line of the table."""
        return (
            f"{self.scan:28} {self.customers_per_second:>12,.0f} {self.written:>9,} "
            f"{self.longest_slice_ms:>11.1f} ms {self.memory_before:>5.0f} -> "
            f"{self.most_memory:>4.0f} MB"
        )


DAY = LOADED - LOADED % (24 * HOUR)


def _prepare(store: RocksStore, count: int) -> "Bench":
    """A task over so many customers, up to the moment when all was loaded."""
    first = definitions(BEFORE)
    program = Programs().read(Record(LOADED, 0, b"", first))
    assert isinstance(program, Program)
    fill(store, program, count)
    without_collector()
    bench = Bench(store, first)
    bench.until(LOADED + 1)
    bench.publish(LOADED + 1, definitions(BEFORE + AT_HOURS))
    return bench


def _profile(bench: "Bench") -> None:
    with cProfile.Profile() as profile:
        bench.until(DAY + 12 * HOUR + HOUR // 2)
    pstats.Stats(profile).sort_stats("tottime").print_stats(30)


def _measure(bench: "Bench", count: int) -> Iterator[Line]:
    bench.until(DAY + 12 * HOUR)
    for flow, hour in zip(AT_HOURS, range(12, 16), strict=True):
        yield _line(f"schedule, {flow['flow']}", bench, DAY + hour * HOUR + HOUR // 2, count)
    at = DAY + 16 * HOUR
    bench.publish(at, definitions(BEFORE, LAPSED))
    yield _line("a new segment, by time", bench, at + HOUR // 2, count)
    bench.publish(at + HOUR, definitions(BEFORE, LAPSED, LOW))
    yield _line("a new segment, by facts", bench, at + HOUR + HOUR // 2, count)
    bench.fact(at + 2 * HOUR, 100.0)
    yield _line("a first fact", bench, at + 2 * HOUR + HOUR // 2, count)
    bench.fact(at + 3 * HOUR, 101.0)
    yield _line("a fact", bench, at + 3 * HOUR + HOUR // 2, count)
    bench.fact(at + 4 * HOUR, 100.0)
    bench.orders(at + 4 * HOUR, count // SCAN_CHUNK)
    yield _line("a fact, events going on", bench, at + 4 * HOUR + HOUR // 2, count)
    bench.publish(at + 5 * HOUR, definitions([]))
    yield _line("a flow left out", bench, at + 5 * HOUR + HOUR // 2, count)
    midnight = DAY + 24 * HOUR
    bench.until(midnight - 1)
    yield _line("valuation", bench, midnight + HOUR, count)
    bench.until(midnight + 24 * HOUR - 1)
    bench.orders(midnight + 24 * HOUR, count // SCAN_CHUNK)
    yield _line("valuation, events going on", bench, midnight + 25 * HOUR, count)


def _line(name: str, bench: "Bench", until: Instant, count: int) -> Line:
    before, memory = resident(), Memory()
    seconds, longest, written = bench.until(until)
    most = max(memory.stop(), before)
    return Line(name, count / seconds, written, longest * 1000, before / 1e6, most / 1e6)


if __name__ == "__main__":
    main()
