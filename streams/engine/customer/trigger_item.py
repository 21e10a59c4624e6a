"""The item that a journey is about, in a flow with `each: items` (SEMANTICS 1.13): the journey's
trigger is the event with this one line."""

from collections.abc import Mapping, Sequence
from typing import Any

from streams.engine.values import ConvertedData, as_written

_ITEMS = "items"


def about_item(data: Mapping[str, Any], place: int) -> Mapping[str, Any]:
    """The data of an event for the journey that is about its item at `place`."""
    narrowed = _with_one_item(data, place)
    if isinstance(data, ConvertedData):
        return ConvertedData(narrowed, _with_one_item(data.as_written, place), data.no_rate)
    return narrowed


def item_of(data: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The item that a journey is about, from the data of its trigger. None if it isn't about one:
    it began before its flow had `each: items`."""
    items: Sequence[Mapping[str, Any]] = data.get(_ITEMS) or []
    return items[0] if len(items) == 1 else None


def item_as_written(data: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """As `item_of`, with amounts in the event's own currency."""
    return item_of(as_written(data))


def places_of_articles(data: Mapping[str, Any]) -> dict[str, int]:
    """The place of each article's first line by sku. Lines without one are about no article."""
    places: dict[str, int] = {}
    for place, item in enumerate(data.get(_ITEMS) or ()):
        sku = item.get("sku")
        if sku is not None:
            places.setdefault(sku, place)
    return places


def _with_one_item(fields: Mapping[str, Any], place: int) -> dict[str, Any]:
    return {**fields, _ITEMS: [fields[_ITEMS][place]]}
