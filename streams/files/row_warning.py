"""Warnings about rows that are imported although they are probably wrong."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from streams.engine.values import nearest_name, zone_named, zone_names


@dataclass(frozen=True, slots=True)
class RowWarning:
    """A warning about a row that became an event; `row` as in `RejectedRow`."""

    file: str
    row: int
    reason: str

    def __str__(self) -> str:
        return f"{self.file}, row {self.row}: {self.reason}"


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
        file,
        row,
        f"field 'set.timezone' is {zone!r}, expected a time zone such as Europe/London{meant}; "
        "imported; the flow's or the store's zone is used",
    )
