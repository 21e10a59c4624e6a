"""Definitions as text: conditions, triggers and steps from plain data in which every scalar is
text."""

from collections.abc import Mapping
from typing import Any

from streams.engine.conditions import CONDITIONS
from streams.engine.steps import STEPS
from streams.engine.triggers import TRIGGERS

_FIRST = frozenset({*CONDITIONS, *TRIGGERS, "until", "window"})
"""Keys that come first in the text; the canonical form sorts all keys."""

_ASIDE = ("then", "else", "paths", "branch", "sample", "id")
"""Keys of a step that a picture shows differently."""

_NAMED_VALUES = ("variables", "data", "utm")
"""Options that map names to values."""


def condition_text(value: Any) -> str:
    """`count order.placed equals 1` for `{count: order.placed, equals: 1}`."""
    if isinstance(value, Mapping):
        names = sorted(value, key=lambda name: (name not in _FIRST, name == "where"))
        return " ".join(f"{name} {_inner(value[name])}" for name in names)
    if isinstance(value, list):
        return "[" + ", ".join(condition_text(entry) for entry in value) + "]"
    return str(value)


def step_text(step: Any) -> str:
    """`send email: hello, items cart` for `{send: email, template: hello, items: cart}`: a
    step without its id and without the steps inside of it."""
    if not isinstance(step, Mapping):
        return str(step)
    key = next(key for key in STEPS if key in step)
    text = key if key in _ASIDE or step[key] is None else f"{key} {condition_text(step[key])}"
    if "template" in step:
        text += f": {step['template']}"
    options = (name for name in step if name not in (key, "template", *_ASIDE))
    return ", ".join([text, *(f"{name} {_option(name, step[name])}" for name in options)])


def _option(name: str, value: Any) -> str:
    if name in _NAMED_VALUES and isinstance(value, Mapping):
        return f"({', '.join(f'{inner} {text}' for inner, text in value.items())})"
    return _inner(value)


def _inner(value: Any) -> str:
    text = condition_text(value)
    return f"({text})" if isinstance(value, Mapping) else text
