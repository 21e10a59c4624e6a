"""Generates a Python function for each schema, which encodes a record.

It joins prepared lengths, texts and numbers instead of writing them to a file object one by one; a
send command takes less than half of fastavro's time (`benchmarks/contracts.py`). Values are not
checked against the schema here: `fields.py` does that for events, mypy for the engine's structs.
"""

import struct
from collections.abc import Callable, Mapping
from io import BytesIO
from typing import Any

import fastavro

from streams.contracts.schemas import Schema, kind_of, without_logical_types

RecordWriter = Callable[[Any], bytes]
"""Encodes a record, without a header."""

_TABLE = 1 << 14  # two groups of seven bits


def long_bytes(number: int) -> bytes:
    """Returns a whole number in Avro encoding: zigzag, then seven bits a byte, the lowest first.
    Raises OverflowError beyond 64 bits."""
    raw = number << 1 ^ number >> 63
    if 0 <= raw < _TABLE:
        return _SHORT[raw]
    if 0 <= raw < 1 << 42:  # times until 2039 and most amounts
        if raw < 1 << 28:
            return _LOW[raw & 16383] + _SHORT[raw >> 14]
        return _LOW[raw & 16383] + _LOW[raw >> 14 & 16383] + _SHORT[raw >> 28]
    if not -(1 << 63) <= number < 1 << 63:
        raise OverflowError(f"{number} does not fit into 64 bits")
    return _varint(raw)


def _varint(raw: int) -> bytes:
    groups = bytearray()
    while raw > 127:
        groups.append(raw & 127 | 128)
        raw >>= 7
    groups.append(raw)
    return bytes(groups)


_SHORT = tuple(_varint(raw) for raw in range(_TABLE))
_LOW = tuple(bytes((raw & 127 | 128, raw >> 7 | 128)) for raw in range(_TABLE))
"""The fourteen low bits of a longer number."""
_LENGTHS = _SHORT[0::2]
"""By the length of a text or the count of a list. A longer one raises IndexError, and fastavro
writes the record."""
_SOME = tuple(b"\x02" + length for length in _LENGTHS)
"""The second branch of a union with null, then the length of its text."""


def generate_struct_writer(
    schema: Schema,
    converted: Mapping[str, Callable[[Any], Any]] | None = None,
    attributes: Mapping[str, str] | None = None,
) -> RecordWriter:
    """Returns a function that writes structs with attributes named like the fields of `schema`.
    `attributes` maps fields to attributes with other names; `converted` maps fields to functions
    that convert the attribute's value."""
    converters, renamed = converted or {}, attributes or {}
    names = [field["name"] for field in schema["fields"]]

    def as_dict(record: Any) -> dict[str, Any]:
        values = {name: getattr(record, renamed.get(name, name)) for name in names}
        return values | {name: convert(values[name]) for name, convert in converters.items()}

    generation = _Generation(
        {f"convert_{name}": to for name, to in converters.items()}, attributes=renamed
    )
    return generation.record_writer(schema, "record.{0}", as_dict)


def generate_dict_writer(schema: Schema) -> RecordWriter:
    """Returns a function that writes dicts. Only optional fields may be missing (KeyError)."""
    generation = _Generation({}, attributes={})
    return generation.record_writer(schema, "record[{0!r}]", lambda record: record)


class _Generation:
    """Generates the functions of one schema: one for the record, one for each nested record."""

    def __init__(
        self, converters: dict[str, Callable[[Any], Any]], attributes: Mapping[str, str]
    ) -> None:
        self._attributes = attributes
        self._names: dict[str, Any] = {
            **converters,
            "LENGTHS": _LENGTHS,
            "SOME": _SOME,
            "long_bytes": long_bytes,
            "double_bytes": struct.Struct("<d").pack,
            "join": b"".join,
            "no_branch": _no_branch,
        }

    def record_writer(
        self, schema: Schema, access: str, as_dict: Callable[[Any], dict[str, Any]]
    ) -> RecordWriter:
        write: RecordWriter = self._names[self._function(schema, access)]
        plain = fastavro.parse_schema(without_logical_types(schema))

        def write_long(record: Any) -> bytes:
            target = BytesIO()
            fastavro.schemaless_writer(target, plain, as_dict(record))
            return target.getvalue()

        def write_any(record: Any) -> bytes:
            try:
                return write(record)
            except IndexError:  # a text of 8 KB or more, a list of 8,192 items or more
                return write_long(record)

        return write_any

    def _function(self, schema: Schema, access: str) -> str:
        """Generates the function of one record; returns its name."""
        name = f"write_{len(self._names)}"
        self._names[name] = None  # reserves the name, before nested records take theirs
        lines: list[str] = []
        parts: list[str] = []
        named = {} if "[" in access else self._attributes
        for index, field in enumerate(schema["fields"]):
            value = f"v{index}"
            # an optional field of a dict may be missing
            optional = isinstance(field["type"], list) and "null" in field["type"]
            reach = "record.get({0!r})" if optional and "[" in access else access
            reached = reach.format(named.get(field["name"], field["name"]))
            if f"convert_{field['name']}" in self._names:
                reached = f"convert_{field['name']}({reached})"
            lines.append(f"{value} = {reached}")
            parts += self._parts(field["type"], value, lines)
        body = "\n    ".join((*lines, f"return join(({''.join(part + ', ' for part in parts)}))"))
        arguments = ", ".join(f"{known}={known}" for known in self._names if known != name)
        source = f"def {name}(record, {arguments}):\n    {body}\n"
        exec(compile(source, f"<writer of {schema['name']}>", "exec"), self._names)
        return name

    def _parts(self, schema: Schema, value: str, lines: list[str]) -> list[str]:
        """Expressions of the bytes of one field; statements needed before it go to `lines`."""
        if schema == "string":
            lines.append(f"{value} = {value}.encode()")
            return [f"LENGTHS[len({value})]", value]
        return [self._expression(schema, value)]

    def _expression(self, schema: Schema, value: str) -> str:
        """The bytes of a value as one expression."""
        if isinstance(schema, list):
            return self._union(schema, value)
        kind = kind_of(schema)
        if kind == "string":
            return f"LENGTHS[len({value}t := {value}.encode())] + {value}t"
        if kind == "bytes":
            return f"LENGTHS[len({value})] + {value}"
        if kind == "record":
            return f"{self._function(schema, 'record[{0!r}]')}({value})"
        if kind in ("array", "map"):
            return self._blocks(schema, value)
        return _SIMPLE[kind].format(value)

    def _blocks(self, schema: Schema, value: str) -> str:
        """One block with all items, then an empty one."""
        inner = f"{value}_"
        if kind_of(schema) == "array":
            each = f"{self._expression(schema['items'], inner)} for {inner} in {value}"
        else:
            key = f"{value}k"
            each = (
                f"{self._expression('string', key)} + {self._expression(schema['values'], inner)}"
                f" for {key}, {inner} in {value}.items()"
            )
        return f"(LENGTHS[len({value})] + join([{each}]) + b'\\0' if {value} else b'\\0')"

    def _union(self, schema: list[Schema], value: str) -> str:
        if schema[0] == "null" and len(schema) == 2:
            some = f"b'\\2' + {self._expression(schema[1], value)}"
            if schema[1] == "string":  # index and length in one lookup
                some = f"SOME[len({value}t := {value}.encode())] + {value}t"
            return f"(b'\\0' if {value} is None else {some})"
        branches = "".join(
            f"{long_bytes(index)!r} + {self._expression(branch, value)}"
            f" if type({value}) is {_PYTHON[kind_of(branch)]} else "
            for index, branch in enumerate(schema)
        )
        return f"({branches}no_branch({value}))"


def _no_branch(value: Any) -> bytes:
    raise TypeError(f"{value!r} fits no branch of its union")


_SIMPLE = {
    "null": "b''",
    "boolean": "(b'\\1' if {0} else b'\\0')",
    "int": "long_bytes({0})",
    "long": "long_bytes({0})",
    "double": "double_bytes({0})",
}

_PYTHON = {
    "null": "type(None)",
    "boolean": "bool",
    "int": "int",
    "long": "int",
    "double": "float",
    "string": "str",
    "bytes": "bytes",
    "array": "list",
    "map": "dict",
}
