"""Words that a field with a closed list never has: to compare with one is a mistake (SEMANTICS
8.1)."""

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from streams.engine.conditions.comparison import QUANTIFIERS
from streams.engine.language import Scope, is_reference
from streams.engine.values import (
    BOUNCE_KINDS,
    Field,
    FieldType,
    Path,
    Problem,
    unknown_name,
)

_COMPARED = ("equals", "not_equals", "in", "not_in", "contains", *QUANTIFIERS)


def words_at(name: str, fields: Mapping[str, Field], scope: Scope) -> tuple[str, ...]:
    """The closed list of a dotted name among `fields`; empty if it has none."""
    first, _, rest = name.partition(".")
    field = fields.get(first)
    if field is not None and rest and field.type is FieldType.PATCH:
        field = scope.profile.get(rest)
    if field is not None and field.is_topic:
        return tuple(sorted(scope.topics))
    return () if field is None else field.words


def check_words(raw: Any, name: str, words: tuple[str, ...], path: Path) -> Iterator[Problem]:
    """Problems of words that are not in the list of the field `name`; `raw` is a value or a
    comparison as written in a `where`."""
    ignores_case = isinstance(raw, Mapping) and raw.get("ignore_case") == "true"
    for place, word in _compared(raw, path):
        written = word.lower() if ignores_case else word
        if not is_reference(word) and written not in words:
            problem = unknown_name(place, name.rpartition(".")[2], word, words)
            meant = BOUNCE_KINDS.get(word.strip().lower())  # `permanent` is `hard` in events
            yield msgspec.structs.replace(problem, nearest=meant) if meant in words else problem


def _compared(raw: Any, path: Path) -> Iterator[tuple[Path, str]]:
    if isinstance(raw, str):
        yield path, raw
    elif isinstance(raw, list):
        for place, one in enumerate(raw):
            yield from _compared(one, (*path, place))
    elif isinstance(raw, Mapping):
        for key in _COMPARED:
            if key in raw:
                yield from _compared(raw[key], (*path, key))
