"""The job of the comparison in Quix Streams, exactly once."""

import io
import json
import os
from pathlib import Path
from typing import Any

import fastavro
from quixstreams import Application

COMMAND, DECISION = "send-commands", "flow-decisions"
SMART_SENDING = 16 * 3_600_000
REVIEW_AFTER = 3 * 86_400_000
CART_AFTER = 4 * 3_600_000
EMPTY = {
    "orders": 0,
    "revenue": 0,
    "first": 0,
    "last": 0,
    "last_email": 0,
    "counts": {},
    "recent": {},
    "bought": [],
    "cart": [],
    "journeys": [],
}

prefix = os.environ["PREFIX"]
schemas = Path(os.environ["SCHEMAS"])


def schema(name: str) -> Any:
    """Moments as plain numbers: without logical types, which would cost a datetime each."""
    text = (schemas / f"{name}.avsc").read_text()
    return fastavro.parse_schema(json.loads(text.replace('"logicalType"', '"of"')))


EVENTS = {
    "orders": schema("OrderPlaced"),
    "carts": schema("CartUpdated"),
    "searches": schema("SearchPerformed"),
}
SEND_COMMAND = schema("SendCommand")


def command(event: dict, flow: str, template: str, items: list) -> bytes:
    customer, now = event["customer_id"], event["occurred_at"]
    journey = f"{flow}-{event['event_id']}"
    out = io.BytesIO()
    fastavro.schemaless_writer(
        out,
        SEND_COMMAND,
        {
            "send_id": f"{journey}-{template}",
            "customer_id": customer,
            "channel": "email",
            "recipient": f"{customer}@example.com",
            "template": template,
            "flow": flow,
            "flow_version": "1",
            "step": template,
            "journey_id": journey,
            "transactional": flow == "confirmation",
            "decided_at": now,
            "not_before": now,
            "expires_at": now + 72 * 3_600_000,
            "variables": {},
            "items": items,
            "utm": {},
            "trigger_event_id": event["event_id"],
        },
    )
    return out.getvalue()


def send(state: dict, outputs: list, event: dict, flow: str, template: str, items: list) -> None:
    now = event["occurred_at"]
    if flow != "confirmation":
        if state["last_email"] and now - state["last_email"] < SMART_SENDING:
            outputs.append((DECISION, b'{"outcome":"skipped","reason":"smart_sending"}'))
            return
        state["last_email"] = now
    outputs.append((COMMAND, command(event, flow, template, items)))
    outputs.append((DECISION, b'{"outcome":"sent"}'))


def on_order(state: dict, event: dict, outputs: list) -> None:
    now = event["occurred_at"]
    state["orders"] += 1
    state["revenue"] += event["total"]
    state["first"] = state["first"] or now
    state["last"] = now
    state["recent"].setdefault("orders", []).append(now)
    del state["recent"]["orders"][:-20]
    bought = [item["sku"] for item in event["items"]]
    state["bought"] = (state["bought"] + bought)[-50:]
    state["cart"] = []
    state["journeys"] = [one for one in state["journeys"] if one[0] != "cart"][-9:]
    send(state, outputs, event, "confirmation", "confirmed", event["items"])
    send(state, outputs, event, "thanks", "new" if state["orders"] == 1 else "returning", [])
    state["journeys"].append(["review", event["event_id"], now + REVIEW_AFTER])


def on_cart(state: dict, event: dict, outputs: list) -> None:
    state["cart"] = [item["sku"] for item in event["items"]]
    state["journeys"] = [one for one in state["journeys"] if one[0] != "cart"]
    state["journeys"].append(["cart", event["event_id"], event["occurred_at"] + CART_AFTER])


def on_search(state: dict, event: dict, outputs: list) -> None:
    state["recent"].setdefault("searches", []).append(event["occurred_at"])
    del state["recent"]["searches"][:-20]


HANDLERS = {"orders": on_order, "carts": on_cart, "searches": on_search}


def apply(topic: str):  # type: ignore[no-untyped-def]
    event_schema, handler = EVENTS[topic], HANDLERS[topic]

    def run(value: bytes, state: Any) -> list:
        event = fastavro.schemaless_reader(io.BytesIO(value[10:]), event_schema)
        customer = state.get("customer") or {
            name: value.copy() if isinstance(value, dict | list) else value
            for name, value in EMPTY.items()
        }
        customer["counts"][topic] = customer["counts"].get(topic, 0) + 1
        outputs: list = []
        handler(customer, event, outputs)
        state.set("customer", customer)
        return outputs

    return run


application = Application(
    broker_address=os.environ["BOOTSTRAP"],
    consumer_group=os.environ["GROUP"],
    auto_offset_reset="earliest",
    state_dir=os.environ["STATE_DIR"],
    loglevel="WARNING",
    processing_guarantee="exactly-once",
    commit_interval=float(os.environ.get("COMMIT_INTERVAL_MS", "100")) / 1000,
)
commands = application.topic(prefix + COMMAND, value_serializer="bytes")
decisions = application.topic(prefix + DECISION, value_serializer="bytes")
for name in EVENTS:
    source = application.topic(prefix + name, value_deserializer="bytes", key_deserializer="str")
    outputs = application.dataframe(source).apply(apply(name), stateful=True, expand=True)
    for kind, topic in ((COMMAND, commands), (DECISION, decisions)):
        outputs.filter(lambda one, kind=kind: one[0] == kind).apply(lambda one: one[1]).to_topic(
            topic
        )
application.run()
