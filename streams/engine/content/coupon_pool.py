"""A coupon pool as a shop writes it (SEMANTICS 7.1)."""

import msgspec

from streams.engine.values import (
    AnyText,
    Code,
    CodeLength,
    CodePrefix,
    Identifier,
    PositiveDuration,
    Text,
)


class CodeRule(msgspec.Struct, frozen=True, kw_only=True):
    """How codes are made.

    `prefix`: what every code begins with
    `length`: how many random characters follow
    """

    prefix: CodePrefix = ""
    length: CodeLength


class CouponPool(msgspec.Struct, frozen=True, kw_only=True):
    """Where a flow's coupon codes come from.

    `coupons`: the id, stable; the file has the same name
    `name`: for people
    `description`: for people
    `rule`: makes codes; without it they are loaded
    `codes`: some to begin with, or all of them; publishing loads them
    `expires`: so long after it was given
    """

    coupons: Identifier
    name: Text | None = None
    description: AnyText | None = None
    rule: CodeRule | None = None
    codes: list[Code] | None = None
    expires: PositiveDuration | None = None
