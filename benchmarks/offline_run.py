"""One run of the offline harness (`benchmarks.offline`) in a process of its own.

    python offline_run.py RECORDS [--rocks] [--profile FILE]

Prints JSON. Imports nothing of `benchmarks`: so it also runs with the package of a checkout that
lacks this harness, given by PYTHONPATH.
"""

import argparse
import cProfile
import gc
import hashlib
import json
import tempfile
import time
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import msgspec

from streams.contracts.decode import EventDecoder
from streams.contracts.encode import EffectEncoder
from streams.engine import INPUTS
from streams.ports import (
    CHANGELOG,
    CONTROL,
    OWN_KEY_PREFIX,
    OutputRecord,
    Ports,
    Record,
    Store,
    TaskSettings,
)
from streams.programs import Programs
from streams.runtime.commit import POSITION_KEY
from streams.store.memory import MemoryStore
from streams.store.rocks import RocksStore, StoreMemory
from streams.task import PartitionTask

CHUNK = 2_500
"""Events of a transaction: each is one value of the distributions."""
SLICE = 200
"""As in a worker (worker/slices.py)."""
STORE_MEMORY = 256 * 1024 * 1024

Plain = tuple[int, int, bytes, bytes]


class Bench:
    """A task on its store; time is counted in this thread alone."""

    def __init__(self, store: Store) -> None:
        decoder = EventDecoder(
            lambda metric: self.task.program.fields_read(metric),
            custom_metric=lambda name: self.task.program.custom_metric(name),
        )
        ports = Ports(store, decoder, EffectEncoder(), Programs())
        self.task = PartitionTask(0, ports, TaskSettings(clock_skew=0))
        self.run_us: list[float] = []
        self.prepare_us: list[float] = []
        self.store_us: list[float] = []
        self.output_records = 0
        self._store = store
        self._digest, self._outputs = hashlib.sha256(), hashlib.sha256()
        self._committed = 0

    def feed(self, topics: dict[str, list[Plain]]) -> int:
        """Feeds all records; returns the wall time at which they are decided."""
        last = 0
        ends = dict.fromkeys((CONTROL, *INPUTS), 0) | self.task.positions
        for topic, plain in topics.items():
            ends[topic] = plain[-1][1] + 1
            records = [Record(*one) for one in plain]
            self.task.feed(topic, records, ends[topic], ends[topic])
            last = max(last, records[-1].time)
        wall = last + 1
        for topic in ends.keys() - topics.keys():
            self.task.feed(topic, [], ends[topic], ends[topic])
        self.task.set_end_offsets(wall, ends)
        return wall

    def until(self, wall: int) -> None:
        """Decides all before `wall`, a transaction for each CHUNK events."""
        clock, has_more = time.thread_time, True
        while has_more:
            began = clock()
            while has_more and self.task.uncommitted < CHUNK:
                has_more = self.task.run(wall, SLICE)
            decided, number = clock(), self.task.uncommitted
            commit = self.task.prepare_commit(wall)
            prepared = clock()
            self._committed += len(commit.records)
            self._store.write(
                msgspec.structs.replace(commit.batch, changelog_offset=self._committed)
            )
            self.task.committed(commit, self._committed)
            stored = clock()
            self._add(commit.records)
            if number >= CHUNK:
                self.run_us.append((decided - began) / number * 1e6)
                self.prepare_us.append((prepared - decided) / number * 1e6)
                self.store_us.append((stored - prepared) / number * 1e6)

    def _add(self, records: list[OutputRecord]) -> None:
        self.output_records += len(records)
        for one in records:
            if one.key == POSITION_KEY:
                continue
            content = msgspec.msgpack.encode((one.topic, one.key, one.value))
            self._digest.update(content)
            if one.topic != CHANGELOG:
                self._outputs.update(content)

    @property
    def digest(self) -> str:
        """Of topic, key and value of all output records but the position."""
        return self._digest.hexdigest()

    @property
    def outputs(self) -> str:
        """The same without the changelog: independent of how states are stored."""
        return self._outputs.hexdigest()


def measure(path: Path, store: Store, profile: Path | None = None) -> dict[str, Any]:
    """Figures of one run; see `benchmarks.offline`."""
    recorded = msgspec.msgpack.decode(path.read_bytes(), type=dict[str, dict[str, list[Plain]]])
    bench = Bench(store)
    bench.until(bench.feed(recorded["past"]))
    gc.collect()
    gc.freeze()
    gc.disable()
    before = dict(bench.task.counts)
    records = bench.output_records
    bench.run_us, bench.prepare_us, bench.store_us = [], [], []
    wall = bench.feed(recorded["events"])
    with cProfile.Profile() if profile else nullcontext() as profiler:
        bench.until(wall)
    if profiler is not None:
        profiler.dump_stats(str(profile))
    count = {name: number - before.get(name, 0) for name, number in bench.task.counts.items()}
    expected = sum(len(one) for one in recorded["events"].values())
    if count["events"] != expected:
        raise SystemExit(f"{count['events']} of {expected} events decided: {count}")
    gc.unfreeze()
    began = time.thread_time()
    gc.collect()
    return {
        "run_us": bench.run_us,
        "prepare_us": bench.prepare_us,
        "store_us": bench.store_us,
        "events": expected,
        "output_records": bench.output_records - records,
        "commands": count.get("commands", 0),
        "digest": bench.digest,
        "outputs": bench.outputs,
        "states": _digest_of(store),
        "state_bytes": _mean_size(store),
        "collection_ms": (time.thread_time() - began) * 1000,
        "resident_mib": _resident_mib(),
    }


def _digest_of(store: Store) -> str:
    """Of all that is stored but the position: independent of how outputs are grouped."""
    digest = hashlib.sha256()
    for key, value in sorted(store.items()):
        if key != POSITION_KEY:
            digest.update(msgspec.msgpack.encode((key, value)))
    return digest.hexdigest()


def _mean_size(store: Store) -> float:
    """Bytes of a customer's stored state."""
    sizes = [len(state) for key, state in store.items() if not key.startswith(OWN_KEY_PREFIX)]
    return sum(sizes) / len(sizes)


def _resident_mib() -> float:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) / 1024
    return 0.0


def main() -> None:
    """Prints the figures of one run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("records", type=Path)
    parser.add_argument("--rocks", action="store_true", help="RocksDB as the store")
    parser.add_argument("--profile", type=Path, help="file for the profile (cProfile)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="sendflow-bench-") as temporary:
        if options.rocks:
            store: Store = RocksStore(Path(temporary) / "0", StoreMemory(STORE_MEMORY))
        else:
            store = MemoryStore()
        found = measure(options.records, store, options.profile)
        store.close()
    print(json.dumps(found))


if __name__ == "__main__":
    main()
