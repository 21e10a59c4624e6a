"""The names that an editor offers: those of every shop, or those of one shop's definitions."""

from collections.abc import Mapping
from typing import Any

import msgspec

from streams.engine.compiling import Definitions
from streams.engine.language import PROFILE_FIELDS
from streams.engine.values import ITEM_FIELDS, METRICS, Field, FieldType, Metric

ANY_NAME: dict[str, Any] = {"type": ["string", "number"]}


class SchemaNames(msgspec.Struct, frozen=True):
    """Known names. With `is_whole_set` they are all of a shop's; otherwise others are allowed."""

    metrics: Mapping[str, Metric]
    profile: Mapping[str, Field]
    segments: tuple[str, ...] = ()
    flows: tuple[str, ...] = ()
    coupons: tuple[str, ...] = ()
    topics: tuple[str, ...] = ()
    is_whole_set: bool = False

    def one_of(self, names: tuple[str, ...]) -> dict[str, Any]:
        """The schema of one of these names."""
        offered: dict[str, Any] = {"enum": list(names)}
        if self.is_whole_set:
            return offered
        return {"anyOf": [offered, ANY_NAME]} if names else ANY_NAME


EVERY_SHOP = SchemaNames(METRICS, PROFILE_FIELDS)


def names_of(definitions: Definitions) -> SchemaNames:
    """The names of one shop's definitions."""
    scope = definitions.scope()
    return SchemaNames(
        metrics=scope.metrics,
        profile=scope.profile,
        segments=tuple(sorted(scope.segments)),
        flows=tuple(sorted(scope.flows)),
        coupons=tuple(sorted(scope.coupons)),
        topics=tuple(sorted(scope.topics)),
        is_whole_set=True,
    )


MEMBER_NAMES: Mapping[str, tuple[tuple[str, str], ...]] = {
    "trigger.segment": (("segment", "segments"),),
    "condition.segment": (("segment", "segments"),),
    "condition.in_flow": (("in_flow", "flows"),),
    "condition.coupons": (("coupons", "coupons"),),
    "condition.profile": (("profile", "profile"),),
    "step.assign_coupon": (("assign_coupon", "coupons"),),
    "step.send": (("coupon", "coupons"), ("topic", "topics")),
}
"""Members of families -> their keys that hold a name, and the names."""

METRIC_KEYS = ("metric", "count", "sum", "average", "distinct", "since_last")
"""Keys of a struct that name the metric of its `where` and `of`."""


def where_schema(fields: Mapping[str, Field], profile: Mapping[str, Field]) -> dict[str, Any]:
    """The schema of a `where` on events, or items, with these fields."""
    properties: dict[str, Any] = {}
    patterns: dict[str, Any] = {}
    for name, field in fields.items():
        properties[name] = _compared(field)
        if field.type is FieldType.TEXT_MAP:
            patterns[rf"^{name}\."] = _compared(field)
        elif field.type is FieldType.PATCH:
            properties |= {f"{name}.{one}": _compared(of) for one, of in profile.items()}
    schema: dict[str, Any] = {"type": "object", "properties": properties}
    if patterns:
        schema["patternProperties"] = patterns
    return {**schema, "additionalProperties": False}


def _compared(field: Field) -> dict[str, Any]:
    if field.type is FieldType.ITEMS:
        properties: dict[str, Any] = {
            key: {"$ref": "#/$defs/where_items"} for key in ("any", "all", "none")
        }
        properties["exists"] = {"type": "boolean"}
        return {"type": "object", "properties": properties, "additionalProperties": False}
    compared = {"$ref": "#/$defs/compared"}
    return {"anyOf": [{"enum": list(field.words)}, compared]} if field.words else compared


def items_schema() -> dict[str, Any]:
    """The schema of conditions on one item."""
    return where_schema(ITEM_FIELDS, {})
