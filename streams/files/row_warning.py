"""Warnings about rows that are imported although something in them was mended or is doubtful."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from streams.engine.customer import ADDRESS_FIELDS, as_kept, is_well_formed
from streams.engine.values import nearest_name, phone_country, zone_named, zone_names

_WITH_ADDRESSES = frozenset({"order.placed", "checkout.started"})
_EXAMPLES = {"email": "ada@example.com", "sms": "+447700900123", "push": "a token"}


class WarningKind(Enum):
    """The kind of a warning; the value is its line in the summary of an import."""

    ROUNDED = "amounts with more decimals than their currency, rounded half to even"
    TRIMMED_ID = "ids with blanks around them or a spreadsheet's apostrophe, trimmed"
    DECIMAL_ID = "ids written as decimals (17850.0), read without"
    PHONE = "telephone numbers that a spreadsheet has touched, mended"
    NO_SKU = "items without a sku: they count and are never shown"
    NEGATIVE = "amounts taken off that are written as negative, read as positive"
    LINES_DIFFER = "lines of one order that differ in a field of the order: the first counts"
    BAD_ADDRESS = "addresses that can't be read as such: kept as given, never written to"
    AHEAD = "moments up to a day ahead: they count as now"
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


def warnings_about(
    event: Mapping[str, Any], file: str, row: int, country: str | None = None
) -> Iterator[RowWarning]:
    """Yields a warning for an address that can't be read as such (SEMANTICS 8.2), and for an
    unknown time zone of a customer, which would silently be replaced by the store's (2.3, W35).
    `country`: the store's, of national phone numbers."""
    if event["metric"] == "customer.updated":
        yield from _about_addresses(event["set"], "set.", file, row, country)
        yield from _about_zone(event["set"], file, row)
    elif event["metric"] in _WITH_ADDRESSES:
        yield from _about_addresses(event, "", file, row, country)


def _about_addresses(
    fields: Mapping[str, Any], before: str, file: str, row: int, country: str | None
) -> Iterator[RowWarning]:
    for channel, name in ADDRESS_FIELDS.items():
        address = fields.get(name)
        if not isinstance(address, str) or not address.strip():
            continue
        nation = phone_country(fields.get("country"), country)
        if not is_well_formed(channel, as_kept(channel, address, nation)):
            hint = "" if nation or channel != "sms" else ", or set 'country' for national numbers"
            expected = f"an address such as {_EXAMPLES[channel]}{hint}"
            reason = f"field '{before}{name}' is {address[:80]!r}, expected {expected}; imported"
            yield RowWarning(WarningKind.BAD_ADDRESS, file, row, reason)


def _about_zone(patch: Mapping[str, Any], file: str, row: int) -> Iterator[RowWarning]:
    zone = patch.get("timezone")
    if zone is None or (isinstance(zone, str) and zone_named(zone) is not None):
        return
    nearest = nearest_name(str(zone), zone_names())
    meant = f" (did you mean {nearest!r}?)" if nearest else ""
    yield RowWarning(
        WarningKind.MEANING,
        file,
        row,
        f"field 'set.timezone' is {zone!r}, expected a time zone such as Europe/London{meant}; "
        "imported; the flow's or the store's zone is used",
    )
