"""Readers and writers of records in the form of this process: compiled, by the C modules
`compiled_reader` and `compiled_writer`, or generated Python. Both read and write the same; the
generated form also reads and writes what the compiled one leaves to it."""

from collections.abc import Callable, Mapping
from typing import Any

from streams.compiled import form
from streams.contracts import record_reader, record_writer
from streams.contracts.record_reader import RecordReader
from streams.contracts.record_writer import RecordWriter
from streams.contracts.resolution import NotCovered, resolved
from streams.contracts.schemas import Schema

COMPILED = form().is_compiled
if COMPILED:  # not "if they can be imported": a broken library must not run half interpreted
    from streams.contracts.compiled_reader import compiled_reader
    from streams.contracts.compiled_writer import compiled_dict_writer, compiled_struct_writer


def reader_of(
    writer: Schema,
    reader: Schema,
    apart: tuple[str, ...] = (),
    only: frozenset[str] | None = None,
) -> RecordReader:
    """Returns a function that reads records of `writer` as records of `reader`: see
    `record_reader.generate_reader`."""
    generated = record_reader.generate_reader(writer, reader, apart, only)
    if not COMPILED:
        return generated
    try:
        plan = resolved(writer, reader, None if only is None else only.union(apart))
    except NotCovered:
        return generated
    return compiled_reader(plan, apart, generated)


def struct_writer(
    schema: Schema,
    converted: Mapping[str, Callable[[Any], Any]] | None = None,
    attributes: Mapping[str, str] | None = None,
) -> RecordWriter:
    """Returns a function that writes structs: see `record_writer.generate_struct_writer`."""
    generated = record_writer.generate_struct_writer(schema, converted, attributes)
    if not COMPILED:
        return generated
    return compiled_struct_writer(schema, converted or {}, attributes or {}, generated)


def dict_writer(schema: Schema) -> RecordWriter:
    """Returns a function that writes dicts: see `record_writer.generate_dict_writer`."""
    generated = record_writer.generate_dict_writer(schema)
    return compiled_dict_writer(schema, generated) if COMPILED else generated
