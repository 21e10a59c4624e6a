"""Writes missing step ids into their files, and changes nothing else (FLOWS "Ids")."""

from collections.abc import Iterator
from typing import Any

import msgspec

from streams.definitions.load import Loaded, SourceFile
from streams.engine.steps import STEPS
from streams.engine.values import Path


class FixedFile(msgspec.Struct, frozen=True):
    """A file's new text, with its byte order mark and line ends, and the ids added to it."""

    file: str
    text: str
    ids: list[str]


def with_ids(loaded: Loaded) -> list[FixedFile]:
    """Returns the files with missing step ids, with ids added: the step's key and a number."""
    lacking: dict[str, list[Path]] = {}
    for placed in loaded.problems:
        if placed.problem.lacks_id:
            lacking.setdefault(placed.file, []).append(placed.problem.path)
    return [_fixed(file, lacking[file.file]) for file in loaded.files if file.file in lacking]


def _fixed(file: SourceFile, paths: list[Path]) -> FixedFile:
    names = _new_names(file.source.raw, paths)
    lines = file.text.splitlines(keepends=True)
    # From the end to the beginning, so that earlier positions stay valid.
    for path, name in sorted(names, key=lambda pair: _place(file, pair[0]), reverse=True):
        _insert(lines, file, path, name)
    return FixedFile(file.file, file.mark + "".join(lines), [name for _, name in names])


def _place(file: SourceFile, path: Path) -> tuple[int, int]:
    ends = file.source.flow_ends
    return ends[path] if path in ends else file.source.values[path]


def _insert(lines: list[str], file: SourceFile, path: Path, name: str) -> None:
    line, column = _place(file, path)
    text = lines[line - 1]
    before, after = text[: column - 1], text[column - 1 :]
    if path in file.source.flow_ends:
        comma = "" if before.rstrip().endswith((",", "{")) else ", "
        lines[line - 1] = f"{before.rstrip() if comma else before}{comma}id: {name}{after}"
    else:
        end = "\r\n" if text.endswith("\r\n") else "\n"
        lines[line - 1] = f"{before}id: {name}{end}{' ' * (column - 1)}{after}"


def _new_names(raw: Any, paths: list[Path]) -> list[tuple[Path, str]]:
    taken = set(_ids_in(raw))
    names = []
    for path in paths:
        step = raw
        for part in path:
            step = step[part]
        key = next(key for key in STEPS if key in step)
        number = 1
        while (name := f"{key.replace('_', '-')}-{number}") in taken:
            number += 1
        taken.add(name)
        names.append((path, name))
    return names


def _ids_in(raw: Any) -> Iterator[str]:
    if isinstance(raw, dict):
        for key, value in raw.items():
            if key in ("id", "template") and isinstance(value, str):
                yield value
            else:
                yield from _ids_in(value)
    elif isinstance(raw, list):
        for value in raw:
            yield from _ids_in(value)
