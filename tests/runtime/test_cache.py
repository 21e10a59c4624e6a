"""The bounded cache of decoded states."""

from streams.engine import new_state
from streams.runtime.cache import StateCache


def test_what_was_used_last_stays_and_the_cache_is_bounded() -> None:
    cache = StateCache(10)
    favourite = new_state("favourite")
    cache.put(b"favourite", favourite)
    for number in range(1000):
        cache.put(b"%d" % number, new_state(str(number)))
        assert cache.get(b"favourite") is favourite
        assert len(cache) <= 20
    assert cache.get(b"0") is None
    assert cache.get(b"999") is not None


def test_dropped_is_gone_from_both_generations() -> None:
    cache = StateCache(1)
    cache.put(b"old", new_state("old"))
    cache.put(b"young", new_state("young"))
    for customer in (b"old", b"young"):
        cache.drop(customer)
        assert cache.get(customer) is None
