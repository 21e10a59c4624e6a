"""YAML with the line and column of every key and value.

Every scalar stays a text: the schema determines its type, not its form (`0017` is the text 0017,
`NO` is text). Only a plain `null`, `~` or an empty value is None. YAML beyond mappings, lists and
texts (anchors, tags, several documents) is rejected: definitions are read by people.
"""

from typing import Any

import msgspec
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)
from ruamel.yaml.reader import ReaderError

from streams.definitions.yaml_error import describe_error
from streams.engine.values import Path, Problem

LineColumn = tuple[int, int]
"""Line and column, from 1."""

DEEPEST = 60
"""Levels of nesting; no definition is nested deeper."""

_NULL = frozenset({"", "~", "null", "Null", "NULL"})


class SourceProblem(msgspec.Struct, frozen=True):
    """A problem of the text itself, and its position."""

    place: LineColumn
    problem: Problem


class SourceText(msgspec.Struct):
    """Plain data, and the position of each part of it."""

    raw: Any = None
    values: dict[Path, LineColumn] = {}
    keys: dict[Path, LineColumn] = {}
    flow_ends: dict[Path, LineColumn] = {}  # position of the } of a {...}
    problems: list[SourceProblem] = []

    def place_of(self, path: Path, *, at_key: bool) -> LineColumn:
        """Returns the position of `path` or, if not written, of the nearest part around it."""
        if at_key and path in self.keys:
            return self.keys[path]
        while path not in self.values and path:
            path = path[:-1]
        return self.values.get(path, (1, 1))


class _Stop(Exception):
    """The rest of the text cannot be parsed; the problem is recorded."""


def parse_yaml(text: str) -> SourceText:
    """Parses one YAML document. Never raises: errors are in `problems`."""
    source = SourceText()
    try:
        _Builder(text, source).build()
    except _Stop:
        pass
    except MarkedYAMLError as error:
        line, column, message = describe_error(text, error)
        source.problems.append(SourceProblem((line, column), Problem((), message)))
    except ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        column = error.position - (text.rfind("\n", 0, error.position) + 1) + 1
        message = "invalid character in YAML"
        source.problems.append(SourceProblem((line, column), Problem((), message)))
    except (YAMLError, ValueError) as error:
        source.problems.append(SourceProblem((1, 1), Problem((), f"invalid YAML: {error}")))
    return source


class _Builder:
    """Builds plain data from the parser's events. Only one document is allowed."""

    def __init__(self, text: str, source: SourceText) -> None:
        yaml = YAML(typ="safe", pure=True)
        yaml.version = (1, 2)
        self._events = iter(yaml.parse(text))
        self._text = text
        self._source = source
        self._documents = 0

    def build(self) -> None:
        for event in self._events:
            if isinstance(event, DocumentStartEvent):
                self._documents += 1
                if self._documents > 1:
                    self._stop(event, (), "a second document: a file holds one definition")
            elif isinstance(event, ScalarEvent | MappingStartEvent | SequenceStartEvent):
                self._source.raw = self._value(event, ())
            elif isinstance(event, AliasEvent):
                self._reject_alias(event, ())

    def _value(self, event: Any, path: Path) -> Any:
        self._source.values[path] = _place(event)
        if len(path) > DEEPEST:
            self._stop(event, path, f"nested more than {DEEPEST} levels deep")
        if isinstance(event, AliasEvent):
            self._reject_alias(event, path)
        if getattr(event, "anchor", None) is not None:
            self._stop(
                event, path, f"anchors (&{event.anchor}) are not supported; repeat the value"
            )
        tag = getattr(event, "tag", None)
        if tag is not None:
            self._stop(event, path, f"tags ({tag}) are not supported")
        if isinstance(event, MappingStartEvent):
            return self._mapping(path, is_flow=bool(event.flow_style))
        if isinstance(event, SequenceStartEvent):
            return self._list(path)
        is_plain = event.style is None
        return None if is_plain and event.value in _NULL else event.value

    def _mapping(self, path: Path, *, is_flow: bool) -> dict[str, Any]:
        result: dict[str, Any] = {}
        while not isinstance(key := next(self._events), MappingEndEvent):
            if isinstance(key, AliasEvent):
                self._reject_alias(key, path)
            if not isinstance(key, ScalarEvent):
                self._stop(key, path, self._why_no_key(key))
            if key.anchor is not None or key.tag is not None:
                self._stop(key, path, "keys must be plain strings, without anchor and tag")
            name = key.value
            here = (*path, name)
            if name in result:
                line, _ = self._source.keys[here]
                self._source.problems.append(
                    SourceProblem(
                        _place(key),
                        Problem(here, f"duplicate key {name!r} (first on line {line})"),
                    )
                )
                self._skip(next(self._events))
                continue
            self._source.keys[here] = _place(key)
            result[name] = self._value(next(self._events), here)
        if is_flow:
            self._source.flow_ends[path] = _place(key)
        return result

    def _why_no_key(self, key: Any) -> str:
        line, column = _place(key)
        text = self._text.splitlines()[line - 1]
        if column > 1 and text[column - 2 : column] == "{{":
            return "'{{' begins a mapping; write the text in quotes"
        return "keys must be strings"

    def _skip(self, event: Any) -> None:
        """Skips one value."""
        depth = 0
        while True:
            if isinstance(event, MappingStartEvent | SequenceStartEvent):
                depth += 1
            elif isinstance(event, MappingEndEvent | SequenceEndEvent):
                depth -= 1
            if depth == 0:
                return
            event = next(self._events)

    def _list(self, path: Path) -> list[Any]:
        result: list[Any] = []
        while not isinstance(item := next(self._events), SequenceEndEvent):
            result.append(self._value(item, (*path, len(result))))
        return result

    def _reject_alias(self, event: Any, path: Path) -> None:
        self._stop(event, path, f"aliases (*{event.anchor}) are not supported; repeat the value")

    def _stop(self, event: Any, path: Path, message: str) -> None:
        self._source.problems.append(SourceProblem(_place(event), Problem(path, message)))
        raise _Stop


def _place(event: Any) -> LineColumn:
    mark = event.start_mark
    return mark.line + 1, mark.column + 1
