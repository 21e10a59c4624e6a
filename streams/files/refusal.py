"""What is wrong with one row of a file, as a value: one bad row never stops an import."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a row made no event.

    `row` is the line of the file for CSV and JSONL, the row counted from 1 for Parquet and Avro.
    `field` is the field of the metric (None: the row as a whole can't be read).
    """

    file: str
    row: int
    field: str | None
    found: str
    expected: str

    def __str__(self) -> str:
        subject = "the row" if self.field is None else f"field '{self.field}'"
        return f"{self.file}, row {self.row}: {subject} is {self.found}, expected {self.expected}"
