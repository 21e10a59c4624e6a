"""What is imported as it is, although something else was probably meant: told, never refused."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from streams.engine.values import nearest_name, zone_named, zone_names


@dataclass(frozen=True, slots=True)
class Doubt:
    """What is doubtful about a row that made an event; `row` as in `RejectedRow`."""

    file: str
    row: int
    reason: str

    def __str__(self) -> str:
        return f"{self.file}, row {self.row}: {self.reason}"


def doubt_about(event: Mapping[str, Any], file: str, row: int) -> Doubt | None:
    """An unknown time zone of a customer: the store's counts for them (SEMANTICS 2.3, W35), and
    nothing would ever say so."""
    if event["metric"] != "customer.updated":
        return None
    zone = event["set"].get("timezone")
    if zone is None or (isinstance(zone, str) and zone_named(zone) is not None):
        return None
    nearest = nearest_name(str(zone), zone_names())
    meant = f" (did you mean {nearest!r}?)" if nearest else ""
    return Doubt(
        file,
        row,
        f"field 'set.timezone' is {zone!r}, expected a time zone such as Europe/London{meant}; "
        "imported; the flow's or the store's zone is used",
    )
