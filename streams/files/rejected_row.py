"""A rejected row as a value: one bad row does not stop an import."""

import dataclasses
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RejectedRow:
    """A row that became no event.

    `row` is the line of the file for CSV and JSONL, the row counted from 1 for Parquet and Avro.
    `field` is the field of the metric (None: the whole row cannot be read). `reason` is a
    sentence: the problem, what was found, what was expected.
    """

    file: str
    row: int
    field: str | None
    reason: str
    values: list[str] | None = dataclasses.field(default=None, compare=False)
    """Those of a row of CSV that could be read and doesn't fit the header."""

    def __str__(self) -> str:
        return f"{self.file}, row {self.row}: {self.reason}"
