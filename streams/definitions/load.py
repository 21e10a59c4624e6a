"""Reads a folder of definitions: a set, or a list of all its problems."""

from collections.abc import Iterator
from pathlib import Path as FilePath
from typing import Any

import msgspec

from streams.definitions.placed_problem import PlacedProblem, sort_key, whole_file, with_first
from streams.definitions.source import SourceText, parse_yaml
from streams.engine.compiling import Definitions, examine
from streams.engine.values import Path, Problem, nearest_name

FOLDERS = {"segments": "segment", "coupons": "coupons", "metrics": "metric"}
"""Subfolders of one kind of definition each, and the key of the id; flows are one level above."""

STORE_FILES = ("store.yaml", "store.yml")
SUFFIXES = (".yaml", ".yml")
TEST_SUFFIXES = (".test.yaml", ".test.yml")
"""Ends of file names, in any case."""

_MARK = "\ufeff"


class SourceFile(msgspec.Struct, frozen=True):
    """One file of the set, and its part in it: ("flows", 3), ("store",). `text` has the file's own
    line ends; `mark` is its byte order mark, if it has one."""

    file: str
    text: str
    part: Path
    source: SourceText
    mark: str = ""

    def placed(self, problem: Problem) -> PlacedProblem:
        """Returns a problem of this part of the set with its position."""
        path = problem.path[len(self.part) :]
        place = self.source.place_of(path, at_key=problem.at_key)
        return PlacedProblem(self.file, *place, msgspec.structs.replace(problem, path=path))


class Loaded(msgspec.Struct, frozen=True):
    """The content of a folder. `definitions` is None if there are problems."""

    raw: dict[str, Any]
    files: list[SourceFile]
    problems: list[PlacedProblem]
    definitions: Definitions | None


def load_folder(folder: FilePath) -> Loaded:
    """Reads and checks all definitions of a folder: `*.yaml` are flows, `segments/`, `coupons/` and
    `metrics/` contain one per file, `store.yaml` the settings; `*.test.yaml` are skipped."""
    if not folder.is_dir():
        return Loaded({}, [], [whole_file(folder, no_folder(folder))], None)
    problems = list(_stray_folders(folder))
    raw: dict[str, Any] = {"flows": [], **{part: [] for part in FOLDERS}}
    files: list[SourceFile] = []
    for file, kind, key in _files(folder):
        mark, text, source, of_file = _read(file)
        problems.extend(of_file)
        if source is None:
            continue
        part: Path = ("store",)
        if kind == "store":
            if "store" in raw:
                first = next(one.file for one in files if one.part == part)
                problems.append(whole_file(file, f"the settings are in {first} already"))
                continue
            raw["store"] = source.raw
        else:
            part = (kind, len(raw[kind]))
            raw[kind].append(source.raw)
            problems.extend(_name_fits(file, key, source))
        files.append(SourceFile(str(file), text, part, source, mark))
    definitions, found = examine(raw)
    by_part = {file.part: file for file in files}
    problems.extend(_placed(problem, by_part, folder) for problem in found)
    if problems:
        # one mistake can be found twice, where two conditions share a comparison
        once = list(dict.fromkeys(sorted(problems, key=sort_key)))
        return Loaded(raw, files, once, None)
    return Loaded(raw, files, [], definitions)


def no_folder(path: FilePath) -> str:
    """Returns the problem of a path that is not a folder."""
    if path.exists():
        return f"is a file, expected a definitions folder (perhaps {path.parent})"
    return "no such folder"


def _files(folder: FilePath) -> Iterator[tuple[FilePath, str, str]]:
    for file in _yaml_files(folder):
        if file.name.lower() in STORE_FILES:
            yield file, "store", ""
        else:
            yield file, "flows", "flow"
    for part, key in FOLDERS.items():
        for file in _yaml_files(folder / part):
            yield file, part, key


def _yaml_files(folder: FilePath) -> list[FilePath]:
    if not folder.is_dir():
        return []
    names = ((file, file.name.lower()) for file in folder.iterdir() if file.is_file())
    return sorted(
        file
        for file, name in names
        if name.endswith(SUFFIXES) and not name.endswith(TEST_SUFFIXES) and name[0] != "."
    )


def _stray_folders(folder: FilePath) -> Iterator[PlacedProblem]:
    """Yields a problem for each misspelt folder, whose definitions would be skipped silently."""
    for inner in sorted(folder.iterdir()):
        if inner.is_dir() and inner.name not in FOLDERS and _yaml_files(inner):
            nearest = nearest_name(inner.name, FOLDERS)
            problem = Problem(
                (),
                "unknown folder with definitions in it",
                found=inner.name,
                allowed=tuple(FOLDERS),
                nearest=nearest,
            )
            yield PlacedProblem(str(inner), None, None, problem)


def _read(file: FilePath) -> tuple[str, str, SourceText | None, list[PlacedProblem]]:
    """Returns byte order mark, text, parsed text and problems of a file."""
    try:
        text = file.read_bytes().decode()
    except UnicodeDecodeError as error:
        message = f"not UTF-8: cannot read byte {error.start}"
        place = _place_in(error.object[: error.start])
        return "", "", None, [PlacedProblem(str(file), *place, Problem((), message))]
    except OSError as error:
        return "", "", None, [whole_file(file, f"cannot read: {error.strerror}")]
    mark = _MARK if text.startswith(_MARK) else ""
    text = text.removeprefix(_MARK)
    source = parse_yaml(text)
    problems = [PlacedProblem(str(file), *wrong.place, wrong.problem) for wrong in source.problems]
    if not problems and not isinstance(source.raw, dict):
        wrong = Problem((), "expected a mapping of keys to values")
        problems.append(PlacedProblem(str(file), *_START, wrong))
    return mark, text, (source if isinstance(source.raw, dict) else None), problems


_START = (1, 1)


def _place_in(before: bytes) -> tuple[int, int]:
    """Returns line and column of the position after `before`, which is UTF-8."""
    lines = before.decode("utf-8-sig", "replace").split("\n")
    return len(lines), len(lines[-1]) + 1


def _name_fits(file: FilePath, key: str, source: SourceText) -> Iterator[PlacedProblem]:
    name = source.raw.get(key)
    if isinstance(name, str) and name != file.stem:
        place = source.place_of((key,), at_key=False)
        message = f"the file of {name!r} must be named {name}{file.suffix}"
        yield PlacedProblem(str(file), *place, Problem((key,), message, found=name))


def _placed(problem: Problem, files: dict[Path, SourceFile], folder: FilePath) -> PlacedProblem:
    if problem.first is not None:
        first = Problem(problem.first, problem.message)
        once = msgspec.structs.replace(problem, first=None)
        return with_first(_placed(once, files, folder), _placed(first, files, folder))
    for length in (2, 1):
        file = files.get(problem.path[:length])
        if file is not None:
            return file.placed(problem)
    return PlacedProblem(str(folder), None, None, problem)
