"""JSON Schema of `*.test.yaml` for editors, made from the structs that read them, the metrics and
the fields of expected entries."""

from collections.abc import Mapping
from typing import Any

from streams.definitions.json_schema import DIALECT, SchemaWriter, as_file
from streams.definitions.schema_names import EVERY_SHOP, SchemaNames
from streams.engine.compiling import Flow, MetricDefinition, Segment
from streams.engine.content import CouponPool
from streams.engine.language import StoreSettings
from streams.engine.values import ITEM_FIELDS, PRODUCT_METRICS, Field, FieldType
from streams.flowtest.cases import FileText
from streams.flowtest.entries import (
    COMMAND_ENTRIES,
    DECISION_ENTRIES,
    REVIEW_ENTRIES,
    WEBHOOK_ENTRIES,
    Entries,
)

_ANY_SCALAR: dict[str, Any] = {"type": ["string", "number", "boolean", "null"]}
_MAPPING: dict[str, Any] = {"type": "object"}

OTHER_ENTRIES: dict[str, dict[str, Any]] = {
    "publish": {"description": "publish these definitions", "$ref": "#/$defs/RawSet"},
    "facts": {"description": "store facts: names to numbers", **_MAPPING},
    "model": {"description": "the purchase model: kinds to their parameters", **_MAPPING},
    "values": {"description": "customers to values that replace the model's", **_MAPPING},
    "review": {"description": "a review: send or drop, and customer", **_MAPPING},
    "backfill": {"description": "add past customers to this flow"},
    "crash": {"description": "lose memory and restore state", "type": "boolean"},
}
"""Entries of `events` that are no events."""


def schema_of_tests(names: SchemaNames = EVERY_SHOP) -> dict[str, Any]:
    """The schema of every `*.test.yaml`."""
    writer = SchemaWriter(names)
    root = writer.place(FileText)
    _name_parts(writer)
    _name_entries(writer.definitions, names)
    return {
        "$schema": DIALECT,
        "title": "Tests of Sendflow flows",
        **root,
        "$defs": dict(sorted(writer.definitions.items())),
    }


def schema_of_tests_text(names: SchemaNames = EVERY_SHOP) -> str:
    """Content of `test.schema.json`."""
    return as_file(schema_of_tests(names))


def _name_parts(writer: SchemaWriter) -> None:
    """Definitions inside of tests are read as a set; an editor may check each on its own."""
    parts = writer.definitions["RawSet"]["properties"]
    kinds = {
        "flows": Flow,
        "segments": Segment,
        "coupons": CouponPool,
        "metrics": MetricDefinition,
    }
    for part, kind in kinds.items():
        parts[part]["items"] = writer.place(kind)
    store = writer.place(StoreSettings)
    for properties in (
        parts,
        *(writer.definitions[one]["properties"] for one in ("FileText", "CaseText")),
    ):
        properties["store"] = {**store, "description": properties["store"]["description"]}


def _name_entries(definitions: dict[str, Any], names: SchemaNames) -> None:
    profile = _fields(names.profile)
    for struct in ("FileText", "CaseText"):
        definitions[struct]["properties"]["customers"]["additionalProperties"] = profile
    definitions["CaseText"]["properties"]["events"]["items"] = {
        "type": "object",
        "required": ["at"],
        "properties": {
            "at": {"type": "string", "description": "the record time: 2026-03-02 10:00"},
            **OTHER_ENTRIES,
            **{
                name: _event(name, metric.fields, names.profile)
                for name, metric in names.metrics.items()
            },
            **{name: _product(metric.fields) for name, metric in PRODUCT_METRICS.items()},
        },
        "additionalProperties": not names.is_whole_set,
    }
    expected = definitions["Expect"]["properties"]
    lists = {
        "commands": COMMAND_ENTRIES,
        "webhooks": WEBHOOK_ENTRIES,
        "reviews": REVIEW_ENTRIES,
        "decisions": DECISION_ENTRIES,
        "decisions_exactly": DECISION_ENTRIES,
    }
    for name, entries in lists.items():
        expected[name]["items"] = _entry(entries)


def _event(
    metric: str, fields: Mapping[str, Field], profile: Mapping[str, Field]
) -> dict[str, Any]:
    if metric == "customer.updated":
        fields = profile
    if metric.startswith("message."):
        fields = {**fields, "template": Field(FieldType.TEXT)}
    given = _fields(fields)
    about = {"customer": {"type": "string"}, **_OF_EVERY_EVENT}
    return {**given, "required": ["customer"], "properties": {**about, **given["properties"]}}


def _product(fields: Mapping[str, Field]) -> dict[str, Any]:
    """An event of an article, without a customer."""
    given = _fields(fields)
    properties = {**_OF_EVERY_EVENT, **given["properties"]}
    return {**given, "required": ["sku"], "properties": properties}


_OF_EVERY_EVENT: dict[str, Any] = {"event_id": _ANY_SCALAR, "occurred_at": {"type": "string"}}


def _fields(fields: Mapping[str, Field]) -> dict[str, Any]:
    """An object with these fields; custom fields are allowed, too."""
    properties = {name: _value(field.type) for name, field in fields.items()}
    return {"type": "object", "properties": properties}


def _value(kind: FieldType) -> dict[str, Any]:
    if kind is FieldType.ITEMS:
        return {"type": "array", "items": _fields(ITEM_FIELDS)}
    if kind in (FieldType.TEXTS, FieldType.NUMBERS):
        return {"type": "array"}
    return _MAPPING if kind is FieldType.TEXT_MAP else _ANY_SCALAR


def _entry(entries: Entries) -> dict[str, Any]:
    properties: dict[str, Any] = dict.fromkeys(entries.fields, True)
    return {"type": "object", "properties": properties, "additionalProperties": False}


if __name__ == "__main__":
    print(schema_of_tests_text(), end="")
