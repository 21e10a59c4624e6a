"""Steps as plain data, every scalar a text."""

from collections.abc import Iterator
from typing import Any

from streams.engine.values import Path

RawStep = dict[str, Any]


def as_step(raw: Any) -> RawStep:
    """Returns a step as a mapping; it may be the bare word `exit`."""
    return raw if isinstance(raw, dict) else {raw: None}


def ways_of(step: RawStep) -> Iterator[tuple[Path, list[Any]]]:
    """Yields the lists of steps inside a step, each with its path in it."""
    for place, way in enumerate(step.get("branch") or ()):
        yield ("branch", place, "then"), way.get("then", [])
    for name, inner in (step.get("paths") or {}).items():
        yield ("paths", name), inner
    for key in ("then", "else"):
        if key in step:
            yield (key,), step[key]


def placed(steps: list[Any], path: Path = ("steps",)) -> Iterator[tuple[Path, RawStep]]:
    """Yields all steps from top to bottom, nested ones after their parent, with their paths."""
    for number, raw in enumerate(steps):
        step, place = as_step(raw), (*path, number)
        yield place, step
        for way, inner in ways_of(step):
            yield from placed(inner, (*place, *way))
