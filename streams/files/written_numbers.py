"""Numbers and amounts as tables have them: decimals as text, floats, with a decimal comma."""

import re
from decimal import ROUND_HALF_EVEN, Decimal
from sys import float_info
from typing import Any

from streams.engine.values import LARGEST_AMOUNT, amount_text, minor_digits
from streams.files.row_context import RowContext, Unfit
from streams.files.row_warning import WarningKind

_DECIMAL = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?")
_DECIMAL_WITH_COMMA = re.compile(r"[+-]?([0-9]+|[0-9]{1,3}(\.[0-9]{3})+)(,[0-9]+)?")
_THOUSANDS_OR_DECIMALS = re.compile(r"[+-]?[0-9]{1,3}\.[0-9]{3}")


def read_number(value: Any, how: str, context: RowContext) -> int | float:
    """Returns a number: whole ones as int, others as float. Raises Unfit."""
    number = read_decimal(value, "a number", context)
    return int(number) if number == number.to_integral_value() else float(number)


def read_money(value: Any, how: str, context: RowContext) -> int:
    """Returns an amount in minor units; `how` begins with major or minor (the default). Amounts
    with more decimals than the currency are rounded half to even, and noted. Raises Unfit."""
    if how.startswith("major"):
        expected = "an amount in major units (12.50)"
        amount = read_decimal(_without_noise(value), expected, context)
        amount = amount.scaleb(minor_digits(context.currency))
        minor = int(amount.quantize(Decimal(1), ROUND_HALF_EVEN))
        if minor != amount:
            written = amount_text(minor, context.currency)
            context.notes.append(
                (
                    WarningKind.ROUNDED,
                    f"field {context.path!r} is {value!r}, rounded to {written}: "
                    f"{_decimals_of(context.currency)}",
                )
            )
    else:
        expected = "minor units as an integer (1250); for 12.50 map it with ':major'"
        amount = read_decimal(value, expected, context)
        minor = int(amount)
        if minor != amount:
            raise Unfit(value, expected)
    if abs(minor) > LARGEST_AMOUNT:
        raise Unfit(value, f"at most {LARGEST_AMOUNT} minor units")
    return minor


def _without_noise(value: Any) -> Any:
    """Rounds a float to the digits that floats represent exactly: 0.1 + 0.2 is 0.3."""
    return float(f"{value:.{float_info.dig}g}") if isinstance(value, float) else value


def _decimals_of(currency: str) -> str:
    digits = minor_digits(currency)
    owner = f"{currency} has" if currency else "most currencies have"
    return f"{owner} {digits} decimals" if digits else f"{owner} no decimals"


def read_decimal(value: Any, expected: str, context: RowContext) -> Decimal:
    """Returns the exact decimal that was written; of floats, that of their shortest text.
    Raises Unfit."""
    match value:
        case bool():
            pass
        case int():
            return Decimal(value)
        case float() | Decimal():
            number = Decimal(repr(value)) if isinstance(value, float) else value
            if number.is_finite():
                return number
        case str():
            return _decimal_of_text(value, expected, context)
    raise Unfit(value, expected)


def _decimal_of_text(value: str, expected: str, context: RowContext) -> Decimal:
    text = value.strip()
    if not context.has_decimal_comma:
        if _DECIMAL.fullmatch(text):
            return Decimal(text)
        if _DECIMAL_WITH_COMMA.fullmatch(text):
            expected += "; if its comma is a decimal comma: --decimal-comma"
        raise Unfit(value, expected)
    expected = expected.replace("12.50", "12,50")
    if _THOUSANDS_OR_DECIMALS.fullmatch(text):
        whole, _, rest = text.partition(".")
        raise Unfit(value, f"{expected}; it may mean {whole}{rest} or {whole},{rest}")
    if _DECIMAL_WITH_COMMA.fullmatch(text):
        return Decimal(text.replace(".", "").replace(",", "."))
    raise Unfit(value, expected)
