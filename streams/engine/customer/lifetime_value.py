"""Customer lifetime values, for conditions and references (SEMANTICS 3.4, 7.2)."""

from collections.abc import Callable
from typing import Any

from streams.engine.customer.orders import net_revenue
from streams.engine.customer.situation import Situation
from streams.engine.customer.store_facts import stand_in_fact
from streams.engine.values import FieldType

VALUES: dict[str, FieldType] = {
    "clv.historic": FieldType.MONEY,
    "clv.predicted": FieldType.MONEY,
    "clv.total": FieldType.MONEY,
    "orders.expected_90d": FieldType.NUMBER,
    "churn_risk": FieldType.NUMBER,
    "order.expected_next_at": FieldType.MOMENT,
}
"""The values of conditions and references (SEMANTICS 3.4)."""


def value_reader(name: str) -> Callable[[Situation], Any]:
    """The function that reads a customer's value: the fact that replaces it, else the historic
    value; None for values of the purchase model, which doesn't exist yet."""
    is_historic = name == "clv.historic"
    is_number = VALUES[name] is FieldType.NUMBER

    def read(situation: Situation) -> Any:
        state = situation.state
        if situation.facts:
            given = situation.facts.get(stand_in_fact(state.customer_id, name))
            if given is not None:
                return round(given, 4) if is_number else round(given)  # minor units, ms
        return net_revenue(state) if is_historic else None

    return read
