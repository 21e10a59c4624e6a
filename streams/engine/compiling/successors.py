"""Successors of deleted steps, at which waiting journeys continue (SEMANTICS 6.2): the next step
that followed and still exists, one level up if the branch was deleted, too. A published set carries
the successor of every deleted step id.

Steps with an id of their own are found by it. The others (`if`, `exit`, ...) are found if they are
unchanged; an edited one is taken to be the step that now stands in front of the next step with an
id.

    before: [wait a] [if X] [send s]      after: [if X] [send s]     a -> if X
    before: [wait a] [if X] [send s]      after: [if Y] [send s]     a -> if Y
    before: [if X] [wait a] [send s]      after: [if X] [send s]     a -> send s (X was passed)
"""

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from streams.engine.compiling.definition import Definitions, Flow
from streams.engine.program import has_own_id, id_of

Successors = dict[str, dict[str, str | None]]
"""By flow and deleted step id, the successor; None: the journey ends."""


def successors(previous: Definitions, current: Definitions, known: Successors) -> Successors:
    """The successors of `current`, published after `previous`, whose successors are `known`. A flow
    that is left out keeps its known ones: it may return."""
    result = dict(known)
    before = {flow.flow: flow for flow in previous.flows}
    for flow in current.flows:
        earlier = known.get(flow.flow, {})
        old = before.get(flow.flow)
        if old is None:
            continue
        follow = _Follow(old, flow)
        moved = {
            gone: None if successor is None else follow.from_(successor)
            for gone, successor in earlier.items()
        }
        gone = {placed.id: follow.from_(placed.id) for placed in follow.old if placed.is_named}
        both = {**moved, **gone}
        result[flow.flow] = {name: to for name, to in both.items() if name not in follow.new_ids}
    return result


class PlacedStep(msgspec.Struct, frozen=True):
    """A step and its position. `after` are the ids of the steps that follow it: later ones of its
    level, then those after the step that contains it, and so on outwards."""

    id: str
    place: str  # `steps[1].then[0]`; also the id of a step without its own
    sequence: str  # of its list of steps: `steps[1].then`
    is_named: bool
    definition: Any
    neighbours: tuple[str, ...]  # all ids of its level
    after: tuple[str, ...]


class _Follow:
    """The mapping from the steps of one version of a flow to those of the next."""

    def __init__(self, old: Flow, new: Flow) -> None:
        self.old = list(placed_steps(old.steps))
        self._old_by_id = {placed.id: placed for placed in self.old}
        new_steps = list(placed_steps(new.steps))
        self._new_by_id = {placed.id: placed for placed in new_steps}
        self.new_ids = {placed.id for placed in new_steps if placed.is_named}
        self._unnamed = [placed for placed in new_steps if not placed.is_named]

    def from_(self, step: str) -> str | None:
        """The step of the new version at which journeys at `step` of the old one continue."""
        placed = self._old_by_id.get(step)
        if placed is None:
            return None
        if not placed.is_named:
            same = self._same(placed)
            if same is not None:
                return same
        elif step in self.new_ids:
            return step
        edited = 0
        for name in placed.after:
            next_ = self._old_by_id[name]
            if not next_.is_named:
                same = self._same(next_)
                if same is not None:
                    return same
                edited += 1
            elif name in self.new_ids:
                return self._in_front_of(name, edited)
        return None

    def _same(self, placed: PlacedStep) -> str | None:
        """The unchanged step without an id of its own, in the new version."""
        for other in self._unnamed:
            if other.definition == placed.definition:
                return other.id
        return None

    def _in_front_of(self, name: str, edited: int) -> str:
        """The first of up to `edited` new steps without ids directly before `name`."""
        neighbours = self._new_by_id[name].neighbours
        place = neighbours.index(name)
        while edited and place and self._is_new(neighbours[place - 1]):
            place -= 1
            edited -= 1
        return neighbours[place]

    def _is_new(self, name: str) -> bool:
        placed = self._new_by_id[name]
        return not placed.is_named and not any(
            placed.definition == other.definition for other in self.old if not other.is_named
        )


def placed_steps(
    steps: list[Any], sequence: str = "steps", after: tuple[str, ...] = ()
) -> Iterator[PlacedStep]:
    """All steps of a flow from top to bottom, each followed by the steps inside of it."""
    ids = tuple(id_of(step, f"{sequence}[{number}]") for number, step in enumerate(steps))
    for number, step in enumerate(steps):
        place, following = f"{sequence}[{number}]", ids[number + 1 :] + after
        yield PlacedStep(ids[number], place, sequence, has_own_id(step), step, ids, following)
        for way, inner in ways(step):
            yield from placed_steps(inner, f"{place}{way}", following)


def ways(step: Any) -> Iterator[tuple[str, list[Any]]]:
    """The non-empty lists of steps within a step, each with the suffix of its path."""
    for key, way in (("then", ".then"), ("else_", ".else")):
        if getattr(step, key, None):
            yield way, getattr(step, key)
    for number, one in enumerate(getattr(step, "branch", ())):
        yield f".branch[{number}].then", one.then
    paths: Mapping[str, list[Any]] = getattr(step, "paths", {})
    for name, inner in paths.items():
        yield f".paths.{name}", inner
