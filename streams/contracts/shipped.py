"""Encodes values in Avro single-object encoding, with the schemas of this version."""

from functools import cache
from typing import Any

from streams.contracts.codecs import dict_writer, struct_writer
from streams.contracts.record_writer import RecordWriter
from streams.contracts.schemas import shipped_schemas
from streams.contracts.wire import single_object_header


def encode_struct(name: str, record: Any) -> bytes:
    """Encodes a struct whose attributes are named like the fields of the schema `name`."""
    header, write = _struct_writer(name)
    return header + write(record)


def encode_fields(name: str, fields: dict[str, Any]) -> bytes:
    """Encodes the fields of the schema `name`. Raises KeyError for a missing required one."""
    header, write = _dict_writer(name)
    return header + write(fields)


@cache
def _struct_writer(name: str) -> tuple[bytes, RecordWriter]:
    contract = shipped_schemas().current[name]
    return single_object_header(contract), struct_writer(contract.schema)


@cache
def _dict_writer(name: str) -> tuple[bytes, RecordWriter]:
    contract = shipped_schemas().current[name]
    return single_object_header(contract), dict_writer(contract.schema)
