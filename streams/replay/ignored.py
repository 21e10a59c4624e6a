"""Remarks about the events of a timeline that had no effect, or not all of it, and the reason."""

from collections.abc import Iterator, Mapping
from typing import Any

from streams.contracts.fields import WrongEvent, typed_custom_fields
from streams.engine import (
    Definitions,
    Event,
    Instant,
    Program,
    compile_program,
    read_definitions,
    read_published,
)
from streams.engine.customer import (
    DUPLICATE,
    STALE,
    Again,
    CustomerState,
    correct,
    forget_all,
    is_duplicate,
    mark_seen,
    note_machine,
    remember,
)
from streams.engine.program import MetricPlan
from streams.engine.values import CUSTOM_METRICS_TOPIC, currency_without_rate, id_hash
from streams.replay.history import CustomerHistory, PastEvent, Publication
from streams.replay.words import Words


class Remarks:
    """Makes the remarks of one customer's events, which are given in order of processing. Each is
    applied to a state as a task applies it, without any flow: so what has been forgotten by then
    is forgotten here, too (SEMANTICS 3.7, 8.6, 8.7)."""

    def __init__(self, history: CustomerHistory, words: Words) -> None:
        self._programs = _Programs(history.publications)
        self._words = words
        self._state = CustomerState(history.customer_id)
        self._patched: dict[str, Instant] = {}  # profile field -> newest `occurred_at`

    def of(self, event: PastEvent) -> list[str]:
        """The remarks about the next event."""
        if not event.event_id:  # a verdict on a message, or a customer added to a flow
            return []
        plan = self._programs.plan_of(event)
        if plan.metric.topic == CUSTOM_METRICS_TOPIC:
            try:
                typed_custom_fields(plan.metric, event.fields)
            except WrongEvent as wrong:  # its dead letter is gone, or yet to come
                return [f"refused: {wrong}"]
        if is_duplicate(self._state, event.metric, id_hash(event.event_id)):
            return ["duplicate event_id: no effect"]
        occurred = event.fields.get("occurred_at")
        at = min(occurred, event.at) if isinstance(occurred, int) else event.at
        remarks = list(self._applied(plan, event, at))
        if event.is_history:
            remarks.append("history: triggers nothing")
        return remarks

    def _applied(self, plan: MetricPlan, event: PastEvent, at: Instant) -> Iterator[str]:
        state, id_ = self._state, id_hash(event.event_id)
        if event.metric == "customer.erased":
            forget_all(state)
            self._patched.clear()
            return
        of_engine = Event(event.metric, event.event_id, state.customer_id, at, event.fields)
        data = plan.data_of(of_engine)
        again = None
        if plan.apply is not None and not plan.is_news:  # journeys watch articles, too
            plan.apply(state, data, at)
        elif plan.apply_unless_known is not None:
            again = plan.apply_unless_known(state, data, at, event.at)
        if again is None and plan.is_by_machine:
            note_machine(state, id_)
        elif again is None:
            remember(state, of_engine, data, id_, event.at, plan.retention)
        else:
            yield self._told_again(event.metric, again)
            if again.reason != DUPLICATE:
                mark_seen(state, id_)
            if again.corrects is not None:
                correct(state, event.metric, again, data, plan.retention)
        if event.metric == "customer.updated":
            yield from self._stale_fields(event.fields, at)
        currency = currency_without_rate(data)
        if currency is not None:
            yield f"no rate for {currency} in store.yaml: not in sums and comparisons"

    def _told_again(self, metric: str, again: Again) -> str:
        """The remark about an event that is nothing new (SEMANTICS 8.6, 8.9)."""
        if again.reason == DUPLICATE:
            return "known refund_id: no effect"
        if again.reason == STALE:
            newest = self._words.moment(again.evidence["newest_at"])
            return f"older than the cart of {newest}: no effect"
        if metric == "cart.updated":
            ordered = self._words.moment(again.evidence["ordered_at"])
            return f"ordered at {ordered}, told after its order: the cart is empty"
        return "known order: corrected, not counted again"

    def _stale_fields(self, fields: Mapping[str, Any], at: Instant) -> Iterator[str]:
        """Fields that a newer patch had touched before (SEMANTICS 7.5)."""
        stale = []
        for name in [*(fields.get("set") or {}), *(fields.get("unset") or ())]:
            newest = self._patched.get(name)
            if newest is not None and at < newest:
                stale.append(f"{name} (newer value of {self._words.moment(newest)})")
            else:
                self._patched[name] = at
        if stale:
            yield f"not changed: {', '.join(stale)}"


class _Programs:
    """The sets in force, each compiled when an event needs it."""

    def __init__(self, publications: list[Publication]) -> None:
        self._publications = publications
        self._compiled: dict[int, Program] = {}

    def plan_of(self, event: PastEvent) -> MetricPlan:
        """The effect of an event by the set in force at its time."""
        places = (place for place, one in enumerate(self._publications) if one.at <= event.at)
        newest = max(places, default=-1)
        if newest not in self._compiled:
            self._compiled[newest] = self._compile(newest)
        program = self._compiled[newest]
        plan = program.on_metric.get(event.metric, program.otherwise)
        if plan.by_machine is not None and event.fields.get("machine"):
            return plan.by_machine
        return plan

    def _compile(self, place: int) -> Program:
        """The set at `place`; an empty one before the first, and for one of another version."""
        found = read_published({} if place < 0 else self._publications[place].definitions)
        if not isinstance(found, Definitions):
            found = read_definitions({})
            assert isinstance(found, Definitions)
        return compile_program(found, "explain")
