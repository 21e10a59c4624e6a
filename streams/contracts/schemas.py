"""The Avro contracts of `schemas/`: their names, fingerprints and versions.

Names follow one rule: the metric `order.placed` has the schema `sendflow.v1.OrderPlaced` in the
file `OrderPlaced.avsc`.
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
    schema: Schema  # checked by fastavro, references expanded
    source: Schema  # as in its file

    @property
    def full_name(self) -> str:
        return f"{NAMESPACE}.{self.name}"


class Schemas:
    """The newest contract of every record, and all known versions."""

    def __init__(self, current: Iterable[Contract], older: Iterable[Contract] = ()) -> None:
        self.current: dict[str, Contract] = {contract.name: contract for contract in current}
        self.by_fingerprint: dict[bytes, Contract] = {
            contract.fingerprint: contract for contract in (*older, *self.current.values())
        }

    def of_metric(self, metric: str) -> Contract:
        """Returns the newest contract of a metric. Raises KeyError if it has none."""
        return self.current[record_name(metric)]


def record_name(metric: str) -> str:
    """`order.placed` -> `OrderPlaced`, `product.back_in_stock` -> `ProductBackInStock`."""
    return "".join(word.capitalize() for word in metric.replace("_", ".").split("."))


METRIC_OF_RECORD: dict[str, str] = {record_name(metric): metric for metric in METRICS}


def contract_of(schema: Schema, named: dict[str, Any] | None = None) -> Contract:
    """Returns the contract of a schema given as JSON values; `named` holds the schemas that it may
    refer to. Raises ValueError with the problem."""
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
    """Returns the contracts in `folder`, with the older versions in `folder/history`. Raises
    Refused, naming the file."""
    return Schemas(
        (_load(path) for path in sorted(folder.glob("*.avsc"))),
        (_load(path) for path in sorted((folder / "history").glob("*.avsc"))),
    )


@cache
def shipped_schemas() -> Schemas:
    """The contracts of this version of sendflow."""
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
    """Returns the name of a type: `record`, `array`, `union`, `string`..."""
    if isinstance(schema, list):
        return "union"
    return str(schema["type"] if isinstance(schema, dict) else schema)


def without_logical_types(schema: Schema) -> Schema:
    """Returns the schema without logical types: times are read as whole milliseconds."""
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
