"""A task's own keys: what isn't committed yet hides what the store holds."""

from streams.ports import StoreBatch
from streams.runtime.own_keys import OwnKeys
from streams.store.memory import MemoryStore

A, B, C, OTHER = b"\x00k\x00a", b"\x00k\x00b", b"\x00k\x00c", b"\x00l\x00a"


class Layers:
    """A store, a transaction under way and the next one."""

    def __init__(self, stored: dict[bytes, bytes | None]) -> None:
        self.store = MemoryStore()
        self.store.write(StoreBatch(stored, 1, 0))
        self.in_flight: dict[bytes, bytes | None] = {}
        self.pending: dict[bytes, bytes | None] = {}
        self.keys = OwnKeys(
            self.store, lambda: [self.in_flight, self.pending], lambda: self.pending
        )


def test_the_newest_value_is_found():
    layers = Layers({A: b"stored", B: b"stored"})
    layers.in_flight = {A: b"in flight"}
    assert layers.keys.get(A) == b"in flight"
    layers.keys.put(A, b"pending")
    assert layers.keys.get(A) == b"pending"
    assert layers.keys.get(B) == b"stored"
    assert layers.keys.get(C) is None


def test_what_was_deleted_is_gone_before_that_is_committed():
    layers = Layers({A: b"stored", B: b"stored"})
    layers.keys.put(A, None)
    assert layers.keys.get(A) is None
    assert layers.keys.page(b"\x00k\x00", b"", 10) == [(B, b"stored")]
    assert layers.store.get(A) == b"stored"


def test_a_scan_merges_all_layers_in_order_of_key():
    layers = Layers({A: b"stored", C: b"stored", OTHER: b"stored", b"customer": b"stored"})
    layers.in_flight = {B: b"in flight", C: None}
    layers.pending = {C: b"pending"}
    everything = [(A, b"stored"), (B, b"in flight"), (C, b"pending")]
    assert layers.keys.page(b"\x00k\x00", b"", 10) == everything
    assert layers.keys.page(b"\x00k\x00", A, 10) == everything[1:]
    assert layers.keys.page(b"\x00k\x00", b"", 2) == everything[:2]
    assert layers.keys.page(b"\x00k\x00", C, 2) == []


def test_deleted_keys_don_t_shorten_a_scan():
    layers = Layers({A: b"stored", B: b"stored", C: b"stored"})
    layers.pending = {A: None, B: None}
    assert layers.keys.page(b"\x00k\x00", b"", 1) == [(C, b"stored")]
