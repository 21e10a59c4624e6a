"""Advice about definitions that are valid but may not do what was intended: one function per rule,
in a tuple."""

from collections.abc import Callable, Iterator
from typing import Any

from streams.definitions.journey_walk import (
    KnownFacts,
    is_obeying_smart_sending,
    is_transactional,
    sending_facts,
    visits_of,
)
from streams.definitions.lint_conditions import (
    branch_that_nobody_takes,
    condition_that_never_holds,
    filter_that_the_trigger_contradicts,
    message_that_is_never_sent,
    segment_without_members,
    wait_for_an_exit,
)
from streams.definitions.lint_messages import (
    message_asked_before_it_is_sent,
    misspelt_link_parameter,
)
from streams.definitions.lint_subject import Subject
from streams.definitions.lint_texts import text_with_a_template
from streams.definitions.load import Loaded
from streams.definitions.placed_problem import PlacedProblem, sort_key
from streams.definitions.satisfiable import can_hold
from streams.definitions.steps import RawStep, as_step, ways_of
from streams.engine.compiling import Definitions, FlowStatus
from streams.engine.values import (
    Instant,
    LocalMoment,
    Path,
    Problem,
    duration_text,
    moment_text,
    place_moment,
)

ENDS = ("exit",)
CARTS = ("cart.updated", "checkout.started")


LintRule = Callable[[Subject], Iterator[Problem]]


def advice(loaded: Loaded, now: Instant) -> list[PlacedProblem]:
    """Returns advice as of `now`, by file and from top to bottom; none for a set with problems."""
    if loaded.definitions is None:
        return []
    by_part = {file.part: file for file in loaded.files}
    return sorted(
        (
            by_part[problem.path[:2]].placed(problem)
            for problem in advice_about(loaded.definitions, now)
        ),
        key=sort_key,
    )


def advice_about(definitions: Definitions, now: Instant) -> Iterator[Problem]:
    """Yields advice as of `now` with paths in the raw set."""
    raw = definitions.raw
    subjects = [
        Subject(place, flow, raw["flows"][place], definitions.store)
        for place, flow in enumerate(definitions.flows)
        if flow.status is not FlowStatus.ARCHIVED
    ]
    for subject in subjects:
        for rule in LINT_RULES:
            yield from rule(subject)
        yield from moment_that_has_passed(subject, now)
    yield from segment_without_members(raw.get("segments") or [])
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
            if not is_transactional(step, subject):
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
    """Two messages on one channel within the Smart Sending window, for the same customers: the
    second is skipped (SEMANTICS 2.9, 4.7)."""
    for visit in visits_of(subject):
        step = visit.step
        if "send" not in step or not is_obeying_smart_sending(step, subject):
            continue
        if step.get("when_busy") == "wait":
            continue
        channel, facts = step["send"], sending_facts(step, visit.place)
        earlier = [
            one
            for one in visit.place.near
            if one.channel == channel and can_hold([*one.facts, *facts])
        ]
        if earlier:
            yield Problem(visit.path, _why_skipped(channel, earlier[-1].since, subject))


def _why_skipped(channel: str, since: int, subject: Subject) -> str:
    if since == 0:
        return (
            f"the {channel} above is sent at the same time, so Smart Sending skips this one: put a "
            "wait between them, or write when_busy: wait or smart_sending: false"
        )
    window = duration_text(subject.settings.smart_sending_window(channel))
    return (
        f"the {channel} above is sent {duration_text(since)} before, within the {window} of Smart "
        "Sending, so this one is skipped: wait longer, or write when_busy: wait or "
        "smart_sending: false"
    )


LINT_RULES: tuple[LintRule, ...] = (
    unreachable_step,
    wait_with_nothing_after_it,
    cart_without_an_exit,
    marketing_in_a_transactional_flow,
    messages_that_skip_each_other,
    condition_that_never_holds,
    filter_that_the_trigger_contradicts,
    branch_that_nobody_takes,
    message_that_is_never_sent,
    wait_for_an_exit,
    text_with_a_template,
    message_asked_before_it_is_sent,
    misspelt_link_parameter,
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
    """Two flows with the same trigger that send on one channel at the same time, to customers who
    may be the same."""
    earlier: dict[tuple[str, str], list[tuple[str, KnownFacts]]] = {}
    ordered = sorted(subjects, key=lambda one: (-one.flow.priority, one.flow.flow))
    for subject in ordered:
        trigger = repr(sorted(subject.raw["trigger"].items()))
        filters = [subject.raw["filter"]] if subject.raw.get("filter") else []
        for visit in visits_of(subject):
            step = visit.step
            is_message = visit.place.is_at_entry and "send" in step
            if not is_message or not is_obeying_smart_sending(step, subject):
                continue
            facts = (*sending_facts(step, visit.place), *filters)
            known = earlier.setdefault((trigger, step["send"]), [])
            if step.get("when_busy") != "wait":
                for other, of_other in known:
                    if other != subject.flow.flow and can_hold([*of_other, *facts]):
                        yield Problem(
                            visit.path,
                            f"{other!r} sends {step['send']} for the same trigger at the same time "
                            "and is judged first, so Smart Sending skips this one",
                        )
                        break
            known.append((subject.flow.flow, facts))


def moment_that_has_passed(subject: Subject, now: Instant) -> Iterator[Problem]:
    """A flow that starts once, at a moment in the past: nobody enters."""
    moment = getattr(subject.flow.trigger, "once", None)
    if isinstance(moment, LocalMoment) and subject.flow.status is FlowStatus.LIVE:
        zone = subject.settings.zone()
        at = place_moment(moment, zone)
        if at <= now:
            text = f"{moment_text(at, zone)} has passed, so nobody enters"
            yield Problem((*subject.path, "trigger", "once"), text)


# ── What steps are ────────────────────────────────────────────────────────────────────────────────


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


def _texts(raw: Any) -> set[str]:
    """Returns all texts in raw data."""
    if isinstance(raw, str):
        return {raw}
    parts = raw.values() if isinstance(raw, dict) else raw if isinstance(raw, list) else ()
    return set().union(*(_texts(part) for part in parts))
