"""The names of store facts (SEMANTICS 7.2): figures of a value over all customers with at least one
order.

    clv.historic.mean      the mean
    clv.historic.p20       one fifth of them have this much or less
    segments.loyal.members how many customers are in a followed segment
    clv.historic of ada    what a flow test gives in place of ada's own value
"""

QUANTILES = (10, 20, 25, 40, 50, 60, 75, 80, 90)
"""In percent, of each value."""

MEAN = "mean"


def quantile_name(percent: int) -> str:
    """The statistic that is this quantile."""
    return f"p{percent}"


STATISTICS: dict[str, str] = {
    "store_mean": MEAN,
    "store_median": quantile_name(50),
    **{f"store_{quantile_name(percent)}": quantile_name(percent) for percent in QUANTILES},
}
"""Word of a condition -> statistic."""

_NAMES = frozenset(STATISTICS.values())
_OF = " of "


def statistic_fact(name: str, statistic: str) -> str:
    """The store fact with a statistic of a value."""
    return f"{name}.{statistic}"


def members_fact(segment: str) -> str:
    """The store fact with the number of members of a followed segment."""
    return f"segments.{segment}.members"


def stand_in_fact(customer_id: str, name: str) -> str:
    """The store fact that replaces a customer's value, set by flow tests (FLOWS "Tests of
    flows")."""
    return f"{name}{_OF}{customer_id}"


def is_stand_in(fact: str) -> bool:
    """True if the store fact replaces a customer's value."""
    return _OF in fact


def value_of_fact(fact: str) -> str:
    """The value of a store fact, whether statistic or replacement."""
    name = fact.partition(_OF)[0]
    value, _, statistic = name.rpartition(".")
    return value if statistic in _NAMES else name
