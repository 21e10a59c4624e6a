"""Compiles a Python function for each pair of schemas, which reads a record from bytes.

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

from streams.contracts.schemas import Schema, kind_of, without_logical_types

RecordReader = Callable[[bytes, int], tuple[Any, ...]]
"""(bytes, position of the record) -> (fields read apart ..., the others, end of the record).

Raises one of MALFORMED for bytes that are not such a record."""


class Malformed(ValueError):
    """The bytes are not a record of their schema."""


MALFORMED = (IndexError, ValueError, struct.error, EOFError, TypeError, OverflowError, MemoryError)
"""Exceptions of reading malformed bytes; mostly IndexError, for truncated ones."""

_READ = {"null", "boolean", "int", "long", "float", "double", "string", "bytes"}
_WHOLE_NUMBERS = ("int", "long")
_LONGEST_VARINT = 10  # bytes of a 64-bit number


def compile_reader(
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
    try:
        return _Compilation().record_reader(writer, reader, apart, only)
    except _NotCovered:
        return _resolved_by_fastavro(writer, reader, apart, only)


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


class _NotCovered(Exception):
    """A pair of types that is left to fastavro."""


class _Compilation:
    """Generates the source of one function."""

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._indent = 1
        self._variables = 0

    def record_reader(
        self, writer: Schema, reader: Schema, apart: tuple[str, ...], only: frozenset[str] | None
    ) -> RecordReader:
        wanted = None if only is None else only.union(apart)
        values = self._fields(writer, reader, wanted)
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
        exec(compile(source, f"<reader of {writer['name']}>", "exec"), names)
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

    def _fields(
        self, writer: Schema, reader: Schema, wanted: frozenset[str] | None
    ) -> dict[str, str]:
        """Generates the reading of all fields of the writer; returns the reader's field names with
        the expressions of their values, in the reader's order."""
        source_of = {}
        for field in reader["fields"]:
            names = (field["name"], *field.get("aliases", ()))
            source_of[field["name"]] = next(
                (w["name"] for name in names for w in writer["fields"] if w["name"] == name), None
            )
        read_as = {source: name for name, source in source_of.items() if source is not None}
        targets = {field["name"]: field for field in reader["fields"]}
        values: dict[str, str] = {}
        for field in writer["fields"]:
            name = read_as.get(field["name"])
            parts = _parts_of(name, wanted)
            if name is None or (wanted is not None and name not in wanted and not parts):
                self._skip(field["type"])
            else:
                all_of_it = wanted is None or name in wanted
                values[name] = self._read(
                    field["type"], targets[name]["type"], None if all_of_it else parts
                )
        in_order = {}
        for name, field in targets.items():
            if name in values:
                in_order[name] = values[name]
            elif source_of[name] is None and (
                wanted is None or name in wanted or _parts_of(name, wanted)
            ):
                if "default" not in field:
                    raise _NotCovered
                in_order[name] = _default(field)
        return in_order

    def _read(self, writer: Schema, reader: Schema, only: frozenset[str] | None = None) -> str:
        """Generates the reading of one value; returns its expression. `only` names the fields to
        read of nested records."""
        if isinstance(writer, list) or isinstance(reader, list):
            return self._read_union(writer, reader, only)
        written, read = kind_of(writer), kind_of(reader)
        if written != read and not (written in _WHOLE_NUMBERS and read in ("long", "double")):
            raise _NotCovered
        if written == "record":
            values = self._fields(writer, reader, only)
            return "{" + ", ".join(f"{n!r}: {v}" for n, v in values.items()) + "}"
        if written == "array":
            return self._read_array(writer["items"], reader["items"], only)
        if written == "map":
            return self._read_map(writer["values"], reader["values"], only)
        if written not in _READ:
            raise _NotCovered
        value = self._read_primitive(written)
        return f"float({value})" if read == "double" and written != "double" else value

    def _read_primitive(self, kind: str) -> str:
        if kind == "null":
            return "None"
        value = self._variable()
        if kind == "boolean":
            self._line(f"{value} = BOOLEANS[b[p]]; p += 1")
        elif kind in _WHOLE_NUMBERS:
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

    def _read_union(self, writer: Schema, reader: Schema, only: frozenset[str] | None) -> str:
        branches = writer if isinstance(writer, list) else [writer]
        matched = [_branch_for(branch, reader) for branch in branches]
        if not isinstance(writer, list):
            return self._read(writer, matched[0], only)
        value = self._variable()
        self._line("u = b[p]; p += 1")
        for index, (branch, match) in enumerate(zip(branches, matched, strict=True)):
            with self._block(f"{'if' if index == 0 else 'elif'} u == {2 * index}:"):
                self._line(f"{value} = {self._read(branch, match, only)}")
        self._reject_branch()
        return value

    def _read_array(self, writer: Schema, reader: Schema, only: frozenset[str] | None) -> str:
        values = self._variable()
        self._line(f"{values} = []")
        with self._blocks_of_items():
            self._line(f"{values}.append({self._read(writer, reader, only)})")
        return values

    def _read_map(self, writer: Schema, reader: Schema, only: frozenset[str] | None) -> str:
        values = self._variable()
        self._line(f"{values} = {{}}")
        with self._blocks_of_items():
            key = self._read_primitive("string")
            self._line(f"{values}[{key}] = {self._read(writer, reader, only)}")
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

    def _skip(self, writer: Schema) -> None:
        """Generates the skipping of one value."""
        if isinstance(writer, list):
            self._line("u = b[p]; p += 1")
            for index, branch in enumerate(writer):
                with self._block(f"{'if' if index == 0 else 'elif'} u == {2 * index}:"):
                    self._skip(branch)
            self._reject_branch()
            return
        kind = kind_of(writer)
        if kind == "null":
            self._line("pass")
        elif kind == "record":
            self._line("pass")
            for field in writer["fields"]:
                self._skip(field["type"])
        elif kind == "array":
            self._skip_blocks(writer["items"])
        elif kind == "map":
            self._skip_blocks("string", writer["values"])
        elif kind in ("string", "bytes"):
            self._line("n = LENGTHS[b[p]]; p += 1 + n")
            self._line("if n < 0: n, p = read_length(b, p); p += n")
        elif kind in (*_WHOLE_NUMBERS, "enum"):
            self._line("n = b[p]; p += 1")
            self._line("if n > 127: _, p = read_varint(b, p - 1)")
        elif kind in ("boolean", "float", "double", "fixed"):
            size = {"boolean": 1, "float": 4, "double": 8}.get(kind) or writer["size"]
            self._line(f"p += {size}")
        else:
            raise _NotCovered

    def _skip_blocks(self, *types: Schema) -> None:
        """Like `_blocks_of_items`, but blocks with a size in bytes are skipped as a whole."""
        count = self._variable()
        self._count(count)
        with self._block(f"while {count}:"):
            with self._block(f"if {count} & 1:"):
                self._line("n, p = read_length(b, p); p += n")
            with self._block("else:"), self._block(f"for _ in range({count} >> 1):"):
                for type_ in types:
                    self._skip(type_)
            self._count(count)

    def _reject_branch(self) -> None:
        with self._block("else:"):
            self._line("raise Malformed(f'byte {p - 1} names no branch of its union')")


def _parts_of(name: str | None, wanted: frozenset[str] | None) -> frozenset[str]:
    """Returns the wanted fields inside the field `name`: `sku` for `items`, of `items.sku`."""
    if wanted is None or name is None:
        return frozenset()
    return frozenset(w[len(name) + 1 :] for w in wanted if w.startswith(f"{name}."))


def _branch_for(writer: Schema, reader: Schema) -> Schema:
    """Returns the branch of the reader's union for one branch of the writer."""
    if not isinstance(reader, list):
        return reader
    same = [branch for branch in reader if kind_of(branch) == kind_of(writer)]
    if len(same) != 1:
        raise _NotCovered
    return same[0]


def _default(field: Schema) -> str:
    """Returns the default of a field as an expression, evaluated per record: no shared lists."""
    kind = kind_of(field["type"][0] if isinstance(field["type"], list) else field["type"])
    default = field["default"]
    if kind not in ("null", "boolean", "int", "long", "string") and default not in ([], {}):
        raise _NotCovered
    return repr(default)


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
        elif parts := _parts_of(name, only):
            kept[name] = [only_fields(item, parts) for item in value]
    return kept
