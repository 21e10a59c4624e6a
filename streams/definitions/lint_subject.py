"""One flow as the rules of advice see it."""

from collections.abc import Iterator
from typing import Any

import msgspec

from streams.definitions.steps import as_step, ways_of
from streams.engine.compiling import Flow
from streams.engine.language import StoreSettings
from streams.engine.values import Path


class Sequence(msgspec.Struct, frozen=True):
    """One list of steps of a flow, as raw data, and its path."""

    path: Path
    steps: list[dict[str, Any]]


class Subject(msgspec.Struct, frozen=True):
    """One flow to check: its definition and its raw data; and the store's settings."""

    place: int
    flow: Flow
    raw: dict[str, Any]
    settings: StoreSettings = StoreSettings()

    @property
    def path(self) -> Path:
        return ("flows", self.place)

    def sequences(self) -> Iterator[Sequence]:
        """Yields all lists of steps, outer ones first."""
        yield from _sequences(self.raw["steps"], (*self.path, "steps"))


def _sequences(raw: list[Any], path: Path) -> Iterator[Sequence]:
    steps = [as_step(step) for step in raw]
    yield Sequence(path, steps)
    for place, step in enumerate(steps):
        for way, inner in ways_of(step):
            yield from _sequences(inner, (*path, place, *way))
