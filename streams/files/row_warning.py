"""Warnings about rows that are imported although something in them was mended or is doubtful."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from streams.engine.values import nearest_name, zone_named, zone_names


class WarningKind(Enum):
    """The kind of a warning; the value is its line in the summary of an import."""

    ROUNDED = "amounts with more decimals than their currency, rounded half to even"
    TRIMMED_ID = "ids with blanks around them or a spreadsheet's apostrophe, trimmed"
    DECIMAL_ID = "ids written as decimals (17850.0), read without"
    PHONE = "telephone numbers that a spreadsheet has touched, mended"
    NO_SKU = "items without a sku: they count and are never shown"
    NEGATIVE = "amounts taken off that are written as negative, read as positive"
    LINES_DIFFER = "lines of one order that differ in a field of the order: the first counts"
    MEANING = "fields that can't be used as they are"


@dataclass(frozen=True, slots=True)
class RowWarning:
    """A warning about a row that became an event; `row` as in `RejectedRow`, 0 for the whole
    file."""

    kind: WarningKind
    file: str
    row: int
    reason: str

    def __str__(self) -> str:
        place = f"{self.file}, row {self.row}" if self.row else self.file
        return f"{place}: {self.reason}"


def warning_about(event: Mapping[str, Any], file: str, row: int) -> RowWarning | None:
    """Returns a warning for an unknown time zone of a customer, which would silently be replaced by
    the store's (SEMANTICS 2.3, W35)."""
    if event["metric"] != "customer.updated":
        return None
    zone = event["set"].get("timezone")
    if zone is None or (isinstance(zone, str) and zone_named(zone) is not None):
        return None
    nearest = nearest_name(str(zone), zone_names())
    meant = f" (did you mean {nearest!r}?)" if nearest else ""
    return RowWarning(
        WarningKind.MEANING,
        file,
        row,
        f"field 'set.timezone' is {zone!r}, expected a time zone such as Europe/London{meant}; "
        "imported; the flow's or the store's zone is used",
    )
