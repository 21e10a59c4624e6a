"""The customers of a task in order of their ids, a page at a time: what the store holds, merged
with changes that aren't committed yet.

    store ──────► a c d f ─┐
    uncommitted ► b  -d    ─┴──► a b c f          -d: erased
"""

from collections.abc import Callable, Iterable, Mapping

from streams.ports import FIRST_CUSTOMER, Store

CustomerRow = tuple[bytes, bytes]
"""A customer's id and current state, both as bytes."""

Overlays = Callable[[], Iterable[Mapping[bytes, bytes | None]]]
"""Changed keys that the store doesn't hold yet, older changes first; None: deleted."""


class CustomerRows:
    """Reads the customers of a task."""

    def __init__(self, store: Store, uncommitted: Overlays) -> None:
        self._store = store
        self._uncommitted = uncommitted

    def after(self, customer: bytes, most: int) -> list[CustomerRow]:
        """The next customers whose ids are greater than `customer`: `most` of them, or fewer if
        there are no more."""
        rows: list[CustomerRow] = []
        after = customer
        while True:
            page = self._store.customers(after, most)
            is_last = len(page) < most
            rows += self._with_uncommitted(page, after, None if is_last else page[-1][0])
            if is_last or len(rows) >= most:
                break
            after = page[-1][0]
        del rows[most:]
        return rows

    def _with_uncommitted(
        self, page: list[CustomerRow], after: bytes, last: bytes | None
    ) -> list[CustomerRow]:
        """The customers after `after`, up to `last`: those of `page` and new ones, without erased
        ones."""
        first = max(after + b"\x00", FIRST_CUSTOMER)
        changed = {
            key: state
            for changes in self._uncommitted()
            for key, state in changes.items()
            if first <= key and (last is None or key <= last)
        }
        if not changed:
            return page
        rows = dict(page)
        for customer, state in changed.items():
            if state is None:
                rows.pop(customer, None)
            else:
                rows[customer] = state
        return [(customer, rows[customer]) for customer in sorted(rows)]
