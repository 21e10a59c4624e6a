"""`{profile: FIELD, ...}`: a profile field (SEMANTICS 3.4); dates also relative to now."""

from collections.abc import Iterator

from streams.engine.conditions.closed_words import check_words
from streams.engine.conditions.comparison import (
    Comparison,
    Judge,
    compile_comparison,
    operation_of,
    operations_of,
)
from streams.engine.conditions.truth import NEVER, Condition, Evidence, EvidenceFunction, Truth
from streams.engine.customer import Situation
from streams.engine.language import IN_WORDS, Reader, Scope, json_value, profile_reader
from streams.engine.values import (
    FieldType,
    Instant,
    Operand,
    Problem,
    Text,
    next_day,
    parse_date,
    parse_offset,
    start_of_day,
    unknown_name,
    whole_days,
    zone_of,
)


class Definition(Comparison, frozen=True, kw_only=True):
    """Compares a field of the customer's profile.

    `profile`: the field
    `before`: of a date or moment: before this one (2026-01-01), or before this far from now (-30d)
    `after`: of a date or moment: after this one, or after this far from now
    """

    profile: Text
    before: Operand | None = None
    after: Operand | None = None


def check(definition: Definition, scope: Scope) -> Iterator[Problem]:
    """The field is known and the comparison fits it."""
    field = scope.profile.get(definition.profile)
    if field is None:
        yield unknown_name(("profile",), "profile field", definition.profile, scope.profile)
        return
    in_time = [name for name in ("before", "after") if getattr(definition, name) is not None]
    if not in_time:
        problems: list[Problem] = []
        what = repr(definition.profile)
        compile_comparison(definition, field.type, what, scope, (), problems)
        yield from problems
        if field.words and not problems:
            operation = operation_of(definition)
            compared = {} if operation is None else dict([operation])
            if definition.ignore_case:
                compared["ignore_case"] = "true"
            yield from check_words(compared, definition.profile, field.words, ())
        return
    name = in_time[0]
    others = [*in_time[1:], *operations_of(definition)]
    if others:
        yield Problem((others[0],), f"{name!r} and {others[0]!r} exclude each other", at_key=True)
    if field.type not in (FieldType.DATE, FieldType.MOMENT):
        yield Problem(
            (name,),
            f"{name!r} is for dates and moments, {definition.profile!r} is {IN_WORDS[field.type]}",
            at_key=True,
        )
        return
    operand = getattr(definition, name)
    offset = parse_offset(operand)
    if offset is not None:
        if field.type is FieldType.DATE and whole_days(offset) is None:
            yield Problem((name,), f"a date needs whole days, found {operand!r}")
        return
    problems = []
    compile_comparison(_absolute(name, operand), field.type, "", scope, (), problems)
    for problem in problems:
        wrong = "expected a date such as 2026-01-01 or a distance from now such as -30d"
        is_constant = not operand.startswith("$")
        yield Problem(
            (name,), f"{wrong}, found {operand!r}" if is_constant else problem.message, operand
        )


def compile(definition: Definition, scope: Scope) -> Condition:  # noqa: A001 - same name in each
    """Only comparisons relative to now change by time alone."""
    name = definition.profile
    kind = scope.profile[name].type
    read = profile_reader(name, scope)
    for key in ("before", "after"):
        operand = getattr(definition, key)
        if operand is None:
            continue
        offset = parse_offset(operand)
        if offset is None:
            comparison = _absolute(key, operand)
            return _constant(read, compile_comparison(comparison, kind, name, scope, (), []))
        if kind is FieldType.DATE:
            return _date_from_today(read, key == "before", offset, scope)
        return _moment_from_now(read, key == "before", offset)
    return _constant(read, compile_comparison(definition, kind, name, scope, (), []))


def evidence(definition: Definition, scope: Scope) -> EvidenceFunction:
    """The field; unconverted if it doesn't fit its type."""
    name = definition.profile
    read, show = profile_reader(name, scope), json_value(scope.profile[name].type, scope)

    def collect(situation: Situation) -> Evidence:
        value = read(situation)
        given = situation.state.profile.get(name)
        return Evidence({f"profile {name}": given if value is None else show(value)})

    return collect


def _absolute(key: str, operand: str) -> Comparison:
    return Comparison(lt=operand) if key == "before" else Comparison(gt=operand)


def _constant(read: Reader, judge_value: Judge) -> Condition:
    def judge(situation: Situation) -> Truth:
        return judge_value(read(situation), situation), None

    return judge


def _until(at: Instant, *, before: bool, now: Instant) -> Truth:
    """The truth of a comparison that turns true (`before`) or false at `at`."""
    if now >= at:
        return before, None
    return not before, at


def _moment_from_now(read: Reader, before: bool, offset: int) -> Condition:
    def judge(situation: Situation) -> Truth:
        moment = read(situation)
        if moment is None:
            return NEVER
        # before: moment < now + offset, from moment - offset + 1 on; after: until moment - offset
        at = moment - offset + (1 if before else 0)
        return _until(at, before=before, now=situation.now)

    return judge


def _date_from_today(read: Reader, before: bool, offset: int, scope: Scope) -> Condition:
    days = whole_days(offset)
    assert days is not None

    def judge(situation: Situation) -> Truth:
        day = parse_date(read(situation) or "")
        if day is None:
            return NEVER
        zone = zone_of(situation.state.profile.get("timezone"), scope.zone)
        turns = next_day(day, (1 if before else 0) - days)
        return _until(start_of_day(turns, zone), before=before, now=situation.now)

    return judge
