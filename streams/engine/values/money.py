"""Money: integers in minor units, as events carry it; decimals in major units, as people write it.

An amount in another currency is converted once, when its event is processed (FLOWS "Money"), so
that a later change of rates doesn't change the past.
"""

from collections.abc import Mapping
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any

from streams.engine.values.event import ITEM_FIELDS, FieldType, Metric
from streams.engine.values.scalars import parse_decimal

_MINOR_DIGITS = {
    **dict.fromkeys(
        (
            "BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW",
            "PYG", "RWF", "UGX", "UYI", "VND", "VUV", "XAF", "XOF", "XPF",
        ),
        0,
    ),
    **dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3),
}  # fmt: skip
"""ISO 4217: currencies that don't have two decimals."""

MONEY_TYPES = (FieldType.MONEY, FieldType.ITEMS)
"""The fields that hold amounts."""

AS_WRITTEN = "\0as_written"
"""In converted data: the fields with amounts as the event had them, in its own currency. Messages
show these, conditions compare the others."""

NO_RATE = "\0no_rate"
"""In converted data: the event's currency, if there is no rate for it."""

_ITEM_MONEY = tuple(name for name, field in ITEM_FIELDS.items() if field.type is FieldType.MONEY)


def minor_digits(currency: str) -> int:
    """How many decimals an amount of `currency` has."""
    return _MINOR_DIGITS.get(currency, 2)


def parse_amount(text: str, currency: str) -> int | None:
    """Minor units of an amount as written (`100`, `99.95`); None if `text` is none, or is finer
    than the currency."""
    amount = parse_decimal(text)
    if amount is None:
        return None
    minor = amount.scaleb(minor_digits(currency))
    return int(minor) if minor == minor.to_integral_value() else None


def amount_text(minor: int, currency: str) -> str:
    """`99.95` for 9995 GBP."""
    digits = minor_digits(currency)
    if digits == 0:
        return str(minor)
    whole, rest = divmod(abs(minor), 10**digits)
    return f"{'-' if minor < 0 else ''}{whole}.{rest:0{digits}}"


class Exchange:
    """Converts amounts into the store's currency by the rates of `store.yaml`."""

    def __init__(self, currency: str, rates: Mapping[str, Decimal]) -> None:
        """`rates`: currency -> what one unit of it is worth in the store's `currency`."""
        self.currency = currency
        self._factors: dict[str, Decimal] = {
            other: rate.scaleb(minor_digits(currency) - minor_digits(other))
            for other, rate in rates.items()
        }
        self._factors[currency] = Decimal(1)

    def knows(self, currency: str | None) -> bool:
        """Whether there is a rate for `currency` (None: the store's)."""
        return currency is None or currency in self._factors

    def convert(self, minor: int, currency: str | None) -> int | None:
        """`minor` units of `currency` in minor units of the store's, rounded half to even; None
        without a rate. An amount that names no currency is in the store's."""
        if currency is None or currency == self.currency:
            return minor
        factor = self._factors.get(currency)
        if factor is None:
            return None
        return int((minor * factor).quantize(Decimal(1), rounding=ROUND_HALF_EVEN))

    def in_store_currency(self, metric: Metric, data: dict[str, Any]) -> dict[str, Any]:
        """An event's data as conditions see it: every amount in the store's currency, missing
        (None) without a rate. `currency` stays what it was, AS_WRITTEN and NO_RATE say the rest.
        Returns `data` itself if there is nothing to convert, which is nearly always."""
        currency = data.get("currency")
        if currency is None or currency == self.currency:
            return data
        converted = dict(data)
        as_written = {}
        for name, field in metric.fields.items():
            value = data.get(name)
            if value is None:
                continue
            if field.type is FieldType.MONEY:
                converted[name] = self.convert(value, currency)
            elif field.type is FieldType.ITEMS:
                converted[name] = [self._item(item, currency) for item in value]
            else:
                continue
            as_written[name] = value
        if as_written:
            converted[AS_WRITTEN] = as_written
            if not self.knows(currency):
                converted[NO_RATE] = currency
        return converted

    def _item(self, item: dict[str, Any], currency: str) -> dict[str, Any]:
        prices = {
            name: self.convert(item[name], currency)
            for name in _ITEM_MONEY
            if item.get(name) is not None
        }
        return {**item, **prices}
