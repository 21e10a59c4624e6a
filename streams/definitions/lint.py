"""Advice about definitions that are valid but may not do what was intended: one function per rule,
in a tuple."""

from collections.abc import Callable, Iterator
from typing import Any

import msgspec

from streams.definitions.load import Loaded
from streams.definitions.placed_problem import PlacedProblem, sort_key
from streams.definitions.steps import RawStep, as_step, ways_of
from streams.engine.compiling import Definitions, Flow, FlowStatus
from streams.engine.values import Path, Problem

ENDS = ("exit",)
PAUSES = ("wait", "wait_for")
CARTS = ("cart.updated", "checkout.started")


class Sequence(msgspec.Struct, frozen=True):
    """One list of steps of a flow, as raw data, and its path."""

    path: Path
    steps: list[dict[str, Any]]


class Subject(msgspec.Struct, frozen=True):
    """One flow to check: its definition and its raw data."""

    place: int
    flow: Flow
    raw: dict[str, Any]

    @property
    def path(self) -> Path:
        return ("flows", self.place)

    def sequences(self) -> Iterator[Sequence]:
        """Yields all lists of steps, outer ones first."""
        yield from _sequences(self.raw["steps"], (*self.path, "steps"))


LintRule = Callable[[Subject], Iterator[Problem]]


def advice(loaded: Loaded) -> list[PlacedProblem]:
    """Returns advice, by file and from top to bottom; none for a set with problems."""
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
        for rule in LINT_RULES:
            yield from rule(subject)
    yield from flows_that_skip_each_other(subjects)
    yield from codes_that_can_be_guessed(definitions)


# ── The rules of one flow ─────────────────────────────────────────────────────────────────────────


def unreachable_step(subject: Subject) -> Iterator[Problem]:
    """A step after one that always ends the journey."""
    for sequence in subject.sequences():
        for place, step in enumerate(sequence.steps[:-1]):
            if _always_ends(step):
                path = (*sequence.path, place + 1)
                yield Problem(path, "unreachable step: the step above ends the journey")
                break


def wait_with_nothing_after_it(subject: Subject) -> Iterator[Problem]:
    """A wait at the end of the flow, or of a branch at its end, ends the journey immediately
    (SEMANTICS 2.5)."""
    for path in _waits_at_the_end(subject.raw["steps"], (*subject.path, "steps")):
        yield Problem(path, "no step after this wait: the journey ends immediately")


def cart_without_an_exit(subject: Subject) -> Iterator[Problem]:
    """A cart reminder that continues after the purchase."""
    metric = subject.raw["trigger"].get("metric")
    shows_cart = any(
        step.get("items") == "cart" for sequence in subject.sequences() for step in sequence.steps
    )
    if not (metric in CARTS or shows_cart) or "order.placed" in _texts(subject.raw):
        return
    about = f"{metric} starts this flow" if metric in CARTS else "this flow shows the cart"
    yield Problem(
        subject.path,
        f"{about} and no order ends it: customers who have bought are reminded; "
        "write exit_on: [{metric: order.placed}]",
    )


def marketing_in_a_transactional_flow(subject: Subject) -> Iterator[Problem]:
    """Coupons and recommendations in a message that ignores consent."""
    for sequence in subject.sequences():
        for place, step in enumerate(sequence.steps):
            if not _is_transactional(step, subject.flow):
                continue
            items = step.get("items")
            for key in ("coupon", "assign_coupon", "items"):
                is_marketing = key in step and (key != "items" or isinstance(items, dict))
                if is_marketing:
                    yield Problem(
                        (*sequence.path, place, key),
                        f"{key!r} is marketing, but transactional messages ignore consent: move "
                        "it to its own flow",
                        at_key=True,
                    )


def messages_that_skip_each_other(subject: Subject) -> Iterator[Problem]:
    """Two messages on one channel without a wait between: the second is skipped (SEMANTICS 2.9)."""
    for sequence in subject.sequences():
        sent: set[str] = set()
        for place, step in enumerate(sequence.steps):
            if any(key in step for key in PAUSES):
                sent.clear()
            channel = step.get("send")
            if channel is None or not _obeys_smart_sending(step, subject.flow):
                continue
            if channel in sent and step.get("when_busy") != "wait":
                yield Problem(
                    (*sequence.path, place),
                    f"the {channel} above is sent at the same time, so Smart Sending skips this "
                    "one: put a wait between them, or write when_busy: wait or smart_sending: "
                    "false",
                )
            sent.add(channel)


LINT_RULES: tuple[LintRule, ...] = (
    unreachable_step,
    wait_with_nothing_after_it,
    cart_without_an_exit,
    marketing_in_a_transactional_flow,
    messages_that_skip_each_other,
)


SAFE_LENGTH = 6
"""Five characters make 33 million codes: once a thousand of them are assigned, one in 33,000
guesses hits one. With six it is one in a million."""


def codes_that_can_be_guessed(definitions: Definitions) -> Iterator[Problem]:
    """A rule that generates short codes."""
    for place, pool in enumerate(definitions.coupons):
        if pool.rule is not None and pool.rule.length < SAFE_LENGTH:
            yield Problem(
                ("coupons", place, "rule", "length"),
                f"codes of {pool.rule.length} characters are guessable and run out soon; use "
                f"{SAFE_LENGTH} or more",
            )


def flows_that_skip_each_other(subjects: list[Subject]) -> Iterator[Problem]:
    """Two flows with the same trigger that send on one channel at the same time."""
    first: dict[tuple[str, str], str] = {}
    ordered = sorted(subjects, key=lambda one: (-one.flow.priority, one.flow.flow))
    for subject in ordered:
        trigger = repr(sorted(subject.raw["trigger"].items()))
        for place, step in enumerate(subject.raw["steps"]):
            step = as_step(step)
            if any(key in step for key in PAUSES):
                break
            channel = step.get("send")
            if channel is None or not _obeys_smart_sending(step, subject.flow):
                continue
            other = first.setdefault((trigger, channel), subject.flow.flow)
            if other != subject.flow.flow and step.get("when_busy") != "wait":
                yield Problem(
                    (*subject.path, "steps", place),
                    f"{other!r} sends {channel} for the same trigger at the same time and is "
                    "judged first, so Smart Sending skips this one",
                )


# ── What steps are ────────────────────────────────────────────────────────────────────────────────


def _sequences(raw: list[Any], path: Path) -> Iterator[Sequence]:
    steps = [as_step(step) for step in raw]
    yield Sequence(path, steps)
    for place, step in enumerate(steps):
        for way, inner in ways_of(step):
            yield from _sequences(inner, (*path, place, *way))


def _always_ends(step: RawStep) -> bool:
    """True if the journey ends here on every branch. A branch that is not written leads on."""
    if any(key in step for key in ENDS):
        return True
    ways = [inner for _, inner in ways_of(step)]
    if not ways or len(ways) < _number_of_ways(step):
        return False
    return all(any(_always_ends(as_step(inner)) for inner in way) for way in ways)


def _number_of_ways(step: RawStep) -> int:
    if "sample" in step:
        return len(step["sample"])
    return 1 + (len(step["branch"]) if "branch" in step else 1)


def _waits_at_the_end(steps: list[Any], path: Path) -> Iterator[Path]:
    """Yields the waits that nothing follows, in a list of steps that nothing follows."""
    if not steps:
        return
    place = (*path, len(steps) - 1)
    last = as_step(steps[-1])
    ways = list(ways_of(last))
    if "wait" in last or ("wait_for" in last and not any(inner for _, inner in ways)):
        yield place
    for way, inner in ways:
        yield from _waits_at_the_end(inner, (*place, *way))


def _is_transactional(step: RawStep, flow: Flow) -> bool:
    own = step.get("transactional")
    return flow.transactional if own is None else bool(own == "true")


def _obeys_smart_sending(step: dict[str, Any], flow: Flow) -> bool:
    if step.get("status") == "draft" or _is_transactional(step, flow):
        return False
    given = step.get("smart_sending")
    if given is None:
        return flow.smart_sending is not False and step["send"] != "web"
    return bool(given == "true")


def _texts(raw: Any) -> set[str]:
    """Returns all texts in raw data."""
    if isinstance(raw, str):
        return {raw}
    parts = raw.values() if isinstance(raw, dict) else raw if isinstance(raw, list) else ()
    return set().union(*(_texts(part) for part in parts))
