"""The framings of a value on the wire, distinguished by its first byte (DESIGN 7), and a decoder
for values of any schema of sendflow."""

from collections.abc import Callable
from functools import cache
from typing import Any

import msgspec

from streams.contracts.codecs import reader_of
from streams.contracts.record_reader import MALFORMED, RecordReader
from streams.contracts.registry import NotAContract, SchemaRegistry
from streams.contracts.schemas import Contract, Schemas, shipped_schemas

SINGLE_OBJECT = b"\xc3\x01"
"""Avro single-object encoding: then the fingerprint of the schema in 8 bytes, then the record."""
SINGLE_OBJECT_HEADER = 10  # bytes

CONFLUENT = 0x00
"""Confluent wire format: then the id of the schema in 4 bytes, big-endian, then the record."""
CONFLUENT_HEADER = 5  # bytes

JSON_OBJECT = 0x7B  # {

JSON = "JSON"
"""Stands for the name of a schema in JSON values without one."""


Decode = Callable[[bytes], tuple[str, dict[str, Any]]]
"""The type of `RecordDecoder.decode`."""


class Undecodable(ValueError):
    """A value in an unknown framing, with an unknown schema, or malformed; the text names it."""


def single_object_header(contract: Contract) -> bytes:
    return SINGLE_OBJECT + contract.fingerprint


def confluent_header(schema_id: int) -> bytes:
    return bytes((CONFLUENT, *schema_id.to_bytes(4, "big")))


ContractOf = Callable[[int], Contract | NotAContract]
"""Returns the contract with an id of the registry."""


def contract_in(
    value: bytes, schemas: Schemas, contract_of: ContractOf | None
) -> tuple[Contract, int]:
    """Returns the schema of an Avro value, and the start of the record in it. `contract_of` is None
    without a registry. Raises Undecodable, and the exceptions of `contract_of`."""
    if value[:2] == SINGLE_OBJECT:
        contract = schemas.by_fingerprint.get(value[2:SINGLE_OBJECT_HEADER])
        if contract is None:
            raise Undecodable(
                f"unknown schema fingerprint {value[2:SINGLE_OBJECT_HEADER].hex()}; "
                f"written by a newer version?"
            )
        return contract, SINGLE_OBJECT_HEADER
    if value[:1] == b"\x00" and len(value) >= CONFLUENT_HEADER:
        schema_id = int.from_bytes(value[1:CONFLUENT_HEADER], "big")
        if contract_of is None:
            raise Undecodable(
                f"the value is in Confluent wire format (schema id {schema_id}), and no schema "
                f"registry is configured (setting schema_registry)"
            )
        found = contract_of(schema_id)
        if isinstance(found, NotAContract):
            raise Undecodable(found.reason)
        return found, CONFLUENT_HEADER
    raise Undecodable(
        f"the value begins with {value[:2].hex(' ') or 'nothing'}, expected Avro single-object "
        f"encoding (c3 01), Confluent wire format (00) or a JSON object (7b)"
    )


class RecordDecoder:
    """Decodes values of any schema of sendflow to plain values, in its newest version.

    For readers of topics (`sendflow tail`, the control topic, dead letters): only the encoding is
    checked.
    """

    def __init__(self, schemas: Schemas, registry: SchemaRegistry | None = None) -> None:
        self._schemas = schemas
        self._contract_of = None if registry is None else registry.contract
        self._readers: dict[bytes, tuple[str, RecordReader]] = {}  # by fingerprint

    def decode(self, value: bytes) -> tuple[str, dict[str, Any]]:
        """Returns the name of the schema (`OrderPlaced`, ...; `JSON` for a JSON object) and the
        fields; times are whole milliseconds. Raises Undecodable; RegistryUnreachable."""
        if value[:1] == b"{":
            try:
                return JSON, msgspec.json.decode(value)
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
                raise Undecodable(f"the value starts like JSON but is invalid: {error}") from error
        contract, start = contract_in(value, self._schemas, self._contract_of)
        known = self._readers.get(contract.fingerprint)
        if known is None:
            newest = self._schemas.current.get(contract.name, contract)
            known = contract.name, reader_of(contract.schema, newest.schema)
            self._readers[contract.fingerprint] = known
        name, read = known
        try:
            record, end = read(value, start)
        except MALFORMED as error:
            raise Undecodable(malformed(error)) from error
        if end != len(value):
            raise Undecodable(wrong_end(end, len(value)))
        return name, record


def malformed(error: Exception) -> str:
    """Returns the text of a reader's error (one of MALFORMED)."""
    if isinstance(error, UnicodeDecodeError):
        return f"a text in the value is not UTF-8: {error.reason} in {error.object[:40]!r}"
    if isinstance(error, IndexError):
        return "the value is truncated"
    return f"the value does not match its schema: {str(error) or type(error).__name__}"


def wrong_end(end: int, length: int) -> str:
    """Returns the text for a value whose record does not end with the value."""
    if end > length:
        return "the value is truncated"
    return f"{length - end} bytes left after the record"


@cache
def _shipped() -> RecordDecoder:
    return RecordDecoder(shipped_schemas())


def decode_any(value: bytes) -> tuple[str, dict[str, Any]]:
    """Like `RecordDecoder.decode`, with the schemas of this version, without a registry."""
    return _shipped().decode(value)


def decode_with(registry: SchemaRegistry | None) -> Decode:
    """Like `decode_any`, with a registry (see `registry_in`) if there is one: the values that
    workers write then carry its ids."""
    if registry is None:
        return decode_any
    return RecordDecoder(shipped_schemas(), registry).decode
