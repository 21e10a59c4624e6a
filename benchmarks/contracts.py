"""What reading an event and writing an effect cost, beside fastavro, which the compiled functions
stand in for: `python -m benchmarks.contracts`.

All rows of a table are timed in turns, and the best of many rounds counts, since other work on the
machine can only slow things down. Compare ratios: microseconds are this machine's.
"""

import json
import time
from collections.abc import Callable
from io import BytesIO
from typing import Any

import fastavro

from streams.contracts.decode import EventDecoder
from streams.contracts.encode import EffectEncoder, encode_event
from streams.contracts.schemas import Schema, shipped_schemas, without_logical_types
from streams.engine import Decision, Outcome, SendCommand, topic_of
from streams.ports import Record

NOW = 1_772_445_600_000
ROUNDS = 40
SECONDS = 0.01  # of one row in one round

ITEM = {
    "sku": "85123A",
    "name": "WHITE HANGING HEART T-LIGHT HOLDER",
    "quantity": 6,
    "unit_price": 255,
    "category": "home",
}
HEAD = {"event_id": "01J8ZK3C9V5Q", "customer_id": "C0012345", "occurred_at": NOW}
BASKET = {"total": 13912, "currency": "GBP"}
EVENTS: dict[str, dict[str, Any]] = {
    "order.placed": {"order_id": "536365", **BASKET, "items": [ITEM] * 3, "country": "GB"},
    "cart.updated": {"cart_id": "536365", **BASKET, "items": [ITEM] * 2},
    "search.performed": {"query": "white hanging heart", "results": 12},
}
FIELDS_READ = {
    "order.placed": frozenset({"order_id", "total", "items.sku"}),
    "cart.updated": frozenset({"cart_id", "total"}),
    "search.performed": frozenset({"query"}),
}

COMMAND = SendCommand(
    send_id="0123456789abcdef01234567",
    customer_id="C0012345",
    channel="email",
    recipient="ada@example.com",
    template="thanks-new",
    flow="post-purchase",
    flow_version="a1b2c3d4",
    step="thanks-new",
    journey_id="0123456789abcdef",
    transactional=False,
    decided_at=NOW,
    not_before=NOW,
    expires_at=NOW + 72 * 3_600_000,
    variables={"order_id": "536365", "total": "139.12"},
    items=[ITEM] * 3,
    coupon=None,
    utm={"utm_source": "sendflow", "utm_campaign": "post-purchase"},
    locale="en-GB",
    trigger_event_id="01J8ZK3C9V5Q",
)
DECISION = Decision(
    at=NOW,
    customer_id="C0012345",
    flow="post-purchase",
    flow_version="a1b2c3d4",
    journey_id="0123456789abcdef",
    step="thanks-new",
    outcome=Outcome.SENT,
    reason="",
    evidence={"count": 1, "equals": 1, "template": "thanks-new"},
    event_id="01J8ZK3C9V5Q",
)


def main() -> None:
    """Prints one table for reading and one for writing."""
    for metric, fields in EVENTS.items():
        _table(f"read {metric}, µs", _readers(metric, HEAD | fields))
    _table("write, µs", _writers())


def _readers(metric: str, event: dict[str, Any]) -> dict[str, Callable[[], object]]:
    value = encode_event(metric, event)
    record = Record(NOW, 0, b"C0012345", value)
    in_json = Record(NOW, 0, b"C0012345", json.dumps({"metric": metric, **event}).encode())
    topic = topic_of(metric)
    whole, part = EventDecoder(), EventDecoder(FIELDS_READ.__getitem__)
    schema = _plain(shipped_schemas().of_metric(metric).schema)
    names = {"event_id", "customer_id", "occurred_at", *FIELDS_READ[metric]}
    fields = [field for field in schema["fields"] if field["name"] in names]
    reduced = fastavro.parse_schema(
        {"type": "record", "name": schema["name"], "fields": _untouched(fields)}
    )

    def by_fastavro(reader: Schema = None) -> object:
        source = BytesIO(value)
        source.seek(10)
        return fastavro.schemaless_reader(source, schema, reader)

    return {
        "event, all fields": lambda: whole.decode(topic, record),
        "event, the fields that flows read": lambda: part.decode(topic, record),
        "event, JSON": lambda: whole.decode(topic, in_json),
        "fastavro alone": by_fastavro,
        "fastavro alone, reduced reader schema": lambda: by_fastavro(reduced),
    }


def _writers() -> dict[str, Callable[[], object]]:
    encoder = EffectEncoder()
    command = _plain(shipped_schemas().current["SendCommand"].schema)
    decisions_schema = _plain(shipped_schemas().current["Decisions"].schema)
    commands, decisions = [COMMAND], [DECISION] * 3
    order = HEAD | EVENTS["order.placed"]

    def by_fastavro(schema: Schema, struct: Any, **instead: Any) -> object:
        target = BytesIO()
        values = {name: getattr(struct, name) for name in struct.__struct_fields__}
        fastavro.schemaless_writer(target, schema, values | instead)
        return target.getvalue()

    def as_plain(decision: Decision) -> dict[str, Any]:
        plain = {"outcome": "sent", "evidence": json.dumps(decision.evidence)}
        return {name: getattr(decision, name) for name in decision.__struct_fields__} | plain

    return {
        "send command, three items": lambda: encoder.commands(commands),
        "send command, fastavro": lambda: by_fastavro(command, COMMAND),
        "three decisions": lambda: encoder.decisions(decisions),
        "three decisions, fastavro": lambda: by_fastavro(
            decisions_schema, DECISION, decisions=[as_plain(one) for one in decisions]
        ),
        "order.placed, checked": lambda: encode_event("order.placed", order),
    }


def _plain(schema: Schema) -> Schema:
    return fastavro.parse_schema(without_logical_types(schema))


def _untouched(fields: list[Schema]) -> list[Schema]:
    """Without the marks that fastavro leaves on what it has parsed."""
    return [dict(json.loads(json.dumps(field))) for field in fields]


def _table(title: str, rows: dict[str, Callable[[], object]]) -> None:
    best = dict.fromkeys(rows, float("inf"))
    for _ in range(ROUNDS):
        for name, work in rows.items():
            best[name] = min(best[name], _seconds(work))
    print(title)
    for name, seconds in best.items():
        print(f"  {name:<40} {seconds * 1e6:7.2f}")


def _seconds(work: Callable[[], object]) -> float:
    """Seconds of one call, over as many as fit into SECONDS."""
    calls, begin = 0, time.perf_counter()
    end = begin + SECONDS
    while (now := time.perf_counter()) < end:
        for _ in range(100):
            work()
        calls += 100
    return (now - begin) / calls


if __name__ == "__main__":
    main()
