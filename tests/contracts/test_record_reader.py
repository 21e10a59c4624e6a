"""Compiled readers against fastavro: on our schemas, on any schema, on two versions of one."""

from contextlib import suppress
from io import BytesIO
from typing import Any

import fastavro
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.contracts.record_reader import (
    MALFORMED,
    Malformed,
    generate_reader,
    read_length,
    read_varint,
)
from streams.contracts.schemas import Schema, shipped_schemas, without_logical_types

from .generated import record_schemas, values_of

OURS = {name: contract.schema for name, contract in sorted(shipped_schemas().current.items())}


def written(schema: Schema, record: Any) -> bytes:
    target = BytesIO()
    fastavro.schemaless_writer(target, fastavro.parse_schema(without_logical_types(schema)), record)
    return target.getvalue()


def read_by_fastavro(data: bytes, writer: Schema, reader: Schema | None = None) -> Any:
    plain = fastavro.parse_schema(without_logical_types(writer))
    other = None if reader is None else fastavro.parse_schema(without_logical_types(reader))
    return fastavro.schemaless_reader(BytesIO(data), plain, other)


def parsed(name: str, *fields: dict[str, Any]) -> Schema:
    return fastavro.parse_schema({"type": "record", "name": name, "fields": list(fields)})


@given(st.sampled_from(sorted(OURS)).flatmap(lambda n: st.tuples(st.just(n), values_of(OURS[n]))))
def test_records_of_our_schemas_are_read_as_fastavro_reads_them(case: tuple[str, Any]) -> None:
    name, record = case
    data = written(OURS[name], record)
    before = b"\xc3\x01fingerpr"
    read, end = generate_reader(OURS[name], OURS[name])(before + data, len(before))
    assert read == read_by_fastavro(data, OURS[name])
    assert end == len(before) + len(data)


@given(record_schemas().flatmap(lambda s: st.tuples(st.just(s), values_of(s))), st.data())
def test_records_of_any_schema_are_read_as_fastavro_reads_them(
    case: tuple[Schema, Any], data: st.DataObject
) -> None:
    schema, record = case
    value = written(schema, record)
    expected = read_by_fastavro(value, schema)
    assert generate_reader(schema, schema)(value, 0) == (expected, len(value))
    some = data.draw(st.frozensets(st.sampled_from(sorted(record))))
    read, end = generate_reader(schema, schema, only=some)(value, 0)
    assert read == {name: value for name, value in expected.items() if name in some}
    assert end == len(value)


@given(values_of(OURS["OrderPlaced"]), st.data())
def test_fewer_fields_are_the_same_fields(record: Any, data: st.DataObject) -> None:
    schema = OURS["OrderPlaced"]
    value = written(schema, record)
    whole = read_by_fastavro(value, schema)
    apart = ("event_id", "customer_id", "occurred_at")
    some = data.draw(st.frozensets(st.sampled_from(sorted(whole.keys() - set(apart)))))
    *separate, rest, end = generate_reader(schema, schema, apart, some)(value, 0)
    assert separate == [whole[name] for name in apart]
    assert rest == {name: whole[name] for name in some}
    assert end == len(value)


def test_of_items_a_part_can_be_read() -> None:
    schema = OURS["OrderPlaced"]
    item = {"sku": "A", "name": "Lamp", "quantity": 2, "unit_price": 1250, "category": None}
    order = {"event_id": "e", "customer_id": "c", "occurred_at": 1, "order_id": "o", "total": 2500}
    order |= {"currency": "GBP", "items": [item, item | {"sku": "B", "url": "u"}], "tags": ["x"]}
    value = written(schema, order)
    read, end = generate_reader(schema, schema, only=frozenset({"items.sku", "total"}))(value, 0)
    assert read == {"total": 2500, "items": [{"sku": "A"}, {"sku": "B"}]}
    assert end == len(value)
    both = frozenset({"items.sku", "items"})
    assert len(generate_reader(schema, schema, only=both)(value, 0)[0]["items"][0]) == 7


# ── broken bytes ──


@given(st.sampled_from(sorted(OURS)).flatmap(lambda n: st.tuples(st.just(n), values_of(OURS[n]))))
def test_a_record_that_was_cut_off_is_never_taken_for_a_whole_one(case: tuple[str, Any]) -> None:
    name, record = case
    data = written(OURS[name], record)
    read = generate_reader(OURS[name], OURS[name])
    skip = generate_reader(OURS[name], OURS[name], only=frozenset())
    for length in {0, 1, len(data) // 2, len(data) - 1}:
        for attempt in (read, skip):
            try:
                end = attempt(data[:length], 0)[-1]
            except MALFORMED:
                continue
            assert end > length


@given(st.sampled_from(sorted(OURS)), st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(name: str, data: bytes) -> None:
    with suppress(*MALFORMED):
        generate_reader(OURS[name], OURS[name])(data, 0)


def test_numbers_are_read_to_64_bits_and_no_further() -> None:
    assert read_varint(b"\x7f", 0) == (127, 1)
    assert read_varint(b"\x80\x01", 0) == (128, 2)
    assert read_varint(b"\xff" * 9 + b"\x01", 0) == ((1 << 64) - 1, 10)
    with pytest.raises(Malformed, match="longer than 64 bits"):
        read_varint(b"\xff" * 9 + b"\x02", 0)
    with pytest.raises(Malformed, match="longer than 64 bits"):
        read_varint(b"\x80" * 10 + b"\x00", 0)
    with pytest.raises(IndexError):
        read_varint(b"\x80\x80", 0)
    with pytest.raises(Malformed, match="negative"):
        read_length(b"\x01", 0)


TEXTS = parsed("Texts", {"name": "texts", "type": {"type": "array", "items": "string"}})


@pytest.mark.parametrize("only", [None, frozenset[str]()])
def test_blocks_that_tell_their_size_are_read_and_skipped(only: frozenset[str] | None) -> None:
    # a block of -2 items with its 4 bytes, a block of 1 item, the end
    data = b"\x03\x08\x02a\x02b" + b"\x02\x02c" + b"\x00"
    assert read_by_fastavro(data, TEXTS) == {"texts": ["a", "b", "c"]}
    record, end = generate_reader(TEXTS, TEXTS, only=only)(data, 0)
    assert record == ({"texts": ["a", "b", "c"]} if only is None else {})
    assert end == len(data)


@pytest.mark.parametrize("only", [None, frozenset[str]()])
def test_a_branch_that_a_union_does_not_have_is_malformed(only: frozenset[str] | None) -> None:
    schema = parsed("Maybe", {"name": "a", "type": ["null", "string"]})
    with pytest.raises(Malformed, match="byte 0 names no branch"):
        generate_reader(schema, schema, only=only)(b"\x04", 0)


def test_a_count_of_more_items_than_there_are_bytes_ends_soon() -> None:
    with pytest.raises(MALFORMED):
        generate_reader(TEXTS, TEXTS)(b"\xfe\xff\xff\xff\xff\xff\xff\xff\x7f\x02a", 0)


# ── two versions ──

KIND = {"type": "enum", "name": "Kind", "symbols": ["hard", "soft"], "default": "hard"}
ID = {"name": "id", "type": "string"}
READER = parsed(  # version 2
    "Thing",
    ID,
    {"name": "total", "type": "long", "aliases": ["amount"]},
    {"name": "tags", "type": {"type": "array", "items": "string"}, "default": ["none"]},
    {"name": "note", "type": ["null", "string"], "default": None},
    {"name": "kind", "type": KIND, "default": "soft"},
    {"name": "rate", "type": "double", "default": 1.0},
)


@pytest.mark.parametrize(
    ("writer", "record", "expected"),
    [
        pytest.param(
            parsed("Thing", ID, {"name": "amount", "type": "long"}),
            {"id": "1", "amount": 5},
            {"total": 5, "tags": ["none"], "note": None, "kind": "soft", "rate": 1.0},
            id="v1: fields added since, one renamed by alias",
        ),
        pytest.param(
            READER,
            {"id": "1", "total": 5, "tags": [], "note": "n", "kind": "hard", "rate": 2.5},
            {"total": 5, "tags": [], "note": "n", "kind": "hard", "rate": 2.5},
            id="v2: the reader's own",
        ),
        pytest.param(
            parsed(
                "Thing",
                {"name": "before", "type": {"type": "map", "values": ["null", "bytes"]}},
                ID,
                {"name": "total", "type": "int"},
                {"name": "note", "type": ["string", "long", "null"]},
                {"name": "kind", "type": KIND | {"symbols": ["hard", "soft", "odd"]}},
                {"name": "rate", "type": "long"},
                {"name": "after", "type": {"type": "fixed", "name": "Four", "size": 4}},
            ),
            {
                "before": {"x": None, "y": b"z"},
                "id": "1",
                "total": 5,
                "note": "n",
                "kind": "odd",
                "rate": 3,
                "after": b"1234",
            },
            {"total": 5, "tags": ["none"], "note": "n", "kind": "hard", "rate": 3.0},
            id="v3: fields removed and added, an enum symbol added, a union widened, promotions",
        ),
    ],
)
@pytest.mark.parametrize("kept", [None, ["id"], ["tags", "rate", "id"], ["kind"], []])
def test_pitfall_58_older_and_newer_writers_are_read(
    writer: Schema, record: Any, expected: Any, kept: list[str] | None
) -> None:
    value = written(writer, record)
    only = None if kept is None else frozenset(kept)
    read, end = generate_reader(writer, READER, only=only)(value, 0)
    expected = {"id": "1", **expected}
    assert read == {n: v for n, v in expected.items() if only is None or n in only}
    assert type(read.get("rate", 0.0)) is float
    assert end == len(value)


def test_pitfall_58_a_branch_that_the_reader_does_not_know_is_refused_only_where_it_occurs() -> (
    None
):
    writer = parsed("Thing", {"name": "note", "type": ["null", "string", "long"]})
    reader = parsed("Thing", {"name": "note", "type": ["null", "string"], "default": None})
    read = generate_reader(writer, reader)
    assert read(written(writer, {"note": "n"}), 0)[0] == {"note": "n"}
    with pytest.raises(MALFORMED):
        read(written(writer, {"note": 5}), 0)


def test_defaults_are_not_shared_between_records() -> None:
    writer, tags = parsed("Thing", ID), {"type": "array", "items": "string"}
    read = generate_reader(writer, parsed("Thing", {"name": "tags", "type": tags, "default": []}))
    first = read(b"\x02a", 0)[0]
    first["tags"].append("x")
    assert read(b"\x02a", 0)[0] == {"tags": []}


@given(record_schemas(depth=1), st.data())
def test_two_versions_of_any_schema_are_resolved_as_fastavro_resolves_them(
    writer: Schema, data: st.DataObject
) -> None:
    kept = data.draw(st.permutations(writer["fields"]))
    kept = kept[: data.draw(st.integers(0, len(kept)))]
    wider = {"int": "long", "long": "double"}
    fields = [
        field | {"type": wider.get(field["type"], field["type"])}
        if isinstance(field["type"], str) and data.draw(st.booleans())
        else field
        for field in kept
    ]
    reader = {
        **writer,
        "fields": [*fields, {"name": "z", "type": ["null", "int"], "default": None}],
    }
    record = data.draw(values_of(writer))
    value = written(writer, record)
    assert generate_reader(writer, reader)(value, 0) == (
        read_by_fastavro(value, writer, reader),
        len(value),
    )
