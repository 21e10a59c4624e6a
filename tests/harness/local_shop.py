"""A shop on a worker in this process: real decoding, real engine, real encoding; logs are lists."""

import json
from collections.abc import Collection, Sequence
from typing import Any

from streams.contracts.control import (
    DefinitionsRecord,
    FactsRecord,
    encode_definitions,
    encode_facts,
)
from streams.contracts.coupon_codes import coupon_record
from streams.contracts.decisions import DECISIONS, read_decisions
from streams.contracts.encode import encode_event
from streams.contracts.wire import decode_any
from streams.engine import CustomerState, Instant, decode_state, topic_of
from streams.local import LocalTask
from streams.ports import CONTROL, CouponCode
from streams.programs import SEMANTICS

BEGIN = 1_772_409_600_000
"""2026-03-02 00:00 UTC, a Monday."""
HOUR = 3_600_000
DAY = 24 * HOUR
SKEW = 20

CART_FLOW: dict[str, Any] = {
    "flow": "cart",
    "status": "live",
    "trigger": {"metric": "cart.updated"},
    "exit_on": [{"metric": "order.placed"}],
    "steps": [{"wait": "4h", "id": "pause"}, {"send": "email", "template": "your-cart"}],
}


class LocalShop:
    """A small shop on a local task, in the words of its tests."""

    def __init__(self, task: LocalTask) -> None:
        self.local = task
        self._events = 0

    def publish(
        self,
        at: Instant,
        *flows: dict[str, Any],
        segments: dict[str, Any] | None = None,
        followed: Collection[str] = (),
        coupons: Sequence[dict[str, Any]] = (),
        coupon_key: str = "",
        rates: dict[str, str] | None = None,
    ) -> None:
        """The definitions `flows` are in force from `at` on; `segments`: id to condition,
        `followed`: those with `follow: true`."""
        definitions = {
            "flows": list(flows),
            "coupons": list(coupons),
            "segments": [
                {"segment": name, "if": if_, "follow": str(name in followed).lower()}
                for name, if_ in (segments or {}).items()
            ],
            "store": {"timezone": "UTC", "currency": "GBP", "rates": rates or {}},
        }
        record = DefinitionsRecord(
            published_at=at,
            version=f"v{at}",
            semantics=SEMANTICS[-1],
            tzdata="test",
            definitions=json.dumps(definitions),
            successors={},
            coupon_key=coupon_key,
        )
        self.local.append(CONTROL, at, b"definitions", encode_definitions(record))

    def facts(self, at: Instant, **values: float) -> None:
        """Store facts arrive; `clv_total_mean` stands for clv.total.mean."""
        named = {name.replace("_", "."): value for name, value in values.items()}
        self.local.append(CONTROL, at, b"facts", encode_facts(FactsRecord("2026-03-02", named)))

    def load(self, at: Instant, pool: str, *codes: str) -> None:
        """The shop loads codes."""
        for code in codes:
            record = coupon_record(CouponCode(pool, code, None, at))
            self.local.append("coupons", at, record.key, record.value)

    def happens(
        self,
        at: Instant,
        metric: str,
        customer: str,
        *,
        headers: list[tuple[str, bytes]] | None = None,
        **fields: Any,
    ) -> None:
        """One event, recorded at `at` (and `occurred_at` the same unless given)."""
        self._events += 1
        event = {"event_id": f"e{self._events}", "customer_id": customer, "occurred_at": at}
        key = customer.encode()
        value = encode_event(metric, {**event, **fields})
        self.local.append(topic_of(metric), at, key, value).headers = headers

    def customer(self, at: Instant, customer: str) -> None:
        """A customer who may be written to."""
        profile = {"email": f"{customer}@example.com", "consent": ["email"]}
        self.happens(at, "customer.updated", customer, set=profile, unset=[])

    def cart(self, at: Instant, customer: str, **fields: Any) -> None:
        cart = {"cart_id": f"c-{customer}", "total": 5000, "currency": "GBP", "items": []}
        self.happens(at, "cart.updated", customer, **{**cart, **fields})

    def order(self, at: Instant, customer: str, **fields: Any) -> None:
        order = {"order_id": f"o{at}", "total": 5000, "currency": "GBP", "items": [], "tags": []}
        self.happens(at, "order.placed", customer, **{**order, **fields})

    def state(self, customer: str) -> CustomerState:
        """What is committed of a customer."""
        value = self.local.store.get(customer.encode())
        assert value is not None
        return decode_state(value)

    def until(self, wall: Instant) -> None:
        """Everything before `wall` happens and is committed."""
        self.local.advance(wall + SKEW)
        self.local.commit(wall + SKEW)

    def live(self, start: Instant, end: Instant, *hidden: str) -> None:
        """What a worker does at the live edge from `start` to before `end`, with what was fed until
        then. In each of the `hidden` inputs there is a record that can't be read."""
        ends = {topic: len(log) + (topic in hidden) for topic, log in self.local.logs.items()}
        for wall in range(start, end, 4_000):
            self.local.task.set_end_offsets(
                wall, {topic: ends[topic] for topic in self.local.task.needs_end_offsets(wall)}
            )
            while self.local.task.run(wall, 1000):
                pass

    def outputs(self, topic: str) -> list[dict[str, Any]]:
        """What a read_committed reader sees of an output topic."""
        output = self.local.output
        values = [one.value for one in output if one.topic == topic and one.value is not None]
        if topic == DECISIONS:
            return [decision for value in values for decision in read_decisions(value)]
        return [decode_any(value)[1] for value in values]

    def sent(self) -> list[tuple[str, str, Instant]]:
        """(customer, template, decided_at) of every command, in order."""
        return [
            (one["customer_id"], one["template"], one["decided_at"])
            for one in self.outputs("send-commands")
        ]
