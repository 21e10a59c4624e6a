"""A customer, the tasks and the worker's health, as plain data for JSON."""

from enum import Enum
from typing import Any

import msgspec

from streams.engine import Instant, cart_of, decode_state
from streams.runtime.lifecycle import TaskState


class TaskView(msgspec.Struct):
    """One task as `/status` shows it. Moments are milliseconds since the epoch."""

    partition: int
    state: str
    clock: Instant | None = None  # the stream clock
    behind: int | None = None  # milliseconds between the stream clock and the wall clock
    waits_for: str | None = None  # the topic that holds it back, or what it asks for
    is_up_to_date: bool = False  # all that came is done, and it waits for what comes next
    next_due: Instant | None = None  # its earliest timer
    lag: dict[str, int] = {}  # records not processed yet, by topic
    buffered: dict[str, int] = {}  # records fetched and not processed yet, by topic
    counts: dict[str, int] = {}  # since it was opened here
    failures: int = 0


class WorkerView(msgspec.Struct):
    """What `/status` shows."""

    application: str
    generation: int | None
    definitions: str | None  # the version in force
    tasks: list[TaskView]


class HealthStatus(Enum):
    """Liveness of the worker."""

    OK = "ok"
    STOPPING = "stopping"
    FAILED = "failed"


class HealthView(msgspec.Struct):
    """What `/health` shows: alive as long as there is an answer, ready when all tasks run."""

    status: HealthStatus
    is_ready: bool
    tasks: int
    running: int


def waiting_view(view: TaskView, *, is_at_rest: bool, knows_ends: bool) -> TaskView:
    """Tells a task that rests from one that is held back: between two cuts each waits for some
    input to be known to its end, and that is no trouble. `is_at_rest`: by the policy for time, if
    nothing is left to read. `knows_ends`: `lag` is that of all inputs."""
    is_done = knows_ends and not any(view.lag.values()) and not any(view.buffered.values())
    if is_done and is_at_rest:
        return msgspec.structs.replace(view, waits_for=None, is_up_to_date=True)
    return view


PACKED = ("seen", "bought", "handled", "recent", "cart")
"""Fields of a state that are kept as hashes or packed bytes."""


def customer_view(state: bytes) -> dict[str, Any]:
    """What is remembered of one customer, with the names of its fields. Of what is only compared
    with, such as the hashes of seen events, the number."""
    customer = decode_state(state)
    plain = _plain(customer)
    assert isinstance(plain, dict)
    for name in PACKED:
        del plain[name]
    plain["cart"] = cart_of(customer)
    plain["recent"] = {
        metric: [_occurrence(one) for one in past] for metric, past in customer.recent.items()
    }
    return plain


def health_view(states: list[TaskState], *, is_stopping: bool, is_failed: bool) -> HealthView:
    """The health of a worker whose tasks are in these states."""
    running = sum(state in (TaskState.RUNNING, TaskState.COMMITTING) for state in states)
    if is_failed:
        status = HealthStatus.FAILED
    else:
        status = HealthStatus.STOPPING if is_stopping else HealthStatus.OK
    return HealthView(
        status,
        status is HealthStatus.OK and running == len(states),
        tasks=len(states),
        running=running,
    )


def _occurrence(one: Any) -> Any:
    """A past event; `no_rate` only for an amount in a currency without a rate."""
    plain = _plain(one)
    if plain["no_rate"] is None:
        del plain["no_rate"]
    return plain


def _plain(value: Any) -> Any:
    """Structs as objects: they are encoded as arrays, which nobody can read."""
    if isinstance(value, msgspec.Struct):
        return {name: _plain(part) for name, part in msgspec.structs.asdict(value).items()}
    if isinstance(value, dict):
        return {str(key): _plain(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    return value
