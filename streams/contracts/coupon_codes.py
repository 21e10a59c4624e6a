"""Codes that are loaded into coupon pools: the topic `coupons`."""

from collections.abc import Iterable, Iterator
from typing import Any

from streams.contracts.fields import WrongEvent, typed
from streams.contracts.moments import moment_problem
from streams.contracts.shipped import encode_struct
from streams.engine.content import CouponPool
from streams.engine.values import Field, FieldType, Instant, is_code
from streams.ports import CouponCode, OutputRecord, Record

COUPONS = "coupons"
SEPARATOR = "\x1f"  # allowed neither in a pool id nor in a code

_FIELDS = {
    "pool": Field(FieldType.TEXT),
    "code": Field(FieldType.TEXT),
    "by": Field(FieldType.TEXT, is_optional=True),
    "at": Field(FieldType.MOMENT),
}


class CouponReader:
    """Reads the fields of the schema, decoded from Avro or JSON."""

    name = "CouponCode"
    topic = COUPONS

    def read(self, fields: dict[str, Any], record: Record) -> CouponCode:
        """Returns the code. Raises WrongEvent, also for a wrong key: the code would reach another
        task than its duplicates."""
        given = CouponCode(**typed(_FIELDS, fields))
        for name in ("pool", "code"):
            text = getattr(given, name)
            if not text or not is_code(text):
                raise WrongEvent(
                    f"field {name!r} is {text[:40]!r}, expected 1 to 100 characters without line "
                    "breaks or surrounding whitespace"
                )
        if problem := moment_problem(given.at, "at"):
            raise WrongEvent(problem)
        if record.key != coupon_key(given):
            raise WrongEvent(
                f"the key is {(record.key or b'')[:40]!r}, expected the pool, U+001F and the "
                f"code: {coupon_key(given)!r}"
            )
        return given


def coupon_key(code: CouponCode) -> bytes:
    """The key of the code's record: a code that is loaded again reaches the same task."""
    return f"{code.pool}{SEPARATOR}{code.code}".encode()


def inline_codes(pools: Iterable[CouponPool], at: Instant) -> Iterator[CouponCode]:
    """Yields the codes written in the definitions of pools, which are loaded by publishing."""
    for pool in pools:
        for code in pool.codes or ():
            yield CouponCode(pool.coupons, code, "the definitions", at)


def coupon_record(code: CouponCode) -> OutputRecord:
    """Returns the record that loads the code."""
    return OutputRecord(COUPONS, coupon_key(code), encode_struct(CouponReader.name, code))
