"""Generates a Python function for each pair of schemas, which reads a record from bytes.

Why not fastavro alone: it calls `read` of a file object for every value and builds values that are
not used. The functions here index into the record's own bytes and skip fields that are not read;
on an order with three items that takes less than half the time (`benchmarks/contracts.py`). Pairs
that they do not cover (an enum, a promotion of a whole union, ...) are left to fastavro.

    "total": long                                    becomes

    n = b[p]; p += 1                                 a byte below 128 is a complete number
    if n > 127: n, p = long_varint(b, p - 1)
    total = (n >> 1) ^ -(n & 1)                      zigzag
"""

import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import BytesIO
from typing import Any

import fastavro
from fastavro.read import SchemaResolutionError

from streams.contracts.resolution import (
    WHOLE_NUMBERS,
    NotCovered,
    ReadArray,
    ReadMap,
    ReadPlan,
    ReadRecord,
    ReadUnion,
    ReadValue,
    fixed_size,
    parts_of,
    resolved,
)
from streams.contracts.schemas import Schema, without_logical_types

RecordReader = Callable[[bytes, int], tuple[Any, ...]]
"""(bytes, position of the record) -> (fields read apart ..., the others, end of the record).

Raises one of MALFORMED for bytes that are not such a record."""


class Malformed(ValueError):
    """The bytes are not a record of their schema."""


MALFORMED = (IndexError, ValueError, struct.error, EOFError, TypeError, OverflowError, MemoryError)
"""Exceptions of reading malformed bytes; mostly IndexError, for truncated ones."""

_LONGEST_VARINT = 10  # bytes of a 64-bit number


def generate_reader(
    writer: Schema,
    reader: Schema,
    apart: tuple[str, ...] = (),
    only: frozenset[str] | None = None,
) -> RecordReader:
    """Returns a function that reads records of `writer` as records of `reader`.

    The fields `apart` are returned separately, before a dict with the others. With `only`, the dict
    holds just these fields; `items.sku` reads only the SKU of the items. A field of `reader` that
    the writer lacks gets its default.
    """
    wanted = None if only is None else only.union(apart)
    try:
        plan = resolved(writer, reader, wanted)
    except NotCovered:
        return _resolved_by_fastavro(writer, reader, apart, only)
    return _Generation().record_reader(plan, apart, writer["name"])


def read_varint(b: bytes, p: int) -> tuple[int, int]:
    """Returns the number at `p`, before zigzag, and the position after it."""
    byte = number = b[p]
    start = p
    p += 1
    shift = 7
    while byte > 127:
        byte = b[p]
        p += 1
        number += (byte - 1) << shift  # - 1 removes the continuation bit of the previous byte
        shift += 7
    if p - start > _LONGEST_VARINT or number >> 64:
        raise Malformed(f"the number at byte {start} is longer than 64 bits")
    return number, p


def read_length(b: bytes, p: int) -> tuple[int, int]:
    """Returns the length of a text or block at `p`, never negative, and the position after it."""
    raw, p = read_varint(b, p)
    if raw & 1:
        raise Malformed(f"a length before byte {p} is negative")
    return raw >> 1, p


_LENGTHS = tuple(byte >> 1 if byte < 128 and not byte & 1 else -1 for byte in range(256))
"""By the first byte of a length: the length, or -1 if `read_length` has to read it."""


class _Generation:
    """Generates the source of one function."""

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._indent = 1
        self._variables = 0

    def record_reader(
        self, plan: ReadRecord, apart: tuple[str, ...], schema_name: str
    ) -> RecordReader:
        values = self._fields(plan)
        rest = ", ".join(
            f"{name!r}: {value}" for name, value in values.items() if name not in apart
        )
        self._line(f"return {''.join(values[name] + ', ' for name in apart)}{{{rest}}}, p")
        names = {
            "LENGTHS": _LENGTHS,
            "read_length": read_length,
            "read_varint": read_varint,
            "double_at": struct.Struct("<d").unpack_from,
            "float_at": struct.Struct("<f").unpack_from,
            "BOOLEANS": (False, True),
            "Malformed": Malformed,
        }
        # as defaults of arguments: local names are looked up faster than global ones
        arguments = ", ".join(f"{name}={name}" for name in names)
        source = "\n".join((f"def read(b, p, {arguments}):", *self._lines))
        exec(compile(source, f"<reader of {schema_name}>", "exec"), names)
        return names["read"]  # type: ignore[return-value]

    def _line(self, text: str) -> None:
        self._lines.append("    " * self._indent + text)

    @contextmanager
    def _block(self, head: str) -> Iterator[None]:
        self._line(head)
        self._indent += 1
        yield
        self._indent -= 1

    def _variable(self) -> str:
        self._variables += 1
        return f"v{self._variables}"

    def _fields(self, plan: ReadRecord) -> dict[str, str]:
        """Generates the reading of all fields of the writer; returns the fields of the result with
        the expressions of their values. Defaults are evaluated per record: no shared lists."""
        values: dict[str, str] = {}
        for name, field in plan.fields:
            if name is None:
                self._skip(field)
            else:
                values[name] = self._read(field)
        return {
            name: values[name] if name in values else repr(default)
            for name, default in plan.result.items()
        }

    def _read(self, plan: ReadPlan) -> str:
        """Generates the reading of one value; returns its expression."""
        if isinstance(plan, ReadUnion):
            return self._read_union(plan)
        if isinstance(plan, ReadRecord):
            return "{" + ", ".join(f"{n!r}: {v}" for n, v in self._fields(plan).items()) + "}"
        if isinstance(plan, ReadArray):
            return self._read_array(plan)
        if isinstance(plan, ReadMap):
            return self._read_map(plan)
        value = self._read_primitive(plan.kind)
        return f"float({value})" if plan.as_double else value

    def _read_primitive(self, kind: str) -> str:
        if kind == "null":
            return "None"
        value = self._variable()
        if kind == "boolean":
            self._line(f"{value} = BOOLEANS[b[p]]; p += 1")
        elif kind in WHOLE_NUMBERS:
            self._line("n = b[p]; p += 1")
            self._line("if n > 127: n, p = read_varint(b, p - 1)")
            self._line(f"{value} = (n >> 1) ^ -(n & 1)")
        elif kind in ("float", "double"):
            self._line(f"({value},) = {kind}_at(b, p); p += {4 if kind == 'float' else 8}")
        else:
            self._line("n = LENGTHS[b[p]]; p += 1")
            self._line("if n < 0: n, p = read_length(b, p - 1)")
            decoded = ".decode()" if kind == "string" else ""
            self._line(f"e = p + n; {value} = b[p:e]{decoded}; p = e")
        return value

    def _read_union(self, plan: ReadUnion) -> str:
        value = self._variable()
        self._line("u = b[p]; p += 1")
        for index, branch in enumerate(plan.branches):
            with self._block(f"{'if' if index == 0 else 'elif'} u == {2 * index}:"):
                self._line(f"{value} = {self._read(branch)}")
        self._reject_branch()
        return value

    def _read_array(self, plan: ReadArray) -> str:
        values = self._variable()
        self._line(f"{values} = []")
        with self._blocks_of_items():
            self._line(f"{values}.append({self._read(plan.items)})")
        return values

    def _read_map(self, plan: ReadMap) -> str:
        values = self._variable()
        self._line(f"{values} = {{}}")
        with self._blocks_of_items():
            key = self._read_primitive("string")
            self._line(f"{values}[{key}] = {self._read(plan.values)}")
        return values

    @contextmanager
    def _blocks_of_items(self) -> Iterator[None]:
        """Generates a loop over the items of an array or a map: blocks, each with its count
        (negative: its size in bytes follows), up to an empty one."""
        count = self._variable()
        self._count(count)
        with self._block(f"while {count}:"):
            with self._block(f"if {count} & 1:"):
                self._line(f"{count} += 1; _, p = read_length(b, p)")
            with self._block(f"for _ in range({count} >> 1):"):
                yield
            self._count(count)

    def _count(self, count: str) -> None:
        self._line(f"{count} = b[p]; p += 1")
        self._line(f"if {count} > 127: {count}, p = read_varint(b, p - 1)")

    def _skip(self, plan: ReadPlan) -> None:
        """Generates the skipping of one value."""
        size = fixed_size(plan)
        if size is not None:
            self._line(f"p += {size}")
        elif isinstance(plan, ReadUnion):
            self._line("u = b[p]; p += 1")
            for index, branch in enumerate(plan.branches):
                with self._block(f"{'if' if index == 0 else 'elif'} u == {2 * index}:"):
                    self._skip(branch)
            self._reject_branch()
        elif isinstance(plan, ReadRecord):
            for _, field in plan.fields:
                self._skip(field)
        elif isinstance(plan, ReadArray):
            self._skip_blocks(plan.items)
        elif isinstance(plan, ReadMap):
            self._skip_blocks(ReadValue("string"), plan.values)
        elif plan.kind in ("string", "bytes"):
            self._line("n = LENGTHS[b[p]]; p += 1 + n")
            self._line("if n < 0: n, p = read_length(b, p); p += n")
        else:
            self._line("n = b[p]; p += 1")
            self._line("if n > 127: _, p = read_varint(b, p - 1)")

    def _skip_blocks(self, *items: ReadPlan) -> None:
        """Like `_blocks_of_items`, but blocks with a size in bytes, or with items of one size, are
        skipped as a whole: a count alone must not make a loop."""
        count = self._variable()
        size = fixed_size(items[0])  # None for a map, whose keys are texts
        self._count(count)
        with self._block(f"while {count}:"):
            with self._block(f"if {count} & 1:"):
                self._line("n, p = read_length(b, p); p += n")
            with self._block("else:"):
                if size is not None:
                    self._line(f"p += {size} * ({count} >> 1)")
                else:
                    with self._block(f"for _ in range({count} >> 1):"):
                        for item in items:
                            self._skip(item)
            self._count(count)

    def _reject_branch(self) -> None:
        with self._block("else:"):
            self._line("raise Malformed(f'byte {p - 1} names no branch of its union')")


def _resolved_by_fastavro(
    writer: Schema, reader: Schema, apart: tuple[str, ...], only: frozenset[str] | None
) -> RecordReader:
    plain_writer = fastavro.parse_schema(without_logical_types(writer))
    plain_reader = fastavro.parse_schema(without_logical_types(reader))

    def read(b: bytes, p: int) -> tuple[Any, ...]:
        source = BytesIO(b)
        source.seek(p)
        try:
            record: Any = fastavro.schemaless_reader(source, plain_writer, plain_reader)
        except SchemaResolutionError as error:
            raise Malformed(str(error)) from error
        separate = [record.pop(name) for name in apart]
        return (*separate, only_fields(record, only), source.tell())

    return read


def only_fields(record: dict[str, Any], only: frozenset[str] | None) -> dict[str, Any]:
    """Returns the fields `only` of a record that was read as a whole."""
    if only is None:
        return record
    kept: dict[str, Any] = {}
    for name, value in record.items():
        if name in only:
            kept[name] = value
        elif parts := parts_of(name, only):
            kept[name] = [only_fields(item, parts) for item in value]
    return kept
