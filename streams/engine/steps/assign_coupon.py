"""Assigns the customer a coupon code: one per customer and pool, kept while it is valid
(SEMANTICS 7.1)."""

from collections.abc import Iterator

import msgspec

from streams.engine.content import NO_COUPON, check_pool, give_coupon, no_code_evidence
from streams.engine.customer import Journey
from streams.engine.effects import Outcome
from streams.engine.language import Scope
from streams.engine.program import Building, Step, Turn, is_filtered
from streams.engine.values import Identifier, Problem


class Definition(msgspec.Struct, frozen=True, kw_only=True):
    """Assigns the customer a coupon code, for the messages below.

    `assign_coupon`: the pool; a valid code of the customer is kept
    `id`: the name of the step, shown in decisions
    """

    assign_coupon: Identifier
    id: Identifier | None = None


def check(definition: Definition, scope: Scope) -> Iterator[Problem]:
    """The pool exists."""
    return check_pool(definition.assign_coupon, ("assign_coupon",), scope)


def compile(definition: Definition, building: Building, step_id: str, following: Step) -> Step:  # noqa: A001 - same name in each
    """The step that assigns it, if the flow's profile filter holds (1.3). P continues with or
    without a code."""
    flow = building.flow
    pool = building.scope.coupons[definition.assign_coupon]

    def run(turn: Turn, journey: Journey) -> Step | None:
        if is_filtered(turn, flow, journey, step_id):
            return following
        if not give_coupon(turn, flow, journey, step_id, pool):
            turn.record(flow, journey, step_id, Outcome.COUPON, NO_COUPON, no_code_evidence(pool))
        return following

    return Step(step_id, run, run)
