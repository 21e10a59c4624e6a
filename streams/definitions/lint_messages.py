"""Advice about questions that the messages of a journey can't answer, and about their links."""

from collections.abc import Iterator, Mapping
from typing import Any

from streams.definitions.lint_subject import Subject
from streams.definitions.steps import RawStep, placed
from streams.engine.values import Path, Problem, nearest_name

_TOLD = ("sent", "delivered", "opened", "clicked", "bounced", "skipped")
_LINK_PARAMETERS = ("source", "medium", "campaign", "term", "content", "id")


def message_asked_before_it_is_sent(subject: Subject) -> Iterator[Problem]:
    """A condition on a message of this journey that stands above the message (SEMANTICS 3.8)."""
    steps = list(placed(subject.raw["steps"], (*subject.path, "steps")))
    places = {
        step.get("id") or step["template"]: number
        for number, (_, step) in enumerate(steps)
        if "send" in step
    }
    for number, (path, step) in enumerate(steps):
        for inner, condition in _conditions(step):
            for place, message in _asked(condition, (*path, *inner)):
                if places.get(message, -1) >= number:
                    yield Problem(
                        place,
                        f"{message!r} is sent further down: nothing is known of it here",
                    )


def _conditions(step: RawStep) -> Iterator[tuple[Path, Any]]:
    for key in ("if", "wait_for", "only_if"):
        if key in step:
            yield (key,), step[key]
    for number, way in enumerate(step.get("branch") or ()):
        yield ("branch", number, "when"), way["when"]


def _asked(condition: Any, path: Path) -> Iterator[tuple[Path, str]]:
    """The messages of this journey that a condition names; others have a flow's name."""
    if isinstance(condition, list):
        for number, one in enumerate(condition):
            yield from _asked(one, (*path, number))
    elif isinstance(condition, Mapping):
        for key in ("all", "any", "not"):
            if key in condition:
                yield from _asked(condition[key], (*path, key))
        for key in _TOLD:
            if isinstance(condition.get(key), str):
                yield (*path, key), condition[key]


def misspelt_link_parameter(subject: Subject) -> Iterator[Problem]:
    """A name in `utm` that is nearly one of the usual ones; others are a shop's own."""
    written = [(subject.path, subject.raw)]
    written += placed(subject.raw["steps"], (*subject.path, "steps"))
    for path, one in written:
        for name in one.get("utm") or ():
            plain = name.removeprefix("utm_")
            meant = None if plain in _LINK_PARAMETERS else nearest_name(plain, _LINK_PARAMETERS)
            if meant is not None:
                text = f"links would say utm_{plain}: did you mean {meant!r}?"
                yield Problem((*path, "utm", name), text, at_key=True)
