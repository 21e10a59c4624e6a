"""The Avro contracts of `schemas/`: names, fingerprints, and whether two versions fit each other.

One rule leads from a metric to its schema and its file: `order.placed` is the record
`sendflow.v1.OrderPlaced` in `OrderPlaced.avsc`.
"""

import json
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
from fastavro.schema import (
    SchemaParseException,
    UnknownType,
    fingerprint,
    parse_schema,
    to_parsing_canonical_form,
)

from streams.engine import METRICS
from streams.errors import Refused
from streams.resources import schemas_dir

Schema = Any
"""An Avro schema as JSON values: a dict, a list (a union) or the name of a primitive type."""

NAMESPACE = "sendflow.v1"


class Contract(msgspec.Struct, frozen=True):
    """One version of one record."""

    name: str  # without the namespace: OrderPlaced
    fingerprint: bytes  # CRC-64-AVRO, little-endian, as single-object encoding carries it
    schema: Schema  # checked by fastavro, references written out
    source: Schema  # as its file has it

    @property
    def full_name(self) -> str:
        return f"{NAMESPACE}.{self.name}"


class Schemas:
    """The newest contract of every record, and every version that is known."""

    def __init__(self, current: Iterable[Contract], older: Iterable[Contract] = ()) -> None:
        self.current: dict[str, Contract] = {contract.name: contract for contract in current}
        self.by_fingerprint: dict[bytes, Contract] = {
            contract.fingerprint: contract for contract in (*older, *self.current.values())
        }

    def of_metric(self, metric: str) -> Contract:
        """The newest contract of a metric (KeyError: it has none)."""
        return self.current[record_name(metric)]


def record_name(metric: str) -> str:
    """`order.placed` -> `OrderPlaced`, `product.back_in_stock` -> `ProductBackInStock`."""
    return "".join(word.capitalize() for word in metric.replace("_", ".").split("."))


METRIC_OF_RECORD: dict[str, str] = {record_name(metric): metric for metric in METRICS}


def contract_of(schema: Schema, named: dict[str, Any] | None = None) -> Contract:
    """A contract of a schema as it was read from JSON; `named` has the schemas that it may refer
    to. Raises ValueError, saying what is wrong with it."""
    try:
        expanded = parse_schema(schema, named, expand=True)
    except (SchemaParseException, UnknownType, KeyError, TypeError) as error:
        raise ValueError(f"it is not an Avro schema: {error}") from error
    if not isinstance(expanded, dict) or expanded.get("type") != "record":
        raise ValueError(f"it is {kind_of(expanded)}, expected a record")
    namespace, _, name = expanded["name"].rpartition(".")
    if namespace != NAMESPACE:
        raise ValueError(f"it is called {expanded['name']}, expected one of {NAMESPACE}.*")
    canonical = to_parsing_canonical_form(expanded if named else schema)
    return Contract(name, bytes.fromhex(fingerprint(canonical, "CRC-64-AVRO")), expanded, schema)


def load_schemas(folder: Path) -> Schemas:
    """The contracts in `folder`, with the older versions in `folder/history`. Raises Refused,
    naming the file that is wrong."""
    return Schemas(
        (_load(path) for path in sorted(folder.glob("*.avsc"))),
        (_load(path) for path in sorted((folder / "history").glob("*.avsc"))),
    )


@cache
def shipped_schemas() -> Schemas:
    """The contracts that come with this version."""
    return load_schemas(schemas_dir())


def _load(path: Path) -> Contract:
    try:
        contract = contract_of(json.loads(path.read_text(encoding="utf-8")))
    except ValueError as error:
        raise Refused(f"{path}: {error}") from error
    # OrderPlaced.avsc, and OrderPlaced.1.avsc in history/
    if path.name.split(".")[0] != contract.name:
        raise Refused(f"{path}: it is called {contract.name}, expected the name of the file")
    return contract


def kind_of(schema: Schema) -> str:
    """The word for a type: `record`, `array`, `union`, `string`..."""
    if isinstance(schema, list):
        return "union"
    return str(schema["type"] if isinstance(schema, dict) else schema)


def without_logical_types(schema: Schema) -> Schema:
    """The same bytes read as plain values: moments stay whole milliseconds."""
    if isinstance(schema, list):
        return [without_logical_types(branch) for branch in schema]
    if isinstance(schema, dict):
        return {
            key: without_logical_types(value) if key in ("type", "items", "values") else value
            for key, value in schema.items()
            if key not in ("logicalType", "fields")
        } | (
            {"fields": [without_logical_types(field) for field in schema["fields"]]}
            if "fields" in schema
            else {}
        )
    return schema


# Compatibility: both ways, since producers, workers and delivery workers are updated in any order
# and old records stay in the topics.

_PROMOTIONS: dict[str, tuple[str, ...]] = {
    "int": ("long", "float", "double"),
    "long": ("float", "double"),
    "float": ("double",),
    "string": ("bytes",),
    "bytes": ("string",),
}


def problems_between(old: Schema, new: Schema) -> list[str]:
    """What would break if `new` took the place of `old`: empty if a reader of each can read what
    a writer of the other wrote."""
    backward = (f"new readers can't read old records: {p}" for p in _unreadable(old, new, ""))
    forward = (f"old readers can't read new records: {p}" for p in _unreadable(new, old, ""))
    return [*backward, *forward]


def _unreadable(writer: Schema, reader: Schema, path: str) -> Iterator[str]:
    """Why data of `writer` can't be read by `reader` (Avro's rules of schema resolution)."""
    at = path or "the record"
    if isinstance(writer, list):
        for branch in writer:
            yield from _unreadable(branch, reader, path)
        return
    if isinstance(reader, list):
        if all(any(_unreadable(writer, branch, path)) for branch in reader):
            yield f"{at} may be {kind_of(writer)}, the reader takes {_branches(reader)}"
        return
    written, read = kind_of(writer), kind_of(reader)
    if written != read:
        if read not in _PROMOTIONS.get(written, ()):
            yield f"{at} is {written}, the reader expects {read}"
    elif written == "array":
        yield from _unreadable(writer["items"], reader["items"], f"{path}[]")
    elif written == "map":
        yield from _unreadable(writer["values"], reader["values"], f"{path}{{}}")
    elif written in ("record", "enum", "fixed"):
        if not _share_a_name(writer, reader):
            yield f"{at} is called {writer['name']}, the reader expects {reader['name']}"
        elif written == "record":
            yield from _unreadable_fields(writer, reader, path)
        elif written == "enum":
            unknown = [s for s in writer["symbols"] if s not in reader["symbols"]]
            if unknown and "default" not in reader:
                yield f"{at} may be {', '.join(unknown)}, which the reader doesn't know"
        elif writer["size"] != reader["size"]:
            yield f"{at} has {writer['size']} bytes, the reader expects {reader['size']}"


def _unreadable_fields(writer: Schema, reader: Schema, path: str) -> Iterator[str]:
    written = {field["name"]: field for field in writer["fields"]}
    for field in reader["fields"]:
        name = field["name"]
        source = next((n for n in (name, *field.get("aliases", ())) if n in written), None)
        at = f"{path}.{name}" if path else name
        if source is not None:
            yield from _unreadable(written[source]["type"], field["type"], at)
        elif "default" not in field:
            yield f"{at} is missing in the records and has no default"


def _share_a_name(writer: Schema, reader: Schema) -> bool:
    """Avro compares the names of records without their namespaces."""
    known = {reader["name"], *reader.get("aliases", ())}
    return _short(writer["name"]) in {_short(name) for name in known}


def _short(name: str) -> str:
    return name.rpartition(".")[2]


def _branches(union: list[Schema]) -> str:
    return " or ".join(kind_of(branch) for branch in union)
