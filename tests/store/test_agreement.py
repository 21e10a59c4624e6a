"""The store in memory and the one in RocksDB are driven with the same random calls; whatever can be
asked of them must get the same answer, also after closing and opening."""

from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from streams.ports import StoreBatch
from streams.store.memory import MemoryStore
from streams.store.rocks import RocksStore, StoreMemory
from tests.store.states import state

customers = st.sampled_from([b"a", b"b", b"b\x00", b"ba", b"c", b"\x01", b"\xff\xff"])
own_keys = st.sampled_from([b"\x00position", b"\x00", b"\x00p", b"\x00p\x00", b"\x00q"])
due_times = st.none() | st.sampled_from([0, 1, 255, 256, 1_000, 2**40])
states = st.none() | st.builds(state, due_times, st.binary(max_size=3))
changes = st.dictionaries(customers, states, max_size=4)
own_changes = st.dictionaries(own_keys, st.none() | st.just(b"x"), max_size=2)


class StoresAgree(RuleBasedStateMachine):
    @initialize()
    def open_both(self) -> None:
        self.directory = TemporaryDirectory()
        self.memory_store = MemoryStore()
        self.rocks_memory = StoreMemory(1024 * 1024)
        self.offset = 0
        self.open_rocks()

    def open_rocks(self) -> None:
        self.rocks = RocksStore(Path(self.directory.name) / "0", self.rocks_memory)

    @rule(customers=changes, own=own_changes, named=st.sets(customers))
    def write(self, customers: dict, own: dict, named: set[bytes]) -> None:
        self.offset += 1
        stored = {key: self.memory_store.get(key) for key in named}
        due_before = {key: value[1:9] for key, value in stored.items() if value is not None}
        batch = StoreBatch({**customers, **own}, self.offset, 1_000 + self.offset, due_before)
        self.memory_store.write(batch)
        self.rocks.write(batch)

    @rule()
    def reopen(self) -> None:
        self.rocks.close()
        self.open_rocks()

    @rule()
    def clear(self) -> None:
        self.memory_store.clear()
        self.rocks.clear()

    @rule(key=customers | own_keys)
    def get(self, key: bytes) -> None:
        assert self.rocks.get(key) == self.memory_store.get(key)

    @rule(start=due_times, end=due_times, limit=st.integers(0, 5))
    def timers(self, start: int | None, end: int | None, limit: int) -> None:
        span = (start or 0, 2**50 if end is None else end)
        assert self.rocks.timers(*span, limit) == self.memory_store.timers(*span, limit)

    @rule(after=customers | st.just(b""), limit=st.integers(0, 5))
    def customers(self, after: bytes, limit: int) -> None:
        expected = self.memory_store.customers(after, limit)
        assert self.rocks.customers(after, limit) == expected

    @rule(
        prefix=st.sampled_from([b"\x00", b"\x00p", b"\x00r"]),
        after=own_keys | st.just(b""),
        limit=st.integers(0, 5),
    )
    def own(self, prefix: bytes, after: bytes, limit: int) -> None:
        expected = self.memory_store.own(prefix, after, limit)
        assert self.rocks.own(prefix, after, limit) == expected

    @invariant()
    def hold_the_same(self) -> None:
        assert list(self.rocks.items()) == list(self.memory_store.items())
        assert self.rocks.changelog_offset() == self.memory_store.changelog_offset()
        assert self.rocks.written_at() == self.memory_store.written_at()
        expected = sorted(
            (int.from_bytes(value[1:9], "big"), key)
            for key, value in self.memory_store.items()
            if not key.startswith(b"\x00") and value[1:9] != b"\xff" * 8
        )
        assert self.rocks.timers(0, 2**62, 100) == expected

    def teardown(self) -> None:
        self.rocks.close()
        self.directory.cleanup()


TestStoresAgree = StoresAgree.TestCase
TestStoresAgree.settings = settings(max_examples=25, stateful_step_count=20, deadline=None)
