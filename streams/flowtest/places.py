"""Places of the parts of a case: in the case, in its file for all cases, or in a definitions
folder."""

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from streams.definitions import Loaded, PlacedProblem
from streams.definitions.placed_problem import with_first
from streams.definitions.source import SourceText
from streams.engine.values import Path, Problem

DEFINITIONS: Path = ("definitions",)
STORE: Path = ("store",)


class Places(msgspec.Struct, frozen=True):
    """Places of one case; `case` is its path in the file."""

    file: str
    source: SourceText
    case: Path
    folders: list[Loaded] = []

    def placed(self, problem: Problem) -> PlacedProblem:
        """Places a problem whose path begins in the case. The case overrides the file."""
        path = (*self.case, *problem.path)
        begin = path[: len(self.case) + 2]
        if begin not in self.source.values and problem.path[:2] in self.source.values:
            path = problem.path
        return self._in_file(path, problem)

    def placed_in_set(self, problem: Problem, raw: Mapping[str, Any]) -> PlacedProblem:
        """Places a problem whose path begins in `raw`, the merged definitions of the case."""
        if problem.first is not None:
            first = Problem(problem.first, problem.message)
            once = msgspec.structs.replace(problem, first=None)
            return with_first(self.placed_in_set(once, raw), self.placed_in_set(first, raw))
        if problem.path[:1] == STORE:
            return self._in_store(problem)
        if len(problem.path) < 2:
            return self._in_file(self.case, problem)
        part, number, *rest = problem.path
        found = raw[str(part)][number]
        for base in self._over(DEFINITIONS):
            inline = _at(self.source.raw, base)
            if isinstance(inline, dict):
                for place, one in enumerate(inline.get(part) or ()):
                    if _is_written_as(found, one):
                        return self._in_file((*base, part, place, *rest), problem)
        for loaded in self.folders:
            for file in loaded.files:
                if _is_written_as(found, file.source.raw):
                    path = (*file.part, *rest)
                    return file.placed(msgspec.structs.replace(problem, path=path))
        return self._in_file(self.case, problem)

    def _in_store(self, problem: Problem) -> PlacedProblem:
        """Places a problem of the settings, which are merged key by key."""
        key = problem.path[1:2]
        for base in (*self._over(STORE), *self._over((*DEFINITIONS, *STORE))):
            if (*base, *key) in self.source.values:
                return self._in_file((*base, *problem.path[1:]), problem)
        for loaded in self.folders:
            for file in loaded.files:
                if file.part == STORE and key in file.source.values:
                    return file.placed(problem)
        return self._in_file(self.case, problem)

    def _over(self, path: Path) -> Iterator[Path]:
        yield (*self.case, *path)
        yield path

    def _in_file(self, path: Path, problem: Problem) -> PlacedProblem:
        place = self.source.place_of(path, at_key=problem.at_key)
        return PlacedProblem(self.file, *place, msgspec.structs.replace(problem, path=path))


def _is_written_as(found: Mapping[str, Any], written: Mapping[str, Any]) -> bool:
    """True if a definition of the case is the one that was written, or a draft of it (`only`)."""
    if found is written:
        return True
    return found.get("status") == "draft" and found == {**written, "status": "draft"}


def _at(raw: Any, path: Path) -> Any:
    """The value at `path`, or None."""
    for part in path:
        if isinstance(raw, dict):
            raw = raw.get(part)
        elif isinstance(raw, list) and isinstance(part, int):
            raw = raw[part]
        else:
            return None
    return raw
