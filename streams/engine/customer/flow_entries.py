"""Entries of a customer into flows: the last one, or the last one per key (SEMANTICS 1.5, 1.6).

`state.entries` maps a flow to its keys, and a key to the time of the last entry. A flow without
keys has two: "" for the last entry and ENTRY_BEFORE_LAST.
"""

from collections.abc import Mapping

from streams.engine.customer.state import CustomerState
from streams.engine.values import DAY, Instant

KEYS_KEPT = 90 * DAY
"""Retention of a key after its last entry (SEMANTICS 1.6, 1.11)."""

ENTRY_BEFORE_LAST = "\0"
"""In place of a key: the entry before the last one, for a journey with a condition on P's recent
entries into its own flow (its own entry doesn't count, SEMANTICS 3.4)."""


def entries_of(state: CustomerState, flow: str) -> Mapping[str, Instant]:
    """Times of the entries into `flow`, by key."""
    return state.entries.get(flow, {})


def last_entry(state: CustomerState, flow: str, key: str | None) -> Instant | None:
    """Time of the last entry into `flow` with this key, None for a flow without keys."""
    entries = state.entries.get(flow)
    return None if entries is None else entries.get(key or "")


def remember_entry(state: CustomerState, flow: str, key: str | None, now: Instant) -> None:
    """Records an entry and forgets old keys, which are kept in order of time."""
    entries = state.entries.get(flow)
    if entries is None:
        entries = state.entries[flow] = {}
    if key is None:
        if "" in entries:
            entries[ENTRY_BEFORE_LAST] = entries[""]
        entries[""] = now
        return
    entries.pop(key, None)
    entries[key] = now
    oldest = next(iter(entries))
    while now - entries[oldest] >= KEYS_KEPT:
        del entries[oldest]
        oldest = next(iter(entries))
