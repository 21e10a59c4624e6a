"""Money: integers in minor units in events; decimals in major units in definitions and texts.

An amount in another currency is converted once, when its event is processed (FLOWS "Money"), so
that a later change of rates doesn't change the past.
"""

from collections.abc import Mapping
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any

from streams.engine.values.event import COMMON_FIELDS, ITEM_FIELDS, FieldType, Metric
from streams.engine.values.packed_fields import (
    pack_fields,
    unpack_fields,
    with_rows,
    without_rows,
)
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
"""ISO 4217: currencies with another number of decimals than two."""

MONEY_TYPES = (FieldType.MONEY, FieldType.ITEMS)
"""The field types that hold amounts."""

_AS_WRITTEN, NO_RATE_KEY = "\0as_written", "\0no_rate"
"""Names of ConvertedData attributes in states. They stay, because old states are read."""

_ITEM_MONEY = tuple(name for name, field in ITEM_FIELDS.items() if field.type is FieldType.MONEY)


def minor_digits(currency: str) -> int:
    """The number of decimals of `currency`."""
    return _MINOR_DIGITS.get(currency, 2)


LARGEST_AMOUNT = 10**12
"""Minor units. A larger amount is a mistake of its producer, and a few of them would exceed 64 bits
in a sum."""


def parse_amount(text: str, currency: str) -> int | None:
    """Minor units of an amount as written (`100`, `99.95`); None if `text` isn't an amount, or has
    more decimals than the currency."""
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


class ConvertedData(dict[str, Any]):
    """The data of an event in another currency than the store's: every amount in the store's
    currency, missing (None) without a rate. `currency` stays the event's own."""

    __slots__ = ("as_written", "no_rate")

    def __init__(
        self, fields: Mapping[str, Any], as_written: Mapping[str, Any], no_rate: str | None
    ) -> None:
        """`as_written`: the fields with amounts, in the event's own currency, as messages show
        them. `no_rate`: that currency, if there is no rate for it."""
        super().__init__(fields)
        self.as_written = as_written
        self.no_rate = no_rate


def as_written(data: Mapping[str, Any]) -> Mapping[str, Any]:
    """The amounts of an event's data in the event's own currency."""
    return data.as_written if isinstance(data, ConvertedData) else data


def currency_without_rate(data: Mapping[str, Any]) -> str | None:
    """The currency of an event's data if there is no rate for it."""
    return data.no_rate if isinstance(data, ConvertedData) else None


def pack(data: Mapping[str, Any]) -> bytes:
    """An event's data as states keep it."""
    if not isinstance(data, ConvertedData):
        return pack_fields(data)
    stored = {name: value for name, value in data.items() if name not in COMMON_FIELDS}
    stored[_AS_WRITTEN] = with_rows(data.as_written)
    if data.no_rate is not None:
        stored[NO_RATE_KEY] = data.no_rate
    stored.update((name, value) for name, value in data.items() if name in COMMON_FIELDS)
    return pack_fields(stored)


def unpack(packed: bytes) -> dict[str, Any]:
    """The data that `pack` was given."""
    data = unpack_fields(packed)
    if _AS_WRITTEN not in data:
        return data
    written = without_rows(data.pop(_AS_WRITTEN))
    return ConvertedData(data, written, data.pop(NO_RATE_KEY, None))


class Exchange:
    """Converts amounts into the store's currency by the rates of `store.yaml`."""

    def __init__(self, currency: str, rates: Mapping[str, Decimal]) -> None:
        """`rates`: currency -> value of one unit in the store's `currency`."""
        self.currency = currency
        self._factors: dict[str, Decimal] = {
            other: rate.scaleb(minor_digits(currency) - minor_digits(other))
            for other, rate in rates.items()
        }
        self._factors[currency] = Decimal(1)

    def knows(self, currency: str | None) -> bool:
        """True if `currency` has a rate (None: the store's own)."""
        return currency is None or currency in self._factors

    def convert(self, minor: int, currency: str | None) -> int | None:
        """`minor` units of `currency` in minor units of the store's, rounded half to even; None
        without a rate. An amount without a currency is in the store's."""
        if currency is None or currency == self.currency:
            return minor
        factor = self._factors.get(currency)
        if factor is None:
            return None
        return int((minor * factor).quantize(Decimal(1), rounding=ROUND_HALF_EVEN))

    def in_store_currency(self, metric: Metric, data: dict[str, Any]) -> dict[str, Any]:
        """An event's data as conditions see it: `data` itself if there is nothing to convert, which
        is the usual case, else ConvertedData."""
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
        if not as_written:
            return data
        return ConvertedData(converted, as_written, None if self.knows(currency) else currency)

    def _item(self, item: dict[str, Any], currency: str) -> dict[str, Any]:
        prices = {
            name: self.convert(item[name], currency)
            for name in _ITEM_MONEY
            if item.get(name) is not None
        }
        return {**item, **prices}
