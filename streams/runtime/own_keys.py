"""What a task keeps beside its customers: keys of the changelog that begin with 0x00 (DESIGN 4.9).

What isn't committed yet hides what the store holds:

    get, page ──► changed since the last commit ──► in the transaction under way ──► store
    put ────────► into the next transaction
"""

from collections.abc import Callable, Mapping, MutableMapping, Sequence
from heapq import nsmallest

from streams.ports import Store

Changes = Mapping[bytes, bytes | None]
"""Keys of the changelog to their new bytes, None for deleted."""


class OwnKeys:
    """Reads and writes a task's own keys; a write lasts if its transaction does."""

    def __init__(
        self,
        store: Store,
        uncommitted: Callable[[], Sequence[Changes]],
        pending: Callable[[], MutableMapping[bytes, bytes | None]],
    ) -> None:
        """`uncommitted`: the changes that aren't in the store yet, older ones first; `pending`: the
        newest of them, which the next transaction will hold."""
        self._store = store
        self._uncommitted = uncommitted
        self._pending = pending

    def get(self, key: bytes) -> bytes | None:
        """The value as the task sees it now."""
        for changes in reversed(self._uncommitted()):
            if key in changes:
                return changes[key]
        return self._store.get(key)

    def put(self, key: bytes, value: bytes | None) -> None:
        """From now on `key` has this value; None deletes it."""
        assert key[:1] == b"\x00", "other keys are customers"
        self._pending()[key] = value

    def page(self, prefix: bytes, after: bytes, limit: int) -> list[tuple[bytes, bytes]]:
        """Up to `limit` pairs whose keys begin with `prefix` and are greater than `after`, in order
        of key."""
        changed: dict[bytes, bytes | None] = {}
        for changes in self._uncommitted():
            for key, value in changes.items():
                if key > after and key.startswith(prefix):
                    changed[key] = value
        # Some of the stored ones may be deleted by what isn't committed yet.
        stored = self._store.own(prefix, after, limit + len(changed))
        found: dict[bytes, bytes | None] = {**dict(stored), **changed}
        kept = ((key, value) for key, value in found.items() if value is not None)
        return nsmallest(limit, kept)
