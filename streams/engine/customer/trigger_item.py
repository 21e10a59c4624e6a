"""The item that a journey is about, in a flow with `each: items` (SEMANTICS 1.13): its place among
the items of the triggering event, kept beside the event's data."""

from collections.abc import Mapping
from typing import Any

from streams.engine.values import ConvertedData

_ITEM = "\0item"
"""Its name in states. It stays, because old states are read."""


def about_item(data: Mapping[str, Any], place: int) -> Mapping[str, Any]:
    """The data of an event for the journey that is about its item at `place`."""
    fields = {**data, _ITEM: place}
    if isinstance(data, ConvertedData):
        return ConvertedData(fields, data.as_written, data.no_rate)
    return fields


def item_of(data: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The item that a journey is about, from the data of its trigger; None if it is about all."""
    place = data.get(_ITEM)
    if place is None:
        return None
    item: Mapping[str, Any] = data["items"][place]
    return item


def item_as_written(data: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """As `item_of`, with amounts in the event's own currency."""
    place = data.get(_ITEM)
    if place is None:
        return None
    written = data.as_written if isinstance(data, ConvertedData) else data
    item: Mapping[str, Any] = written["items"][place]
    return item


def places_of_articles(data: Mapping[str, Any]) -> dict[str, int]:
    """The place of each article's first line by sku. Lines without one are about no article."""
    places: dict[str, int] = {}
    for place, item in enumerate(data.get("items") or ()):
        sku = item.get("sku")
        if sku is not None:
            places.setdefault(sku, place)
    return places
