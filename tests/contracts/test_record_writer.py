"""Compiled writers against fastavro, which must write the same bytes."""

from io import BytesIO
from typing import Any

import fastavro
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.contracts.record_writer import generate_dict_writer, generate_struct_writer, long_bytes
from streams.contracts.schemas import Schema, shipped_schemas, without_logical_types

from .generated import values_of

OURS = {name: contract.schema for name, contract in sorted(shipped_schemas().current.items())}


def written_by_fastavro(schema: Schema, record: Any) -> bytes:
    target = BytesIO()
    fastavro.schemaless_writer(target, fastavro.parse_schema(without_logical_types(schema)), record)
    return target.getvalue()


@given(st.sampled_from(sorted(OURS)).flatmap(lambda n: st.tuples(st.just(n), values_of(OURS[n]))))
def test_dicts_and_structs_are_written_as_fastavro_writes_them(case: tuple[str, Any]) -> None:
    name, record = case
    expected = written_by_fastavro(OURS[name], record)
    assert generate_dict_writer(OURS[name])(record) == expected
    struct = msgspec.defstruct(name, list(record))(**record)
    assert generate_struct_writer(OURS[name])(struct) == expected


@pytest.mark.parametrize(
    "number",
    [
        *(
            sign * (edge + step)
            for edge in (1 << 6, 1 << 13, 1 << 27, 1 << 41)
            for step in (-1, 0, 1)
            for sign in (1, -1)
        ),
        0,
        (1 << 63) - 1,
        -(1 << 63),
    ],
)
def test_numbers_before_on_and_after_each_length(number: int) -> None:
    schema = {"type": "record", "name": "N", "fields": [{"name": "n", "type": "long"}]}
    assert long_bytes(number) == written_by_fastavro(schema, {"n": number})


@pytest.mark.parametrize("number", [1 << 63, -(1 << 63) - 1])
def test_a_number_beyond_64_bits_is_refused(number: int) -> None:
    with pytest.raises(OverflowError):
        long_bytes(number)


@pytest.mark.parametrize("length", [0, 63, 64, 8191, 8192, 100_000])
def test_texts_of_any_length(length: int) -> None:
    fields = [{"name": "a", "type": "string"}, {"name": "b", "type": ["null", "string"]}]
    schema = {"type": "record", "name": "Texts", "fields": fields}
    record = {"a": "x" * length, "b": "y" * length}
    assert generate_dict_writer(schema)(record) == written_by_fastavro(schema, record)


def test_optional_fields_of_a_dict_may_be_left_out_and_others_not() -> None:
    fields = [{"name": "a", "type": ["null", "long"]}, {"name": "b", "type": "long"}]
    write = generate_dict_writer({"type": "record", "name": "Some", "fields": fields})
    assert write({"b": 1}) == b"\x00\x02"
    with pytest.raises(KeyError):
        write({"a": 1})


def test_attributes_can_be_converted() -> None:
    fields = [{"name": "a", "type": "string"}, {"name": "b", "type": "string"}]
    schema = {"type": "record", "name": "Two", "fields": fields}
    struct = msgspec.defstruct("Two", ["a", "b"])
    write = generate_struct_writer(schema, {"b": str})
    assert write(struct("x", 17)) == b"\x02x\x0417"
    long = "x" * 10_000
    assert write(struct(long, 17)) == written_by_fastavro(schema, {"a": long, "b": "17"})


def test_an_attribute_may_have_another_name_than_its_field() -> None:
    fields = [{"name": "a", "type": "string"}, {"name": "b", "type": "string"}]
    schema = {"type": "record", "name": "Two", "fields": fields}
    struct = msgspec.defstruct("Two", ["a", "c"])
    write = generate_struct_writer(schema, {"b": str}, {"b": "c"})
    assert write(struct("x", 17)) == b"\x02x\x0417"
    long = "x" * 10_000
    assert write(struct(long, 17)) == written_by_fastavro(schema, {"a": long, "b": "17"})


def test_a_value_that_fits_no_branch_is_refused() -> None:
    schema = {"type": "record", "name": "U", "fields": [{"name": "u", "type": ["long", "string"]}]}
    with pytest.raises(TypeError, match="fits no branch"):
        generate_dict_writer(schema)({"u": b"bytes"})
