"""The purchase model of a test, as its entry `model` has it:

    {at: ..., model: {bg_nbd: {r: 0.243, alpha: 30.9, a: 0.793, b: 2.426}, discount: 0.1}}

Several kinds: the mean of them. `gamma_gamma` has the value of an order.
"""

from typing import Any

from streams.engine.forecast import (
    MODELS,
    Part,
    PurchaseModel,
    ordered_parameters,
    problems_of_model,
)
from streams.engine.language import describe
from streams.engine.values import Path, Problem, parse_amount, parse_number, unknown_name
from streams.flowtest.events import WrongCase

_OTHERS = ("id", "gamma_gamma", "discount")


def read_model(raw: Any, currency: str, path: Path) -> PurchaseModel:
    """The model in an entry; its id is `test` unless given. Raises WrongCase."""
    if not isinstance(raw, dict):
        raise WrongCase([Problem(path, f"model: expected a mapping, found {describe(raw)}")])
    unknown = [name for name in raw if name not in MODELS and name not in _OTHERS]
    if unknown:
        names = (*MODELS, *_OTHERS)
        raise WrongCase(
            [unknown_name((*path, unknown[0]), "model", unknown[0], names, at_key=True)]
        )
    parts = [
        Part(kind, _parameters(kind, raw[kind], currency, (*path, kind)))
        for kind in MODELS
        if kind in raw
    ]
    values = None
    if "gamma_gamma" in raw:
        here = (*path, "gamma_gamma")
        values = _parameters("gamma_gamma", raw["gamma_gamma"], currency, here)
    discount = _number(raw.get("discount", "0"), (*path, "discount"))
    model = PurchaseModel(str(raw.get("id", "test")), tuple(parts), values, discount)
    problems = list(problems_of_model(model))
    if problems:
        raise WrongCase([Problem(path, f"model: {problem}") for problem in problems])
    return model


def _parameters(kind: str, raw: Any, currency: str, path: Path) -> tuple[float, ...]:
    if not isinstance(raw, dict):
        raise WrongCase([Problem(path, f"{kind}: expected a mapping, found {describe(raw)}")])
    return ordered_parameters(
        kind,
        {
            name: _amount(text, currency, (*path, name))
            if name == "gamma"
            else _number(text, (*path, name))
            for name, text in raw.items()
        },
    )


def _number(text: Any, path: Path) -> float:
    number = parse_number(text) if isinstance(text, str) else None
    if number is None:
        raise WrongCase([Problem(path, f"{path[-1]}: expected a number, found {describe(text)}")])
    return float(number)


def _amount(text: Any, currency: str, path: Path) -> float:
    """In minor units."""
    amount = parse_amount(text, currency) if isinstance(text, str) else None
    if amount is None:
        raise WrongCase([Problem(path, f"{path[-1]}: expected an amount, found {describe(text)}")])
    return float(amount)
