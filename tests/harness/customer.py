"""One customer under a set of definitions, driven by hand: events and timers in order of time."""

from typing import Any

from streams.engine import (
    DUE,
    CustomerState,
    Decision,
    Definitions,
    Effects,
    Event,
    Instant,
    Journey,
    Outcome,
    Program,
    act,
    compile_program,
    new_state,
    read_definitions,
)

SECOND = 1_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR
MONDAY: Instant = 1_772_409_600_000
"""2026-03-02 00:00 UTC, a Monday."""

ADDRESSES = {"email": "ada@example.com", "phone": "+447700900123", "push_token": "token-1"}
EVERYWHERE = {**ADDRESSES, "consent": ["email", "sms", "push", "web"]}


def program_of(*flows: dict[str, Any], version: str = "1", **parts: Any) -> Program:
    """Compiles a set of definitions, given as plain data in which every scalar is text."""
    definitions = read_definitions({"flows": list(flows), **parts})
    assert isinstance(definitions, Definitions), definitions
    return compile_program(definitions, version=version)


def flow(*steps: Any, on: str = "view.item", name: str = "flow", **keys: Any) -> dict[str, Any]:
    """A flow as plain data."""
    return {"flow": name, "trigger": {"metric": on}, "steps": list(steps), **keys}


def send(template: str = "hello", channel: str = "email", **options: Any) -> dict[str, Any]:
    """A `send` step as plain data."""
    return {"send": channel, "template": template, **options}


class Customer:
    """A customer who can be written to everywhere, unless `profile` says otherwise."""

    def __init__(
        self,
        program: Program,
        profile: dict[str, Any] | None = None,
        customer_id: str = "ada",
    ) -> None:
        self.program = program
        self.state: CustomerState = new_state(customer_id)
        self.effects = Effects()
        self._events = 0
        fields = EVERYWHERE if profile is None else profile
        self.event("customer.updated", MONDAY - DAY, set=fields, unset=[])

    def event(
        self,
        metric: str,
        at: Instant,
        *,
        occurred_at: Instant | None = None,
        event_id: str | None = None,
        **data: Any,
    ) -> None:
        """Processes one event at `at`, after the timers that are due before it."""
        self.until(at - 1)
        self._events += 1
        event = Event(
            metric,
            event_id or f"e{self._events}",
            self.state.customer_id,
            at if occurred_at is None else occurred_at,
            data,
        )
        act(self.program, self.state, event, at, self.effects)

    def view(self, at: Instant, **keys: Any) -> None:
        """Looks at something: what starts the flows of most tests."""
        self.event("view.item", at, sku="A", **keys)

    def order(self, at: Instant, order_id: str = "1", total: int = 10_000, **keys: Any) -> None:
        """Orders one thing."""
        items = [{"sku": "A", "quantity": 1, "unit_price": total}]
        self.event(
            "order.placed",
            at,
            order_id=order_id,
            total=total,
            **{"currency": "GBP", "items": items, "tags": [], **keys},
        )

    def until(self, at: Instant) -> None:
        """Fires all timers that are due up to and including `at`."""
        while self.state.next_due is not None and self.state.next_due <= at:
            act(self.program, self.state, DUE, self.state.next_due, self.effects)

    def sent(self) -> list[tuple[Instant, str]]:
        """When which template was sent."""
        return [(command.decided_at, command.template) for command in self.effects.commands]

    def outcomes(self) -> list[str]:
        """The decisions in short: `skipped smart_sending`, `exited finished`, ..."""
        return [
            f"{decision.outcome.value} {decision.reason}".strip()
            for decision in self.effects.decisions
        ]

    def decisions(self, outcome: Outcome, reason: str | None = None) -> list[Decision]:
        """Those with this outcome and reason."""
        return [
            decision
            for decision in self.effects.decisions
            if decision.outcome is outcome and reason in (None, decision.reason)
        ]

    def journey(self) -> Journey:
        """The only journey there is."""
        (journey,) = self.state.journeys
        return journey
