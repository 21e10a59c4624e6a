"""The purchase model in force in a shop, from which a customer's future orders are predicted."""

from collections.abc import Iterator, Mapping, Sequence
from math import log

import msgspec

from streams.engine.forecast import (
    bg_nbd,
    gamma_gamma,
    mbg_nbd,
    own_rate,
    pareto_nbd,
    window_before,
)

LEAST, MOST = 1e-6, 1e9
"""Of a parameter: far beyond what customers do, so that predictions stay numbers."""
_MOST_OF_VALUE = 1e12
"""Of a parameter of Gamma-Gamma: amounts are in minor units."""

YEAR = 365
"""Days of a year, for discounts."""

PROBABILITY_MODELS = {"bg_nbd": bg_nbd, "mbg_nbd": mbg_nbd, "pareto_nbd": pareto_nbd}
"""Those that know whether a customer is still active."""
BASELINES = {"own_rate": own_rate, "window_before": window_before}
MODELS = {**PROBABILITY_MODELS, **BASELINES}

_PARAMETERS: dict[str, tuple[str, ...]] = {
    **{kind: module.PARAMETERS for kind, module in MODELS.items()},
    "gamma_gamma": gamma_gamma.PARAMETERS,
}
EXPECTED_ORDERS = {kind: module.expected_orders for kind, module in MODELS.items()}
PROBABILITY_ACTIVE = {kind: one.probability_active for kind, one in PROBABILITY_MODELS.items()}


class Part(msgspec.Struct, frozen=True):
    """One model with its parameters, in the order of its module's PARAMETERS."""

    kind: str
    parameters: tuple[float, ...] = ()


class PurchaseModel(msgspec.Struct, frozen=True):
    """A purchase model: the mean of its parts, mostly of one.

    `id`: names it in decisions
    `parts`: a probability model, a baseline, or both, of which the mean is taken
    `order_value`: parameters of Gamma-Gamma, in minor units; None: a customer's mean order value
    stays what it was
    `discount`: a year's, 0.1 for 10 %
    `fitted_until`: the store's last day (YYYY-MM-DD) of the orders that it was fitted to
    `hold_out`: figures of its test on later orders, by name
    """

    id: str
    parts: tuple[Part, ...]
    order_value: tuple[float, ...] | None = None
    discount: float = 0.0
    fitted_until: str = ""
    hold_out: Mapping[str, float] = {}

    @property
    def reads_order_days(self) -> bool:
        """True if the day of each order is asked for, not only the first and the last."""
        return any(part.kind == "window_before" for part in self.parts)

    @property
    def daily_discount(self) -> float:
        """The rate δ of which exp(−δ days) discounts an order so many days from now."""
        return log(1.0 + self.discount) / YEAR


def named_parameters(kind: str, parameters: Sequence[float]) -> dict[str, float]:
    """The parameters of a kind, or of `gamma_gamma`, by name."""
    return dict(zip(_PARAMETERS.get(kind, ()), parameters, strict=False))


def ordered_parameters(kind: str, parameters: Mapping[str, float]) -> tuple[float, ...]:
    """The parameters in the order of their module; as they are, if others are there:
    `problems_of_model` has the words."""
    names = _PARAMETERS.get(kind, ())
    if parameters.keys() != set(names):
        return tuple(parameters.values())
    return tuple(parameters[name] for name in names)


def problems_of_model(model: PurchaseModel) -> Iterator[str]:
    """The reasons why the model can't be used, in words: a record of `control` is checked before it
    is in force."""
    if not model.parts:
        yield "parts: expected at least one"
    for part in model.parts:
        module = MODELS.get(part.kind)
        if module is None:
            yield f"kind {part.kind!r} is unknown, expected one of {', '.join(MODELS)}"
            continue
        yield from _problems_of_parameters(part.kind, module.PARAMETERS, part.parameters)
    value = model.order_value
    if value is not None:
        yield from _problems_of_parameters("gamma_gamma", gamma_gamma.PARAMETERS, value)
        if len(value) == len(gamma_gamma.PARAMETERS) and not value[1] > 1:
            yield f"gamma_gamma: q is {value[1]}, expected above 1: all values have no mean"
    if not 0 <= model.discount < 10:
        yield f"discount: {model.discount}, expected a yearly rate from 0 to 10, 0.1 for 10 %"


def _problems_of_parameters(
    kind: str, names: tuple[str, ...], found: tuple[float, ...]
) -> Iterator[str]:
    if len(found) != len(names):
        yield f"{kind}: {len(found)} parameters, expected {', '.join(names) or 'none'}"
        return
    most = _MOST_OF_VALUE if kind == "gamma_gamma" else MOST
    for name, value in zip(names, found, strict=True):
        if not LEAST <= value <= most:
            yield f"{kind}: {name} is {value}, expected a number from {LEAST:g} to {most:g}"
