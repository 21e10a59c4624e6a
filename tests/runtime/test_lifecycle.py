"""The states of a task."""

import pytest

from streams.runtime.lifecycle import SUCCESSORS, TaskState, WrongTransition, moved


def closed_from(state: TaskState, passed: frozenset[TaskState] = frozenset()) -> bool:
    """True if CLOSED can be reached from `state`."""
    return state is TaskState.CLOSED or any(
        closed_from(successor, passed | {state})
        for successor in SUCCESSORS[state]
        if successor not in passed
    )


def test_every_state_has_its_successors_and_can_be_reached_and_closed() -> None:
    assert set(SUCCESSORS) == set(TaskState)
    reached = {TaskState.ASSIGNED}.union(*SUCCESSORS.values())
    assert reached == set(TaskState)
    assert all(closed_from(state) for state in TaskState)
    assert not SUCCESSORS[TaskState.CLOSED]


def test_a_task_that_was_opened_is_closed_through_revoking_or_fenced_only() -> None:
    before_closed = {state for state, to in SUCCESSORS.items() if TaskState.CLOSED in to}
    assert before_closed == {TaskState.ASSIGNED, TaskState.REVOKING, TaskState.FENCED}


@pytest.mark.parametrize("state", TaskState)
@pytest.mark.parametrize("to", TaskState)
def test_only_arrows_of_the_drawing_can_be_walked(state: TaskState, to: TaskState) -> None:
    if to in SUCCESSORS[state]:
        assert moved(0, state, to) is to
    else:
        with pytest.raises(WrongTransition, match=f"{state.value} -> {to.value}"):
            moved(0, state, to)
