"""What is wrong with one row of a file, as a value: one bad row never stops an import."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RejectedRow:
    """Why a row made no event.

    `row` is the line of the file for CSV and JSONL, the row counted from 1 for Parquet and Avro.
    `field` is the field of the metric (None: the row as a whole can't be read). `reason` is a
    sentence: what is wrong, what was found, what was expected.
    """

    file: str
    row: int
    field: str | None
    reason: str

    def __str__(self) -> str:
        return f"{self.file}, row {self.row}: {self.reason}"
