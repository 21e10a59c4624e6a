"""Own keys of a task: data beside its customers, under keys that begin with 0x00 (DESIGN 4.9).

Uncommitted changes override the store:

    get, page ──► changed since the last commit ──► transaction in progress ──► store
    put ────────► into the next transaction
"""

from collections.abc import Callable, Mapping, MutableMapping, Sequence
from heapq import nsmallest

from streams.ports import OWN_KEY_PREFIX, Store

Changes = Mapping[bytes, bytes | None]
"""Changelog keys with their new bytes; None: deleted."""


class OwnKeys:
    """Reads and writes a task's own keys; writes are part of the next transaction."""

    def __init__(
        self,
        store: Store,
        uncommitted: Callable[[], Sequence[Changes]],
        pending: Callable[[], MutableMapping[bytes, bytes | None]],
    ) -> None:
        """`uncommitted`: changes that the store doesn't hold yet, older ones first; `pending`: the
        newest of them, those of the next transaction."""
        self._store = store
        self._uncommitted = uncommitted
        self._pending = pending

    def get(self, key: bytes) -> bytes | None:
        """Current value."""
        for changes in reversed(self._uncommitted()):
            if key in changes:
                return changes[key]
        return self._store.get(key)

    def put(self, key: bytes, value: bytes | None) -> None:
        """Sets `key`; None deletes it."""
        assert key.startswith(OWN_KEY_PREFIX), "keys without the prefix are customers"
        self._pending()[key] = value

    def page(self, prefix: bytes, after: bytes, limit: int) -> list[tuple[bytes, bytes]]:
        """Up to `limit` pairs whose keys begin with `prefix` and are greater than `after`, in order
        of key."""
        changed: dict[bytes, bytes | None] = {}
        for changes in self._uncommitted():
            for key, value in changes.items():
                if key > after and key.startswith(prefix):
                    changed[key] = value
        # Uncommitted changes may delete some of the stored ones.
        stored = self._store.own(prefix, after, limit + len(changed))
        found: dict[bytes, bytes | None] = {**dict(stored), **changed}
        kept = ((key, value) for key, value in found.items() if value is not None)
        return nsmallest(limit, kept)
