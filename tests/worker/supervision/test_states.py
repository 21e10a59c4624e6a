import itertools

import pytest

from streams.runtime.lifecycle import WrongTransition
from streams.worker.supervision.states import SUCCESSORS, ProcessState, process_moved

WAITING, RUNNING, STOPPING, ENDED = ProcessState

WALKS = [
    [WAITING, RUNNING, STOPPING, ENDED],
    [WAITING, RUNNING, WAITING, RUNNING, ENDED],
    [WAITING, ENDED],
]


@pytest.mark.parametrize("walk", WALKS)
def test_a_walk(walk: list[ProcessState]) -> None:
    state = walk[0]
    for to in walk[1:]:
        state = process_moved(1, state, to)
    assert state is walk[-1]


def test_the_walks_take_every_arrow() -> None:
    walked = {arrow for walk in WALKS for arrow in itertools.pairwise(walk)}
    assert walked == {(state, to) for state, tos in SUCCESSORS.items() for to in tos}


@pytest.mark.parametrize("state", ProcessState)
@pytest.mark.parametrize("to", ProcessState)
def test_every_other_transition_is_a_bug(state: ProcessState, to: ProcessState) -> None:
    if to in SUCCESSORS[state]:
        return
    with pytest.raises(WrongTransition, match=f"process 2: {state.value} -> {to.value}"):
        process_moved(2, state, to)
