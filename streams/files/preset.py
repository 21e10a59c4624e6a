"""Presets: mappings of files that other systems export, each a small file in `presets/`.

    about = "…"                        what the file is, for the help
    group_by = ["Name"]                rows of one event, where a file has the column

    [[event]]                          events that a row becomes; a row may become several
    metric = "order.placed"
    when = [{ status = ["paid"] }]     one of these must hold: words, true (said), false (not said),
                                       {not = [words]}
    each = "refunds"                   an event for each element of a list, `each.…` in the map
    needs = ["customer_id"]            rows without it are passed over
    [event.map]
    total = ["Total:major", "total_price:major"]     the first column counts that says something
    [event.set]
    currency = "EUR"

Options of the command line win over the fields of a preset. Rows for none of its events are passed
over and counted.
"""

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from typing import Any

from streams.engine.values import unknown_name
from streams.errors import Refused
from streams.files.column_path import ColumnPath, parse_reference
from streams.files.mapping import RowCondition
from streams.files.mapping_texts import MappingTexts

_FOLDER = resources.files("streams.files") / "presets"
_SUFFIX = ".toml"


@dataclass(frozen=True, slots=True)
class PresetEvent:
    """One kind of event in a preset."""

    metric: str
    texts: MappingTexts


@dataclass(frozen=True, slots=True)
class Preset:
    """A preset as it is written; `group_by` are columns, the first that a file has."""

    name: str
    about: str
    group_by: tuple[str, ...]
    events: tuple[PresetEvent, ...]


def preset_names() -> list[str]:
    """Returns the names of all presets."""
    names = [entry.name for entry in _FOLDER.iterdir()]
    return sorted(name.removesuffix(_SUFFIX) for name in names if name.endswith(_SUFFIX))


def load_preset(name: str) -> Preset:
    """Returns a preset. Raises Refused for an unknown one."""
    if name not in preset_names():
        raise Refused(unknown_name((), "preset", name, preset_names()).sentence())
    written = tomllib.loads((_FOLDER / f"{name}{_SUFFIX}").read_text(encoding="utf-8"))
    return Preset(
        name,
        written["about"],
        tuple(written.get("group_by", ())),
        tuple(_event(entry) for entry in written["event"]),
    )


def with_options(event: PresetEvent, maps: Sequence[str], constants: Sequence[str]) -> MappingTexts:
    """Returns the mapping of an event with the entries of the command line."""
    texts = event.texts
    return MappingTexts(
        maps,
        constants,
        texts.alternatives,
        texts.preset_constants,
        texts.needs,
        texts.when,
        texts.each,
    )


def _event(written: Mapping[str, Any]) -> PresetEvent:
    alternatives = {
        target: (columns,) if isinstance(columns, str) else tuple(columns)
        for target, columns in written.get("map", {}).items()
    }
    when = tuple(
        tuple(_condition(column, wanted) for column, wanted in entry.items())
        for entry in written.get("when", ())
    )
    each = written.get("each")
    return PresetEvent(
        written["metric"],
        MappingTexts(
            alternatives=alternatives,
            preset_constants=written.get("set", {}),
            needs=tuple(written.get("needs", ())),
            when=when,
            each=None if each is None else _path(each),
        ),
    )


def _condition(column: str, wanted: Any) -> RowCondition:
    match wanted:
        case bool():
            return RowCondition(_path(column), is_there=wanted)
        case {"not": words}:
            return RowCondition(_path(column), words=_words(words), is_one_of=False)
        case str():
            return RowCondition(_path(column), words=_words([wanted]))
    return RowCondition(_path(column), words=_words(wanted))


def _words(words: Iterable[str]) -> frozenset[str]:
    return frozenset(word.lower() for word in words)


def _path(text: str) -> ColumnPath:
    parsed = parse_reference(text, ())
    assert parsed is not None, f"presets are tested: {text}"
    return parsed[0]
