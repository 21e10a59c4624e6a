"""The definition of a coupon pool (SEMANTICS 7.1)."""

import msgspec

from streams.engine.values import (
    AnyText,
    Code,
    CodeLength,
    CodePrefix,
    Identifier,
    PositiveDuration,
    PositiveInteger,
    Text,
)

RUNS_LOW_BELOW = 100
"""Codes of a pool that doesn't say `low`."""


class CodeRule(msgspec.Struct, frozen=True, kw_only=True):
    """The rule for generated codes.

    `prefix`: the beginning of every code
    `length`: number of random characters after the prefix
    """

    prefix: CodePrefix = ""
    length: CodeLength


class CouponPool(msgspec.Struct, frozen=True, kw_only=True):
    """A source of coupon codes.

    `coupons`: the id, stable; the file has the same name
    `name`: display name
    `description`: free text
    `rule`: generates codes; without it codes are loaded
    `codes`: the first codes, or all; publishing loads them
    `expires`: time from assignment to expiry
    `low`: number of loaded codes below which the pool runs low
    """

    coupons: Identifier
    name: Text | None = None
    description: AnyText | None = None
    rule: CodeRule | None = None
    codes: list[Code] | None = None
    expires: PositiveDuration | None = None
    low: PositiveInteger | None = None

    @property
    def runs_low_below(self) -> int:
        """`low`, or its default."""
        return RUNS_LOW_BELOW if self.low is None else self.low
