"""Test files: `*.test.yaml` to cases, or to problems."""

import functools
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path as FilePath
from typing import Annotated, Any

import msgspec

from streams.definitions import Loaded, PlacedProblem, load_folder, no_folder, parse_yaml
from streams.definitions.load import TEST_SUFFIXES
from streams.definitions.placed_problem import sort_key, whole_file
from streams.definitions.source import SourceText
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

RawFields = Annotated[dict[str, Any], RawMapping("a mapping", {"type": "object"})]
"""A mapping whose fields are read later, by its user."""

IDS = {"flows": "flow", "segments": "segment", "coupons": "coupons", "metrics": "metric"}


class ExpectedProblem(msgspec.Struct, frozen=True, kw_only=True):
    """A problem expected of the definitions: at a path, with a text in its message.

    `path`: the path, such as steps[1].wait, or of what it is in
    `says`: text contained in the message
    """

    path: AnyText | None = None
    says: Text


class Expect(msgspec.Struct, frozen=True, kw_only=True):
    """Expected outputs of a case; None: not compared.

    `commands`: all send commands, in order, compared on the fields given
    `webhooks`: all webhook commands, in order
    `reviews`: all review requests, in order
    `decisions`: some decisions, in this order
    `decisions_exactly`: all decisions, in order
    `profile`: customers to fields of their profile at the end
    `segments`: customers to segments, true or false: whether they are members at the end
    `refused`: problems of the definitions
    """

    commands: list[RawFields] | None = None
    webhooks: list[RawFields] | None = None
    reviews: list[RawFields] | None = None
    decisions: list[RawFields] | None = None
    decisions_exactly: list[RawFields] | None = None
    profile: dict[Identifier, RawFields] | None = None
    segments: dict[Identifier, RawFields] | None = None
    refused: list[ExpectedProblem] | None = None


class RawSet(msgspec.Struct, frozen=True, kw_only=True):
    """Definitions inside a test.

    `flows`: flows, each as in a file of its own
    `segments`: segments
    `coupons`: coupon pools
    `metrics`: custom metrics
    `store`: the store's settings
    """

    flows: list[RawFields] | None = None
    segments: list[RawFields] | None = None
    coupons: list[RawFields] | None = None
    metrics: list[RawFields] | None = None
    store: RawFields | None = None


class CaseText(msgspec.Struct, frozen=True, kw_only=True):
    """One case as written; the file's settings are the defaults.

    `name`: what it shows, as a sentence
    `definitions`: a folder or definitions, over the file's
    `store`: settings over the file's
    `only`: the flows that take part
    `customers`: customers of this case, over the file's
    `events`: the events, each at a time
    `until`: end of the simulated time: timers up to it fire; without it, the case runs until
      nothing is due, at most 400 days after its last event
    `expect`: the expected outputs
    """

    name: Text
    definitions: Text | RawSet | None = None
    store: RawFields | None = None
    only: list[Identifier] | None = None
    customers: dict[Identifier, RawFields] | None = None
    events: list[RawFields] = []
    until: MomentText | None = None
    expect: Expect


class FileText(msgspec.Struct, frozen=True, kw_only=True):
    """A test file as written.

    `definitions`: a folder, relative to this file, or the definitions themselves
    `store`: settings over those of the definitions
    `only`: the flows that take part
    `customers`: customers before the first event, with their profile
    `cases`: the cases
    """

    definitions: Text | RawSet | None = None
    store: RawFields | None = None
    only: list[Identifier] | None = None
    customers: dict[Identifier, RawFields] | None = None
    cases: list[CaseText]


class Case(msgspec.Struct, frozen=True):
    """One case with its inputs; `definitions` is the raw set, `left_out` are those of its flows
    that are in it as drafts, for their names."""

    places: Places
    name: str
    definitions: dict[str, Any]
    customers: dict[str, dict[str, Any]]
    events: list[dict[str, Any]]
    until: LocalMoment | None
    expect: Expect
    left_out: frozenset[str] = frozenset()

    @property
    def file(self) -> str:
        """The test file."""
        return self.places.file

    @property
    def line(self) -> int:
        """Line of the case in the test file."""
        line, _ = self.places.source.place_of(self.places.case, at_key=False)
        return line


class FileCases(msgspec.Struct, frozen=True):
    """Content of a file: its cases, or its problems."""

    cases: list[Case] = []
    problems: list[PlacedProblem] = []


def find_files(paths: Iterable[FilePath]) -> list[FilePath]:
    """All test files under `paths`, in order; a path to a file is taken as it is."""
    found: list[FilePath] = []
    for path in paths:
        if path.is_dir():
            files = path.rglob("*")
            found.extend(sorted(one for one in files if one.name.lower().endswith(TEST_SUFFIXES)))
        else:
            found.append(path)
    return list(dict.fromkeys(found))


def read_file(file: FilePath) -> FileCases:
    """Reads the cases of a file, or its problems."""
    try:
        text = file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        return FileCases(problems=[whole_file(file, f"cannot read: {error}")])
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
    load = functools.cache(load_folder)  # most cases of a file share one
    for number, case in enumerate(written.cases):
        folders = [one for one in (case.definitions, written.definitions) if isinstance(one, str)]
        loaded = [load(file.parent / folder) for folder in folders]
        places = Places(str(file), source, ("cases", number), loaded)
        missing = list(_missing_folders(written, case, places, file.parent))
        wrong = missing or [problem for one in loaded for problem in one.problems]
        if not wrong:
            definitions = _definitions(written, case, file.parent, load)
            wrong = [
                *_unknown_flows(written, case, places, definitions),
                *_without_expectation(case, places),
            ]
        if wrong:
            problems += wrong
            continue
        left_out = _left_out(written, case, definitions["flows"])
        definitions["flows"] = _chosen(definitions["flows"], left_out)
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
                left_out,
            )
        )
    if problems:  # those of the file's own definitions repeat for each case
        return FileCases(problems=sorted(dict.fromkeys(problems), key=sort_key))
    return FileCases(cases)


def _placed(file: FilePath | str, source: SourceText, problem: Problem) -> PlacedProblem:
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


def _left_out(file: FileText, case: CaseText, flows: list[Any]) -> frozenset[str]:
    """The flows that are not in `only`."""
    only = _only(file, case)
    if only is None:
        return frozenset()
    return frozenset(flow.get("flow", "") for flow in flows) - frozenset(only)


def _chosen(flows: list[Any], left_out: frozenset[str]) -> list[Any]:
    """The flows, those left out as drafts behind the others: conditions may name them."""
    chosen = [flow for flow in flows if flow.get("flow") not in left_out]
    others = [flow for flow in flows if flow.get("flow") in left_out]
    return [*chosen, *({**flow, "status": "draft"} for flow in others)]


def _unknown_flows(
    file: FileText, case: CaseText, places: Places, definitions: dict[str, Any]
) -> Iterator[PlacedProblem]:
    """Problems for unknown flows in `only`: the case would test nothing."""
    known = {flow.get("flow", "") for flow in definitions["flows"]}
    for number, name in enumerate(_only(file, case) or ()):
        if name not in known:
            yield places.placed(unknown_name(("only", number), "flow", name, known))


def _without_expectation(case: CaseText, places: Places) -> Iterator[PlacedProblem]:
    """A problem for an `expect` that holds whatever happens: the case would test nothing."""
    expect = case.expect
    is_compared = any(
        getattr(expect, name) is not None
        for name in ("commands", "webhooks", "reviews", "decisions_exactly")
    )
    by_customer = (*(expect.profile or {}).values(), *(expect.segments or {}).values())
    if not (is_compared or expect.decisions or expect.refused or any(by_customer)):
        message = "nothing is expected: write commands, decisions, profile or another key"
        yield places.placed(Problem(("expect",), message, allowed=Expect.__struct_fields__))


def _raw_set(
    given: str | RawSet | None, folder: FilePath, load: Callable[[FilePath], Loaded]
) -> dict[str, Any]:
    if given is None:
        return {}
    return as_raw(given) if isinstance(given, RawSet) else load(folder / given).raw


def as_raw(given: RawSet) -> dict[str, Any]:
    """The given parts, as plain data."""
    parts = {name: getattr(given, name) for name in (*IDS, "store")}
    return {name: part for name, part in parts.items() if part is not None}


def _merged(under: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Merges two sets: definitions by id, settings by key."""
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
