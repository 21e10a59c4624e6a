"""A rejected row as a value: one bad row does not stop an import."""

import dataclasses
from dataclasses import dataclass
from typing import Any

UNNAMED_VALUES = "_values"
"""Column under which the content of a row that doesn't fit the header is kept."""


@dataclass(frozen=True, slots=True)
class RejectedRow:
    """A row that became no event, or several rows that would have made one.

    `row` is the line of the file for CSV and JSONL, the row counted from 1 for other formats: the
    first of several. `field` is the field of the metric (None: the whole row cannot be read).
    `reason` is a sentence: the problem, what was found, what was expected. `content` holds the
    values of each row as they were read, as far as they could be. `is_part`: a line of an order
    that was imported without it; alone it would replace the whole order.
    """

    file: str
    row: int
    field: str | None
    reason: str
    content: list[dict[str, Any]] = dataclasses.field(default_factory=list, compare=False)
    is_part: bool = False

    def __str__(self) -> str:
        return f"{self.file}, row {self.row}: {self.reason}"
