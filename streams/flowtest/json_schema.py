"""The JSON Schema by which editors complete and check `*.test.yaml`, made from the structs that
read them, the metrics and the fields of what is expected."""

from collections.abc import Mapping
from typing import Any

from streams.definitions.json_schema import DIALECT, SchemaWriter, as_file
from streams.engine.compiling import Flow, MetricDefinition, Segment
from streams.engine.content import CouponPool
from streams.engine.language import PROFILE_FIELDS, StoreSettings
from streams.engine.values import ITEM_FIELDS, METRICS, Field, FieldType
from streams.flowtest.cases import FileText
from streams.flowtest.entries import COMMANDS, DECISIONS, REVIEWS, WEBHOOKS, Entries

_ANY_SCALAR: dict[str, Any] = {"type": ["string", "number", "boolean", "null"]}
_MAPPING: dict[str, Any] = {"type": "object"}

OTHER_ENTRIES: dict[str, dict[str, Any]] = {
    "publish": {"description": "these definitions follow", "$ref": "#/$defs/RawSet"},
    "facts": {"description": "store facts arrive: names to numbers", **_MAPPING},
    "values": {"description": "customers to values that stand in for the model's", **_MAPPING},
    "review": {"description": "a person answers: send or drop, and customer", **_MAPPING},
    "backfill": {"description": "past customers are added to this flow"},
    "crash": {"description": "memory is lost, and state restored", "type": "boolean"},
}
"""What may happen beside events."""


def test_schema() -> dict[str, Any]:
    """The schema of every `*.test.yaml`."""
    writer = SchemaWriter()
    root = writer.place(FileText)
    _name_parts(writer)
    _name_entries(writer.definitions)
    return {
        "$schema": DIALECT,
        "title": "Tests of Sendflow flows",
        **root,
        "$defs": dict(sorted(writer.definitions.items())),
    }


def schema_text() -> str:
    """The schema as it lies in `schemas/test.schema.json`."""
    return as_file(test_schema())


def _name_parts(writer: SchemaWriter) -> None:
    """Definitions inside of tests are read where all of them are known; an editor may check each
    by itself."""
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


def _name_entries(definitions: dict[str, Any]) -> None:
    profile = _fields(PROFILE_FIELDS)
    for struct in ("FileText", "CaseText"):
        definitions[struct]["properties"]["customers"]["additionalProperties"] = profile
    definitions["CaseText"]["properties"]["events"]["items"] = {
        "type": "object",
        "required": ["at"],
        "properties": {
            "at": {"type": "string", "description": "the record time: 2026-03-02 10:00"},
            **OTHER_ENTRIES,
            **{name: _event(name, metric.fields) for name, metric in METRICS.items()},
        },
    }
    expected = definitions["Expect"]["properties"]
    lists = {
        "commands": COMMANDS,
        "webhooks": WEBHOOKS,
        "reviews": REVIEWS,
        "decisions": DECISIONS,
        "decisions_exactly": DECISIONS,
    }
    for name, entries in lists.items():
        expected[name]["items"] = _entry(entries)


def _event(metric: str, fields: Mapping[str, Field]) -> dict[str, Any]:
    if metric == "customer.updated":
        fields = PROFILE_FIELDS
    if metric.startswith("message."):
        fields = {**fields, "template": Field(FieldType.TEXT)}
    given = _fields(fields)
    about = {
        "customer": {"type": "string"},
        "event_id": _ANY_SCALAR,
        "occurred_at": {"type": "string"},
    }
    return {**given, "required": ["customer"], "properties": {**about, **given["properties"]}}


def _fields(fields: Mapping[str, Field]) -> dict[str, Any]:
    """Fields of the shop's own may stand beside these."""
    properties = {name: _value(field.type) for name, field in fields.items()}
    return {"type": "object", "properties": properties}


def _value(kind: FieldType) -> dict[str, Any]:
    if kind is FieldType.ITEMS:
        return {"type": "array", "items": {**_fields(ITEM_FIELDS), "required": ["sku"]}}
    if kind in (FieldType.TEXTS, FieldType.NUMBERS):
        return {"type": "array"}
    return _MAPPING if kind is FieldType.TEXT_MAP else _ANY_SCALAR


def _entry(entries: Entries) -> dict[str, Any]:
    properties: dict[str, Any] = dict.fromkeys(entries.fields, True)
    return {"type": "object", "properties": properties, "additionalProperties": False}


if __name__ == "__main__":
    print(schema_text(), end="")
