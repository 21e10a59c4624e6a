"""The compiled codecs against the generated Python ones: the same values, bytes and refusals."""

import random
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from streams.contracts import codecs, record_reader, record_writer
from streams.contracts.resolution import (
    NotCovered,
    ReadArray,
    ReadMap,
    ReadPlan,
    ReadRecord,
    ReadUnion,
    fixed_size,
    resolved,
)
from streams.contracts.schemas import Schema, shipped_schemas

from .generated import record_schemas, values_of
from .test_record_reader import written

if codecs.COMPILED:
    from streams.contracts.compiled_reader import compiled_reader
    from streams.contracts.compiled_writer import compiled_dict_writer, compiled_struct_writer

pytestmark = pytest.mark.skipif(
    not codecs.COMPILED, reason="the interpreted form runs, which has no compiled codecs to compare"
)

OURS = {name: contract.schema for name, contract in sorted(shipped_schemas().current.items())}
LONGEST = 8191  # bytes of a text, items of a list: more are left to the generated writer


def outcome(function: Callable[..., Any], *arguments: Any) -> tuple[str, str]:
    """The result with all its types and the order of its fields; or the error."""
    try:
        result = function(*arguments)
    except Exception as error:
        return type(error).__name__, str(error)
    return "", repr(result)


def not_generated(*_: Any) -> Any:
    raise AssertionError("left to the generated function")


def reads_items_of_no_bytes(plan: ReadPlan) -> bool:
    """Such arrays can be of any length, so that mutated bytes would take all memory."""
    match plan:
        case ReadRecord(fields=fields):
            return any(reads_items_of_no_bytes(field) for _, field in fields)
        case ReadUnion(branches=branches):
            return any(reads_items_of_no_bytes(branch) for branch in branches)
        case ReadArray(items=items):
            return fixed_size(items) == 0 or reads_items_of_no_bytes(items)
        case ReadMap(values=values):
            return reads_items_of_no_bytes(values)
    return False


def mutated(value: bytes, random: random.Random) -> bytes:
    """Truncated, extended, or with some bytes changed: often to those that begin long numbers."""
    changed = bytearray(value)
    for _ in range(random.randrange(4)):
        at = random.randrange(len(changed) + 1)
        match random.randrange(4):
            case 0:
                del changed[at:]
            case 1:
                changed[at:at] = random.randbytes(random.randrange(1, 4))
            case 2:
                changed[at : at + 10] = bytes(random.choices((0x80, 0xFF), k=9)) + b"\x01"
            case 3:
                changed[at : at + 1] = bytes((random.choice((0, 1, 2, 3, 127, 128, 254, 255)),))
    return bytes(changed)


def compare_readers(
    writer: Schema, reader: Schema, only: frozenset[str] | None, value: Any, p: Any = 0
) -> None:
    generated = record_reader.generate_reader(writer, reader, only=only)
    read = codecs.reader_of(writer, reader, only=only)
    assert outcome(read, value, p) == outcome(generated, value, p)


PAIRS = st.sampled_from(sorted(OURS)).flatmap(lambda n: st.tuples(st.just(n), values_of(OURS[n])))


@given(PAIRS, st.randoms(use_true_random=False))
def test_bytes_of_our_schemas_are_read_and_refused_alike(
    case: tuple[str, Any], random: random.Random
) -> None:
    schema = OURS[case[0]]
    value = written(schema, case[1])
    names = [field["name"] for field in schema["fields"]]
    for only in (None, frozenset(random.sample(names, random.randrange(len(names))))):
        compare_readers(schema, schema, only, value)
        compare_readers(schema, schema, only, mutated(value, random))


@given(PAIRS, st.data())
def test_whole_records_of_our_schemas_need_no_generated_reader(
    case: tuple[str, Any], data: st.DataObject
) -> None:
    schema = OURS[case[0]]
    value = written(schema, case[1])
    names = [field["name"] for field in schema["fields"]]
    apart = tuple(data.draw(st.lists(st.sampled_from(names), max_size=3, unique=True)))
    read = compiled_reader(resolved(schema, schema, None), apart, not_generated)
    expected = record_reader.generate_reader(schema, schema, apart)(b"123" + value, 3)
    assert repr(read(b"123" + value, 3)) == repr(expected)


@given(
    record_schemas().flatmap(lambda s: st.tuples(st.just(s), values_of(s))),
    st.randoms(use_true_random=False),
    st.data(),
)
def test_bytes_of_any_two_schemas_are_read_and_refused_alike(
    case: tuple[Schema, Any], random: random.Random, data: st.DataObject
) -> None:
    """The reader has some of the writer's fields, in another order, others, and wider types."""
    writer, record = case
    kept = data.draw(st.lists(st.sampled_from(writer["fields"]), unique_by=lambda f: f["name"]))
    wider = {"int": "long", "long": "double"}
    fields = [
        {**field, "type": wider.get(field["type"], field["type"])}
        if isinstance(field["type"], str) and data.draw(st.booleans())
        else field
        for field in kept
    ]
    added = [
        {"name": "y", "type": {"type": "array", "items": "string"}, "default": []},
        {"name": "z", "type": ["null", "int"], "default": None},
    ]
    reader = {**writer, "fields": data.draw(st.permutations([*fields, *added]))}
    names = [field["name"] for field in reader["fields"]]
    only = data.draw(st.none() | st.frozensets(st.sampled_from(names)))
    value = written(writer, record)
    compare_readers(writer, reader, only, value)
    try:
        assume(not reads_items_of_no_bytes(resolved(writer, reader, only)))
    except NotCovered:
        return
    compare_readers(writer, reader, only, mutated(value, random))


TEXTS = {
    "type": "record",
    "name": "Texts",
    "fields": [{"name": "texts", "type": {"type": "array", "items": "string"}}],
}
HUGE = b"\xfe\xff\xff\xff\xff\xff\xff\xff\xff\x01"
LOWEST = b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"


@pytest.mark.parametrize("only", [None, frozenset[str]()])
@pytest.mark.parametrize(
    "value",
    [
        b"\x03\x08\x02a\x02b\x02\x02c\x00",  # a block with its size
        b"\x03" + HUGE + b"\x02a\x02b\x00",  # of a size that is ignored, or skipped
        b"\x03\x07\x02a\x02b\x00",  # of a negative size
        HUGE + b"\x02a\x00",  # a count of all items there can be
        LOWEST + b"\x02\x02a\x00",
        b"\x02" + HUGE + b"a\x00",  # a text of all bytes there can be
        b"\x02\x01a\x00",  # of a negative length
        b"\x02\x04a",  # cut off
        b"\x02\x80\x00\x00",  # of a length of more bytes than needed
        b"\x02" + b"\x80" * 10 + b"\x00\x00",  # of more than ten
        b"\x02" + b"\xff" * 9 + b"\x02\x00",  # of more than 64 bits
        b"\x02\x02\xff\x00",  # not UTF-8
        b"\x00left",
        b"",
    ],
)
def test_lengths_and_counts_are_read_and_refused_alike(
    value: bytes, only: frozenset[str] | None
) -> None:
    compare_readers(TEXTS, TEXTS, only, value)


@pytest.mark.parametrize("item", ["null", "boolean", "double", "fixed"])
def test_a_count_of_items_of_one_size_makes_no_loop(item: str) -> None:
    inner = {"type": "fixed", "name": "Four", "size": 4} if item == "fixed" else item
    items = {"name": "texts", "type": {"type": "array", "items": inner}}
    writer = {**TEXTS, "fields": [items, {"name": "id", "type": "string"}]}
    reader = {**TEXTS, "fields": [{"name": "id", "type": "string"}]}
    for value in (b"\x04" + bytes(16) + b"\x00\x02a", HUGE + b"\x00\x02a", HUGE + bytes(20)):
        compare_readers(writer, reader, None, value)


@pytest.mark.parametrize("p", [0, 1, 3, 4, 5, -1, -4, 1 << 70, True, None, 0.0, "0"])
@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview, list, str])
def test_other_positions_and_types_of_bytes_are_read_and_refused_alike(p: Any, kind: type) -> None:
    value = b"\x02\x02a\x00"
    compare_readers(TEXTS, TEXTS, None, value.decode() if kind is str else kind(value), p)


@pytest.mark.parametrize("size", [-4, "4", 1 << 40, None, True])
def test_a_fixed_type_of_no_size_is_left_to_fastavro(size: Any) -> None:
    fixed = {"name": "f", "type": {"type": "fixed", "name": "Fixed", "size": size}}
    with pytest.raises(NotCovered):
        resolved({**TEXTS, "fields": [fixed]}, {**TEXTS, "fields": []}, None)


def test_a_schema_of_many_levels_is_left_to_fastavro() -> None:
    def nested(levels: int) -> Schema:
        inner: Schema = "string"
        for _ in range(levels):
            inner = {"type": "array", "items": inner}
        return {**TEXTS, "fields": [{"name": "a", "type": inner}]}

    compare_readers(nested(8), nested(8), None, b"\x02" * 8 + b"\x02a" + b"\x00" * 8)
    with pytest.raises(NotCovered):
        resolved(nested(9), nested(9), None)
    deep = record_reader.generate_reader(nested(40), nested(40))
    assert deep(b"\x00", 0) == ({"a": []}, 1)


# ── writing ──

OTHERS: list[Any] = [
    None,
    True,
    0,
    -1,
    1 << 63,
    1 << 80,
    -(1 << 63) - 1,
    1.5,
    float("nan"),
    "",
    "text",
    "é",
    "\ud800",
    "x" * 9000,
    "é" * 4096,
    b"",
    b"bytes",
    b"x" * 9000,
    [],
    ["a", None],
    ("a", "b"),
    [0] * 9000,
    {},
    {"a": 1},
    {1: "a"},
    {"\ud800": "a"},
    frozenset(),
    object,
    type("Text", (str,), {})("text"),
    type("Number", (int,), {})(7),
    type("Texts", (list,), {})(["a"]),
    type("Lacking", (dict,), {"__missing__": lambda _, name: name})(),
]


def with_other(value: Any, random: random.Random) -> Any:
    """The value with another one in some place, or without a field."""
    if isinstance(value, dict) and value and random.randrange(8):
        name = random.choice(list(value))
        if random.randrange(6) == 0:
            return {key: entry for key, entry in value.items() if key != name}
        return {**value, name: with_other(value[name], random)}
    if isinstance(value, list) and value and random.randrange(4):
        at = random.randrange(len(value))
        return [*value[:at], with_other(value[at], random), *value[at + 1 :]]
    return random.choice(OTHERS)


def compare_writers(schema: Schema, record: Any) -> None:
    generated, write = record_writer.generate_dict_writer(schema), codecs.dict_writer(schema)
    assert outcome(write, record) == outcome(generated, record)


def compare_struct_writers(schema: Schema, record: dict[str, Any]) -> None:
    struct = msgspec.defstruct("Struct", list(record))(**record)
    generated, write = record_writer.generate_struct_writer(schema), codecs.struct_writer(schema)
    assert outcome(write, struct) == outcome(generated, struct)


@given(PAIRS, st.randoms(use_true_random=False))
def test_values_of_our_schemas_are_written_and_refused_alike(
    case: tuple[str, Any], random: random.Random
) -> None:
    schema = OURS[case[0]]
    compare_writers(schema, case[1])
    compare_struct_writers(schema, case[1])
    for _ in range(4):
        other = with_other(case[1], random)
        compare_writers(schema, other)
        if type(other) is dict and other.keys() <= case[1].keys():
            compare_struct_writers(schema, other)


@given(record_schemas().flatmap(lambda s: st.tuples(st.just(s), values_of(s))), st.data())
def test_values_of_any_schema_are_written_and_refused_alike(
    case: tuple[Schema, Any], data: st.DataObject
) -> None:
    schema, record = case
    try:
        record_writer.generate_dict_writer(schema)
    except KeyError:  # float, enum, fixed
        with pytest.raises(KeyError):
            codecs.dict_writer(schema)
        return
    random = data.draw(st.randoms(use_true_random=False))
    compare_writers(schema, record)
    compare_struct_writers(schema, record)
    compare_writers(schema, with_other(record, random))


UNION = ["null", "boolean", "long", "double", "string", "bytes", {"type": "map", "values": "long"}]
UNIONS = {"type": "record", "name": "Unions", "fields": [{"name": "u", "type": UNION}]}


@pytest.mark.parametrize("value", OTHERS, ids=lambda value: repr(value)[:20])
def test_the_branch_of_a_union_is_chosen_alike(value: Any) -> None:
    compare_writers(UNIONS, {"u": value})
    compare_writers(UNIONS, value)


def is_short(value: Any) -> bool:
    if isinstance(value, str):
        return len(value.encode()) <= LONGEST
    if isinstance(value, dict):
        return all(is_short(key) and is_short(entry) for key, entry in value.items())
    return all(map(is_short, value)) if isinstance(value, list) else True


@given(PAIRS.filter(lambda case: is_short(case[1])))
def test_whole_records_of_our_schemas_need_no_generated_writer(case: tuple[str, Any]) -> None:
    schema, record = OURS[case[0]], case[1]
    expected = record_writer.generate_dict_writer(schema)(record)
    assert compiled_dict_writer(schema, not_generated)(record) == expected
    struct = msgspec.defstruct("Struct", list(record))(**record)
    assert compiled_struct_writer(schema, {}, {}, not_generated)(struct) == expected


def test_records_of_any_size_are_written() -> None:
    write = compiled_dict_writer(TEXTS, not_generated)
    for count in (0, 1, 20, 21, 1000, LONGEST):
        record = {"texts": ["x" * 100] * count}
        assert write(record) == record_writer.generate_dict_writer(TEXTS)(record)


def test_attributes_are_converted_and_renamed_alike() -> None:
    fields = [{"name": "a", "type": "string"}, {"name": "b", "type": "string"}]
    schema = {"type": "record", "name": "Two", "fields": fields}
    arguments: Any = ({"b": str}, {"b": "c"})
    struct = msgspec.defstruct("Two", ["a", "c"])
    expected = record_writer.generate_struct_writer(schema, *arguments)
    compiled: Any = compiled_struct_writer
    assert compiled(schema, *arguments, not_generated)(struct("x", 17)) == b"\x02x\x0417"
    other = msgspec.defstruct("Other", ["a"])("x")
    write = codecs.struct_writer(schema, *arguments)
    assert outcome(write, other) == outcome(expected, other)


def test_a_write_may_begin_within_another() -> None:
    """As in a converter: each has a buffer of its own."""
    text = {"type": "record", "name": "Text", "fields": [{"name": "a", "type": "string"}]}
    wrapped = {"type": "record", "name": "Bytes", "fields": [{"name": "a", "type": "bytes"}]}
    one = msgspec.defstruct("One", ["a"])
    inner = codecs.struct_writer(text)
    outer = codecs.struct_writer(wrapped, {"a": lambda text: inner(one(text * 3))})
    assert outer(one("x" * 1000)) == b"\xf4\x2e\xf0\x2e" + b"x" * 3000
