"""A walk through the steps of a flow that knows what holds where: conditions of the branches taken,
and the messages sent shortly before.

A condition that was judged holds until the next wait; one about the triggering event alone holds to
the end. A message is near until the Smart Sending window of its channel has passed.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import msgspec

from streams.definitions.lint_subject import Subject
from streams.definitions.satisfiable import RawCondition, atoms_of, can_hold, where_conditions
from streams.definitions.steps import RawStep, as_step
from streams.engine.compiling import DEFAULT_EVENT_AGE, TRANSACTIONAL_EVENT_AGE
from streams.engine.language import is_reference
from streams.engine.values import Path, parse_duration

KnownFacts = tuple[RawCondition, ...]
"""Conditions that hold at one place."""


class NearSend(msgspec.Struct, frozen=True):
    """A message before a place: the facts under which it was sent, and the time since."""

    channel: str
    facts: KnownFacts
    since: int = 0  # ms


class Place(msgspec.Struct, frozen=True):
    """The facts and messages before a step."""

    facts: KnownFacts = ()
    near: tuple[NearSend, ...] = ()
    is_at_entry: bool = True  # no wait before it
    is_over: bool = False  # the journey has ended

    def knowing(self, *conditions: RawCondition) -> "Place":
        """The place on the branch on which the conditions hold."""
        return msgspec.structs.replace(self, facts=(*self.facts, *conditions))


class Visit(msgspec.Struct, frozen=True):
    """A step with its path and its place; `ways` are its branches, each with the path of its steps
    and its place."""

    path: Path
    step: RawStep
    place: Place
    ways: tuple[tuple[Path, Place], ...] = ()


def visits_of(subject: Subject) -> list[Visit]:
    """Returns all steps from top to bottom, each followed by those inside of it."""
    walker = _Walker(subject)
    place = Place(facts=(*trigger_facts(subject), *_entry_facts(subject)))
    walker.through(subject.raw["steps"], (*subject.path, "steps"), place)
    return walker.visits


def trigger_facts(subject: Subject) -> Iterator[RawCondition]:
    """Conditions that hold for all of a journey, because of the event that started it."""
    trigger = subject.raw["trigger"]
    metric, where = trigger.get("metric"), trigger.get("where") or {}
    if metric is None:
        return
    yield {"count": metric, "at_least": "1"}  # the triggering event counts (SEMANTICS 1.8)
    conditions = where_conditions(where)
    yield from (one for one in conditions if _is_lasting(one))
    if where and all(_is_lasting(one) for one in conditions):
        yield {"count": metric, "where": where, "at_least": "1"}


def recent_facts(subject: Subject) -> Iterator[RawCondition]:
    """Conditions of the flow on the number of triggering events of late, as they are at entry: at
    least one, where the window is longer than a triggering event may be old (SEMANTICS 1.7)."""
    trigger = subject.raw["trigger"]
    metric, where = trigger.get("metric"), trigger.get("where") or {}
    if metric is None:
        return
    oldest = _oldest_trigger(subject)
    for condition in _mappings(subject.raw):
        window = parse_duration(str(condition.get("in_last", "")))
        if condition.get("count") != metric or window is None or window <= oldest:
            continue
        own = condition.get("where") or {}
        if not own or (own == where and not list(_references(where))):
            kept = {
                key: condition[key] for key in ("count", "where", "in_last") if key in condition
            }
            yield {**kept, "at_least": "1"}


def _oldest_trigger(subject: Subject) -> int:
    flow = subject.flow
    if flow.max_event_age is not None:
        return flow.max_event_age
    if flow.transactional:
        return TRANSACTIONAL_EVENT_AGE
    first = as_step(subject.raw["steps"][0]) if subject.raw["steps"] else {}
    wait = first.get("wait")
    length = parse_duration(wait) if isinstance(wait, str) else None
    return max(DEFAULT_EVENT_AGE, length or 0)


def _entry_facts(subject: Subject) -> Iterator[RawCondition]:
    """Conditions that hold at entry. Those on the profile, on segments and on flows are left out:
    another flow that is entered by the same event may change them first."""
    yield from recent_facts(subject)
    audience = subject.raw["trigger"].get("audience")
    for condition in (subject.raw.get("filter"), audience):
        if isinstance(condition, Mapping):
            for part in _conjuncts(condition):
                if all(atom.keys() & _ABOUT_EVENTS for atom in atoms_of(part)):
                    yield part


_ABOUT_EVENTS = frozenset({"count", "sum", "average", "distinct", "since_last", "trigger"})


def _conjuncts(condition: RawCondition) -> Iterator[RawCondition]:
    if "all" in condition and "trigger" not in condition:
        for inner in condition["all"]:
            yield from _conjuncts(inner)
    else:
        yield condition


def _mappings(raw: Any) -> Iterator[Mapping[str, Any]]:
    if isinstance(raw, Mapping):
        yield raw
    for inner in raw.values() if isinstance(raw, Mapping) else raw if isinstance(raw, list) else ():
        yield from _mappings(inner)


def is_obeying_smart_sending(step: RawStep, subject: Subject) -> bool:
    """True for a message that Smart Sending may skip."""
    channel = step["send"]
    if step.get("status") in ("draft", "manual") or is_transactional(step, subject):
        return False
    if subject.settings.smart_sending_window(channel) == 0:
        return False
    given = step.get("smart_sending")
    return subject.flow.smart_sending is not False if given is None else given == "true"


def is_transactional(step: RawStep, subject: Subject) -> bool:
    """True for a message that ignores consent."""
    given = step.get("transactional")
    return subject.flow.transactional if given is None else given == "true"


def sending_facts(step: RawStep, place: Place) -> KnownFacts:
    """The conditions that hold when the message is sent from a place."""
    return (*place.facts, step["only_if"]) if step.get("only_if") else place.facts


class _Walker:
    """One walk; it collects the visits."""

    def __init__(self, subject: Subject) -> None:
        self._subject = subject
        self.visits: list[Visit] = []

    def through(self, steps: Iterable[Any], path: Path, place: Place) -> Place:
        """Walks through one list of steps; returns the place after it."""
        for number, raw in enumerate(steps):
            step, here = as_step(raw), (*path, number)
            branches = list(self._branches(step, place))
            ways = tuple(((*here, *way), taken) for way, _, taken in branches)
            self.visits.append(Visit(here, step, place, ways))
            ends = [self.through(inner, (*here, *way), taken) for way, inner, taken in branches]
            place = _merged(place, ends) if ends else self._after(step, place)
        return place

    def _branches(self, step: RawStep, place: Place) -> Iterator[tuple[Path, list[Any], Place]]:
        """Yields all branches, also those that are not written: path, steps and place."""
        if "if" in step:
            yield ("then",), step.get("then") or [], place.knowing(step["if"])
            yield ("else",), step.get("else") or [], place.knowing({"not": step["if"]})
        elif "branch" in step:
            before = place
            for number, way in enumerate(step["branch"]):
                taken = before.knowing(way["when"])
                yield ("branch", number, "then"), way.get("then") or [], taken
                before = before.knowing({"not": way["when"]})
            yield ("else",), step.get("else") or [], before
        elif "sample" in step:
            for name in step["sample"]:
                yield ("paths", name), (step.get("paths") or {}).get(name) or [], place
        elif "wait_for" in step:
            later = _later(place, None)
            awaited = step["wait_for"]
            is_event = "metric" in awaited
            came = _came(place) if is_event else _came(place).knowing(awaited)
            late = later if is_event else later.knowing({"not": awaited})
            yield ("then",), step.get("then") or [], came
            yield ("else",), step.get("else") or [], late

    def _after(self, step: RawStep, place: Place) -> Place:
        if "exit" in step:
            return msgspec.structs.replace(place, is_over=True)
        if "wait" in step:
            length = parse_duration(step["wait"]) if isinstance(step["wait"], str) else None
            is_plain = length is not None and "at" not in step and "only_on" not in step
            later = _later(place, length if is_plain else None)
            return msgspec.structs.replace(later, near=tuple(self._still_near(later.near)))
        if "update_profile" in step:
            kept = tuple(fact for fact in place.facts if _is_lasting(fact))
            return msgspec.structs.replace(place, facts=kept)
        if "send" in step and is_obeying_smart_sending(step, self._subject):
            sent = NearSend(step["send"], sending_facts(step, place))
            return msgspec.structs.replace(place, near=(*place.near, sent))
        return place

    def _still_near(self, near: Iterable[NearSend]) -> Iterator[NearSend]:
        settings = self._subject.settings
        return (one for one in near if one.since < settings.smart_sending_window(one.channel))


def _later(place: Place, length: int | None) -> Place:
    """The place after a wait of `length` ms; None: of a length that isn't known."""
    return Place(
        facts=tuple(fact for fact in place.facts if _is_lasting(fact)),
        near=()
        if length is None
        else tuple(msgspec.structs.replace(one, since=one.since + length) for one in place.near),
        is_at_entry=False,
        is_over=place.is_over,
    )


def _came(place: Place) -> Place:
    """The place after an event that was waited for, which may come at once: the messages before
    are as near as that."""
    return msgspec.structs.replace(_later(place, None), near=())


def _merged(before: Place, ends: list[Place]) -> Place:
    """The place after branches that end so."""
    open_ends = [end for end in ends if not end.is_over and can_hold(end.facts)]
    if not open_ends:
        return msgspec.structs.replace(before, is_over=True)
    if len(open_ends) == 1:
        return open_ends[0]
    first, *others = open_ends
    facts = tuple(fact for fact in first.facts if all(fact in end.facts for end in others))
    near: dict[int, NearSend] = {id(one): one for end in open_ends for one in end.near}
    return Place(
        facts=facts,
        near=tuple(near.values()),
        is_at_entry=all(end.is_at_entry for end in open_ends),
    )


def _is_lasting(fact: RawCondition) -> bool:
    """True for a condition that holds to the end of the journey once it holds."""
    return all(_is_lasting_atom(atom) for atom in atoms_of(fact))


def _is_lasting_atom(atom: Mapping[str, Any]) -> bool:
    if "trigger" in atom:
        texts = _references(list(atom.values()))
        return all(text.startswith(("$trigger.", "$item.")) for text in texts)
    keys = atom.keys() - {"where"}
    return keys == {"count", "at_least"}  # over all time


def _references(raw: Any) -> Iterator[str]:
    if isinstance(raw, Mapping):
        raw = list(raw.values())
    if isinstance(raw, list):
        for one in raw:
            yield from _references(one)
    elif is_reference(raw):
        yield raw
