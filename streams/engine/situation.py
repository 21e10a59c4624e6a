"""Whom and when a condition, a filter or a step is judged for."""

from collections.abc import Mapping
from typing import Any

import msgspec

from streams.engine.event import Instant
from streams.engine.state import CustomerState, Journey


class Situation(msgspec.Struct):
    """One customer at one moment. One instance serves a whole event or timer: whoever judges for
    another journey overwrites `journey`.

    `journey` is the journey that asks; at an entry it is the one that would begin, so that the
    trigger's data and `since: flow_start` are there (SEMANTICS 1.3). Outside of a flow it is None.
    `facts` are the newest store facts (SEMANTICS 7.2).
    """

    state: CustomerState
    now: Instant
    facts: Mapping[str, Any]
    journey: Journey | None = None
