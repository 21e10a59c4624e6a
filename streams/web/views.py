"""Plain data for JSON: a customer, the tasks, the worker's health."""

from enum import Enum
from typing import Any

import msgspec

from streams.engine import Instant, cart_of, decode_state, patch_times
from streams.engine.values import ID_HASH
from streams.metrics import LoopMeasures
from streams.runtime.lifecycle import TaskState


class TaskView(msgspec.Struct):
    """One task in `/status`. Moments are milliseconds since the epoch."""

    partition: int
    state: str
    clock: Instant | None = None  # stream time
    behind: int | None = None  # milliseconds from stream time to wall time
    waits_for: str | None = None  # a topic or a lookup
    is_up_to_date: bool = False  # all input is processed, and stream time advances
    next_due: Instant | None = None  # its earliest timer
    lag: dict[str, int] = {}  # records not processed yet, by topic
    buffered: dict[str, int] = {}  # records fetched and not processed yet, by topic
    counts: dict[str, int] = {}  # since it was opened here
    failures: int = 0


class WorkerView(msgspec.Struct):
    """The answer of `/status`."""

    application: str
    generation: int | None
    definitions: str | None  # the version in force
    tasks: list[TaskView]
    form: str = ""  # compiled, or interpreted and why
    loop: LoopMeasures = LoopMeasures()


class HealthStatus(Enum):
    """Liveness of the worker."""

    OK = "ok"
    STOPPING = "stopping"
    FAILED = "failed"


class HealthView(msgspec.Struct):
    """The answer of `/health`: ready when all tasks run."""

    status: HealthStatus
    is_ready: bool
    tasks: int
    running: int


def waiting_view(view: TaskView, *, is_at_rest: bool, knows_ends: bool) -> TaskView:
    """Separates an up-to-date task from a blocked one: between two end-offset requests, each task
    waits for some input, which is normal. `is_at_rest`: by the time policy, if nothing is left to
    read. `knows_ends`: `lag` covers all inputs."""
    is_done = knows_ends and not any(view.lag.values()) and not any(view.buffered.values())
    if is_done and is_at_rest:
        return msgspec.structs.replace(view, waits_for=None, is_up_to_date=True)
    return view


PACKED = (
    "seen",
    "bought",
    "handled",
    "recent",
    "cart",
    "known_orders",
    "order_accounts",
    "soft_bounces",
    "ordered",
    "order_contents",
)
"""Fields of a state that are hashes or packed bytes."""


def customer_view(state: bytes) -> dict[str, Any]:
    """The state of one customer, by field name, without hashes and packed bytes."""
    customer = decode_state(state)
    plain = _plain(customer)
    assert isinstance(plain, dict)
    for name in PACKED:
        del plain[name]
    del plain["patched_at"]
    plain["profile_at"] = patch_times(customer)
    plain["totals"] = {metric: past.total for metric, past in customer.recent.items()}
    plain["cart"] = cart_of(customer)
    plain["soft_bounces"] = {
        channel: len(messages) // ID_HASH for channel, messages in customer.soft_bounces.items()
    }
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
    """Structs as objects instead of arrays."""
    if isinstance(value, msgspec.Struct):
        return {name: _plain(part) for name, part in msgspec.structs.asdict(value).items()}
    if isinstance(value, dict):
        return {str(key): _plain(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    return value
