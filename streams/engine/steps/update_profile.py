"""Sets fields of the customer's profile; the next step sees the new values (SEMANTICS 5.2)."""

import math
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import msgspec

from streams.engine.customer import Journey, Situation, set_field
from streams.engine.language import (
    Reader,
    Scope,
    compile_reference,
    compile_value,
    is_reference,
    parse_constant,
    profile_reader,
)
from streams.engine.program import Building, Step, Turn, is_filtered
from streams.engine.values import (
    LARGEST_AMOUNT,
    FieldName,
    FieldType,
    Identifier,
    Operand,
    Path,
    Problem,
    amount_text,
    parse_moment,
    place_moment,
    to_date,
    unknown_name,
    zone_of,
)


class Addition(msgspec.Struct, frozen=True, kw_only=True):
    """Adds to a number; a missing one is 0.

    `add`: the summand, a constant or a reference; negative to subtract; nothing changes without it
    """

    add: Operand


class Definition(msgspec.Struct, frozen=True, kw_only=True):
    """Sets fields of the profile.

    `update_profile`: fields to values or references; a missing value unsets its field, a moment
      given to a date is its date, `{add: 1}` adds to a number
    `id`: the name of the step, shown in decisions
    """

    update_profile: dict[FieldName, Operand | Addition]
    id: Identifier | None = None


_WITHIN_64_BITS = range(-(1 << 63), 1 << 63)
"""The whole numbers that a state holds."""

_LISTS = (FieldType.TEXTS, FieldType.NUMBERS)
_SUMMABLE = (FieldType.NUMBER, FieldType.MONEY)


def check(definition: Definition, scope: Scope) -> Iterator[Problem]:
    """The fields are known and the values fit them."""
    for name, given in definition.update_profile.items():
        path = ("update_profile", name)
        field = scope.profile.get(name)
        if field is None:
            yield unknown_name(path, "profile field", name, scope.profile, at_key=True)
        elif field.type in _LISTS:
            yield Problem(path, f"{name!r} ({field.type.value}) cannot be set here")
        elif isinstance(given, Addition):
            yield from _check_addition(name, given, field.type, scope)
        else:
            value = _value(given, field.type, scope, path)
            if isinstance(value, Problem):
                yield value
            else:
                yield from _check_size(given, field.type, scope, path)


def _check_addition(
    name: str, addition: Addition, kind: FieldType, scope: Scope
) -> Iterator[Problem]:
    path = ("update_profile", name, "add")
    if kind not in _SUMMABLE:
        message = f"'add' is for numbers, {name!r} is {kind.value}"
        yield Problem(path, message, found="add", at_key=True)
        return
    summand = compile_value(addition.add, kind, scope, path)
    if isinstance(summand, Problem):
        yield summand
    else:
        yield from _check_size(addition.add, kind, scope, path)


def _check_size(text: str, kind: FieldType, scope: Scope, path: Path) -> Iterator[Problem]:
    """A constant that a profile can't hold, as events can't bring it (SEMANTICS 8.4)."""
    if is_reference(text):
        return
    value: Any = parse_constant(text, kind, scope)
    if kind is FieldType.MONEY and abs(value) > LARGEST_AMOUNT:
        most = amount_text(LARGEST_AMOUNT, scope.currency)
        yield Problem(path, f"expected at most {most} {scope.currency}, found {text!r}", found=text)
    elif kind is FieldType.NUMBER and isinstance(value, int) and value not in _WITHIN_64_BITS:
        message = f"expected a number of at most 64 bits, found {text!r}"
        yield Problem(path, message, found=text)


def compile(definition: Definition, building: Building, step_id: str, following: Step) -> Step:  # noqa: A001 - same name in each
    """The step that sets them, if the flow's profile filter holds (1.3)."""
    scope, flow = building.scope, building.flow
    country = building.settings.country
    values = [
        (name, _new_value(name, given, scope)) for name, given in definition.update_profile.items()
    ]

    def run(turn: Turn, journey: Journey) -> Step | None:
        if is_filtered(turn, flow, journey, step_id):
            return following
        if turn.profile_before is None:
            turn.profile_before = dict(turn.state.profile)
        for name, value in [(name, read(turn)) for name, read in values]:
            set_field(turn.state, name, value, turn.now, country)
        turn.has_changed_profile = True
        return following

    return Step(step_id, run, run)


def _new_value(name: str, given: str | Addition, scope: Scope) -> Reader:
    kind = scope.profile[name].type
    if isinstance(given, Addition):
        summand = compile_value(given.add, kind, scope)
        assert not isinstance(summand, Problem)
        sum_of = _amount_of if kind is FieldType.MONEY else _number_of
        return sum_of(profile_reader(name, scope), summand)
    reader = _value(given, kind, scope)
    assert not isinstance(reader, Problem)
    return reader


def _amount_of(present: Reader, summand: Reader) -> Reader:
    """Minor units stay whole: a sum that a state can't hold isn't made."""

    def read(situation: Situation) -> Any:
        before, added = present(situation), summand(situation)
        if added is None:
            return before
        total = (before or 0) + added
        return total if total in _WITHIN_64_BITS else before

    return read


def _number_of(present: Reader, summand: Reader) -> Reader:
    """Decimals, because 0.1 + 0.2 as floats is more than 0.3. What a state can't hold as a whole
    number is kept as a float."""

    def read(situation: Situation) -> Any:
        before, added = present(situation), summand(situation)
        if added is None or not math.isfinite(added):
            return before
        total = Decimal(repr(before or 0)) + Decimal(repr(added))
        is_whole = total == total.to_integral_value() and int(total) in _WITHIN_64_BITS
        return int(total) if is_whole else float(total)

    return read


def _value(text: str, kind: FieldType, scope: Scope, path: Path = ()) -> Reader | Problem:
    """As `compile_value`; a moment given to a date is its date, P's own if it is a reference."""
    if kind is FieldType.DATE and is_reference(text):
        reference = compile_reference(text, scope, path)
        if not isinstance(reference, Problem) and reference.type is FieldType.MOMENT:
            return _date_of(reference.read, scope)
    elif kind is FieldType.DATE:
        moment = parse_moment(text)
        if moment is not None:
            day = to_date(place_moment(moment, scope.zone), scope.zone).isoformat()
            return lambda situation: day
    return compile_value(text, kind, scope, path)


def _date_of(moment: Reader, scope: Scope) -> Reader:
    def read(situation: Situation) -> str | None:
        at = moment(situation)
        zone = zone_of(situation.state.profile.get("timezone"), scope.zone)
        return None if at is None else to_date(at, zone).isoformat()

    return read
