"""Compares the outputs of a case with the expected ones, as a picture of the differences."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from streams.definitions.placed_problem import sort_key
from streams.engine import new_state
from streams.engine.compiling import Definitions
from streams.engine.conditions import compile_segment
from streams.engine.customer import Situation
from streams.engine.values import (
    ITEM_FIELDS,
    FieldType,
    Problem,
    amount_text,
    duration_text,
    moment_text,
    parse_amount,
    parse_boolean,
    parse_decimal,
    parse_duration,
    path_text,
)
from streams.flowtest.cases import Case, ExpectedProblem
from streams.flowtest.entries import DECISION_ENTRIES, Entries
from streams.flowtest.events import EventMaker, WrongCase
from streams.flowtest.expectation import (
    LISTS,
    unknown_fields,
    unknown_names,
    wrong_memberships,
    wrong_profiles,
)
from streams.flowtest.run import Ran, run_case
from streams.flowtest.world import CaseOutputs

_EMPTY: tuple[Any, ...] = (None, "", [], {})


class Result(msgspec.Struct, frozen=True):
    """Result of a case; `picture` is empty if it passed."""

    case: Case
    picture: list[str]

    @property
    def has_passed(self) -> bool:
        return not self.picture


def judge_case(case: Case) -> Result:
    """Runs `case` and compares its outputs."""
    try:
        ran = run_case(case)
    except WrongCase as wrong:
        return Result(case, _cannot_be(case, [*wrong.problems, *unknown_fields(case.expect)]))
    if isinstance(ran, list):
        return Result(case, list(_refused(case, ran)))
    if case.expect.refused is not None:
        return Result(case, ["definitions are valid, expected a problem"])
    problems = [
        *unknown_fields(case.expect),
        *unknown_names(case),
        *wrong_profiles(case.expect, ran.definitions),
        *wrong_memberships(case.expect, ran.definitions),
    ]
    if problems:
        return Result(case, _cannot_be(case, problems))
    return Result(case, differences(case, ran))


def differences(case: Case, ran: Ran) -> list[str]:
    """A picture of the differences from the expected outputs; empty if there are none."""
    return list(_Comparison(case, ran).differences())


def _cannot_be(case: Case, problems: Sequence[Problem]) -> list[str]:
    placed = sorted((case.places.placed(problem) for problem in problems), key=sort_key)
    return ["invalid case:", *(f"  {problem}" for problem in placed)]


def _refused(case: Case, problems: Sequence[Problem]) -> Iterator[str]:
    expected = case.expect.refused
    if expected is None:
        placed = [case.places.placed_in_set(problem, case.definitions) for problem in problems]
        yield "invalid definitions:"
        yield from (f"  {problem}" for problem in sorted(placed, key=sort_key))
        return
    missing = [
        refusal for refusal in expected if not any(_fits(refusal, problem) for problem in problems)
    ]
    for refusal in missing:
        yield f"expected a problem at {refusal.path or 'any path'} containing {refusal.says!r}"
    if missing:
        yield "problems found:"
        yield from (f"  {_problem_text(problem)}" for problem in problems)


def _fits(refusal: ExpectedProblem, problem: Problem) -> bool:
    whole = path_text(problem.path)
    inside = path_text(problem.path[2:]) if problem.path[:1] != ("store",) else whole
    is_there = refusal.path is None or any(
        path == refusal.path or path.startswith((f"{refusal.path}.", f"{refusal.path}["))
        for path in (whole, inside)
    )
    return refusal.says in problem.sentence() and is_there


def _problem_text(problem: Problem) -> str:
    return f"{path_text(problem.path)}: {problem.sentence()}"


class _Comparison:
    """Comparison of one case that ran."""

    def __init__(self, case: Case, ran: Ran) -> None:
        self._expect = case.expect
        self._ran = ran
        self._outputs = ran.outputs
        self._maker = EventMaker(ran.definitions)
        self._definitions: Definitions = ran.definitions

    def differences(self) -> Iterator[str]:
        expect, outputs = self._expect, self._outputs
        picture: list[str] = []
        for reason in outputs.dead_letters:
            picture.append(f"dead letter: {reason}")
        found = {
            "commands": outputs.commands,
            "webhooks": outputs.webhooks,
            "reviews": outputs.reviews,
            "decisions_exactly": outputs.decisions,
        }
        for name, entries in found.items():
            expected = getattr(expect, name)
            if expected is not None:
                picture += self._whole_list(name, expected, entries, LISTS[name])
        if expect.decisions is not None:
            picture += self._in_order(expect.decisions, outputs.decisions)
        if expect.profile is not None:
            picture += self._profiles(expect.profile)
        if expect.segments is not None:
            picture += self._memberships(expect.segments)
        yield from picture
        if picture:
            yield "timeline:"
            yield from self._timeline()
        for way, other in self._ran.differing.items():
            yield f"internal error, please report: results differ when {way}:"
            yield from self._between_runs(other)

    # ── Lists ─────────────────────────────────────────────────────────────────────────────────

    def _whole_list(
        self,
        what: str,
        expected: Sequence[Mapping[str, Any]],
        found: Sequence[Mapping[str, Any]],
        kind: Entries,
    ) -> list[str]:
        """Both lists, entry by entry; empty if they agree."""
        lines = []
        is_wrong = len(expected) != len(found)
        for number in range(max(len(expected), len(found))):
            if number >= len(found):
                lines.append(f"  - {number + 1}. {_entry_text(expected[number])}")
            elif number >= len(expected):
                lines.append(f"  + {number + 1}. {self._text(found[number], kind)}")
            else:
                wrong = list(self._entry(expected[number], found[number], kind))
                is_wrong = is_wrong or bool(wrong)
                mark = "!" if wrong else "="
                lines.append(f"  {mark} {number + 1}. {self._text(found[number], kind)}")
                lines += [f"       {line}" for line in wrong]
        if not is_wrong:
            return []
        counts = f"expected {len(expected)}, got {len(found)}"
        head = f"{what}: {counts}  (- missing, + unexpected, ! different)"
        return [head, *lines]

    def _in_order(
        self, expected: Sequence[Mapping[str, Any]], found: Sequence[Mapping[str, Any]]
    ) -> list[str]:
        place = 0
        for number, entry in enumerate(expected):
            here = place
            while place < len(found) and any(self._entry(entry, found[place], DECISION_ENTRIES)):
                place += 1
            if place == len(found):
                after = f" after {_entry_text(expected[number - 1])}" if number and here else ""
                return [f"decisions: not found{after}:", f"  - {_entry_text(entry)}"]
            place += 1
        return []

    def _entry(
        self, expected: Mapping[str, Any], found: Mapping[str, Any], kind: Entries
    ) -> Iterator[str]:
        """Differences between an entry and the expected one."""
        for name, wanted in expected.items():
            field = kind.fields[name]
            value = found.get(field)
            if not self._equal(wanted, value, field):
                yield f"{name}: expected {_value_text(wanted)}, got {self._shown(value, field)}"

    # ── Values ────────────────────────────────────────────────────────────────────────────────

    def _equal(self, wanted: Any, value: Any, field: str) -> bool:
        """True if the written value equals `value`. Mappings are compared on the fields given,
        lists member by member."""
        if wanted is None:
            return value in _EMPTY
        if isinstance(wanted, dict):
            return isinstance(value, dict) and all(
                name in value and self._equal(inner, value[name], name)
                for name, inner in wanted.items()
            )
        if isinstance(wanted, list):
            return (
                isinstance(value, list)
                and len(wanted) == len(value)
                and all(
                    self._equal(inner, one, field) for inner, one in zip(wanted, value, strict=True)
                )
            )
        return self._equal_scalar(wanted, value, field)

    def _equal_scalar(self, text: str, value: Any, field: str) -> bool:
        if _is_moment(field, value):
            return bool(self._maker.moment(text) == value)
        if isinstance(value, bool):
            return parse_boolean(text) is value
        if field.endswith(_MILLISECONDS) and isinstance(value, int):
            return parse_duration(text) == value
        if field in _ITEM_MONEY and isinstance(value, int):
            return parse_amount(text, self._definitions.store.currency) == value
        if isinstance(value, int | float):
            number = parse_decimal(text)
            return number is not None and float(number) == value
        return bool(text == value)

    def _shown(self, value: Any, field: str) -> str:
        if _is_moment(field, value):
            return moment_text(value, self._definitions.store.zone())
        if field.endswith(_MILLISECONDS) and isinstance(value, int):
            return duration_text(value)
        if field in _ITEM_MONEY and isinstance(value, int):
            return amount_text(value, self._definitions.store.currency)
        if isinstance(value, list):
            return f"[{', '.join(self._shown(one, field) for one in value)}]"
        if isinstance(value, dict):
            parts = (
                f"{name}: {self._shown(one, name)}"
                for name, one in value.items()
                if one is not None
            )
            return f"{{{', '.join(parts)}}}"
        return "nothing" if value is None else str(value)

    def _text(self, found: Mapping[str, Any], kind: Entries) -> str:
        fields = [kind.fields[name] for name in kind.shown]
        parts = (
            self._shown(found[field], field) for field in fields if found.get(field) not in _EMPTY
        )
        return "  ".join(parts)

    # ── Profiles, the timeline, the other runs ────────────────────────────────────────────────

    def _profiles(self, expected: Mapping[str, Mapping[str, Any]]) -> list[str]:
        lines = []
        for customer, fields in expected.items():
            state = self._outputs.states.get(customer)
            profile = {} if state is None else state.profile
            for name, wanted in fields.items():
                value = profile.get(name)
                is_equal = (wanted is None and value is None) or self._is_profile_value(
                    wanted, value, name
                )
                if not is_equal:
                    lines.append(
                        f"profile: {customer}.{name}: expected {_value_text(wanted)}, "
                        f"got {self._shown(value, name)}"
                    )
        return lines

    def _memberships(self, expected: Mapping[str, Mapping[str, Any]]) -> list[str]:
        """The differences from the members of segments at the end, by the definitions of the case
        and the last store facts."""
        lines = []
        scope = self._definitions.scope()
        for customer, segments in expected.items():
            state = self._outputs.states.get(customer)
            situation = Situation(
                new_state(customer) if state is None else state,
                self._ran.until,
                self._outputs.facts,
            )
            for name, wanted in segments.items():
                is_member = state is not None and compile_segment(name, scope)(situation)[0]
                if parse_boolean(str(wanted)) is not is_member:
                    found = "a member" if is_member else "no member"
                    lines.append(f"segments: {customer} is {found} of {name}, expected otherwise")
        return lines

    def _is_profile_value(self, wanted: Any, value: Any, name: str) -> bool:
        field = self._definitions.scope().profile[name]
        if wanted is None or value is None:
            return False
        return bool(
            self._maker.value(wanted, field, (name,), self._definitions.store.currency) == value
        )

    def _timeline(self) -> Iterator[str]:
        if not self._outputs.decisions:
            yield "  no decisions"
        for decision in self._outputs.decisions:
            evidence = decision["evidence"]
            text = self._text(decision, DECISION_ENTRIES)
            yield f"  {text}" + (f"  {self._shown(evidence, 'evidence')}" if evidence else "")

    def _between_runs(self, other: CaseOutputs) -> Iterator[str]:
        their_parts = other.by_kind()
        for what, ours in self._outputs.by_kind().items():
            theirs = their_parts[what]
            for number in range(max(len(ours), len(theirs))):
                one = ours[number] if number < len(ours) else None
                another = theirs[number] if number < len(theirs) else None
                if one != another:
                    yield f"  {what} {number + 1}: {_value_text(one)}"
                    yield f"  {' ' * len(what)}   but: {_value_text(another)}"
                    break


_ITEM_MONEY = frozenset(
    name for name, field in ITEM_FIELDS.items() if field.type is FieldType.MONEY
)


_MOMENTS = ("at", "not_before", "until", "waited_until", "due")
_MILLISECONDS = "_ms"
"""End of the names of durations in evidence, which a test writes as in flows."""


def _is_moment(field: str, value: Any) -> bool:
    return isinstance(value, int) and (field in _MOMENTS or field.endswith("_at"))


def _entry_text(expected: Mapping[str, Any]) -> str:
    return ", ".join(f"{name}: {_value_text(value)}" for name, value in expected.items())


def _value_text(value: Any) -> str:
    if isinstance(value, dict):
        inner = (f"{name}: {_value_text(one)}" for name, one in value.items() if one is not None)
        return f"{{{', '.join(inner)}}}"
    if isinstance(value, list):
        return f"[{', '.join(_value_text(one) for one in value)}]"
    return "nothing" if value is None else str(value)
