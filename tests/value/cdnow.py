"""The CDNOW sample of Fader, Hardie and Lee (2005): 2,357 customers who first ordered in January to
March 1997. From the files of the package lifetimes, of which no code is run."""

import csv
from collections import defaultdict
from datetime import date, datetime
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from streams.value.order_history import CustomerArrays, CustomerOrders, OrderHistory, order_history

CUT = date(1997, 9, 30)
"""The last day of the 39 weeks that models are fitted to; 39 weeks follow."""


def sample_in_weeks() -> CustomerArrays:
    """The customers at the end of the 39 weeks, in weeks, as the articles print them. The revenue
    is that of repeated orders, in dollars."""
    with _file("cdnow_customers_summary_with_transactions.csv").open() as file:
        rows = list(csv.DictReader(file))
    x, recency, age, mean = (
        np.array([float(row[name]) for row in rows]) for name in ("x", "t_x", "T", "zbar")
    )
    none = np.array([], dtype=np.int64)
    return CustomerArrays(
        x.astype(int) + 1, -age, recency - age, x * mean, none.astype(float), none
    )


@cache
def sample_by_day() -> OrderHistory:
    """All orders of the 78 weeks, those of one day as one."""
    orders: dict[str, list[tuple[int, float]]] = defaultdict(list)
    for line in _file("CDNOW_sample.txt").read_text().splitlines():
        _, customer, day, _, dollars = line.split()
        number = datetime.strptime(day, "%Y%m%d").toordinal()  # noqa: DTZ007
        orders[customer].append((number, 100 * float(dollars)))
    return order_history(
        CustomerOrders(customer, [day for day, _ in all_], [amount for _, amount in all_])
        for customer, all_ in orders.items()
    )


def _file(name: str) -> Path:
    found = find_spec("lifetimes")
    assert found is not None, "the package lifetimes is missing: make .venv/.ready installs it"
    assert found.submodule_search_locations is not None
    return Path(found.submodule_search_locations[0]) / "datasets" / name
