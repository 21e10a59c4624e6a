"""The states of a task."""

import pytest

from streams.runtime.lifecycle import SUCCESSORS, TaskState, WrongTransition, moved


def test_every_state_has_its_successors_and_can_be_reached_and_closed() -> None:
    assert set(SUCCESSORS) == set(TaskState)
    reached = {TaskState.ASSIGNED}.union(*SUCCESSORS.values())
    assert reached == set(TaskState)
    for state, successors in SUCCESSORS.items():
        assert state is TaskState.CLOSED or TaskState.CLOSED in successors


@pytest.mark.parametrize("state", TaskState)
@pytest.mark.parametrize("to", TaskState)
def test_only_arrows_of_the_drawing_can_be_walked(state: TaskState, to: TaskState) -> None:
    if to in SUCCESSORS[state]:
        assert moved(0, state, to) is to
    else:
        with pytest.raises(WrongTransition, match=f"{state.value} -> {to.value}"):
            moved(0, state, to)
