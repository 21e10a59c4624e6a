"""Advice about texts that look as if they were filled in: nothing in them is."""

import re
from collections.abc import Iterator
from typing import Any

from streams.definitions.lint_subject import Subject
from streams.engine.language import is_reference
from streams.engine.values import Path, Problem

_TEMPLATE = re.compile(
    r"\{\{.*?\}\}|\{%.*?%\}|\$\{.*?\}|<%.*?%>|\*\|.*?\|\*|%%\w+%%|\[\[.*?\]\]", re.DOTALL
)
_REFERENCE = re.compile(r"\$(?:trigger|profile|value|last|coupon|flow|item)\.\w[\w.\[\]]*")

_PROSE = ("name", "description")


def text_with_a_template(subject: Subject) -> Iterator[Problem]:
    """`Hello {{ first_name }}`, or `Hello $profile.first_name`: a value is one text or one
    reference, and words are put together by the template of the message."""
    for path, text in _texts(subject.raw, subject.path):
        found = _TEMPLATE.search(text)
        if found is not None:
            yield Problem(
                path,
                f"{found[0]!r} isn't filled in: a value is one text or one reference, such as "
                "$profile.first_name",
            )
            continue
        reference = _REFERENCE.search(text)
        if reference is not None and not is_reference(text):
            yield Problem(
                path,
                f"{reference[0]} inside of a text isn't filled in: give it as a variable of its "
                "own",
            )


def _texts(raw: Any, path: Path) -> Iterator[tuple[Path, str]]:
    if isinstance(raw, str):
        yield path, raw
    elif isinstance(raw, dict):
        for key, value in raw.items():
            if len(path) > 2 or key not in _PROSE:
                yield from _texts(value, (*path, key))
    elif isinstance(raw, list):
        for number, value in enumerate(raw):
            yield from _texts(value, (*path, number))
