"""The condition behind a decision, as it is written in the definition."""

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from streams.engine.compiling import condition_text
from streams.engine.effects import Outcome

WrittenStep = Mapping[str, Any]
"""A flow or a step as plain data, every scalar a text."""


class JudgedCondition(msgspec.Struct, frozen=True):
    """The condition that a decision evaluated."""

    by: str  # key of the condition: filter, only_if, or of a step: if, wait_for, branch, sample
    condition: str = ""


def judged_condition(
    flow: WrittenStep,
    step_id: str | None,
    outcome: Outcome,
    reason: str,
    evidence: Mapping[str, Any],
) -> JudgedCondition | None:
    """Returns the condition that a decision evaluated; None if it had none."""
    if reason == "profile_filter":
        return (
            JudgedCondition("filter", condition_text(flow["filter"])) if "filter" in flow else None
        )
    step = _step(flow, step_id)
    if step is None:
        return None
    if reason == "message_filter" and "only_if" in step:
        return JudgedCondition("only_if", condition_text(step["only_if"]))
    if outcome is not Outcome.BRANCH:
        return None
    if "branch" in step:
        ways = step["branch"]
        way = evidence.get("way")
        chosen = ways if way is None else ways[way - 1 : way]
        return JudgedCondition("branch", ", ".join(condition_text(one["when"]) for one in chosen))
    if "sample" in step:
        return JudgedCondition("sample")
    for key in ("if", "wait_for"):
        if key in step:
            return JudgedCondition(key, condition_text(step[key]))
    return None


def _step(flow: WrittenStep, step_id: str | None) -> WrittenStep | None:
    """Returns the step with the `step_id` of decisions: its id, its template or its place."""
    if step_id is None:
        return None
    for place, step in _steps(flow.get("steps", []), "steps"):
        if step_id in (step.get("id"), step.get("template"), place):
            return step
    return None


def _steps(steps: Any, place: str) -> Iterator[tuple[str, WrittenStep]]:
    """Yields all steps, nested ones too, with their places (`steps[1].then[0]`)."""
    for number, step in enumerate(steps):
        here = f"{place}[{number}]"
        yield here, step
        for name, inner in step.items():
            if isinstance(inner, list) and _holds_steps(inner):
                yield from _steps(inner, f"{here}.{name}")
            elif name == "paths" and isinstance(inner, Mapping):
                for path, path_steps in inner.items():
                    yield from _steps(path_steps, f"{here}.{name}.{path}")


def _holds_steps(value: list[Any]) -> bool:
    return bool(value) and all(isinstance(entry, Mapping) for entry in value)
