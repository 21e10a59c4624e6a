"""A worker's place in its consumer group, whichever library keeps it: Faust does, in `faust/`.

    join ──► assigned ──► revoked ──► assigned ──► ... ──► leave
                 │           ▲
                 └──► lost ──┘ thrown out: others may own our tasks already

The group calls a `GroupMember`, the tasks of this worker; the process calls the `GroupMembership`.
"""

from collections.abc import Callable, Mapping
from typing import Protocol

import msgspec
from prometheus_client import CollectorRegistry

from streams.ports import PartitionId
from streams.web.views import HealthView, WorkerView
from streams.worker.fetching import Fetched

Feed = Callable[[Fetched], None]
"""Is given the batches of a topic; doesn't block."""


class NotHere(Exception):
    """The task that would know doesn't live on this worker, or isn't restored yet."""


class GroupMember(Protocol):
    """What the group gives partitions to and takes them from. Called on the event loop."""

    async def assigned(self, numbers: set[int], generation: int) -> None:
        """The tasks with these numbers are ours in this generation, and no others."""

    async def revoked(self) -> None:
        """The group is about to assign anew; until this returns, what was ours still is."""

    async def lost(self) -> None:
        """The same after we were thrown out: what was ours may be another worker's by now."""

    def feed(self, fetched: Fetched) -> None:
        """A batch of an input, of a partition that was assigned."""

    def state_of(self, customer: str) -> bytes | None:
        """The committed state of a customer; None for one who isn't known. Raises NotHere."""

    def fail(self, error: BaseException) -> None:
        """Nothing can be read any more: the worker stops, and says why."""


class GroupMembership(Protocol):
    """The place in the group. Called on the event loop."""

    @property
    def generation(self) -> int:
        """The generation of the group that assigned last; 0 before the first."""

    async def join(self) -> None:
        """Joins the group and answers HTTP requests. Raises Refused where the port is taken."""

    async def ended(self) -> BaseException:
        """Waits until the membership has ended by itself; why."""

    async def write_positions(self, positions: Mapping[PartitionId, int]) -> None:
        """Tells the group where its tasks stand, for lag monitoring only: it may fail silently."""

    async def leave(self) -> None:
        """Leaves the group; nothing happens where it was never joined."""


class Answers(msgspec.Struct, frozen=True):
    """Who answers the HTTP requests that aren't about a customer."""

    status: Callable[[], WorkerView]
    health: Callable[[], HealthView]
    registry: CollectorRegistry
