"""Pairs the steps of two versions of a flow: those added, removed, edited and moved.

Steps with the same id are paired wherever they are. The others (`if`, `exit`, ...) are paired in
this order: unchanged in the same list of steps; edited in the same list, with the next unpaired
step of their kind; unchanged in another list.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from streams.definitions.changes import Change, StepAdded, StepEdited, StepMoved, StepRemoved
from streams.definitions.steps import RawStep, placed
from streams.engine.compiling import Flow, PlacedStep, condition_text, placed_steps, step_text, ways
from streams.engine.values import path_text

Version = tuple[Flow, Mapping[str, Any]]
"""A flow, and its plain data."""


def step_changes(
    before: Version, now: Version, follow: Mapping[str, str | None]
) -> Iterator[Change]:
    """Yields the changes in the order of the new version, removed steps last. `follow` maps removed
    step ids to their successors."""
    flow = now[0].flow
    pairing = _Pairing(before[0], now[0])
    raws_before, raws = _raws(before[1]), _raws(now[1])
    moved = pairing.moved()
    for step in pairing.new.values():
        old = pairing.old_of.get(step.place)
        if old is None:
            yield StepAdded(flow, step.id, _text_of(raws[step.place]))
            continue
        if _head(old.definition) != _head(step.definition):
            texts = _text_of(raws_before[old.place]), _text_of(raws[step.place])
            yield StepEdited(flow, step.id, *texts)
        if step.place in moved:
            yield StepMoved(flow, step.id, old.place, step.place)
    paired = {old.place for old in pairing.old_of.values()}
    for old in pairing.old.values():
        if old.place not in paired:
            text = _text_of(raws_before[old.place])
            yield StepRemoved(flow, old.id, text, follow.get(old.id))


class _Pairing:
    """Pairs of a step of the old and one of the new version, by their places."""

    def __init__(self, before: Flow, now: Flow) -> None:
        self.old = {step.place: step for step in placed_steps(before.steps)}
        self.new = {step.place: step for step in placed_steps(now.steps)}
        self.old_of: dict[str, PlacedStep] = {}  # place in the new version -> step of the old
        self._paired: set[str] = set()  # places of the old version
        self._sequences: list[tuple[str, str]] = [("steps", "steps")]
        self._pair_named()
        self._pair_within()
        self._pair_anywhere()

    def moved(self) -> set[str]:
        """Returns the places of steps in another list than before, or in another order in it: the
        smallest set that explains the order."""
        same = set(self._sequences)
        result = set()
        by_sequence: dict[str, list[PlacedStep]] = {}
        for place, new in self.new.items():
            old = self.old_of.get(place)
            if old is None:
                continue
            if (old.sequence, new.sequence) in same:
                by_sequence.setdefault(new.sequence, []).append(new)
            else:
                result.add(place)
        numbers = {place: number for number, place in enumerate(self.old)}
        for steps in by_sequence.values():
            before = [self.old_of[new.place].place for new in steps]
            stay = [place == new.place for place, new in zip(before, steps, strict=True)]
            kept = _longest_rising([numbers[place] for place in before], stay)
            result |= {new.place for at, new in enumerate(steps) if at not in kept}
        return result

    def _pair(self, old: PlacedStep, new: PlacedStep) -> None:
        self.old_of[new.place] = old
        self._paired.add(old.place)
        within = {way for way, _ in ways(new.definition)}
        for way, _ in ways(old.definition):
            if way in within:
                self._sequences.append((f"{old.place}{way}", f"{new.place}{way}"))

    def _pair_named(self) -> None:
        by_id = {step.id: step for step in self.old.values() if step.is_named}
        for step in self.new.values():
            if step.is_named and step.id in by_id:
                self._pair(by_id[step.id], step)

    def _pair_within(self) -> None:
        for before, now in self._sequences:  # grows during the loop
            self._pair_equal(self._left(self.old, before), self._left(self.new, now))
            left = self._left(self.old, before)
            for new in self._left(self.new, now):
                kind = type(new.definition)
                old = next((one for one in left if type(one.definition) is kind), None)
                if old is not None:
                    left.remove(old)
                    self._pair(old, new)

    def _pair_anywhere(self) -> None:
        self._pair_equal(self._left(self.old, None), self._left(self.new, None))

    def _left(self, steps: Mapping[str, PlacedStep], sequence: str | None) -> list[PlacedStep]:
        """Steps without ids that are not paired yet."""
        done = self._paired if steps is self.old else self.old_of
        return [
            step
            for place, step in steps.items()
            if not step.is_named and place not in done and sequence in (None, step.sequence)
        ]

    def _pair_equal(self, old: list[PlacedStep], new: list[PlacedStep]) -> None:
        for step in new:
            head = _head(step.definition)
            same = next((one for one in old if _head(one.definition) == head), None)
            if same is not None:
                old.remove(same)
                self._pair(same, step)


def _head(definition: Any) -> Any:
    """Returns a step without nested steps."""
    empty: dict[str, Any] = {
        name: [] for name in ("then", "else_") if getattr(definition, name, None)
    }
    if getattr(definition, "paths", None):
        empty["paths"] = {}
    if getattr(definition, "branch", None):
        branch = [msgspec.structs.replace(way, then=[]) for way in definition.branch]
        empty["branch"] = branch
    return msgspec.structs.replace(definition, **empty) if empty else definition


def _raws(flow: Mapping[str, Any]) -> dict[str, RawStep]:
    return {path_text(path): step for path, step in placed(flow["steps"])}


def _text_of(step: RawStep) -> str:
    """Returns the text of a step, with the conditions of its branches."""
    text = step_text(step)
    if "branch" in step:
        chosen = "; ".join(condition_text(way["when"]) for way in step["branch"])
    elif "sample" in step:
        chosen = ", ".join(f"{name} {share}" for name, share in step["sample"].items())
    else:
        return text
    key, _, options = text.partition(",")
    return f"{key} {chosen}{',' if options else ''}{options}"


def _longest_rising(numbers: list[int], preferred: list[bool]) -> set[int]:
    """Returns the indexes of a longest rising subsequence; of several, one with most preferred."""
    best: list[tuple[int, int, list[int]]] = [(0, 0, [])]  # length, preferred, places
    for place, number in enumerate(numbers):
        length, good, before = max(
            one for one in best if not one[2] or numbers[one[2][-1]] < number
        )
        best.append((length + 1, good + preferred[place], [*before, place]))
    return set(max(best)[2])
