"""The group's assignment reaches the tasks in `TaskAssignment.on_rebalance`.

    Faust's app ──► TaskTables.on_rebalance ──► TaskAssignment.on_rebalance
        ──► InputTopics.numbers ──► GroupMember.assigned, which is `Tasks.assigned`

A revocation reaches them in `on_revoked` of `app`. In Faust, tables with their recovery are the
part that is called with an assignment, so both are replaced here.
"""

import asyncio
from typing import Any, cast

from faust.tables import TableManager
from faust.types import TP, AppT
from mode import Service

from streams.worker.faust.transport import BatchTransport
from streams.worker.group import GroupMember


class TaskAssignment(Service):
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
        """Assigns the tasks with the numbers of the assigned partitions to this worker."""
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
    """Faust's tables, with `TaskAssignment` as recovery and without a sleep on start."""

    mundane_level = "debug"

    def __init__(self, app: AppT, *, member: GroupMember, **options: Any) -> None:
        super().__init__(app, **options)
        self._member = member

    @property
    def recovery(self) -> Any:
        """The replacement of Faust's recovery."""
        if self._recovery is None:
            self._recovery = cast(
                Any, TaskAssignment(self, self._member, beacon=self.beacon, loop=self.loop)
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
