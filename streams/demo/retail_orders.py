"""The real orders of the demo as a history that a purchase model can be fitted to."""

from collections import defaultdict

from streams.demo.retail import ZONE, Retail, read_retail
from streams.engine.values import day_number
from streams.value.order_history import CustomerOrders, OrderHistory, order_history


def retail_history(retail: Retail | None = None) -> OrderHistory:
    """The orders of all customers, net of refunds. Raises Refused if the data can't be read."""
    retail = retail or read_retail()
    refunded: defaultdict[str, int] = defaultdict(int)
    for refund in retail.refunds:
        refunded[refund.order_id] += refund.amount
    days: defaultdict[str, list[int]] = defaultdict(list)
    amounts: defaultdict[str, list[float]] = defaultdict(list)
    for order in retail.orders:
        days[order.customer_id].append(day_number(order.at, ZONE))
        amounts[order.customer_id].append(max(order.total - refunded[order.order_id], 0))
    return order_history(CustomerOrders(one, days[one], amounts[one]) for one in days)
