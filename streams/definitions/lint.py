"""Advice about definitions that are right and may not do what their writer means: a function per
rule, in a tuple."""

from collections.abc import Callable, Iterator
from typing import Any

import msgspec

from streams.definitions.load import Loaded
from streams.definitions.problem import PlacedProblem, sort_key
from streams.engine.definition import Definitions, Flow, FlowStatus
from streams.engine.problem import Path, Problem

ENDS = ("exit",)
PAUSES = ("wait", "wait_for")
CARTS = ("cart.updated", "checkout.started")


class Sequence(msgspec.Struct, frozen=True):
    """One list of steps of a flow, as raw data, and where it stands."""

    path: Path
    steps: list[dict[str, Any]]


class Subject(msgspec.Struct, frozen=True):
    """One flow that is looked at: its definition, and its raw data."""

    place: int
    flow: Flow
    raw: dict[str, Any]

    @property
    def path(self) -> Path:
        return ("flows", self.place)

    def sequences(self) -> Iterator[Sequence]:
        """All lists of steps, the outer ones first."""
        yield from _sequences(self.raw["steps"], (*self.path, "steps"))


Rule = Callable[[Subject], Iterator[Problem]]


def advice(loaded: Loaded) -> list[PlacedProblem]:
    """What might be meant otherwise, by file and from top to bottom. Nothing for a set that has
    problems."""
    if loaded.definitions is None:
        return []
    by_part = {file.part: file for file in loaded.files}
    return sorted(
        (
            by_part[problem.path[:2]].placed(problem)
            for problem in _advice(loaded.definitions, loaded.raw)
        ),
        key=sort_key,
    )


def _advice(definitions: Definitions, raw: dict[str, Any]) -> Iterator[Problem]:
    subjects = [
        Subject(place, flow, raw["flows"][place])
        for place, flow in enumerate(definitions.flows)
        if flow.status is not FlowStatus.ARCHIVED
    ]
    for subject in subjects:
        for rule in RULES:
            yield from rule(subject)
    yield from flows_that_skip_each_other(subjects)


# ── The rules of one flow ─────────────────────────────────────────────────────────────────────────


def unreachable_step(subject: Subject) -> Iterator[Problem]:
    """A step below one that always ends the journey."""
    for sequence in subject.sequences():
        for place, step in enumerate(sequence.steps[:-1]):
            if _always_ends(step):
                path = (*sequence.path, place + 1)
                yield Problem(path, "this step is never reached: the one above ends the journey")
                break


def wait_with_nothing_after_it(subject: Subject) -> Iterator[Problem]:
    """A wait at the very end ends the journey at once (SEMANTICS 2.5)."""
    steps = subject.raw["steps"]
    last = _as_step(steps[-1]) if steps else {}
    if "wait" in last:
        path = (*subject.path, "steps", len(steps) - 1)
        yield Problem(path, "nothing comes after this wait, so the journey ends at once")


def cart_without_an_exit(subject: Subject) -> Iterator[Problem]:
    """A reminder of a cart that goes on when the customer has bought."""
    metric = subject.raw["trigger"].get("metric")
    if metric not in CARTS or "order.placed" in _texts(subject.raw):
        return
    yield Problem(
        subject.path,
        f"{metric} starts this flow and no order ends it: customers who have bought are reminded; "
        "write exit_on: [{metric: order.placed}]",
    )


def marketing_in_a_transactional_flow(subject: Subject) -> Iterator[Problem]:
    """Coupons and recommendations in a message that goes to people who didn't agree to any."""
    if not subject.flow.transactional:
        return
    for sequence in subject.sequences():
        for place, step in enumerate(sequence.steps):
            items = step.get("items")
            for key in ("coupon", "assign_coupon", "items"):
                is_marketing = key in step and (key != "items" or isinstance(items, dict))
                if is_marketing:
                    yield Problem(
                        (*sequence.path, place, key),
                        f"{key!r} is marketing, and a transactional message goes to everyone, "
                        "whatever they agreed to: put it into a flow of its own",
                        at_key=True,
                    )


def messages_that_skip_each_other(subject: Subject) -> Iterator[Problem]:
    """Two messages on one channel without a wait between: the second is skipped (2.9)."""
    if subject.flow.transactional:
        return
    for sequence in subject.sequences():
        sent: set[str] = set()
        for place, step in enumerate(sequence.steps):
            if any(key in step for key in PAUSES):
                sent.clear()
            channel = step.get("send")
            if channel is None or not _obeys_smart_sending(step, subject.flow):
                continue
            if channel in sent:
                yield Problem(
                    (*sequence.path, place),
                    f"the {channel} above is sent at the same moment, so Smart Sending skips this "
                    "one: put a wait between them or write smart_sending: false",
                )
            sent.add(channel)


RULES: tuple[Rule, ...] = (
    unreachable_step,
    wait_with_nothing_after_it,
    cart_without_an_exit,
    marketing_in_a_transactional_flow,
    messages_that_skip_each_other,
)


def flows_that_skip_each_other(subjects: list[Subject]) -> Iterator[Problem]:
    """Two flows that one event starts, and that write on the same channel at once."""
    first: dict[tuple[Any, Any, str], str] = {}
    ordered = sorted(subjects, key=lambda one: (-one.flow.priority, one.flow.flow))
    for subject in ordered:
        if subject.flow.transactional or "metric" not in subject.raw["trigger"]:
            continue
        trigger = subject.raw["trigger"]
        for place, step in enumerate(subject.raw["steps"]):
            step = _as_step(step)
            if any(key in step for key in PAUSES):
                break
            channel = step.get("send")
            if channel is None or not _obeys_smart_sending(step, subject.flow):
                continue
            key = (trigger["metric"], repr(trigger.get("where")), channel)
            other = first.setdefault(key, subject.flow.flow)
            if other != subject.flow.flow:
                yield Problem(
                    (*subject.path, "steps", place),
                    f"{other!r} sends {channel} for the same event at the same moment and is "
                    "judged first, so Smart Sending skips this one",
                )


# ── What steps are ────────────────────────────────────────────────────────────────────────────────


def _as_step(raw: Any) -> dict[str, Any]:
    return raw if isinstance(raw, dict) else {raw: None}


def _sequences(raw: list[Any], path: Path) -> Iterator[Sequence]:
    steps = [_as_step(step) for step in raw]
    yield Sequence(path, steps)
    for place, step in enumerate(steps):
        for key, inner in _branches(step):
            yield from _sequences(inner, (*path, place, *key))


def _branches(step: dict[str, Any]) -> Iterator[tuple[Path, list[Any]]]:
    """The lists of steps inside a step."""
    for key in ("then", "else"):
        if key in step:
            yield (key,), step[key]
    for name, inner in (step.get("paths") or {}).items():
        yield ("paths", name), inner
    for place, way in enumerate(step.get("branch") or ()):
        yield ("branch", place, "then"), way.get("then", [])


def _always_ends(step: dict[str, Any]) -> bool:
    if any(key in step for key in ENDS):
        return True
    if "if" not in step:
        return False
    sides = [step.get("then") or [], step.get("else") or []]
    return all(any(_always_ends(_as_step(inner)) for inner in side) for side in sides)


def _obeys_smart_sending(step: dict[str, Any], flow: Flow) -> bool:
    if step.get("status") == "draft":
        return False
    given = step.get("smart_sending")
    if given is None:
        return flow.smart_sending is not False and step["send"] != "web"
    return bool(given == "true")


def _texts(raw: Any) -> set[str]:
    """Every text in raw data."""
    if isinstance(raw, str):
        return {raw}
    parts = raw.values() if isinstance(raw, dict) else raw if isinstance(raw, list) else ()
    return set().union(*(_texts(part) for part in parts))
