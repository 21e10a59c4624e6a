"""The orders of a shop for `sendflow model fit`: from the customer states in the changelog, or from
a file."""

from collections.abc import Iterable, Iterator
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec

from streams.engine import CustomerState, decode_state
from streams.engine.customer import net_revenue, orders_remembered
from streams.engine.values import Instant, day_number, minor_digits
from streams.errors import Refused
from streams.files.rejected_row import RejectedRow
from streams.files.row_context import RowContext, Unfit
from streams.files.tables import read_rows
from streams.files.written_moments import read_moment
from streams.files.written_numbers import read_decimal
from streams.kafka.topic_reader import TopicReader
from streams.operations.customer_states import read_states
from streams.settings import Settings
from streams.value.order_history import CustomerOrders, OrderHistory, order_history


class OrderColumns(msgspec.Struct, frozen=True):
    """The columns of a file of orders."""

    customer: str = "customer"
    time: str = "time"
    total: str = "total"


def history_of_shop(settings: Settings, zone: ZoneInfo) -> OrderHistory:
    """The orders in the committed states of all customers, net of refunds, on days of `zone`.
    Raises Refused, TooFewOrders."""
    newest: dict[bytes, CustomerOrders] = {}
    with TopicReader(settings, "model") as reader:
        for key, data in read_states(reader):
            if data is None:
                newest.pop(key, None)
            else:
                newest[key] = orders_in_state(decode_state(data), zone)
    return order_history(newest.values())


def orders_in_state(state: CustomerState, zone: ZoneInfo) -> CustomerOrders:
    """The orders of one customer. Those that the state doesn't remember one by one (SEMANTICS 3.7)
    are a number, and their amount the part of the revenue that is left."""
    remembered = orders_remembered(state)
    amounts = [float(amount) for _, amount in remembered]
    first = state.first_order_at
    return CustomerOrders(
        state.customer_id,
        [day_number(at, zone) for at, _ in remembered],
        amounts,
        None if first is None else day_number(first, zone),
        max(state.orders - len(remembered), 0),
        max(net_revenue(state) - sum(amounts), 0.0),
    )


def history_in_file(
    file: Path, columns: OrderColumns, zone: ZoneInfo, currency: str
) -> OrderHistory:
    """The orders in a CSV, JSON or Parquet file with a row for each: its customer, time (without an
    offset: in `zone`) and total in major units of `currency`. Raises Refused, TooFewOrders."""
    days: dict[str, list[int]] = {}
    amounts: dict[str, list[float]] = {}
    for customer, at, amount in _rows_of_orders(file, columns, zone, currency):
        days.setdefault(customer, []).append(day_number(at, zone))
        amounts.setdefault(customer, []).append(amount)
    return order_history(CustomerOrders(one, days[one], amounts[one]) for one in days)


def _rows_of_orders(
    file: Path, columns: OrderColumns, zone: ZoneInfo, currency: str
) -> Iterator[tuple[str, Instant, float]]:
    context = RowContext(zone, currency)
    by_major = Decimal(10) ** minor_digits(currency)
    for row in read_rows(file):
        if isinstance(row, RejectedRow):
            raise Refused(f"{row}")
        number, values = row
        _check_columns(file, values, columns)
        customer = values[columns.customer]
        if customer is None or not str(customer).strip():
            raise Refused(f"{file}, row {number}: {columns.customer} is empty, expected an id")
        column = columns.time
        try:
            at = read_moment(values[column], "", context)
            column = columns.total
            total = read_decimal(values[column], "an amount such as 12.50", context)
        except Unfit as unfit:
            raise Refused(f"{file}, row {number}: {unfit.about(column)}") from unfit
        yield str(customer).strip(), at, float(total * by_major)


def _check_columns(file: Path, found: Iterable[str], columns: OrderColumns) -> None:
    names = list(found)
    missing = [one for one in msgspec.structs.astuple(columns) if one not in names]
    if missing:
        raise Refused(
            f"{file}: no column {missing[0]!r}; found {', '.join(names)}; name the columns with "
            "--customer-column, --time-column and --total-column"
        )
