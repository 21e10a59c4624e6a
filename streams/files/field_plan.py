"""The plan of a mapping: how each field of its events is found, worked out once for all rows."""

from typing import Any, NamedTuple

from streams.engine.values import Field
from streams.files.convert import CONVERTERS
from streams.files.mapping import EMPTY, EventMapping, Sources
from streams.files.row_context import Converter, Unfit
from streams.files.tidied import tidies


class FieldPlan(NamedTuple):
    """How one field of an event is found; fields without any source have none."""

    name: str
    wanted: Field
    convert: Converter
    sources: Sources
    keyed: dict[str, Sources] | None
    column: str | None  # of the only source, if the field is just that: as most are
    how: str  # of that column
    is_tidied: bool


def plans_of(mapping: EventMapping) -> list[FieldPlan]:
    """Returns the plans of the fields that a mapping has a source for, or that no event lacks."""
    plans = []
    for name, wanted in mapping.fields.items():
        sources = mapping.sources.get(name, ())
        keyed = mapping.keys.get(name)
        if sources or keyed is not None or not wanted.is_optional:
            is_just_a_column = keyed is None and not (name == "items" and mapping.items is not None)
            column = _only_column(sources) if is_just_a_column else None
            how = "" if column is None else sources[0].how
            convert = CONVERTERS[wanted.type]
            plans.append(
                FieldPlan(name, wanted, convert, sources, keyed, column, how, tidies(name))
            )
    return plans


def set_missing(plan: FieldPlan, event: dict[str, Any]) -> None:
    """Sets a field without a value: empty, or left out. Raises Unfit if the event needs one, unless
    keys follow."""
    if plan.wanted.is_optional:
        return
    if plan.wanted.type in EMPTY:
        event[plan.name] = EMPTY[plan.wanted.type].copy()
    elif plan.keyed is None:
        raise Unfit(None, plan.wanted.type.value)


def _only_column(sources: Sources) -> str | None:
    """Returns the column that most fields have as their only source: its value needs no search."""
    if len(sources) != 1 or sources[0].path is None or sources[0].how.endswith(":sum"):
        return None
    path = sources[0].path
    return path.column if path.steps == (path.text,) else None
