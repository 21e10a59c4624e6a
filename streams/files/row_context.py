"""The context of the values of a row, and the error of a value that doesn't fit its field."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo

from streams.files.row_warning import WarningKind


class Unfit(Exception):
    """A value of the wrong type or form; `path` leads from the field to the value."""

    def __init__(self, found: object, expected: str, path: str = "") -> None:
        text = "missing" if found is None else repr(found)
        self.found = text if len(text) <= 80 else text[:77] + "..."
        self.expected = expected
        self.path = path
        super().__init__(self.found, expected)

    def under(self, path: str) -> "Unfit":
        """Returns the error with `path` put before its own path."""
        self.path = path + self.path
        return self

    def about(self, path: str) -> str:
        """Returns the problem of the field at `path` as a sentence."""
        return f"field {path!r} is {self.found}, expected {self.expected}"


@dataclass(slots=True)
class RowContext:
    """The context of the values of one row: the zone of local times, the currency of amounts, the
    decimal separator of texts. `path` is that of the value in hand; `notes` what was mended;
    `left_out` the fields of a patch that can't be read, by path with their problems."""

    zone: ZoneInfo
    currency: str
    has_decimal_comma: bool = False
    path: str = ""
    notes: list[tuple[WarningKind, str]] = field(default_factory=list)
    left_out: dict[str, str] = field(default_factory=dict)

    def note(self, kind: WarningKind, found: object, read_as: object) -> None:
        """Notes that the value in hand was mended."""
        self.notes.append((kind, f"field {self.path!r} is {found!r}, read as {read_as!r}"))

    def leave_out(self, path: str, unfit: "Unfit") -> None:
        """Leaves a field of a patch out: the rest of the patch applies (SEMANTICS 8.4)."""
        self.left_out[path] = unfit.about(path)


Converter = Callable[[Any, str, RowContext], Any]
