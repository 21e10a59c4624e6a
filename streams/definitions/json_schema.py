"""The JSON Schema with which editors complete and check definitions, generated from the structs
that read them. Editors check less than `sendflow flows check`: names and types need the whole
set."""

import enum
import re
import types
import typing
from collections.abc import Iterator
from typing import Annotated, Any, Literal, Union

import msgspec

from streams.definitions.schema_names import (
    EVERY_SHOP,
    MEMBER_NAMES,
    METRIC_KEYS,
    SchemaNames,
    items_schema,
    where_schema,
)
from streams.engine.compiling import FAMILIES, Flow, MetricDefinition, Segment
from streams.engine.content import CouponPool
from streams.engine.language import OneOf, StoreSettings, keys_of
from streams.engine.values import (
    ANY_SCALAR,
    COMMON_FIELDS,
    MetricName,
    RawList,
    RawMapping,
    Scalar,
)

_DOCUMENTS: dict[str, type[msgspec.Struct]] = {
    "flow": Flow,
    "segment": Segment,
    "coupons": CouponPool,
    "metric": MetricDefinition,
}
"""Kinds of files, by the key of their id; `store.yaml` has none of these keys."""

DIALECT = "https://json-schema.org/draft/2020-12/schema"

_METRIC = typing.get_args(MetricName)[1]

_HOVER_TEXT = re.compile(r"^ *`([^`]+)`: (.*(?:\n      .*)*)$", re.MULTILINE)


def flow_schema(names: SchemaNames = EVERY_SHOP) -> dict[str, Any]:
    """Returns the schema of all files of a definitions folder."""
    writer = SchemaWriter(names)
    documents = {key: writer.place(struct) for key, struct in _DOCUMENTS.items()}
    writer.place(StoreSettings)
    store = writer.definitions["StoreSettings"]
    # Of an empty file, an editor offers the first key of every kind.
    kinds = {key: {"description": _about(struct)} for key, struct in _DOCUMENTS.items()}
    chosen: dict[str, Any] = {**store, "properties": {**kinds, **store["properties"]}}
    for key, schema in reversed(list(documents.items())):
        chosen = {"if": _has(key), "then": schema, "else": chosen}
    return {
        "$schema": DIALECT,
        "title": "Sendflow definitions: a flow, segment, coupon pool, metric, or the store",
        "type": "object",
        **chosen,
        "$defs": dict(sorted(writer.definitions.items())),
    }


def flow_schema_text(names: SchemaNames = EVERY_SHOP) -> str:
    """Returns the content of `flow.schema.json`."""
    return as_file(flow_schema(names))


def as_file(schema: dict[str, Any]) -> str:
    """Returns a schema as the text of a file."""
    return msgspec.json.format(msgspec.json.encode(schema), indent=2).decode() + "\n"


class SchemaWriter:
    """Converts annotations to schemas; each struct becomes one entry of `$defs`."""

    def __init__(self, names: SchemaNames = EVERY_SHOP) -> None:
        self.definitions: dict[str, Any] = {}
        self._names = names

    def place(self, kind: Any) -> dict[str, Any]:
        """Returns the schema of the values that the annotation `kind` allows."""
        origin = typing.get_origin(kind)
        if origin is Annotated:
            return self._marked(kind.__metadata__[0])
        if origin is Union or origin is types.UnionType:
            return self._union(typing.get_args(kind))
        if origin is list:
            return {"type": "array", "items": self.place(typing.get_args(kind)[0])}
        if origin is tuple:
            items = [self.place(item) for item in typing.get_args(kind)]
            return {
                "type": "array",
                "prefixItems": items,
                "minItems": len(items),
                "maxItems": len(items),
            }
        if origin is dict:
            return {
                "type": "object",
                "additionalProperties": self.place(typing.get_args(kind)[1]),
            }
        if origin is Literal:
            return {"enum": list(typing.get_args(kind))}
        if issubclass(kind, enum.Enum):
            return {"enum": [member.value for member in kind]}
        return self._reference(kind)

    def _marked(self, marker: Any) -> dict[str, Any]:
        if marker is _METRIC:
            metrics = self._names.one_of(tuple(self._names.metrics))
            return {"description": marker.expects, **metrics}
        if isinstance(marker, Scalar):
            return {"description": marker.expects, **marker.schema}
        if isinstance(marker, RawMapping):
            self._where()
            return {"description": marker.expects, **marker.schema}
        if isinstance(marker, RawList):
            return {"description": marker.expects, **marker.schema}
        assert isinstance(marker, OneOf)
        return self._family(marker)

    def _union(self, kinds: tuple[Any, ...]) -> dict[str, Any]:
        kinds = tuple(kind for kind in kinds if kind is not type(None))
        if len(kinds) == 1:
            return self.place(kinds[0])
        return {"anyOf": [self.place(kind) for kind in kinds]}

    def _family(self, family: OneOf) -> dict[str, Any]:
        """Returns a chain of `if this key, then that schema`: an editor then shows the problem of
        the intended step, instead of one problem per kind of step."""
        name = family.family.replace(" ", "_")
        if name not in self.definitions:
            self.definitions[name] = {}
            members = FAMILIES.members_of(family.family)
            # Before a key is written, an editor offers all of them.
            about = {key: {"description": _about(one.Definition)} for key, one in members.items()}
            chosen: dict[str, Any] = {
                "properties": about,
                "additionalProperties": False,
                "minProperties": 1,
            }
            for key, member in reversed(list(members.items())):
                schema = self._reference(member.Definition, f"{name}.{key}")
                chosen = {"if": _has(key), "then": schema, "else": chosen}
            words = [key for key in members if key == "exit"]  # allowed without a value
            mapping = {"type": "object", **chosen}
            self.definitions[name] = {"anyOf": [mapping, {"enum": words}]} if words else mapping
        return {"$ref": f"#/$defs/{name}"}

    def _reference(self, struct: type[msgspec.Struct], name: str | None = None) -> dict[str, Any]:
        name = name or struct.__name__
        if name not in self.definitions:
            self.definitions[name] = {}  # before the fields are visited: structs nest
            self.definitions[name] = self._named(self._struct(struct), name)
        return {"$ref": f"#/$defs/{name}"}

    def _struct(self, struct: type[msgspec.Struct]) -> dict[str, Any]:
        hover = hover_texts(struct)
        properties = {}
        for key in keys_of(struct).values():
            schema = self.place(key.kind)
            if key.name in hover:
                schema = {**schema, "description": hover[key.name]}
            properties[key.name] = schema
        result: dict[str, Any] = {
            "type": "object",
            "description": _about(struct),
            "properties": properties,
            "additionalProperties": False,
        }
        required = [key.name for key in keys_of(struct).values() if key.is_required]
        return {**result, "required": required} if required else result

    def _named(self, schema: dict[str, Any], name: str) -> dict[str, Any]:
        """A struct's schema with the names of the set: those of one key, and the fields of the
        metric that it names."""
        properties = schema["properties"]
        for key, of in MEMBER_NAMES.get(name, ()):
            one_of = self._names.one_of(tuple(getattr(self._names, of)))
            properties[key] = {**one_of, "description": properties[key].get("description", "")}
        key_of_metric = next((key for key in METRIC_KEYS if key in properties), None)
        if key_of_metric is None or "where" not in properties:
            return schema
        return {**schema, "allOf": list(self._by_metric(key_of_metric, "of" in properties))}

    def _by_metric(self, key: str, has_field: bool) -> Iterator[dict[str, Any]]:
        for metric, definition in self._names.metrics.items():
            fields = {**COMMON_FIELDS, **definition.fields}
            where = f"where_{metric}"
            self.definitions[where] = where_schema(fields, self._names.profile)
            then: dict[str, Any] = {"where": {"$ref": f"#/$defs/{where}"}}
            if has_field:
                then["of"] = {"enum": list(fields)}
            is_metric = {"properties": {key: {"const": metric}}, "required": [key]}
            yield {"if": is_metric, "then": {"properties": then}}

    def _where(self) -> None:
        from streams.engine.conditions import QUANTIFIERS, Comparison

        if "ListComparison" not in self.definitions:
            self.definitions["ListComparison"] = {
                "type": "object",
                "properties": dict.fromkeys(QUANTIFIERS, True),
                "additionalProperties": False,
                "minProperties": 1,
                "maxProperties": 1,
            }
            comparison = self._reference(Comparison)
            listed = {"$ref": "#/$defs/ListComparison"}
            self.definitions["compared"] = {"anyOf": [ANY_SCALAR, comparison, listed]}
            self.definitions["where_items"] = items_schema()


def _about(struct: type[msgspec.Struct]) -> str:
    return (struct.__doc__ or "").strip().split("\n")[0]


def _has(key: str) -> dict[str, Any]:
    """With the type, because `required` applies to mappings only: an empty value would pass."""
    return {"type": "object", "required": [key]}


def hover_texts(struct: type[msgspec.Struct]) -> dict[str, str]:
    """Returns the text of each key in the docstrings of a struct and its base classes."""
    texts: dict[str, str] = {}
    for parent in reversed(struct.__mro__):
        for name, text in _HOVER_TEXT.findall(parent.__doc__ or ""):
            texts[name] = " ".join(text.split())
    return texts


if __name__ == "__main__":
    print(flow_schema_text(), end="")
