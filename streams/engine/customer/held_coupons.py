"""The coupon codes that a customer holds (SEMANTICS 7.1): the newest of each pool.

given_at                  the earlier of: given_at + expires, redeemed
   |------- the same code ------|
   t                            over from here on, this moment included
"""

from typing import Any

from streams.engine.customer.state import CustomerState, GivenCoupon
from streams.engine.values import Instant


def valid_coupon(state: CustomerState, pool: str, now: Instant) -> GivenCoupon | None:
    """The customer's valid code of `pool`; it becomes invalid exactly at its expiry."""
    held = state.coupons.get(pool)
    if held is None or (held.expires_at is not None and now >= held.expires_at):
        return None
    return held


def expiry_of_code(state: CustomerState, code: str, now: Instant) -> Instant | None:
    """The expiry of a code that the customer was given; None: it doesn't expire. A code that was
    replaced since is over: `now`."""
    held = next((held for held in state.coupons.values() if held.code == code), None)
    return now if held is None else held.expires_at


def apply_coupon_redeemed(state: CustomerState, data: dict[str, Any], at: Instant) -> None:
    """Ends the redeemed code."""
    end_coupon(state, data["code"], at)


def end_coupon(state: CustomerState, code: str, at: Instant) -> None:
    """Ends `code`, which the customer has redeemed: as if it had expired then. A code that the
    customer doesn't hold ends nothing. Customers type codes, so case and blanks around are
    ignored."""
    redeemed = _as_compared(code)
    for held in state.coupons.values():
        if _as_compared(held.code) == redeemed:
            held.expires_at = at if held.expires_at is None else min(held.expires_at, at)


def _as_compared(code: str) -> str:
    return code.strip().casefold()
