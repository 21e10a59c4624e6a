"""Reads definitions: raw data (mappings, lists, texts, None) into structs, driven by their
annotations. Nothing raises: all problems are collected, and all valid parts are read.

The form of a struct:

    class Definition(msgspec.Struct, frozen=True, kw_only=True):
        \"\"\"Continues after a while.

        `at`: the clock time to continue at       <- hover text of a key, for editors
        \"\"\"

        wait: Duration | WaitUntil                <- a scalar (scalars.py), structs distinguished by
        key at: ClockTime | None = None               <- optional: `| None = None` only_on:
        list[Weekday] = [] id: Identifier | None = None otherwise: list[StepDefinition] =
        msgspec.field(default=[], name="else")

A struct's `GONE` maps keys of earlier versions to advice; a published set may still have them.

Also understood: Literal, Enum (by value), dict[scalar, T], tuple[T, T], and a family (`OneOf`).
"""

import enum
import types
import typing
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Annotated, Any, Literal, Protocol, Union

import msgspec

from streams.engine.language.family_keys import Families
from streams.engine.language.misplaced import Around, part_of_member, too_far_in, too_far_out
from streams.engine.language.scope import Scope
from streams.engine.language.struct_keys import OneOf, keys_of
from streams.engine.values import (
    Path,
    Problem,
    RawList,
    RawMapping,
    Scalar,
    nearest_name,
    unknown_name,
)


class FamilyMember(Protocol):
    """One member of a family (a step, a condition, a trigger): its module."""

    @property
    def Definition(self) -> type[Any]:  # noqa: N802 - a class, as a member's module names it
        ...

    def check(self, definition: Any, scope: Scope) -> Iterator[Problem]:
        """The checks beyond annotations: names, matching types, keys that exclude each other.
        Paths begin at the definition; nested members are checked separately."""


class FoundMember(msgspec.Struct, frozen=True):
    """A member of a family that was read, with its path."""

    path: Path
    family: str
    key: str
    member: FamilyMember
    definition: Any


class Reading(msgspec.Struct):
    """The known families, and the results of reading beside the value: problems, and every family
    member for `check`."""

    families: Families = Families()
    is_published: bool = False  # by any version: keys that are gone are passed over
    problems: list[Problem] = []
    found: list[FoundMember] = []
    around: tuple[Around, ...] = ()  # the structs around the value that is read


class Unreadable(enum.Enum):
    """Replaces a value that couldn't be read; a problem explains why."""

    UNREADABLE = "unreadable"


UNREADABLE = Unreadable.UNREADABLE


def read(raw: Any, kind: Any, path: Path, reading: Reading) -> Any:
    """`raw` as a value of the annotation `kind`, or UNREADABLE."""
    origin = typing.get_origin(kind)
    if origin is Annotated:
        return _read_marked(raw, kind.__metadata__[0], path, reading)
    if origin is Union or origin is types.UnionType:
        return _read_union(raw, typing.get_args(kind), path, reading)
    if origin is list:
        return _read_list(raw, typing.get_args(kind)[0], path, reading)
    if origin is tuple:
        return _read_tuple(raw, typing.get_args(kind), path, reading)
    if origin is dict:
        return _read_dict(raw, typing.get_args(kind), path, reading)
    if origin is Literal:
        return _read_word(raw, {word: word for word in typing.get_args(kind)}, path, reading)
    if isinstance(kind, type) and issubclass(kind, enum.Enum):
        return _read_word(raw, {member.value: member for member in kind}, path, reading)
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        return _read_struct(raw, kind, path, reading)
    raise TypeError(f"unsupported annotation {kind!r}")


def describe(raw: Any) -> str:
    """The found value in words, for messages."""
    if raw is None:
        return "nothing"
    if isinstance(raw, str):
        return repr(raw)
    return "a list" if isinstance(raw, list) else "a mapping"


def _expected(
    what: str, raw: Any, path: Path, reading: Reading, words: tuple[str, ...] = ()
) -> Unreadable:
    """Records the problem; `words`: the allowed values."""
    is_text = isinstance(raw, str)
    problem = Problem(
        path,
        f"expected {what}, found {describe(raw)}",
        found=raw if is_text else None,
        allowed=words,
        nearest=nearest_name(raw, words) if is_text else None,
    )
    reading.problems.append(problem)
    return UNREADABLE


def _misread(raw: Any, marker: Scalar, path: Path, reading: Reading) -> Unreadable:
    """Records the problem of a scalar that doesn't parse."""
    if not isinstance(raw, str):
        return _expected(marker.expects, raw, path, reading, marker.words)
    why = marker.why(raw)
    message = f"expected {marker.expects}, found {describe(raw)}"
    problem = Problem(
        path,
        message if why is None else f"{message}: {why}",
        found=raw,
        allowed=marker.words,
        nearest=nearest_name(raw, marker.words) or marker.meant(raw),
    )
    reading.problems.append(problem)
    return UNREADABLE


def _read_marked(raw: Any, marker: Any, path: Path, reading: Reading) -> Any:
    if isinstance(marker, Scalar):
        if raw is None and marker.may_be_blank:
            return None
        value = marker.parse(raw) if isinstance(raw, str) else None
        if value is None:
            return _misread(raw, marker, path, reading)
        return None if marker.may_be_blank else value
    if isinstance(marker, RawMapping):
        return raw if isinstance(raw, dict) else _expected(marker.expects, raw, path, reading)
    if isinstance(marker, RawList):
        is_list = isinstance(raw, list) and all(isinstance(item, str) for item in raw)
        if is_list or (isinstance(raw, str) and raw.startswith("$")):
            return raw
        return _expected(marker.expects, raw, path, reading)
    if isinstance(marker, OneOf):
        return _read_member(raw, marker, path, reading)
    raise TypeError(f"unsupported marker {marker!r}")


def _read_member(raw: Any, family: OneOf, path: Path, reading: Reading) -> Any:
    members = reading.families.members_of(family.family)
    if isinstance(raw, str) and raw in members:
        raw = {raw: None}  # `- exit`
    if not isinstance(raw, dict):
        allowed = tuple(members)
        reading.problems.append(
            Problem(
                path,
                f"expected a {family.family}, found {describe(raw)}",
                found=raw if isinstance(raw, str) else None,
                allowed=allowed,
                nearest=nearest_name(raw, allowed) if isinstance(raw, str) else None,
            )
        )
        return UNREADABLE
    present = [key for key in raw if key in members]
    if not present:
        _no_member(raw, family.family, tuple(members), path, reading)
        return UNREADABLE
    if len(present) > 1:
        present = _that_has_the_others(present, members) or present
    if len(present) > 1:
        reading.problems.append(
            Problem(
                (*path, present[1]),
                f"{present[0]!r} and {present[1]!r} are two {family.family}s; "
                "write each separately",
                found=present[1],
                at_key=True,
            )
        )
        return UNREADABLE
    key = present[0]
    member = members[key]
    definition = _read_struct(raw, member.Definition, path, reading)
    if definition is not UNREADABLE:
        reading.found.append(FoundMember(path, family.family, key, member, definition))
    return definition


def _that_has_the_others(present: list[str], members: Mapping[str, FamilyMember]) -> list[str]:
    """Of several keys of the family, the one with the others as options (`trigger` has an option
    `any`, and `any` is a condition too)."""
    fitting = []
    for key in present:
        definition: type[msgspec.Struct] = members[key].Definition
        if all(other in keys_of(definition) for other in present):
            fitting.append(key)
    return fitting


def _no_member(
    raw: dict[str, Any], family: str, allowed: tuple[str, ...], path: Path, reading: Reading
) -> None:
    if not raw:
        reading.problems.append(Problem(path, f"empty {family}", allowed=allowed))
        return
    named = next((key for key in raw if nearest_name(key, allowed)), next(iter(raw)))
    reading.problems.append(
        part_of_member(path, named, family, reading.families)
        or unknown_name((*path, named), family, named, allowed, at_key=True)
    )


def _read_union(raw: Any, kinds: tuple[Any, ...], path: Path, reading: Reading) -> Any:
    kinds = tuple(kind for kind in kinds if kind is not type(None))
    if len(kinds) == 1:
        return read(raw, kinds[0], path, reading)
    fitting = [kind for kind in kinds if _shape_fits(raw, kind)]
    if not fitting:
        return _expected(_expects_any(kinds), raw, path, reading)
    if isinstance(raw, dict) and len(fitting) > 1:
        return read(raw, _by_key(raw, fitting, reading.families), path, reading)
    for kind in fitting:
        attempt = Reading(reading.families, reading.is_published, around=reading.around)
        value = read(raw, kind, path, attempt)
        if value is not UNREADABLE and not attempt.problems:
            reading.found.extend(attempt.found)
            return value
    if len(fitting) == 1 and not isinstance(raw, str):
        return read(raw, fitting[0], path, reading)
    words = [word for kind in kinds for word in _words(kind)]
    nearest = None
    if isinstance(raw, str):
        nearest = nearest_name(raw, words) or _meant(raw, kinds)
    message = f"expected {_expects_any(kinds)}, found {describe(raw)}"
    reading.problems.append(Problem(path, message, nearest=nearest))
    return UNREADABLE


def _expects_any(kinds: Sequence[Any]) -> str:
    return ", or ".join(expects(kind) for kind in kinds)


def _meant(raw: str, kinds: Sequence[Any]) -> str | None:
    """The text to write instead of `raw`, by the first of several scalars that knows one."""
    for kind in kinds:
        marker = kind.__metadata__[0] if typing.get_origin(kind) is Annotated else None
        meant = marker.meant(raw) if isinstance(marker, Scalar) else None
        if meant is not None:
            return meant
    return None


def _words(kind: Any) -> tuple[str, ...]:
    """The allowed words of `kind`, if it is a closed list."""
    if typing.get_origin(kind) is Literal:
        return typing.get_args(kind)
    if typing.get_origin(kind) is Annotated and isinstance(kind.__metadata__[0], Scalar):
        return kind.__metadata__[0].words
    return ()


def _shape_fits(raw: Any, kind: Any) -> bool:
    origin = typing.get_origin(kind)
    marker = kind.__metadata__[0] if origin is Annotated else None
    if isinstance(raw, dict):
        is_struct = isinstance(kind, type) and issubclass(kind, msgspec.Struct)
        return is_struct or origin is dict or isinstance(marker, OneOf | RawMapping)
    if isinstance(raw, list):
        return origin in (list, tuple) or isinstance(marker, RawList)
    if raw is None:
        return isinstance(marker, Scalar) and marker.may_be_blank
    is_enum = isinstance(kind, type) and issubclass(kind, enum.Enum)
    return origin is Literal or is_enum or isinstance(marker, Scalar | RawList)


def _by_key(raw: dict[str, Any], kinds: Sequence[Any], families: Families) -> Any:
    """The most likely of several mappings for `raw`: the one with all required keys present, else
    the one with the most keys in common, else one with a key that is spelt nearly so."""

    def is_near(names: Iterable[str]) -> int:
        return int(any(nearest_name(key, names) is not None for key in raw))

    def likeness(kind: Any) -> tuple[int, int, int]:
        if typing.get_origin(kind) is Annotated:
            marker = kind.__metadata__[0]
            members = families.members_of(marker.family) if isinstance(marker, OneOf) else {}
            return (int(any(key in members for key in raw)), 0, is_near(members))
        if typing.get_origin(kind) is dict:
            return (0, 0, 0)
        keys = keys_of(kind)
        required = [key.name for key in keys.values() if key.is_required]
        return (
            int(bool(required) and all(name in raw for name in required)),
            sum(name in raw for name in keys),
            is_near(keys),
        )

    return max(kinds, key=likeness)


def expects(kind: Any) -> str:
    """The expected value in words, for messages."""
    origin = typing.get_origin(kind)
    if origin is Annotated:
        marker = kind.__metadata__[0]
        return f"a {marker.family}" if isinstance(marker, OneOf) else str(marker.expects)
    if origin is Literal:
        return ", ".join(typing.get_args(kind))
    if origin is Union or origin is types.UnionType:
        return _expects_any([one for one in typing.get_args(kind) if one is not type(None)])
    if origin in (list, tuple):
        return "a list"
    if isinstance(kind, type) and issubclass(kind, enum.Enum):
        return ", ".join(member.value for member in kind)
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        required = [key.name for key in keys_of(kind).values() if key.is_required]
        return f"a mapping with {' and '.join(required)}" if required else "a mapping"
    return "a mapping"


def _read_list(raw: Any, kind: Any, path: Path, reading: Reading) -> Any:
    if not isinstance(raw, list):
        return _expected("a list", raw, path, reading)
    values = (read(item, kind, (*path, place), reading) for place, item in enumerate(raw))
    return [value for value in values if value is not UNREADABLE]


def _read_tuple(raw: Any, kinds: tuple[Any, ...], path: Path, reading: Reading) -> Any:
    if not isinstance(raw, list) or len(raw) != len(kinds):
        found = f"a list of {len(raw)}" if isinstance(raw, list) else describe(raw)
        message = f"expected a list of {len(kinds)}, found {found}"
        reading.problems.append(Problem(path, message))
        return UNREADABLE
    values = [
        read(item, kind, (*path, place), reading)
        for place, (item, kind) in enumerate(zip(raw, kinds, strict=True))
    ]
    return UNREADABLE if UNREADABLE in values else tuple(values)


def _read_dict(raw: Any, kinds: tuple[Any, ...], path: Path, reading: Reading) -> Any:
    if not isinstance(raw, dict):
        return _expected("a mapping", raw, path, reading)
    result = {}
    for name, item in raw.items():
        key = name
        if typing.get_origin(kinds[0]) is Annotated:
            marker: Scalar = kinds[0].__metadata__[0]
            key = marker.parse(name)
            if key is None:
                reading.problems.append(
                    Problem(
                        (*path, name),
                        f"expected {marker.expects}, found {name!r}",
                        found=name,
                        at_key=True,
                    )
                )
                continue
        value = read(item, kinds[1], (*path, name), reading)
        if value is not UNREADABLE:
            result[key] = value
    return result


def _read_word(raw: Any, words: Mapping[str, Any], path: Path, reading: Reading) -> Any:
    if isinstance(raw, str) and raw in words:
        return words[raw]
    if not isinstance(raw, str):
        return _expected("one word", raw, path, reading, tuple(words))
    nearest = nearest_name(raw, words)
    allowed = tuple(words)
    reading.problems.append(Problem(path, f"unknown value {raw!r}", raw, allowed, nearest))
    return UNREADABLE


def _unknown_key(
    raw: dict[str, Any], name: str, struct: type[msgspec.Struct], path: Path, reading: Reading
) -> None:
    advice = getattr(struct, "GONE", {}).get(name)
    if advice is None:
        problem = unknown_name((*path, name), "key", name, keys_of(struct), at_key=True)
        if problem.nearest is None:
            problem = (
                too_far_out(raw, struct, (*path, name), reading.families)
                or too_far_in((*path, name), reading.around)
                or problem
            )
        reading.problems.append(problem)
    elif not reading.is_published:
        reading.problems.append(Problem((*path, name), advice, found=name, at_key=True))


def _read_struct(raw: Any, struct: type[msgspec.Struct], path: Path, reading: Reading) -> Any:
    keys = keys_of(struct)
    if not isinstance(raw, dict):
        return _expected(expects(struct), raw, path, reading)
    values: dict[str, Any] = {}
    around = reading.around
    for name, item in raw.items():
        key = keys.get(name)
        if key is None:
            _unknown_key(raw, name, struct, path, reading)
            continue
        reading.around = (*around, Around(path, struct))
        value = read(item, key.kind, (*path, name), reading)
        reading.around = around
        if value is not UNREADABLE:
            values[key.attribute] = value
    missing = [key.name for key in keys.values() if key.is_required and key.name not in raw]
    for name in missing:
        reading.problems.append(Problem(path, f"missing key {name!r}"))
    if any(key.is_required and key.attribute not in values for key in keys.values()):
        return UNREADABLE
    return struct(**values)
