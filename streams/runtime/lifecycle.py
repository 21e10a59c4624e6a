"""The states of a partition task.

    ASSIGNED --> RESTORING --> RUNNING <--> COMMITTING
        |            |            |              |
        |            |            v              v
        +------------+-------> REVOKING <--------+
        |            |            |              |
        v            v            v              v
      CLOSED <----------------- CLOSED        FENCED --> CLOSED

A task that fails is closed and opened anew: there is one way to recover, not one per failure.
"""

import logging
from enum import Enum

logger = logging.getLogger(__name__)


class TaskState(Enum):
    """The stage of a task between its assignment and its end."""

    ASSIGNED = "assigned"  # ours, nothing opened yet
    RESTORING = "restoring"  # reads its changelog
    RUNNING = "running"  # decides
    COMMITTING = "committing"  # decides ahead while a transaction is under way
    REVOKING = "revoking"  # finishes or abandons its last transaction
    FENCED = "fenced"  # another worker owns it; writes nothing any more
    CLOSED = "closed"  # store closed, lock free


SUCCESSORS: dict[TaskState, frozenset[TaskState]] = {
    TaskState.ASSIGNED: frozenset({TaskState.RESTORING, TaskState.FENCED, TaskState.CLOSED}),
    TaskState.RESTORING: frozenset(
        {TaskState.RUNNING, TaskState.REVOKING, TaskState.FENCED, TaskState.CLOSED}
    ),
    TaskState.RUNNING: frozenset(
        {TaskState.COMMITTING, TaskState.REVOKING, TaskState.FENCED, TaskState.CLOSED}
    ),
    TaskState.COMMITTING: frozenset(
        {TaskState.RUNNING, TaskState.REVOKING, TaskState.FENCED, TaskState.CLOSED}
    ),
    TaskState.REVOKING: frozenset({TaskState.FENCED, TaskState.CLOSED}),
    TaskState.FENCED: frozenset({TaskState.CLOSED}),
    TaskState.CLOSED: frozenset(),
}


class WrongTransition(Exception):
    """A task was moved along an arrow that the drawing doesn't have: a bug of this package."""


def moved(partition: int, state: TaskState, to: TaskState) -> TaskState:
    """`to`, if a task may go there from `state`; logged. Raises WrongTransition."""
    if to not in SUCCESSORS[state]:
        raise WrongTransition(f"task {partition}: {state.value} -> {to.value}")
    logger.debug("task %d: %s -> %s", partition, state.value, to.value)
    return to
