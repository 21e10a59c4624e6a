"""The real part of the demo: invoices of the Online Retail data as orders and refunds.

Rules for the lines (figures in `data/README.md`; counts in `Retail`):

- A line without a customer id has no key: left out and counted.
- An exact duplicate within an invoice is a double entry: left out and counted.
- Every invoice is one order or, if its number begins with C, one refund. Its time is that of its
  first line. The data has minutes of local time; the invoices of one minute are spread evenly over
  its 60 s in the order of the data.
- Prices are rounded to minor units, half to even (four lines of 0.001 become 0). Lines of one
  article at one price become one item.
- Charges (postage, bank charges, manual entries, discounts: CHARGES) count in the total and are no
  items. An invoice with charges only is an order without items, tagged `charges-only`.
- The data does not link refunds to orders. A refund goes to the customer's earlier order with the
  most of its articles, the newest of equals; without one, to an order id equal to its own number.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from streams.engine import Instant
from streams.files.rejected_row import RejectedRow
from streams.files.tables import Row, read_rows

DATA = Path(__file__).parent / "data" / "online_retail.parquet"
CURRENCY = "GBP"
ZONE = ZoneInfo("Europe/London")
"""The shop's zone, in which the data's minutes are."""
CHARGES_ONLY = "charges-only"

CHARGES = frozenset(
    {"POST", "DOT", "C2", "M", "m", "D", "S", "B", "CRUK", "AMAZONFEE", "BANK CHARGES"}
)
"""Stock codes of charges, not of articles."""

InvoiceItem = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Country:
    """ISO 3166 code, and the time zone of most of its population."""

    code: str
    zone: str


COUNTRIES: dict[str, Country] = {
    "Australia": Country("AU", "Australia/Sydney"),
    "Austria": Country("AT", "Europe/Vienna"),
    "Bahrain": Country("BH", "Asia/Bahrain"),
    "Belgium": Country("BE", "Europe/Brussels"),
    "Brazil": Country("BR", "America/Sao_Paulo"),
    "Canada": Country("CA", "America/Toronto"),
    "Channel Islands": Country("JE", "Europe/Jersey"),
    "Cyprus": Country("CY", "Asia/Nicosia"),
    "Czech Republic": Country("CZ", "Europe/Prague"),
    "Denmark": Country("DK", "Europe/Copenhagen"),
    "EIRE": Country("IE", "Europe/Dublin"),
    "Finland": Country("FI", "Europe/Helsinki"),
    "France": Country("FR", "Europe/Paris"),
    "Germany": Country("DE", "Europe/Berlin"),
    "Greece": Country("GR", "Europe/Athens"),
    "Hong Kong": Country("HK", "Asia/Hong_Kong"),
    "Iceland": Country("IS", "Atlantic/Reykjavik"),
    "Israel": Country("IL", "Asia/Jerusalem"),
    "Italy": Country("IT", "Europe/Rome"),
    "Japan": Country("JP", "Asia/Tokyo"),
    "Lebanon": Country("LB", "Asia/Beirut"),
    "Lithuania": Country("LT", "Europe/Vilnius"),
    "Malta": Country("MT", "Europe/Malta"),
    "Netherlands": Country("NL", "Europe/Amsterdam"),
    "Norway": Country("NO", "Europe/Oslo"),
    "Poland": Country("PL", "Europe/Warsaw"),
    "Portugal": Country("PT", "Europe/Lisbon"),
    "RSA": Country("ZA", "Africa/Johannesburg"),
    "Saudi Arabia": Country("SA", "Asia/Riyadh"),
    "Singapore": Country("SG", "Asia/Singapore"),
    "Spain": Country("ES", "Europe/Madrid"),
    "Sweden": Country("SE", "Europe/Stockholm"),
    "Switzerland": Country("CH", "Europe/Zurich"),
    "USA": Country("US", "America/New_York"),
    "United Arab Emirates": Country("AE", "Asia/Dubai"),
    "United Kingdom": Country("GB", "Europe/London"),
}
"""Countries in the data; "European Community" and "Unspecified" are not countries."""


@dataclass(slots=True)
class Order:
    """One invoice of a known customer; money in minor units, `total` with charges."""

    order_id: str
    customer_id: str
    at: Instant
    country: Country | None
    items: list[InvoiceItem]
    total: int

    @property
    def tags(self) -> list[str]:
        return [] if self.items else [CHARGES_ONLY]


@dataclass(slots=True)
class Refund:
    """One cancellation. `order_id` is its own number if no order is known."""

    refund_id: str
    customer_id: str
    at: Instant
    country: Country | None
    items: list[InvoiceItem]
    amount: int
    order_id: str


@dataclass(slots=True)
class Retail:
    """The real year: orders and refunds in order of time, and counts of left-out lines."""

    orders: list[Order] = field(default_factory=list)
    refunds: list[Refund] = field(default_factory=list)
    lines: int = 0
    lines_without_customer: int = 0
    repeated_lines: int = 0


@dataclass(slots=True)
class _Invoice:
    number: str
    customer_id: str
    minute: datetime
    country: str
    lines: list[tuple[str, str, int, float]] = field(default_factory=list)
    at: Instant = 0


def read_retail() -> Retail:
    """Reads the invoices from the data's Parquet file. Raises Refused if that fails."""
    retail = Retail()
    invoices = _read_invoices(read_rows(DATA), retail)
    _set_moments(invoices)
    invoices.sort(key=lambda invoice: invoice.at)
    earlier: defaultdict[str, list[Order]] = defaultdict(list)
    for invoice in invoices:
        items, total = _sum_up(invoice)
        country = COUNTRIES.get(invoice.country)
        if not invoice.number.startswith("C"):
            order = Order(invoice.number, invoice.customer_id, invoice.at, country, items, total)
            earlier[order.customer_id].append(order)
            retail.orders.append(order)
        else:
            order_id = _refunded_order(earlier[invoice.customer_id], items) or invoice.number
            retail.refunds.append(
                Refund(
                    invoice.number,
                    invoice.customer_id,
                    invoice.at,
                    country,
                    items,
                    abs(total),
                    order_id,
                )
            )
    return retail


def _read_invoices(rows: Iterable[Row | RejectedRow], retail: Retail) -> list[_Invoice]:
    """Invoices in the order of their first lines."""
    invoices: dict[str, _Invoice] = {}
    seen: dict[str, set[tuple[Any, ...]]] = defaultdict(set)
    for entry in rows:
        assert not isinstance(entry, RejectedRow)  # Parquet rows are typed: none is rejected
        row = entry[1]
        retail.lines += 1
        if row["customer_id"] is None:
            retail.lines_without_customer += 1
            continue
        number = row["invoice"]
        line = tuple(row.values())
        if line in seen[number]:
            retail.repeated_lines += 1
            continue
        seen[number].add(line)
        invoice = invoices.get(number)
        if invoice is None:
            invoice = invoices[number] = _Invoice(
                number, row["customer_id"], row["invoice_date"], row["country"]
            )
        invoice.lines.append(
            (row["stock_code"], row["description"], row["quantity"], row["unit_price"])
        )
    return list(invoices.values())


def _set_moments(invoices: list[_Invoice]) -> None:
    """Sets `at` from local minutes: the n invoices of a minute lie 60/n seconds apart."""
    by_minute: defaultdict[datetime, list[_Invoice]] = defaultdict(list)
    for invoice in invoices:
        by_minute[invoice.minute].append(invoice)
    for minute, together in by_minute.items():
        start = int(minute.replace(tzinfo=ZONE).astimezone(UTC).timestamp()) * 1000
        for index, invoice in enumerate(together):
            invoice.at = start + index * 60_000 // len(together)


def _sum_up(invoice: _Invoice) -> tuple[list[InvoiceItem], int]:
    """Items, and the total with charges. A refund has a negative total and positive quantities."""
    quantities: dict[tuple[str, int], int] = defaultdict(int)
    names: dict[str, str] = {}
    total = 0
    for stock_code, description, quantity, unit_price in invoice.lines:
        minor = round(unit_price * 100)
        total += quantity * minor
        if stock_code not in CHARGES:
            quantities[stock_code, minor] += quantity
            names.setdefault(stock_code, description)
    items = [
        {"sku": sku, "name": names[sku], "quantity": abs(quantity), "unit_price": minor}
        for (sku, minor), quantity in quantities.items()
    ]
    return items, total


def _refunded_order(earlier: list[Order], items: list[InvoiceItem]) -> str | None:
    """The order with the most of these articles; the newest of equals."""
    skus = {item["sku"] for item in items}
    best, most = None, 0
    for order in reversed(earlier):
        held = len(skus.intersection(item["sku"] for item in order.items))
        if held > most:
            best, most = order.order_id, held
            if most == len(skus):
                break
    return best
