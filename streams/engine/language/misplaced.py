"""Known keys at a wrong depth: `then` inside of the condition or as a list item; or a key that is
not as far in as the one that it belongs to."""

import types
import typing
from collections.abc import Iterator
from typing import Annotated, Any, Union

import msgspec

from streams.engine.language.family_keys import Families
from streams.engine.language.struct_keys import OneOf, keys_of
from streams.engine.values import Path, Problem


class Around(msgspec.Struct, frozen=True):
    """A struct that is being read, and its path."""

    path: Path
    struct: type[msgspec.Struct]


def too_far_in(path: Path, around: tuple[Around, ...]) -> Problem | None:
    """The problem of an unknown key that a struct around it has."""
    name = str(path[-1])
    for outer in reversed(around):
        if name in keys_of(outer.struct) and name not in _LABELS:
            beside = path[len(outer.path)]
            message = f"{name!r} belongs beside {beside!r}, further out"
            return Problem(path, message, found=name, at_key=True)
    return None


def too_far_out(
    raw: dict[str, Any], struct: type[msgspec.Struct], path: Path, families: Families
) -> Problem | None:
    """The problem of an unknown key that belongs into an empty value beside it."""
    name = str(path[-1])
    for key in keys_of(struct).values():
        if raw.get(key.name, "") is None and name in _names_within(key.kind, families):
            message = f"{name!r} belongs inside of {key.name!r}: indent it further"
            return Problem(path, message, found=name, at_key=True)
    return None


def part_of_member(path: Path, name: str, family: str, families: Families) -> Problem | None:
    """The problem of a mapping without a member's own key, whose key `name` is an option of some
    members: a `then` that is a list item of its own."""
    members = families.members_of(family)
    owners = [key for key, member in members.items() if name in keys_of(member.Definition)]
    if not 0 < len(owners) <= _MOST_OWNERS:
        return None
    of = " or ".join(repr(owner) for owner in owners)
    message = f"{name!r} is a part of {of}, not a {family}: write it beside that key"
    return Problem((*path, name), message, found=name, at_key=True)


_LABELS = ("name", "description")
"""Keys that many things might have: not meant to be those of what is around."""

_MOST_OWNERS = 4
"""A key of more members than this belongs to no particular one."""


def _names_within(kind: Any, families: Families) -> Iterator[str]:
    """The keys of the mappings that `kind` allows."""
    origin = typing.get_origin(kind)
    if origin is Annotated and isinstance(kind.__metadata__[0], OneOf):
        for key, member in families.members_of(kind.__metadata__[0].family).items():
            yield key
            yield from keys_of(member.Definition)
    elif origin is Union or origin is types.UnionType:
        for one in typing.get_args(kind):
            yield from _names_within(one, families)
    elif isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        yield from keys_of(kind)
