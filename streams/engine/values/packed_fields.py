"""An event's fields as states keep them: msgpack, with each item of `items` as a row of its values.
The names of its fields were two thirds of an order's bytes: 306 became 182 for the mix of
benchmarks/engine.py, at 0.5 µs to pack and 1 µs to unpack.

    {"total": 500, "items": [{"sku": "A", "name": None, ...}]}
    {"total": 500, "items": [["A", None, ...]]}
"""

from collections.abc import Mapping
from operator import itemgetter
from typing import Any

import msgspec

from streams.engine.values.event import ITEM_FIELDS

_ITEMS = "items"
_NAMES = tuple(ITEM_FIELDS)  # only appended: states hold rows in this order
_NUMBER = len(_NAMES)
_values_of = itemgetter(*_NAMES)
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(dict[str, Any]).decode


def pack_fields(fields: Mapping[str, Any]) -> bytes:
    """The fields as bytes."""
    return _encode(with_rows(fields) if _ITEMS in fields else fields)


def unpack_fields(packed: bytes) -> dict[str, Any]:
    """The fields of `pack_fields` bytes, also of those with items written as mappings: by an older
    version, or because an item had other fields."""
    fields = _decode(packed)
    return without_rows(fields) if _ITEMS in fields else fields


def with_rows(fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """The fields with items as rows; `fields` itself without items, or if one isn't of exactly the
    ITEM_FIELDS."""
    items = fields.get(_ITEMS)
    if not items:
        return fields
    try:
        rows = [_values_of(item) for item in items if len(item) == _NUMBER]
    except (KeyError, TypeError):  # TypeError: a custom metric's `items` that are no records
        return fields
    return {**fields, _ITEMS: rows} if len(rows) == len(items) else fields


def without_rows(fields: dict[str, Any]) -> dict[str, Any]:
    """`fields`, changed to hold items as mappings again."""
    rows = fields.get(_ITEMS)
    if type(rows) is list and rows and type(rows[0]) is list:
        fields[_ITEMS] = [dict(zip(_NAMES, row, strict=False)) for row in rows]
    return fields
