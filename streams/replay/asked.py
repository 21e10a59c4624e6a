"""What a definition asks, in words: the condition behind a decision, as the shop wrote it."""

from collections.abc import Iterator, Mapping
from typing import Any

from streams.engine.conditions import CONDITIONS
from streams.engine.effects import Outcome

Raw = Mapping[str, Any]
"""A flow or a step as plain data, every scalar a text."""


def asked_by(flow: Raw, step_id: str | None, outcome: Outcome, reason: str) -> str | None:
    """The condition that was judged where a decision was made; None where none was."""
    if reason == "profile_filter":
        return condition_text(flow.get("filter"))
    step = _step(flow, step_id)
    if step is None:
        return None
    if outcome is Outcome.BRANCH:
        return condition_text(step.get("if"))
    if reason == "message_filter":
        return condition_text(step.get("only_if"))
    return None


def condition_text(condition: Any) -> str | None:
    """`count order.placed equals 1` for `{count: order.placed, equals: 1}`."""
    return None if condition is None else _text(condition)


def _text(value: Any) -> str:
    if isinstance(value, Mapping):
        # The canonical form sorts keys; people say first what is compared.
        names = sorted(value, key=lambda name: (name not in CONDITIONS, name == "where"))
        return " ".join(f"{name} {_inner(value[name])}" for name in names)
    if isinstance(value, list):
        return "[" + ", ".join(_text(entry) for entry in value) + "]"
    return str(value)


def _inner(value: Any) -> str:
    return f"({_text(value)})" if isinstance(value, Mapping) else _text(value)


def _step(flow: Raw, step_id: str | None) -> Raw | None:
    """The step that decisions call `step_id`: by its id, its template or its place."""
    if step_id is None:
        return None
    for place, step in _steps(flow.get("steps", []), "steps"):
        if step_id in (step.get("id"), step.get("template"), place):
            return step
    return None


def _steps(steps: Any, place: str) -> Iterator[tuple[str, Raw]]:
    """All steps with their places (`steps[1].then[0]`), those inside of others too."""
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
