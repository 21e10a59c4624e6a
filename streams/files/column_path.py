r"""Names of columns in a mapping, and paths to what lies further in.

    total                            the column `total`
    properties.revenue               field `revenue` of the record in `properties`
    products[].sku                   field `sku` of each element of the list `products`
    coupon_lines[0].code             of the first element
    event_params[key=term].value     of the element whose `key` is `term`
    "Customer: ID"                   a column with a colon, dot or bracket in its name

A column that is called like the whole text is meant first, so `"` is needed only where a file names
no columns beforehand. JSON in a text column is read on the way.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec


@dataclass(frozen=True, slots=True)
class EachElement:
    """`[]`: every element of a list."""


@dataclass(frozen=True, slots=True)
class ElementWhere:
    """`[key=term]`: the first element whose `key` is `term`."""

    key: str
    term: str


PathStep = str | int | EachElement | ElementWhere
"""A name, the place of an element, or a choice of elements."""


@dataclass(frozen=True, slots=True)
class ColumnPath:
    """A column, or a path into it; `text` is what was written, without quotes."""

    text: str
    steps: tuple[PathStep, ...]

    @property
    def column(self) -> str:
        """The name of the column that the path begins at."""
        return str(self.steps[0])

    def value(self, row: dict[str, Any]) -> Any:
        """Returns the value in a row, None where there is none. A path through `[]` has one value
        if the list has one element."""
        if self.text in row:
            return row[self.text]
        return _follow(row, self.steps)

    def values(self, row: dict[str, Any]) -> list[Any]:
        """Returns the values of all elements of a path through `[]`; without one, its value."""
        parts = self.split_at_elements()
        if parts is None or self.text in row:
            value = self.value(row)
            return [] if value is None else [value]
        to_list, inside = parts
        elements = to_list.value(row)
        elements = elements if isinstance(elements, list) else []
        found = (_follow(element, inside.steps) for element in elements)
        return [value for value in found if value is not None]

    def split_at_elements(self) -> "tuple[ColumnPath, ColumnPath] | None":
        """Returns the path to the list and the path inside an element; None without `[]`."""
        places = [place for place, step in enumerate(self.steps) if isinstance(step, EachElement)]
        if not places or places[-1] == len(self.steps) - 1:
            return None
        before, _, inside = self.text.rpartition("[].")
        to_list, in_element = self.steps[: places[-1]], self.steps[places[-1] + 1 :]
        return ColumnPath(before, to_list), ColumnPath(inside, in_element)


def _follow(value: Any, steps: Sequence[PathStep]) -> Any:
    for step in steps:
        if isinstance(value, str) and value[:1] in ("{", "["):
            value = _decoded_or_none(value)
        match step:
            case str():
                value = value.get(step) if isinstance(value, dict) else None
            case int():
                is_there = isinstance(value, list) and step < len(value)
                value = value[step] if is_there else None
            case ElementWhere(key, term):
                elements = value if isinstance(value, list) else ()
                value = next((one for one in elements if _has(one, key, term)), None)
            case EachElement():
                is_single = isinstance(value, list) and len(value) == 1
                value = value[0] if is_single else None
        if value is None:
            return None
    return value


def _has(element: Any, key: str, term: str) -> bool:
    return isinstance(element, dict) and str(element.get(key)) == term


def _decoded_or_none(text: str) -> Any:
    try:
        return msgspec.json.decode(text)
    except msgspec.DecodeError:
        return None


_QUOTED = re.compile(r'"((?:[^"]|"")*)"')
_NAME = re.compile(r'[^.:\[\]"]+')
_BRACKET = re.compile(r"\[(?:([0-9]+)|([^\]=]+)=([^\]]*))?\]")


def parse_reference(text: str, columns: Sequence[str]) -> tuple[ColumnPath, str] | None:
    """Returns the path and the conversion (`how`) of `COLUMN` or `COLUMN:HOW`; None if it is
    malformed. `columns` are those known of the file: one of them is meant before a path, the
    longest first (`Price: Total:major`)."""
    if text in columns:
        return _whole(text), ""
    place = len(text)
    while (place := text.rfind(":", 0, place)) > 0:
        if text[:place] in columns:
            return _whole(text[:place]), text[place + 1 :]
    return _scan(text)


def _whole(column: str) -> ColumnPath:
    return ColumnPath(column, (column,))


def _scan(text: str) -> tuple[ColumnPath, str] | None:
    steps: list[PathStep] = []
    plain, place = "", 0
    while place < len(text):
        if quoted := _QUOTED.match(text, place):
            name, place = quoted[1].replace('""', '"'), quoted.end()
        elif bare := _NAME.match(text, place):
            name, place = bare[0], bare.end()
        else:
            return None
        steps.append(name)
        plain += name
        while bracket := _BRACKET.match(text, place):
            place = bracket.end()
            plain += bracket[0]
            steps.append(_element(bracket))
        if place == len(text) or text[place] == ":":
            return ColumnPath(plain, tuple(steps)), text[place + 1 :]
        if text[place] != ".":
            return None
        plain += "."
        place += 1
    return None


def _element(bracket: re.Match[str]) -> PathStep:
    number, key, term = bracket.groups()
    if number is not None:
        return int(number)
    return EachElement() if key is None else ElementWhere(key, term)
