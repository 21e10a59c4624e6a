"""CPU of the parts of the whole job: each part does its work for a transaction's worth of events
before the next begins, so that a part can be timed without timing every event.

The same code as in a worker, on the same records, in one process; what a worker does beside (the
loop, the hand-over between threads) is the difference to the CPU per event of the whole process.
"""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

from benchmarks import workload
from benchmarks.engine import shop_program, without_collector
from streams.contracts.decode import EventDecoder
from streams.contracts.encode import EffectEncoder
from streams.engine import (
    CustomerState,
    Effects,
    Event,
    Program,
    act,
    decode_state,
    encode_state,
    new_state,
)
from streams.kafka.admin import KafkaAdmin
from streams.kafka.client_config import consumer_options, producer_options
from streams.kafka.consumer import Batch, RecordConsumer
from streams.kafka.producer import Route, TransactionalProducer
from streams.ports import CHANGELOG, OutputRecord, Record, StoreBatch
from streams.runtime.cache import StateCache
from streams.runtime.merge import Merge, plain_inputs
from streams.settings import Settings, load_settings
from streams.store.rocks import RocksStore, StoreMemory

EVENTS_OF_A_COMMIT = 2500
OUTPUTS = ("send-commands", "flow-decisions", CHANGELOG)


class Stopwatch:
    """CPU seconds by part: of the whole process, librdkafka's and RocksDB's threads too."""

    def __init__(self) -> None:
        self.spent: dict[str, float] = {}

    @contextmanager
    def __call__(self, part: str) -> Iterator[None]:
        began = time.process_time()
        yield
        self.spent[part] = self.spent.get(part, 0.0) + time.process_time() - began


def measure(bootstrap: str, prefix: str, count: int, directory: Path) -> dict[str, Any]:
    """The figures of task 0 over its share of `count` events, on topics with `prefix`."""
    environment = {
        "SENDFLOW_BROKERS": bootstrap,
        "SENDFLOW_PREFIX": prefix,
        "SENDFLOW_PARTITIONS": str(workload.PARTITIONS),
    }
    settings = load_settings(None, environment).settings
    KafkaAdmin(settings).create_topics()
    workload.fill(bootstrap, [prefix], workload.customer_profiles())
    workload.fill(bootstrap, [prefix], workload.events(count, seed=7))
    program = shop_program()
    without_collector()
    # Profiles first, as everyone's past; then the events, measured.
    past = Job(settings, program, directory / "parts")
    past.run(("customers",), Stopwatch())
    watch = Stopwatch()
    events = past.run(workload.INPUTS_OF_THE_JOB, watch)
    states = [len(state) for key, state in past.store.items() if key[0] != 0]
    past.close()
    return {
        "us_per_event": {part: spent / events * 1e6 for part, spent in watch.spent.items()},
        "state_bytes_per_customer": sum(states) / len(states),
    }


class TimedProducer(TransactionalProducer):
    """The producer of a task, with its producing and its committing apart."""

    watch: Stopwatch

    def commit_timed(self, records: Sequence[OutputRecord], watch: Stopwatch) -> int:
        """As `commit`."""
        self.watch = watch
        return self.commit(records, 30)

    def _produce(self, records: Sequence[OutputRecord], last: int, deadline: float) -> None:
        with self.watch("produce"):
            super()._produce(records, last, deadline)

    def _flush(self, deadline: float) -> None:
        with self.watch("produce"):
            super()._flush(deadline)

    def _end(self) -> None:
        with self.watch("commit"):
            super()._end()


class Job:
    """What a task does, part by part."""

    def __init__(self, settings: Settings, program: Program, directory: Path) -> None:
        self.store = RocksStore(directory / "0", StoreMemory(settings.store_memory))
        self._settings = settings
        self._program = program
        self._decoder = EventDecoder(program.fields_read)
        self._encoder = EffectEncoder()
        self._cache = StateCache(settings.cache_memory)
        routes = {topic: Route(settings.prefix + topic, 0) for topic in OUTPUTS}
        self._producer = TimedProducer(producer_options(settings, "parts-0"), routes)
        self._producer.open(30)

    def close(self) -> None:
        """Lets go of the clients and the store."""
        self._producer.close()
        self.store.close()

    def run(self, topics: tuple[str, ...], watch: Stopwatch) -> int:
        """All records of `topics`, partition 0; how many there were."""
        with watch("fetch"):
            batches = list(self._fetch(topics))
        with watch("merge"):
            merged = self._merge(topics, batches)
        for start in range(0, len(merged), EVENTS_OF_A_COMMIT):
            self._transaction(merged[start : start + EVENTS_OF_A_COMMIT], watch)
        return len(merged)

    def _fetch(self, topics: tuple[str, ...]) -> Iterator[Batch]:
        consumer = RecordConsumer(consumer_options(self._settings, "parts"))
        missing = {self._settings.prefix + topic for topic in topics}
        for name in missing:
            consumer.assign(name, 0, 0)
        while missing:
            for batch in consumer.fetch(10_000, 0.5):
                if batch.end is not None:
                    missing.discard(batch.topic)
                yield batch
        consumer.close()

    def _merge(self, topics: tuple[str, ...], batches: list[Batch]) -> list[tuple[str, Record]]:
        merge = Merge(plain_inputs(topics, {}))
        for batch in batches:
            topic = batch.topic.removeprefix(self._settings.prefix)
            merge.by_topic[topic].feed(batch.records, batch.next_offset, batch.end)
        for one in merge.inputs:
            one.complete(1 << 60)
        merged = []
        clock = 0
        while True:
            first, at, limit = merge.choose(clock)
            if not first.records:
                return merged
            while first.records and at < limit and at >= clock:
                clock = at
                merged.append((first.topic, first.pop()))
                at = first.order_key

    def _transaction(self, chunk: list[tuple[str, Record]], watch: Stopwatch) -> None:
        decode = self._decoder.decode
        with watch("decode"):
            events = [(decode(topic, record), record) for topic, record in chunk]
        loaded: dict[bytes, CustomerState] = {}
        with watch("load state"):
            for _, record in chunk:
                assert record.key is not None
                if record.key not in loaded:
                    loaded[record.key] = self._load(record.key)
        effects = Effects(commands=[], decisions=[])
        with watch("engine"):
            for event, record in events:
                assert isinstance(event, Event)
                assert record.key is not None
                act(self._program, loaded[record.key], event, record.time, effects)
        with watch("encode state"):
            changes: dict[bytes, bytes | None] = {}
            for key, state in loaded.items():
                encoded = changes[key] = encode_state(state)
                self._cache.put(key, encoded)
        with watch("encode output"):
            records = self._encoder.commands(effects.commands)
            records += self._encoder.decisions(effects.decisions)
            records += [OutputRecord(CHANGELOG, key, value) for key, value in changes.items()]
        offset = self._producer.commit_timed(records, watch)
        with watch("store"):
            self.store.write(StoreBatch(changes, offset, 0))

    def _load(self, customer: bytes) -> CustomerState:
        encoded = self._cache.get(customer) or self.store.get(customer)
        return new_state(customer.decode()) if encoded is None else decode_state(encoded)


def main() -> None:
    """The parts alone, on the embedded broker: `python -m benchmarks.parts`."""
    import tempfile

    from streams.embedded.broker_process import EmbeddedBroker

    with (
        tempfile.TemporaryDirectory() as directory,
        EmbeddedBroker(Path(directory) / "broker") as broker,
    ):
        found = measure(broker.bootstrap, "parts-", 100_000, Path(directory))
    print(msgspec.json.format(msgspec.json.encode(found), indent=2).decode())


if __name__ == "__main__":
    main()
