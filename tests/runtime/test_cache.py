"""The bounded cache of encoded states."""

from hypothesis import given
from hypothesis import strategies as st

from streams.runtime.cache import ENTRY_OVERHEAD, StateCache


def held_by(cache: StateCache) -> int:
    """Bytes, by its own reckoning."""
    return sum(
        len(customer) + len(state) + ENTRY_OVERHEAD
        for generation in (cache._young, cache._old)
        for customer, state in generation.items()
    )


def test_what_was_used_last_stays_and_the_cache_is_bounded() -> None:
    cache = StateCache(20 * (ENTRY_OVERHEAD + 10))
    cache.put(b"favourite", b"F")
    for number in range(1000):
        cache.put(b"%d" % number, b"state")
        assert cache.get(b"favourite") == b"F"
    assert cache.get(b"0") is None
    assert cache.get(b"999") == b"state"


def test_large_states_are_few() -> None:
    cache = StateCache(20_000)
    for number in range(100):
        cache.put(b"%d" % number, bytes(1_000))
        assert held_by(cache) < 20_000 + 2 * 1_200
    assert cache.get(b"92") is not None
    assert cache.get(b"80") is None


def test_a_state_that_grows_counts_with_its_new_size() -> None:
    cache = StateCache(10_000)
    for size in range(0, 4_000, 100):
        cache.put(b"growing", bytes(size))
        cache.put(b"other", b"O")
    assert cache.get(b"growing") == bytes(3_900)
    assert cache.get(b"other") == b"O"


def test_dropped_is_gone_from_both_generations() -> None:
    cache = StateCache(2 * ENTRY_OVERHEAD)
    cache.put(b"old", b"O")
    cache.put(b"young", b"Y")
    for customer in (b"old", b"young"):
        cache.drop(customer)
        assert cache.get(customer) is None


_KEYS = st.sampled_from([b"a", b"bb", b"ccc", b"dddd"])
_CALLS = st.lists(
    st.tuples(st.sampled_from(["put", "get", "drop"]), _KEYS, st.binary(max_size=400)), max_size=60
)


@given(_CALLS, st.integers(0, 2_000))
def test_it_never_holds_anything_but_the_newest_state_nor_more_than_its_capacity(
    calls: list[tuple[str, bytes, bytes]], capacity: int
) -> None:
    cache = StateCache(capacity)
    newest: dict[bytes, bytes] = {}
    largest = 0
    for call, key, state in calls:
        if call == "put":
            cache.put(key, state)
            newest[key] = state
            largest = max(largest, len(key) + len(state) + ENTRY_OVERHEAD)
        elif call == "drop":
            cache.drop(key)
            newest.pop(key, None)
        else:
            assert cache.get(key) in (newest.get(key), None)
        # Of each generation, the last entry may exceed its half.
        assert held_by(cache) <= capacity + 2 * largest
    if capacity >= 2 * sum(400 + len(key) + ENTRY_OVERHEAD for key in newest):
        for key, state in newest.items():
            assert cache.get(key) == state
