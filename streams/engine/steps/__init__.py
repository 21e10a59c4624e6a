"""The steps of flows: one module per step, named after its key (SEMANTICS 2).

Each has a `Definition` that reads itself, `check(definition, scope)` for rules beyond the
types, and `compile(definition, building, step_id, following)` to the linked `Step` that runs.
For example, `wait.py` holds all of `wait`.
"""

from collections.abc import Mapping

from streams.engine.program import StepModule
from streams.engine.steps import (
    assign_coupon,
    branch,
    exit_,
    if_,
    sample,
    send,
    update_profile,
    wait,
    wait_for,
    webhook,
)

__all__ = [
    "STEPS",
    "send",
    "wait",
    "wait_for",
]
STEPS: Mapping[str, StepModule] = {
    "wait": wait,
    "wait_for": wait_for,
    "if": if_,
    "branch": branch,
    "sample": sample,
    "send": send,
    "assign_coupon": assign_coupon,
    "update_profile": update_profile,
    "webhook": webhook,
    "exit": exit_,
}
