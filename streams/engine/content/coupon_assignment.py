"""Assignment of coupon codes (SEMANTICS 7.1): one code per customer and pool, reused while valid,
as customer/held_coupons.py says."""

from collections.abc import Iterator
from typing import Any

from streams.engine.content.coupon_pool import CouponPool
from streams.engine.customer import CustomerState, GivenCoupon, Journey, valid_coupon
from streams.engine.effects import Outcome
from streams.engine.language import Scope
from streams.engine.program import CompiledFlow, Turn
from streams.engine.values import Instant, Path, Problem, unknown_name

GIVEN, KEPT, NO_COUPON = "given", "kept", "no_coupon"

MOST_HELD = 50
"""Limit on coupons of a customer beyond which only valid ones are kept."""


def check_pool(name: str, path: Path, scope: Scope) -> Iterator[Problem]:
    """The pool exists."""
    if name not in scope.coupons:
        yield unknown_name(path, "coupon pool", name, scope.coupons)


def give_coupon(
    turn: Turn, flow: CompiledFlow, journey: Journey, step: str, pool: CouponPool
) -> bool:
    """Assigns a code of `pool` to P, or the valid one of P, and records it. Returns False if no
    code is left, which the caller records. A reused code keeps its expiry. The evidence shows how
    many loaded codes are left in this partition."""
    held = valid_coupon(turn.state, pool.coupons, turn.now)
    reason = GIVEN if held is None else KEPT
    if held is None:
        held = _take(turn, pool)
        if held is None:
            return False
        _hold(turn.state, pool.coupons, held, turn.now)
        customer = turn.state.customer_id
        turn.effects.codes.note_given(
            customer, pool.coupons, held.code, held.given_at, held.expires_at
        )
    evidence = {
        "pool": pool.coupons,
        "code": held.code,
        "given_at": held.given_at,
        "expires_at": held.expires_at,
    }
    if pool.rule is None:
        evidence["left"] = turn.effects.codes.left(pool.coupons)
    turn.record(flow, journey, step, Outcome.COUPON, reason, evidence)
    journey.coupon = held.code
    # Copies of the journey in review share its code.
    for other in (*turn.state.journeys, *turn.state.reviews):
        if other.journey_id == journey.journey_id:
            other.coupon = held.code
    return True


def no_code_evidence(pool: CouponPool) -> dict[str, Any]:
    """The evidence of `no_coupon`: none of its loaded codes is left in this partition."""
    return {"pool": pool.coupons, "left": 0}


def _take(turn: Turn, pool: CouponPool) -> GivenCoupon | None:
    source, rule = turn.effects.codes, pool.rule
    if rule is None:
        code = source.next_loaded(pool.coupons, turn.now)
    else:
        code = source.make(rule.prefix, rule.length)
    if code is None:
        return None
    return GivenCoupon(code, turn.now, None if pool.expires is None else turn.now + pool.expires)


def _hold(state: CustomerState, pool: str, held: GivenCoupon, now: Instant) -> None:
    state.coupons[pool] = held
    if len(state.coupons) > MOST_HELD:
        for name in list(state.coupons):
            if valid_coupon(state, name, now) is None:
                del state.coupons[name]
