"""Advice about conditions that never hold, and branches that nobody takes."""

from collections.abc import Iterator, Mapping
from typing import Any

from streams.definitions.journey_walk import (
    Visit,
    is_transactional,
    recent_facts,
    sending_facts,
    trigger_facts,
    visits_of,
)
from streams.definitions.lint_subject import Subject
from streams.definitions.satisfiable import (
    RawCondition,
    can_hold,
    implies,
    where_conditions,
)
from streams.engine.compiling import condition_text
from streams.engine.customer import ADDRESS_FIELDS
from streams.engine.values import Path, Problem


def condition_that_never_holds(subject: Subject) -> Iterator[Problem]:
    """A filter, an audience or a message's own condition that no customer meets."""
    for path, condition in _own_conditions(subject):
        if not can_hold([condition]):
            yield Problem(path, "no customer can meet this condition")


def filter_that_the_trigger_contradicts(subject: Subject) -> Iterator[Problem]:
    """A filter that fails for everybody who enters: the triggering event counts (SEMANTICS 1.8)."""
    given = subject.raw.get("filter")
    if given is None or not can_hold([given]):
        return
    facts = [*trigger_facts(subject), *recent_facts(subject)]
    segment = subject.raw["trigger"].get("segment")
    if segment is not None:
        facts.append({"segment": segment})
    if facts and not can_hold([*facts, given]):
        metric = subject.raw["trigger"].get("metric")
        because = f"the triggering {metric} counts" if metric else f"members of {segment!r} enter"
        path = (*subject.path, "filter")
        yield Problem(path, f"the filter fails for everybody who enters: {because}")


def branch_that_nobody_takes(subject: Subject) -> Iterator[Problem]:
    """A branch whose condition contradicts what is known at its place."""
    for visit in visits_of(subject):
        if not can_hold(visit.place.facts):
            continue  # inside of such a branch
        for path, place in visit.ways:
            if _is_written(visit, path) and not can_hold(place.facts):
                yield Problem(path, _why_dead(visit, path), at_key=True)
        yield from _paths_without_share(visit)


def message_that_is_never_sent(subject: Subject) -> Iterator[Problem]:
    """A message behind a branch that its own consent, address, filter or condition contradicts."""
    filters = [subject.raw["filter"]] if subject.raw.get("filter") else []
    for visit in visits_of(subject):
        step, facts = visit.step, visit.place.facts
        if "send" not in step or step.get("status") == "draft" or not can_hold(facts):
            continue
        if not can_hold(sending_facts(step, visit.place)):
            yield Problem(visit.path, "'only_if' contradicts the branch: never sent")
        elif not can_hold([*sending_facts(step, visit.place), *filters]) and can_hold(filters):
            yield Problem(visit.path, "the flow's filter contradicts the branch: never sent")
        elif not is_transactional(step, subject):
            yield from _without_consent(visit)


def _without_consent(visit: Visit) -> Iterator[Problem]:
    channel = visit.step["send"]
    facts = sending_facts(visit.step, visit.place)
    field = ADDRESS_FIELDS.get(channel)
    if not can_hold([*facts, {"consent": channel}]):
        yield Problem(
            visit.path,
            f"this branch is without consent for {channel}, so the message is never sent: "
            "no_consent",
        )
    elif field is not None and not can_hold([*facts, {"profile": field, "exists": "true"}]):
        yield Problem(
            visit.path,
            f"this branch is without {field!r}, so the message is never sent: no_recipient",
        )


def wait_for_an_exit(subject: Subject) -> Iterator[Problem]:
    """A wait for an event that ends the journey (SEMANTICS 5.1: exits come first)."""
    for visit in visits_of(subject):
        awaited = visit.step.get("wait_for")
        if not isinstance(awaited, Mapping) or "metric" not in awaited:
            continue
        for rule in subject.raw.get("exit_on") or ():
            if rule["metric"] == awaited["metric"] and _covers(rule, awaited):
                yield Problem(
                    (*visit.path, "wait_for"),
                    f"{awaited['metric']} ends the journey (exit_on), so 'then' is never taken",
                )
                break


def _covers(rule: Mapping[str, Any], awaited: Mapping[str, Any]) -> bool:
    """True if every awaited event matches the exit rule."""
    known = where_conditions(awaited.get("where") or {})
    return all(implies(known, one) for one in where_conditions(rule.get("where") or {}))


def segment_without_members(segments: list[dict[str, Any]]) -> Iterator[Problem]:
    """A segment that no customer can be in."""
    for place, segment in enumerate(segments):
        if not can_hold([segment["if"]]):
            yield Problem(("segments", place, "if"), "no customer can meet this condition")


def _own_conditions(subject: Subject) -> Iterator[tuple[Path, RawCondition]]:
    raw = subject.raw
    if raw.get("filter"):
        yield (*subject.path, "filter"), raw["filter"]
    audience = raw["trigger"].get("audience")
    if isinstance(audience, Mapping):
        yield (*subject.path, "trigger", "audience"), audience
    for sequence in subject.sequences():
        for place, step in enumerate(sequence.steps):
            if step.get("only_if"):
                yield (*sequence.path, place, "only_if"), step["only_if"]
    where = raw["trigger"].get("where")
    if where:
        both = {"all": where_conditions(where)}
        yield (*subject.path, "trigger", "where"), both


def _is_written(visit: Visit, path: Path) -> bool:
    """True if the branch has steps."""
    raw: Any = visit.step
    for part in path[len(visit.path) :]:
        raw = raw[part] if isinstance(part, int) else (raw or {}).get(part)
    return bool(raw)


def _why_dead(visit: Visit, path: Path) -> str:
    way = path[len(visit.path)]
    if way == "branch":
        number = path[len(visit.path) + 1]
        assert isinstance(number, int)
        condition = visit.step["branch"][number]["when"]
        if can_hold([*visit.place.facts, condition]):
            return "nobody takes this branch: one above it holds whenever its condition does"
        return f"nobody takes this branch: ({condition_text(condition)}) never holds here"
    if "if" in visit.step and way == "then":
        return f"nobody takes this branch: ({condition_text(visit.step['if'])}) never holds here"
    if "if" in visit.step:
        return f"nobody takes this branch: ({condition_text(visit.step['if'])}) always holds here"
    return "nobody takes this branch: one above it always holds"


def _paths_without_share(visit: Visit) -> Iterator[Problem]:
    for name, share in (visit.step.get("sample") or {}).items():
        if share.strip("0") == "" and (visit.step.get("paths") or {}).get(name):
            path = (*visit.path, "paths", name)
            yield Problem(path, f"nobody takes this path: its share is {share}", at_key=True)
