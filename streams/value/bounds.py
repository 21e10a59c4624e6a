"""How far parameters may go, and what it means if the likelihood drives one there."""

Bounds = tuple[tuple[float, float], ...]
"""(least, most) of each parameter, in units in which ages and values have the mean 1."""

_WIDE = (1e-5, 1e4)

BOUNDS: dict[str, Bounds] = {
    "bg_nbd": (_WIDE, _WIDE, _WIDE, _WIDE),
    "mbg_nbd": (_WIDE, _WIDE, _WIDE, _WIDE),
    "pareto_nbd": (_WIDE, _WIDE, _WIDE, _WIDE),
    "gamma_gamma": (_WIDE, (1.0001, 1e4), _WIDE),
}

_NOBODY_LEAVES = (
    "{} → 0: nobody ever leaves in this history. Every customer counts as active for good "
    "(churn_risk is 0 for all), and {} means nothing"
)
_SAME_RATE = "{} has no upper bound: all customers order at the same rate"
_ONE_ORDER = "{} → 0: nearly no customer orders again, and few often"

MEANINGS: dict[tuple[str, str, str], str] = {
    **{
        (kind, name, side): text
        for kind in ("bg_nbd", "mbg_nbd")
        for name, side, text in (
            ("r", "low", _ONE_ORDER.format("r")),
            ("r", "high", _SAME_RATE.format("r")),
            ("alpha", "low", "alpha → 0: the rates of customers differ without bound"),
            ("alpha", "high", _SAME_RATE.format("alpha")),
            ("a", "low", _NOBODY_LEAVES.format("a", "b")),
            ("a", "high", "a has no upper bound: all leave with one probability after an order"),
            ("b", "low", "b → 0: those who may leave do so after their next order"),
            ("b", "high", _NOBODY_LEAVES.format("a / b", "the size of b")),
        )
    },
    ("pareto_nbd", "r", "low"): _ONE_ORDER.format("r"),
    ("pareto_nbd", "r", "high"): _SAME_RATE.format("r"),
    ("pareto_nbd", "alpha", "low"): "alpha → 0: the rates of customers differ without bound",
    ("pareto_nbd", "alpha", "high"): _SAME_RATE.format("alpha"),
    ("pareto_nbd", "s", "low"): _NOBODY_LEAVES.format("s", "beta"),
    ("pareto_nbd", "s", "high"): "s has no upper bound: all customers leave at the same rate",
    ("pareto_nbd", "beta", "low"): "beta → 0: many leave at once, the others nearly never",
    ("pareto_nbd", "beta", "high"): _NOBODY_LEAVES.format("s / beta", "the size of beta"),
    (
        "gamma_gamma",
        "p",
        "low",
    ): "p → 0: the values of one customer's orders have nothing in common",
    ("gamma_gamma", "p", "high"): "p has no upper bound: all orders of a customer have one value",
    ("gamma_gamma", "q", "low"): "q → 1: the values of customers differ so much that they have no "
    "mean; predicted values are not to be trusted",
    (
        "gamma_gamma",
        "q",
        "high",
    ): "q has no upper bound: all customers order for the same mean value",
    ("gamma_gamma", "gamma", "low"): "gamma → 0: a customer's own mean value is all that counts",
    ("gamma_gamma", "gamma", "high"): "gamma has no upper bound: all customers order for the same "
    "mean value",
}
"""By model, parameter and side."""
