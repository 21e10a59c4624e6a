"""Test files: `*.test.yaml` to cases, with what is wrong with them."""

import functools
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path as FilePath
from typing import Annotated, Any

import msgspec

from streams.definitions import Loaded, PlacedProblem, load_folder, no_folder, parse_yaml
from streams.definitions.problem import sort_key, whole_file
from streams.definitions.source import Source
from streams.engine.language import UNREADABLE, Reading, read
from streams.engine.values import (
    AnyText,
    Identifier,
    LocalMoment,
    MomentText,
    Problem,
    RawMapping,
    Text,
    unknown_name,
)
from streams.flowtest.places import DEFINITIONS, Places

TEST_SUFFIXES = (".test.yaml", ".test.yml")

Raw = Annotated[dict[str, Any], RawMapping("a mapping", {"type": "object"})]
"""A mapping that is read where its meaning is known."""

IDS = {"flows": "flow", "segments": "segment", "coupons": "coupons", "metrics": "metric"}


class Refusal(msgspec.Struct, frozen=True, kw_only=True):
    """A problem that is expected of the definitions: at a path, with words in its message.

    `path`: where, such as steps[1].wait
    `says`: words of the message
    """

    path: AnyText | None = None
    says: Text


class Expect(msgspec.Struct, frozen=True, kw_only=True):
    """What must come of a case; None: not asked for.

    `commands`: all send commands, in order, compared on the fields that are given
    `webhooks`: all commands to webhooks, in order
    `reviews`: all messages that were put up for a person, in order
    `decisions`: decisions that must be found, in this order
    `decisions_exactly`: all decisions, in order
    `profile`: customers to fields of their profile at the end
    `refused`: what is wrong with the definitions
    """

    commands: list[Raw] | None = None
    webhooks: list[Raw] | None = None
    reviews: list[Raw] | None = None
    decisions: list[Raw] | None = None
    decisions_exactly: list[Raw] | None = None
    profile: dict[Identifier, Raw] | None = None
    refused: list[Refusal] | None = None


class RawSet(msgspec.Struct, frozen=True, kw_only=True):
    """Definitions that stand in the test itself.

    `flows`: flows, as each would stand in a file
    `segments`: segments
    `coupons`: coupon pools
    `metrics`: metrics of the shop's own
    `store`: the shop's settings
    """

    flows: list[Raw] | None = None
    segments: list[Raw] | None = None
    coupons: list[Raw] | None = None
    metrics: list[Raw] | None = None
    store: Raw | None = None


class CaseText(msgspec.Struct, frozen=True, kw_only=True):
    """One case as written; what it leaves out is the file's.

    `name`: what it shows, as a sentence
    `definitions`: a folder or definitions, over the file's
    `store`: settings over the file's
    `only`: the flows that take part
    `customers`: customers of this case, over the file's
    `events`: what happens, each at a moment
    `until`: what is due up to this moment happens too
    `expect`: what must come of it
    """

    name: Text
    definitions: Text | RawSet | None = None
    store: Raw | None = None
    only: list[Identifier] | None = None
    customers: dict[Identifier, Raw] | None = None
    events: list[Raw] = []
    until: MomentText | None = None
    expect: Expect


class FileText(msgspec.Struct, frozen=True, kw_only=True):
    """A test file as written.

    `definitions`: a folder, seen from this file, or the definitions themselves
    `store`: settings over those of the definitions
    `only`: the flows that take part; the others are left out
    `customers`: who is there before the first event, with their profile
    `cases`: the cases
    """

    definitions: Text | RawSet | None = None
    store: Raw | None = None
    only: list[Identifier] | None = None
    customers: dict[Identifier, Raw] | None = None
    cases: list[CaseText]


class Case(msgspec.Struct, frozen=True):
    """One case, with all that it is made of; `definitions` is the raw set."""

    places: Places
    name: str
    definitions: dict[str, Any]
    customers: dict[str, dict[str, Any]]
    events: list[dict[str, Any]]
    until: LocalMoment | None
    expect: Expect

    @property
    def file(self) -> str:
        """The test file."""
        return self.places.file

    @property
    def line(self) -> int:
        """Where the case begins in it."""
        line, _ = self.places.source.place_of(self.places.case, at_key=False)
        return line


class FileCases(msgspec.Struct, frozen=True):
    """What a file holds: its cases, or what is wrong with it."""

    cases: list[Case] = []
    problems: list[PlacedProblem] = []


def find_files(paths: Iterable[FilePath]) -> list[FilePath]:
    """All test files under `paths`, in order; a file that is named is taken as it is."""
    found: list[FilePath] = []
    for path in paths:
        if path.is_dir():
            files = (file for suffix in TEST_SUFFIXES for file in path.rglob(f"*{suffix}"))
            found.extend(sorted(files))
        else:
            found.append(path)
    return list(dict.fromkeys(found))


def read_file(file: FilePath) -> FileCases:
    """The cases of a file, or all that is wrong with it."""
    try:
        text = file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        return FileCases(problems=[whole_file(file, f"can't be read: {error}")])
    source = parse_yaml(text)
    if source.problems:
        wrong = [PlacedProblem(str(file), *one.place, one.problem) for one in source.problems]
        return FileCases(problems=wrong)
    reading = Reading()
    written = read(source.raw, FileText, (), reading)
    problems = [_placed(file, source, problem) for problem in reading.problems]
    if written is UNREADABLE or problems:
        return FileCases(problems=sorted(problems, key=sort_key))
    cases: list[Case] = []
    load = functools.cache(load_folder)  # most cases of a file have the same
    for number, case in enumerate(written.cases):
        folders = [one for one in (case.definitions, written.definitions) if isinstance(one, str)]
        loaded = [load(file.parent / folder) for folder in folders]
        places = Places(str(file), source, ("cases", number), loaded)
        missing = list(_missing_folders(written, case, places, file.parent))
        wrong = missing or [problem for one in loaded for problem in one.problems]
        if not wrong:
            definitions = _definitions(written, case, file.parent, load)
            wrong = list(_unknown_flows(written, case, places, definitions))
        if wrong:
            problems += wrong
            continue
        definitions["flows"] = _chosen(written, case, definitions["flows"])
        customers = {**(written.customers or {}), **(case.customers or {})}
        cases.append(
            Case(
                places,
                case.name,
                definitions,
                customers,
                case.events,
                case.until,
                case.expect,
            )
        )
    if problems:  # of the file's own definitions, each case has the same
        return FileCases(problems=sorted(dict.fromkeys(problems), key=sort_key))
    return FileCases(cases)


def _placed(file: FilePath | str, source: Source, problem: Problem) -> PlacedProblem:
    place = source.place_of(problem.path, at_key=problem.at_key)
    return PlacedProblem(str(file), *place, problem)


def _missing_folders(
    file: FileText, case: CaseText, places: Places, folder: FilePath
) -> Iterator[PlacedProblem]:
    for path, given in ((places.case, case.definitions), ((), file.definitions)):
        if isinstance(given, str) and not (folder / given).is_dir():
            message = f"{folder / given}: {no_folder(folder / given)}"
            yield _placed(places.file, places.source, Problem((*path, *DEFINITIONS), message))


def _definitions(
    file: FileText, case: CaseText, folder: FilePath, load: Callable[[FilePath], Loaded]
) -> dict[str, Any]:
    raw: dict[str, Any] = {}
    for given in (file.definitions, case.definitions):
        raw = _merged(raw, _raw_set(given, folder, load))
    store = {**raw.get("store", {}), **(file.store or {}), **(case.store or {})}
    flows = raw.get("flows", [])
    return {**raw, "flows": flows, "store": {"timezone": "UTC", "currency": "GBP", **store}}


def _only(file: FileText, case: CaseText) -> list[str] | None:
    return case.only if case.only is not None else file.only


def _chosen(file: FileText, case: CaseText, flows: list[Any]) -> list[Any]:
    only = _only(file, case)
    return flows if only is None else [flow for flow in flows if flow.get("flow") in only]


def _unknown_flows(
    file: FileText, case: CaseText, places: Places, definitions: dict[str, Any]
) -> Iterator[PlacedProblem]:
    """Flows that `only` names and that aren't there: the case would test nothing."""
    known = {flow.get("flow", "") for flow in definitions["flows"]}
    for number, name in enumerate(_only(file, case) or ()):
        if name not in known:
            yield places.placed(unknown_name(("only", number), "flow", name, known))


def _raw_set(
    given: str | RawSet | None, folder: FilePath, load: Callable[[FilePath], Loaded]
) -> dict[str, Any]:
    if given is None:
        return {}
    return as_raw(given) if isinstance(given, RawSet) else load(folder / given).raw


def as_raw(given: RawSet) -> dict[str, Any]:
    """The parts that are given, as plain data."""
    parts = {name: getattr(given, name) for name in (*IDS, "store")}
    return {name: part for name, part in parts.items() if part is not None}


def _merged(under: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Definitions of the same id are replaced, others added; settings key by key."""
    result = dict(under)
    for part, value in over.items():
        if part == "store":
            result[part] = {**under.get(part, {}), **value}
        else:
            key = IDS[part]
            replaced = {one.get(key) for one in value}
            kept = [one for one in under.get(part, []) if one.get(key) not in replaced]
            result[part] = [*kept, *value]
    return result
