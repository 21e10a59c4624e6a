"""`customers` as a Faust table over the tasks' stores.

Faust provides assignment, standby replicas and routed queries, but not the changelog: its recovery
reads record by record and waits for the high watermark less one, which under transactions is a
marker (DESIGN 6.3). So a table is ready when its tasks are, and only tasks write.
"""

import asyncio
from collections.abc import Iterator
from typing import Any, NoReturn, cast

import faust
from faust.stores.base import Store as FaustStore
from faust.tables import TableManager
from faust.types import TP, AppT
from mode import Service

from streams.worker.faust.transport import BatchTransport
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


class TaskRecovery(Service):
    """Replacement of Faust's recovery: assigns partitions to the tasks and resumes the flow.

    It does not wait for their restores: each task begins when its own is done.
    """

    mundane_level = "debug"

    def __init__(self, tables: "TaskTables", member: GroupMember, **options: Any) -> None:
        super().__init__(**options)
        self.completed = asyncio.Event()
        self._tables = tables
        self._member = member

    def on_partitions_revoked(self, revoked: set[TP]) -> None:
        """No-op: the member is called later in the same callback (app.py)."""

    async def on_rebalance(self, assigned: set[TP], generation: int) -> None:
        """Passes an assignment to the member."""
        app = cast(Any, self._tables.app)
        transport = cast(BatchTransport, app.transport)
        await self._member.assigned(transport.inputs.numbers(assigned), generation)
        self.add_future(self._let_flow(generation))

    async def _let_flow(self, generation: int) -> None:
        """Resumes batches to the agents after the group's callback has returned."""
        app = cast(Any, self._tables.app)
        if app.consumer_generation_id != generation:
            return  # the group rebalances again
        app.flow_control.resume()
        app.consumer.resume_flow()
        await app._fetcher.maybe_start()
        self._tables.on_actives_ready()
        self._tables.on_standbys_ready()
        app.on_rebalance_end()
        self.completed.set()


class TaskTables(TableManager):
    """Faust's tables, with the recovery above and without its sleep of a second on start."""

    mundane_level = "debug"

    def __init__(self, app: AppT, *, member: GroupMember, **options: Any) -> None:
        super().__init__(app, **options)
        self._member = member

    @property
    def recovery(self) -> Any:
        """The tasks' recovery."""
        if self._recovery is None:
            self._recovery = cast(
                Any, TaskRecovery(self, self._member, beacon=self.beacon, loop=self.loop)
            )
        return self._recovery

    async def on_start(self) -> None:
        """Subscribes to the changelog, which is assigned along with the inputs and routes
        queries."""
        await self._update_channels()
        await self.recovery.start()

    async def on_rebalance(
        self,
        assigned: set[TP],
        revoked: set[TP],
        newly_assigned: set[TP],
        generation_id: int = 0,
    ) -> None:
        """Called in a rebalance of the group."""
        self._recovery_started.set()
        await self.recovery.on_rebalance(assigned, generation_id)
