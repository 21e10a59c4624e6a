"""Membership of a worker in its consumer group, independent of the library: Faust, in `faust/`.

    join ──► assigned ──► revoked ──► assigned ──► ... ──► leave
                 │           ▲
                 └──► lost ──┘ expelled: others may own the tasks already

The group calls a `GroupMember`, the tasks of this worker; the process calls the `GroupMembership`.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Protocol

import msgspec
from prometheus_client import CollectorRegistry

from streams.errors import Refused
from streams.ports import PartitionId
from streams.web.views import HealthView, WorkerView
from streams.worker.fetching import Fetched

PROCESSES_PATH = "/processes"
"""On the web port of several processes: the paths of each, by its number."""

Feed = Callable[[Fetched], None]
"""Receives the batches of a topic; does not block."""


class NotHere(Exception):
    """The customer's task is not on this worker, or not restored yet."""


class GroupMember(Protocol):
    """The side that gets and loses partitions. Called on the event loop."""

    async def assigned(self, numbers: set[int], generation: int) -> None:
        """This worker owns exactly the tasks with these numbers in this generation."""

    async def revoked(self) -> None:
        """A new assignment follows; until this returns, the worker still owns its tasks."""

    async def lost(self) -> None:
        """A new assignment follows after an expulsion: other workers may own the tasks already."""

    def feed(self, fetched: Fetched) -> None:
        """Takes a batch of an assigned input partition."""

    def state_of(self, customer: str) -> bytes | None:
        """Committed state of a customer; None for an unknown one. Raises NotHere."""

    def fail(self, error: BaseException) -> None:
        """Stops the worker with `error`, as no records can be read any more."""


class GroupMembership(Protocol):
    """The side of the group. Called on the event loop."""

    @property
    def generation(self) -> int:
        """Generation of the newest assignment; 0 before the first."""

    async def join(self) -> None:
        """Joins the group and serves HTTP. Raises Refused where the port is in use."""

    async def ended(self) -> BaseException:
        """Waits until the membership ends by itself and returns the cause."""

    async def write_positions(self, positions: Mapping[PartitionId, int]) -> None:
        """Commits the tasks' positions to the group, for lag monitoring only; may fail silently."""

    async def leave(self) -> None:
        """Leaves the group; a no-op where it was never joined."""


class Answers(msgspec.Struct, frozen=True):
    """Providers for the HTTP requests that are not about a customer."""

    status: Callable[[], WorkerView]
    health: Callable[[], HealthView]
    registry: CollectorRegistry


class ProcessPlace(msgspec.Struct, frozen=True):
    """The place of a process among several of one worker, which share its web port."""

    number: int  # from 1
    socket: Path  # where this process serves HTTP, instead of the web port

    @property
    def path(self) -> str:
        """Prefix of the paths for this process on the web port."""
        return f"{PROCESSES_PATH}/{self.number}"


def port_in_use(port: int) -> Refused:
    """The error for a web port that another process has."""
    return Refused(
        f"port {port} is in use; stop the other process or set web_port (SENDFLOW_WEB_PORT)"
    )
