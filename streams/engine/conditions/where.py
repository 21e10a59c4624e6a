"""`where`: several comparisons on the same event (SEMANTICS 1.2, 3.2).

A missing list is an empty one; on an empty list `any`, `all` and `in` are false and `none` is true.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Annotated, Any

import msgspec

from streams.engine.conditions.closed_words import check_words, words_at
from streams.engine.conditions.comparison import QUANTIFIERS, Judge, compile_judge, never
from streams.engine.customer import APPLY_BY_MACHINE, Situation
from streams.engine.language import (
    IN_WORDS,
    ITEM_OF,
    Scope,
    describe,
    field_at,
    field_reader,
    fields_of,
)
from streams.engine.values import (
    ALL_CHANNELS,
    ANY_SCALAR,
    CHANNELS,
    ITEM_FIELDS,
    NEWS,
    PRODUCT_METRICS,
    Field,
    FieldType,
    MetricName,
    Path,
    Problem,
    RawMapping,
    unknown_name,
)

MACHINE = "machine"
"""The field of an opened or clicked message that says that no person did it."""

Test = Callable[[Mapping[str, Any], Situation], bool]
"""True if the data of an event (or item) passes."""

Where = Annotated[
    dict[str, Any],
    RawMapping(
        "a mapping of fields to values or comparisons",
        {
            "type": "object",
            "additionalProperties": {
                "anyOf": [
                    ANY_SCALAR,
                    {"$ref": "#/$defs/Comparison"},
                    {"$ref": "#/$defs/ListComparison"},
                ]
            },
        },
    ),
]
"""Field -> value or comparison; read in `compile_where`, where the fields are known."""


class EventPattern(msgspec.Struct, frozen=True, kw_only=True):
    """Events of one metric with matching data.

    `metric`: the event type
    `where`: conditions on the event's data, all on the same event
    """

    metric: MetricName
    where: Where = {}


def top_fields(where: Mapping[str, Any]) -> set[str]:
    """The event's fields that a `where` reads."""
    return {name.partition(".")[0] for name in where}


def compile_where(
    raw: Mapping[str, Any],
    fields: Mapping[str, Field],
    scope: Scope,
    path: Path,
    problems: list[Problem],
) -> Test:
    """A `where` as one closure: all comparisons must hold. Appends to `problems`."""
    tests = [
        compile_field(name, value, fields, scope, (*path, name), problems)
        for name, value in raw.items()
    ]
    if len(tests) == 1:
        return tests[0]
    return lambda data, situation: all(test(data, situation) for test in tests)


def compile_field(
    name: str,
    raw: Any,
    fields: Mapping[str, Field],
    scope: Scope,
    path: Path,
    problems: list[Problem],
) -> Test:
    """One field of a `where`: a value (equals), a comparison, or any/all/none over a list."""
    kind = field_at(name, fields, scope, path)
    if isinstance(kind, Problem):
        problems.append(msgspec.structs.replace(kind, at_key=True))
        return _no_data
    words = words_at(name, fields, scope)
    if words:
        problems.extend(check_words(raw, name, words, path))
    read_value = field_reader(name, fields, scope)
    quantifier = _quantifier_of(raw)
    if quantifier is not None:
        test = _quantified(quantifier, raw[quantifier], name, kind, scope, path, problems)
        return lambda data, situation: test(read_value(data) or (), situation)
    if kind is FieldType.ITEMS and isinstance(raw, dict) and _names_of_items(raw):
        inner = next(iter(raw))
        message = f"{name!r} is a list: write {name}: {{any: {{{inner}: ...}}}}, or use all or none"
        problems.append(Problem(path, message))
        return _no_data
    judge = compile_judge(raw, kind, repr(name), scope, path, problems)
    if ALL_CHANNELS in words:
        judge = _of_each_channel(judge)
    return lambda data, situation: judge(read_value(data), situation)


def _of_each_channel(judge: Judge) -> Judge:
    """Compares `all` channels as each of them: all are left at once (SEMANTICS 8.1)."""

    def of_any(value: Any, situation: Situation) -> bool:
        if value == ALL_CHANNELS:
            return judge(value, situation) or any(judge(one, situation) for one in CHANNELS)
        return judge(value, situation)

    return of_any


def _no_data(data: Mapping[str, Any], situation: Situation) -> bool:
    return False


def _names_of_items(raw: dict[str, Any]) -> bool:
    return bool(raw) and all(name.partition(".")[0] in ITEM_FIELDS for name in raw)


def _quantifier_of(raw: Any) -> str | None:
    if isinstance(raw, dict) and len(raw) == 1:
        (key,) = raw
        return key if key in QUANTIFIERS else None
    return None


def _quantified(
    quantifier: str,
    raw: Any,
    name: str,
    kind: FieldType,
    scope: Scope,
    path: Path,
    problems: list[Problem],
) -> Judge:
    path = (*path, quantifier)
    member: Judge
    if kind is FieldType.ITEMS:
        if not isinstance(raw, dict) or not raw:
            message = f"expected conditions on an item's fields, found {describe(raw)}"
            problems.append(Problem(path, message))
            return never
        member = compile_where(raw, ITEM_FIELDS, scope, path, problems)
    elif kind in ITEM_OF:
        member = compile_judge(raw, ITEM_OF[kind], f"a member of {name!r}", scope, path, problems)
    else:
        message = f"{quantifier!r} is for lists, {name!r} is {IN_WORDS[kind]}"
        problems.append(Problem(path, message, found=quantifier, at_key=True))
        return never
    if quantifier == "any":
        return lambda values, situation: any(member(value, situation) for value in values)
    if quantifier == "all":
        return lambda values, situation: (
            bool(values) and all(member(value, situation) for value in values)
        )
    return lambda values, situation: not any(member(value, situation) for value in values)


def unknown_metric(path: Path, metric: str, scope: Scope) -> Problem:
    """The problem of a metric without customer events."""
    if metric in PRODUCT_METRICS:
        meant = " or ".join(repr(name) for name in NEWS)
        text = f"{metric!r} is a product event, not a customer event; use {meant}"
        return Problem(path, text, found=metric)
    return unknown_name(path, "metric", metric, scope.metrics)


def check_pattern(pattern: EventPattern, scope: Scope) -> Iterator[Problem]:
    """Checks the metric and its `where`. Paths begin at the pattern."""
    yield from check_events(pattern.metric, pattern.where, scope, ("metric",))


def check_events(
    metric: str, where: Mapping[str, Any], scope: Scope, metric_path: Path
) -> Iterator[Problem]:
    """As `check_pattern`, for a metric under another key."""
    if metric not in scope.metrics:
        yield unknown_metric(metric_path, metric, scope)
        return
    problems: list[Problem] = []
    compile_where(where, fields_of(metric, scope), scope, ("where",), problems)
    yield from problems


def check_past_events(
    metric: str, where: Mapping[str, Any], scope: Scope, metric_path: Path
) -> Iterator[Problem]:
    """As `check_events`, for events of the past: of what machines did nothing is remembered."""
    yield from check_events(metric, where, scope, metric_path)
    if metric in APPLY_BY_MACHINE and MACHINE in top_fields(where):
        told = metric.removeprefix("message.")
        message = (
            f"what machines did is not remembered, so it never counts: leave {MACHINE!r} out, or "
            f"ask about one message: {{{told}: STEP, {MACHINE}: true}}"
        )
        yield Problem(("where", MACHINE), message, found=MACHINE, at_key=True)


def compile_pattern(pattern: EventPattern, scope: Scope) -> Test | None:
    """The test of an event's data; None if every event of the metric passes. For checked
    definitions only. What a machine did passes only if `machine` is asked for (SEMANTICS 3.8)."""
    test = compile_events(pattern.metric, pattern.where, scope)
    if pattern.metric not in APPLY_BY_MACHINE or MACHINE in top_fields(pattern.where):
        return test
    return lambda data, situation: not data.get(MACHINE) and (test is None or test(data, situation))


def compile_events(metric: str, where: Mapping[str, Any], scope: Scope) -> Test | None:
    """As `compile_pattern`, for a metric under another key."""
    if not where:
        return None
    scope.reads.read(metric, top_fields(where))
    return compile_where(where, fields_of(metric, scope), scope, ("where",), [])
