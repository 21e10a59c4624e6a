"""The Avro contracts of `schemas/`: their names, fingerprints and versions.

One rule leads from a metric to its schema and its file: `order.placed` is the record
`sendflow.v1.OrderPlaced` in `OrderPlaced.avsc`.
"""

import json
from collections.abc import Iterable
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
        raise ValueError(f"not an Avro schema: {error}") from error
    if not isinstance(expanded, dict) or expanded.get("type") != "record":
        raise ValueError(f"schema type {kind_of(expanded)}, expected record")
    namespace, _, name = expanded["name"].rpartition(".")
    if namespace != NAMESPACE:
        raise ValueError(f"record name {expanded['name']}, expected one of {NAMESPACE}.*")
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
        raise Refused(f"{path}: record name {contract.name}, expected the file's name")
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
