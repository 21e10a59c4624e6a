"""The keys of a struct of the flow language, by its annotations."""

import functools
import typing
from typing import Any

import msgspec


class OneOf(msgspec.Struct, frozen=True):
    """Marks a value that is one member of a family, distinguished by its key. The family is only
    named, because families nest (an `if` holds steps): see family_keys.py."""

    family: str


class StructKey(msgspec.Struct, frozen=True):
    """One key of a struct."""

    name: str
    attribute: str
    kind: Any
    is_required: bool
    default: Any


@functools.cache
def keys_of(struct: type[msgspec.Struct]) -> dict[str, StructKey]:
    """The keys of `struct` in the order of their definition."""
    hints = typing.get_type_hints(struct, include_extras=True)
    keys = {}
    for field in msgspec.structs.fields(struct):
        default = field.default
        if field.default_factory is not msgspec.NODEFAULT:
            default = field.default_factory()
        keys[field.encode_name] = StructKey(
            field.encode_name, field.name, hints[field.name], field.required, default
        )
    return keys
