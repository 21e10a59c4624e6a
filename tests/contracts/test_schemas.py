"""The files of schemas/ against the engine, against their own rules, and against older versions."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from streams.contracts.backfill_requests import BackfillRequest
from streams.contracts.control import DefinitionsRecord, FactsRecord, PackedModel
from streams.contracts.custom_events import CustomEventReader
from streams.contracts.dead_letters import DeadLetter
from streams.contracts.encode import LateRecord
from streams.contracts.fields import EVENT_FIELDS
from streams.contracts.partition_facts import PackedArticleReport, PartitionFacts
from streams.contracts.review_answers import ReviewReader
from streams.contracts.schemas import (
    METRIC_OF_RECORD,
    contract_of,
    kind_of,
    load_schemas,
    record_name,
    shipped_schemas,
)
from streams.contracts.trace import TRACEPARENT
from streams.engine import METRICS, Decision, Interest, SegmentChange, SendCommand, WebhookCommand
from streams.engine.values.event import ITEM_FIELDS, PRODUCT_METRICS, Field, FieldType
from streams.errors import Refused
from streams.ports import CouponCode, CouponFacts, CouponReport, MovedCodes
from streams.resources import schemas_dir
from tests.contracts.compatibility import problems_between

MOMENT = {"type": "long", "logicalType": "timestamp-millis"}
ON_THE_WIRE: dict[FieldType, list[Any]] = {
    FieldType.TEXT: ["string"],
    FieldType.NUMBER: ["long", "double"],
    FieldType.MONEY: ["long"],
    FieldType.BOOLEAN: ["boolean"],
    FieldType.DATE: ["string"],
    FieldType.MOMENT: [MOMENT],
    FieldType.TEXTS: [{"type": "array", "items": "string"}],
    FieldType.NUMBERS: [{"type": "array", "items": "double"}],
    FieldType.TEXT_MAP: [{"type": "map", "values": "string"}],
}
STRUCTS = {
    "SendCommand": SendCommand,
    "WebhookCommand": WebhookCommand,
    "DeadLetter": DeadLetter,
    "LateRecord": LateRecord,
    "Interest": Interest,
    "SegmentChange": SegmentChange,
    "Definitions": DefinitionsRecord,
    "StoreFacts": FactsRecord,
    "PurchaseModel": PackedModel,
    "Backfill": BackfillRequest,
    "CouponCode": CouponCode,
    "PartitionFacts": PartitionFacts,
    "ArticleReport": PackedArticleReport,
    "CouponReport": CouponReport,
    "CouponFacts": CouponFacts,
    "MovedCodes": MovedCodes,
}
SOURCES = {path.stem: json.loads(path.read_text()) for path in schemas_dir().glob("*.avsc")}


def test_every_schema_is_a_metric_or_has_a_struct_and_every_one_of_them_has_a_schema() -> None:
    known = METRIC_OF_RECORD.keys() | STRUCTS.keys() | set(map(record_name, PRODUCT_METRICS))
    known |= {"Decisions", "ReviewRequest", CustomEventReader.name, ReviewReader.name}
    assert known == shipped_schemas().current.keys()
    assert not METRIC_OF_RECORD.keys() & STRUCTS.keys()
    assert record_name("order.placed") == "OrderPlaced"
    assert record_name("product.back_in_stock") == "ProductBackInStock"


@pytest.mark.parametrize("metric", METRICS)
def test_a_metric_and_its_schema_have_the_same_fields(metric: str) -> None:
    schema = SOURCES[record_name(metric)]
    fields = EVENT_FIELDS | METRICS[metric].fields
    assert [field["name"] for field in schema["fields"]] == list(fields)
    for written in schema["fields"]:
        holds_the_same(written, fields[written["name"]])


@pytest.mark.parametrize("metric", PRODUCT_METRICS)
def test_a_metric_of_articles_and_its_schema_have_the_same_fields(metric: str) -> None:
    schema = SOURCES[record_name(metric)]
    common = {name: EVENT_FIELDS[name] for name in ("event_id", "occurred_at")}
    fields = common | PRODUCT_METRICS[metric].fields
    assert [field["name"] for field in schema["fields"]] == list(fields)
    for written in schema["fields"]:
        holds_the_same(written, fields[written["name"]])


def holds_the_same(written: dict[str, Any], field: Field) -> None:
    type_ = written["type"]
    if field.is_optional:
        assert type_[0] == "null"
        assert len(type_) == 2
        assert written["default"] is None
        type_ = type_[1]
    match field.type:
        case FieldType.ITEMS:
            assert kind_of(type_) == "array"
            assert [f["name"] for f in type_["items"]["fields"]] == list(ITEM_FIELDS)
            for inner in type_["items"]["fields"]:
                holds_the_same(inner, ITEM_FIELDS[inner["name"]])
        case FieldType.PATCH:
            assert kind_of(type_) == "map"
        case _:
            assert type_ in ON_THE_WIRE[field.type]
    if field.type is FieldType.MONEY:
        assert "minor units" in written["doc"]


@pytest.mark.parametrize("name", STRUCTS)
def test_an_output_record_and_its_struct_have_the_same_fields(name: str) -> None:
    struct = [field for field in STRUCTS[name].__struct_fields__ if field != TRACEPARENT]
    assert [field["name"] for field in SOURCES[name]["fields"]] == struct


def test_a_request_for_review_has_the_fields_of_a_command_that_is_not_decided_yet() -> None:
    command = [field for field in SendCommand.__struct_fields__ if field != TRACEPARENT]
    command.remove("not_before")
    command[command.index("decided_at")] = "requested_at"
    assert [field["name"] for field in SOURCES["ReviewRequest"]["fields"]] == command


def test_decisions_and_each_of_them_have_together_the_fields_of_the_struct() -> None:
    *common, decisions = SOURCES["Decisions"]["fields"]
    assert decisions["name"] == "decisions"
    names = [field["name"] for field in (*common, *decisions["type"]["items"]["fields"])]
    assert sorted(names) == sorted(Decision.__struct_fields__)


@pytest.mark.parametrize("name", SOURCES)
def test_every_record_and_field_is_documented(name: str) -> None:
    def documented(record: dict[str, Any]) -> None:
        assert record["doc"].strip().endswith("."), record["name"]
        for field in record["fields"]:
            assert field["doc"].strip().endswith("."), f"{record['name']}.{field['name']}"
            type_ = field["type"]
            inner = type_.get("items") if isinstance(type_, dict) else None
            if isinstance(inner, dict) and kind_of(inner) == "record":
                documented(inner)

    assert SOURCES[name]["namespace"] == "sendflow.v1"
    documented(SOURCES[name])


def test_an_item_is_the_same_wherever_it_occurs() -> None:
    items = [
        field["type"]["items"]
        for schema in SOURCES.values()
        for field in schema["fields"]
        if field["name"] == "items" and field["type"]["items"]["name"] == "Item"
    ]
    assert len(items) == 8
    assert all(item == items[0] for item in items)


ITEM_WITHOUT_A_SKU = (
    "forward incompatible: items[].sku may be null, the reader takes string",
    "forward incompatible: items[].sku is null, the reader expects string",
)
"""The exception of schemas/README.md: records that only workers read."""


def test_no_version_was_lost_and_each_fits_the_one_before() -> None:
    known = shipped_schemas()
    versions: dict[str, list[str]] = {}
    for line in (schemas_dir() / "fingerprints.txt").read_text().splitlines():
        if not line.startswith("#"):
            name, fingerprint = line.split()
            versions.setdefault(name, []).append(fingerprint)
    assert versions.keys() == known.current.keys(), "fingerprints.txt: a record is missing"
    for name, fingerprints in versions.items():
        newest = known.current[name].fingerprint.hex()
        assert fingerprints[-1] == newest, f"{name} has changed: see schemas/README.md, last part"
        contracts = [known.by_fingerprint.get(bytes.fromhex(one)) for one in fingerprints]
        for fingerprint, contract in zip(fingerprints, contracts, strict=True):
            assert contract is not None, f"{name}: version {fingerprint} isn't in history/"
            assert contract.name == name
            problems = problems_between(contract.schema, known.current[name].schema)
            assert [one for one in problems if one not in ITEM_WITHOUT_A_SKU] == []


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "record", "name": "sendflow.v1.A", "fields": []},
        {"fields": [], "type": "record", "name": "A", "namespace": "sendflow.v1", "doc": "x"},
    ],
)
def test_a_fingerprint_is_that_of_the_canonical_form(schema: Any) -> None:
    canonical = b'{"name":"sendflow.v1.A","type":"record","fields":[]}'
    assert contract_of(schema).fingerprint == crc_64_avro(canonical).to_bytes(8, "little")


def crc_64_avro(data: bytes) -> int:
    """The specification's definition, bit by bit."""
    empty = 0xC15D213AA4D7A795
    value = empty
    for byte in data:
        value ^= byte
        for _ in range(8):
            value = value >> 1 ^ (empty if value & 1 else 0)
    return value


def test_crc_64_avro_of_the_specification() -> None:
    assert crc_64_avro(b'"null"') == 0x63DD24E7CC258F8A
    assert crc_64_avro(b'"int"') == 0x7275D51A3F395C8F


# ── loading ──


def test_a_file_that_is_no_schema_is_refused_by_its_name(tmp_path: Path) -> None:
    (tmp_path / "Broken.avsc").write_text("{")
    with pytest.raises(Refused, match=r"Broken\.avsc"):
        load_schemas(tmp_path)


@pytest.mark.parametrize(
    ("schema", "says"),
    [
        (
            {"type": "record", "name": "other.A", "fields": []},
            "record name other.A, expected one of",
        ),
        ({"type": "record", "name": "sendflow.v1.B", "fields": []}, "the file's name"),
        ({"type": "array", "items": "string"}, "schema type array, expected record"),
        ({"type": "recor", "name": "sendflow.v1.A", "fields": []}, "not an Avro schema"),
    ],
)
def test_a_schema_that_is_none_of_ours_is_refused(tmp_path: Path, schema: Any, says: str) -> None:
    (tmp_path / "A.avsc").write_text(json.dumps(schema))
    with pytest.raises(Refused, match=says):
        load_schemas(tmp_path)


def test_older_versions_are_known_by_their_fingerprints(tmp_path: Path) -> None:
    def record(*names: str) -> str:
        fields = [{"name": n, "type": "string", "default": ""} for n in names]
        return json.dumps({"type": "record", "name": "sendflow.v1.A", "fields": fields})

    (tmp_path / "history").mkdir()
    (tmp_path / "A.avsc").write_text(record("a", "b"))
    (tmp_path / "history" / "A.1.avsc").write_text(record("a"))
    known = load_schemas(tmp_path)
    assert len(known.by_fingerprint) == 2
    old = contract_of(json.loads(record("a")))
    assert known.by_fingerprint[old.fingerprint].name == "A"
    assert [f["name"] for f in known.current["A"].schema["fields"]] == ["a", "b"]


# ── compatibility ──


def version(*fields: dict[str, Any]) -> Any:
    schema = {"type": "record", "name": "sendflow.v1.Thing", "fields": list(fields)}
    return contract_of(schema).schema


ID = {"name": "id", "type": "string"}
SKU = {"name": "sku", "type": "string"}
NOTE = {"name": "note", "type": ["null", "string"], "default": None}


def enum(*symbols: str, **more: str) -> dict[str, Any]:
    return {"type": "enum", "name": "Kind", "symbols": list(symbols), **more}


@pytest.mark.parametrize(
    ("old", "new", "problems"),
    [
        (version(ID), version(ID), []),
        (version(ID), version(ID, NOTE), []),
        (version(ID, NOTE), version(ID), []),
        (version(ID, NOTE), version(NOTE, ID), []),
        (
            version(ID),
            version(ID, {"name": "total", "type": "long"}),
            ["backward incompatible: total is missing"],
        ),
        (version(ID, NOTE), version(NOTE), ["forward incompatible: id is missing"]),
        (
            version({"name": "n", "type": "long"}),
            version({"name": "n", "type": "double"}),
            ["forward incompatible: n is double, the reader expects long"],
        ),
        (
            version({"name": "n", "type": "long"}),
            version({"name": "n", "type": ["null", "long"]}),
            ["forward incompatible: n is null, the reader expects long"],
        ),
        (
            version({"name": "n", "type": "string"}),
            version({"name": "n", "type": "boolean"}),
            ["backward incompatible", "forward incompatible"],
        ),
        (
            version({"name": "n", "type": {"type": "array", "items": "string"}}),
            version({"name": "n", "type": {"type": "map", "values": "string"}}),
            ["n is array, the reader expects map", "n is map, the reader expects array"],
        ),
        (
            version({"name": "n", "type": {"type": "array", "items": "long"}}),
            version({"name": "n", "type": {"type": "array", "items": "double"}}),
            [r"forward incompatible: n\[\] is double"],
        ),
        (
            version({"name": "n", "type": {"type": "map", "values": "long"}}),
            version({"name": "n", "type": {"type": "map", "values": "double"}}),
            [r"n\{\} is double"],
        ),
        (
            version({"name": "k", "type": enum("a", "b")}),
            version({"name": "k", "type": enum("a", "b", "c")}),
            ["forward incompatible: k may be c, which the reader doesn't know"],
        ),
        (
            version({"name": "k", "type": enum("a", "b", default="a")}),
            version({"name": "k", "type": enum("a", "b", "c", default="a")}),
            [],
        ),
        (
            version(NOTE),
            version(NOTE | {"name": "remark", "aliases": ["note"]}),
            [],
        ),
        (
            version(ID),
            version(ID | {"name": "thing_id", "aliases": ["id"]}),
            ["forward incompatible: id is missing"],
        ),
        (
            version({"name": "f", "type": {"type": "fixed", "name": "F", "size": 4}}),
            version({"name": "f", "type": {"type": "fixed", "name": "F", "size": 5}}),
            ["has 4 bytes, the reader expects 5", "has 5 bytes, the reader expects 4"],
        ),
        (
            version({"name": "i", "type": {"type": "record", "name": "I", "fields": [ID]}}),
            version({"name": "i", "type": {"type": "record", "name": "I", "fields": [ID, SKU]}}),
            [r"backward incompatible: i\.sku is missing"],
        ),
        (
            version({"name": "i", "type": {"type": "record", "name": "I", "fields": [ID]}}),
            version({"name": "i", "type": {"type": "record", "name": "J", "fields": [ID]}}),
            ["is called", "is called"],
        ),
    ],
)
def test_problems_between_two_versions(old: Any, new: Any, problems: list[str]) -> None:
    found = problems_between(old, new)
    assert len(found) == len(problems), found
    for one, expected in zip(found, problems, strict=True):
        assert re.search(expected, one)
