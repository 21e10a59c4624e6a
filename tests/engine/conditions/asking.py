"""Conditions as a flow writes them, judged for a customer in the making."""

from collections.abc import Mapping
from typing import Any

from streams.engine.compiling.check import examine
from streams.engine.compiling.definition import Definitions
from streams.engine.conditions import compile_condition, compile_evidence
from streams.engine.conditions.truth import Truth
from streams.engine.customer.past import Past
from streams.engine.customer.situation import Situation
from streams.engine.customer.state import CustomerState, Journey
from streams.engine.language.scope import Reads
from streams.engine.program.program import NO_FACTS
from streams.engine.values.money import pack
from streams.engine.values.problem import path_text

SECOND = 1_000
HOUR = 3_600 * SECOND
DAY = 24 * HOUR
NOW = 1_772_445_600_000  # Monday 2026-03-02 10:00 UTC
STORE = {"profile": {"plan": "text", "renewal": "date", "seen": "moment", "score": "number"}}


class Asked:
    """One condition within a flow that an order starts."""

    def __init__(
        self,
        raw: dict[str, Any],
        trigger: dict[str, Any] | None = None,
        store: dict[str, Any] | None = None,
        segments: list[dict[str, Any]] | None = None,
        coupons: list[dict[str, Any]] | None = None,
        facts: dict[str, Any] | None = None,
    ) -> None:
        flow = {
            "flow": "asked",
            "trigger": {"metric": "order.placed"},
            "filter": raw,
            "steps": [{"send": "email", "template": "t"}],
        }
        other = {**flow, "flow": "other", "filter": {"consent": "email"}}
        definitions, self.problems = examine(
            {
                "flows": [flow, other],
                "segments": segments or [],
                "coupons": coupons or [],
                "store": {**STORE, **(store or {})},
            }
        )
        self.state = CustomerState("ada")
        self.facts = facts or {}
        self.reads = Reads()
        self.journey = Journey(
            "asked",
            "j",
            entered_at=NOW,
            started_at=NOW,
            sequence=0,
            trigger=pack(trigger or {}),
        )
        self.state.journeys.append(self.journey)
        if self.problems or definitions is None:
            return
        assert isinstance(definitions, Definitions)
        definition = definitions.flows[0].filter
        assert definition is not None
        scope = definitions.scope(definitions.flows[0], self.reads)
        self.judge = compile_condition(definition, scope)
        self._evidence = compile_evidence(definition, scope)

    def happened(self, metric: str, *moments: int, **data: Any) -> "Asked":
        """Events of the metric in the past, with the same data."""
        past = self.state.recent.setdefault(metric, Past())
        for at in moments:
            self.state.sequence += 1
            past.add(at, self.state.sequence, data)
        return self

    def profile(self, **fields: Any) -> "Asked":
        self.state.profile.update(fields)
        return self

    def at(self, now: int = NOW) -> Truth:
        return self.judge(Situation(self.state, now, journey=self.journey, facts=self.facts))

    def holds(self, now: int = NOW) -> bool:
        return self.at(now)[0]

    def evidence(self, now: int = NOW, facts: Mapping[str, Any] = NO_FACTS) -> dict[str, Any]:
        situation = Situation(self.state, now, {**self.facts, **facts}, self.journey)
        return self._evidence(situation).as_json()

    def said(self) -> list[tuple[str, str]]:
        """What is wrong with the condition."""
        return [
            (path_text(problem.path[3:]), problem.message)
            for problem in self.problems
            if problem.path[:2] == ("flows", 0)
        ]
