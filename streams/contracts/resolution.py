"""Resolves the schema of a writer against that of a reader (PITFALLS 58): the plan by which both
forms of a record reader read, the generated and the compiled one.

    writer's fields   event_id   items ── sku, name   note    ...    in the order of the bytes
    read as           event_id   items ── sku         -              -: skipped
    result            {"items": ..., "event_id": ..., "tags": []}    the reader's order, defaults
"""

from typing import Any

import msgspec

from streams.contracts.schemas import Schema, kind_of

WHOLE_NUMBERS = ("int", "long")
_READ = {"null", "boolean", "int", "long", "float", "double", "string", "bytes"}
_SIZES = {"null": 0, "boolean": 1, "float": 4, "double": 8}
_DEEPEST = 10
"""Levels of a schema. Arrays and maps are two nested loops each in generated code, of which Python
allows twenty; ours have six levels."""

_LARGEST = 1 << 30
"""Bytes of a fixed value."""


class NotCovered(Exception):
    """A pair of schemas that is left to fastavro."""


class ReadValue(msgspec.Struct, frozen=True):
    """A value of a primitive type; `enum` and `fixed` are only ever skipped."""

    kind: str
    as_double: bool = False  # a whole number
    size: int | None = None  # bytes, if always the same


class ReadUnion(msgspec.Struct, frozen=True):
    """The branches of the writer."""

    branches: tuple["ReadPlan", ...]


class ReadArray(msgspec.Struct, frozen=True):
    """The items of an array."""

    items: "ReadPlan"


class ReadMap(msgspec.Struct, frozen=True):
    """The values of a map."""

    values: "ReadPlan"


class ReadRecord(msgspec.Struct, frozen=True):
    """The writer's fields, each with the name of the reader's field, or None if it is skipped; and
    all fields of the result in the reader's order, with the defaults of those not written."""

    fields: tuple[tuple[str | None, "ReadPlan"], ...]
    result: dict[str, Any]


ReadPlan = ReadValue | ReadUnion | ReadArray | ReadMap | ReadRecord


def resolved(writer: Schema, reader: Schema, wanted: frozenset[str] | None) -> ReadRecord:
    """Returns the plan to read records of `writer` as records of `reader`: all fields, or those
    `wanted` (`items.sku`: only the SKU of the items). Raises NotCovered."""
    return _record(writer, reader, wanted, _DEEPEST)


def fixed_size(plan: ReadPlan) -> int | None:
    """Returns the size of a value in bytes; None if it depends on the value."""
    if isinstance(plan, ReadValue):
        return plan.size
    if isinstance(plan, ReadRecord):
        sizes = [fixed_size(field) for _, field in plan.fields]
        return None if None in sizes else sum(size or 0 for size in sizes)
    return None


def parts_of(name: str | None, wanted: frozenset[str] | None) -> frozenset[str]:
    """Returns the wanted fields inside the field `name`: `sku` for `items`, of `items.sku`."""
    if wanted is None or name is None:
        return frozenset()
    return frozenset(w[len(name) + 1 :] for w in wanted if w.startswith(f"{name}."))


def _record(
    writer: Schema, reader: Schema, wanted: frozenset[str] | None, depth: int
) -> ReadRecord:
    source_of = {}
    for field in reader["fields"]:
        names = (field["name"], *field.get("aliases", ()))
        source_of[field["name"]] = next(
            (w["name"] for name in names for w in writer["fields"] if w["name"] == name), None
        )
    read_as = {source: name for name, source in source_of.items() if source is not None}
    targets = {field["name"]: field for field in reader["fields"]}
    fields: list[tuple[str | None, ReadPlan]] = []
    for field in writer["fields"]:
        name = read_as.get(field["name"])
        if name is None or not _is_wanted(name, wanted):
            fields.append((None, _skipped(field["type"], depth - 1)))
        else:
            all_of_it = wanted is None or name in wanted
            inner = None if all_of_it else parts_of(name, wanted)
            plan = _value(field["type"], targets[name]["type"], inner, depth - 1)
            fields.append((name, plan))
    read = {name for name, _ in fields}
    result: dict[str, Any] = {}
    for name, field in targets.items():
        if name in read:
            result[name] = None
        elif source_of[name] is None and _is_wanted(name, wanted):
            result[name] = _default(field)
    return ReadRecord(tuple(fields), result)


def _is_wanted(name: str, wanted: frozenset[str] | None) -> bool:
    return wanted is None or name in wanted or bool(parts_of(name, wanted))


def _value(writer: Schema, reader: Schema, wanted: frozenset[str] | None, depth: int) -> ReadPlan:
    """Plans the reading of one value. `wanted` names the fields to read of nested records."""
    if depth == 0:
        raise NotCovered
    if isinstance(writer, list):
        matched = [(branch, _branch_for(branch, reader)) for branch in writer]
        return _union(tuple(_value(*pair, wanted, depth - 1) for pair in matched))
    reader = _branch_for(writer, reader)
    written, read = kind_of(writer), kind_of(reader)
    if written != read and not (written in WHOLE_NUMBERS and read in ("long", "double")):
        raise NotCovered
    if written == "record":
        return _record(writer, reader, wanted, depth)
    if written == "array":
        return ReadArray(_value(writer["items"], reader["items"], wanted, depth - 1))
    if written == "map":
        return ReadMap(_value(writer["values"], reader["values"], wanted, depth - 1))
    if written not in _READ:
        raise NotCovered
    return ReadValue(written, written in WHOLE_NUMBERS and read == "double", _SIZES.get(written))


def _skipped(writer: Schema, depth: int) -> ReadPlan:
    """Plans the skipping of one value of the writer."""
    if depth == 0:
        raise NotCovered
    if isinstance(writer, list):
        return _union(tuple(_skipped(branch, depth - 1) for branch in writer))
    kind = kind_of(writer)
    if kind == "record":
        fields = [(None, _skipped(field["type"], depth - 1)) for field in writer["fields"]]
        return ReadRecord(tuple(fields), {})
    if kind == "array":
        return ReadArray(_skipped(writer["items"], depth - 1))
    if kind == "map":
        return ReadMap(_skipped(writer["values"], depth - 1))
    if kind == "fixed":
        size = writer["size"]
        if type(size) is not int or not 0 <= size <= _LARGEST:  # fastavro doesn't check it
            raise NotCovered
        return ReadValue(kind, size=size)
    if kind not in _READ and kind != "enum":
        raise NotCovered
    return ReadValue(kind, size=_SIZES.get(kind))


def _union(branches: tuple[ReadPlan, ...]) -> ReadUnion:
    if not branches:
        raise NotCovered
    return ReadUnion(branches)


def _branch_for(writer: Schema, reader: Schema) -> Schema:
    """Returns the branch of the reader's union for one branch of the writer."""
    if not isinstance(reader, list):
        return reader
    same = [branch for branch in reader if kind_of(branch) == kind_of(writer)]
    if len(same) != 1:
        raise NotCovered
    return same[0]


def _default(field: Schema) -> Any:
    """Returns the default of a field."""
    if "default" not in field:
        raise NotCovered
    kind = kind_of(field["type"][0] if isinstance(field["type"], list) else field["type"])
    default = field["default"]
    if kind not in ("null", "boolean", "int", "long", "string") and default not in ([], {}):
        raise NotCovered
    return default
