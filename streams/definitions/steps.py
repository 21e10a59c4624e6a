"""Steps as they were written: plain data, every scalar a text."""

from collections.abc import Iterator
from typing import Any

from streams.engine.values import Path

RawStep = dict[str, Any]


def as_step(raw: Any) -> RawStep:
    """A step is a mapping, or the bare word `exit`."""
    return raw if isinstance(raw, dict) else {raw: None}


def ways_of(step: RawStep) -> Iterator[tuple[Path, list[Any]]]:
    """The lists of steps inside a step, each with where it stands in it."""
    for place, way in enumerate(step.get("branch") or ()):
        yield ("branch", place, "then"), way.get("then", [])
    for name, inner in (step.get("paths") or {}).items():
        yield ("paths", name), inner
    for key in ("then", "else"):
        if key in step:
            yield (key,), step[key]


def placed(steps: list[Any], path: Path = ("steps",)) -> Iterator[tuple[Path, RawStep]]:
    """All steps from top to bottom, those inside of others after them, with their places."""
    for number, raw in enumerate(steps):
        step, place = as_step(raw), (*path, number)
        yield place, step
        for way, inner in ways_of(step):
            yield from placed(inner, (*place, *way))
