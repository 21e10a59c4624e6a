from typing import Any

import msgspec
import pytest

from streams.engine.values.event import ITEM_FIELDS
from streams.engine.values.money import ConvertedData, pack, unpack
from streams.engine.values.packed_fields import pack_fields, unpack_fields

ITEM: dict[str, Any] = {**dict.fromkeys(ITEM_FIELDS), "sku": "A", "quantity": 2, "unit_price": 500}
SHORT = {"sku": "A", "quantity": 1}


@pytest.mark.parametrize(
    "items",
    [
        [ITEM],
        [ITEM, {**ITEM, "sku": "B", "name": "Bear"}],
        [],
        None,
        [SHORT],
        [ITEM, SHORT],
        [{**ITEM, "colour": "red"}],
        [{**SHORT, "a": 1, "b": 2, "c": 3, "d": 4, "e": 5}],  # seven others
        ["a", "b"],
        [1, 2],
        "text",
        {"a": "map"},
    ],
)
def test_fields_return_whatever_their_items_are(items: Any) -> None:
    fields = {"total": 500, "items": items, "tags": []}
    assert unpack_fields(pack_fields(fields)) == fields
    assert list(unpack_fields(pack_fields(fields))) == list(fields)
    assert unpack_fields(msgspec.msgpack.encode(fields)) == fields  # as older versions packed


def test_items_are_packed_without_the_names_of_their_fields() -> None:
    packed = pack_fields({"items": [ITEM, ITEM]})
    assert b"unit_price" not in packed
    fields = {"items": [ITEM, ITEM]}
    pack_fields(fields)
    assert fields == {"items": [ITEM, ITEM]}  # unchanged


def test_converted_data_keeps_its_items_as_written() -> None:
    written = {"items": [{**ITEM, "unit_price": 600}]}
    data = ConvertedData({"currency": "EUR", "items": [ITEM]}, written, None)
    packed = pack(data)
    assert b"unit_price" not in packed
    back = unpack(packed)
    assert isinstance(back, ConvertedData)
    assert (back, back.as_written, back.no_rate) == (data, written, None)
