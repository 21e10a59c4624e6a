"""`customers` as a Faust table over the tasks' stores.

Faust provides assignment, standby replicas and routed queries, but not the changelog: its recovery
reads record by record and waits for the high watermark less one, which under transactions is a
marker (DESIGN 6.3). So a table is ready when its tasks are, and only tasks write.
"""

from collections.abc import Iterator
from typing import Any, NoReturn

import faust
from faust.stores.base import Store as FaustStore

from streams.worker.group import GroupMember

CUSTOMERS = "customers"


class CustomerStore(FaustStore[str, bytes]):
    """Committed states of the customers whose tasks run here."""

    mundane_level = "debug"

    def __init__(self, table: "CustomersTable", member: GroupMember, **options: Any) -> None:
        super().__init__("memory://", table.app, table, table_name=table.name, **options)
        self._member = member

    def __getitem__(self, customer: str) -> bytes:
        """Bytes of the state. Raises KeyError for an unknown customer, NotHere."""
        state = self._member.state_of(customer)
        if state is None:
            raise KeyError(customer)
        return state

    def __contains__(self, customer: object) -> bool:
        return isinstance(customer, str) and self._member.state_of(customer) is not None

    def __iter__(self) -> Iterator[str]:
        raise TypeError("customers cannot be iterated: the table is too large")

    def __len__(self) -> int:
        raise TypeError("customers cannot be counted: the table is too large")

    def __setitem__(self, customer: str, state: bytes) -> NoReturn:
        raise TypeError("customers are written by task transactions only (DESIGN 4)")

    def __delitem__(self, customer: str) -> NoReturn:
        raise TypeError("customers are written by task transactions only (DESIGN 4)")

    def reset_state(self) -> None:
        """No-op: no state is kept here."""

    def apply_changelog_batch(self, batch: Any, to_key: Any, to_value: Any) -> NoReturn:
        """Never called: tasks restore themselves."""
        raise TypeError("the changelog is read by the tasks")

    async def backup_partition(self, tp: Any, *_: Any, **__: Any) -> None:
        """The changelog is the backup."""
        raise TypeError("no backup: state is in the changelog")

    def restore_backup(self, tp: Any, *_: Any, **__: Any) -> None:
        """The changelog is the backup."""
        raise TypeError("no backup: state is in the changelog")


class CustomersTable(faust.Table[str, bytes]):
    """The table `customers`: customer id to state bytes, read only."""

    mundane_level = "debug"

    def __init__(self, app: faust.App, member: GroupMember, **options: Any) -> None:
        super().__init__(app, name=CUSTOMERS, key_type=bytes, value_type=bytes, **options)
        self._member = member

    def _new_store(self) -> CustomerStore:
        return CustomerStore(self, self._member, loop=self.loop)
