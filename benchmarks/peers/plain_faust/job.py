"""The job of the comparison in plain Faust: one agent per topic and a Table, at least once."""

import io
import json
import os
from pathlib import Path
from typing import Any

import fastavro
import faust

SMART_SENDING = 16 * 3_600_000
REVIEW_AFTER = 3 * 86_400_000
CART_AFTER = 4 * 3_600_000

prefix = os.environ["PREFIX"]
schemas = Path(os.environ["SCHEMAS"])
app = faust.App(
    os.environ["GROUP"],
    broker="kafka://" + os.environ["BOOTSTRAP"],
    store="memory://",
    datadir=os.environ["STATE_DIR"],
    topic_partitions=2,
    consumer_auto_offset_reset="earliest",
    broker_commit_interval=0.1,
    value_serializer="raw",
    web_enabled=False,
)
customers = app.Table("customers", default=dict, partitions=2, value_type=dict)
commands = app.topic(prefix + "send-commands", value_serializer="raw", key_serializer="raw")
decisions = app.topic(prefix + "flow-decisions", value_serializer="raw", key_serializer="raw")


def schema(name: str) -> Any:
    """Moments as plain numbers: without logical types, which would cost a datetime each."""
    text = (schemas / f"{name}.avsc").read_text()
    return fastavro.parse_schema(json.loads(text.replace('"logicalType"', '"of"')))


SEND_COMMAND = schema("SendCommand")


def encode(event: dict, flow: str, template: str, items: list) -> bytes:
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


async def send(state: dict, event: dict, flow: str, template: str, items: list) -> None:
    now, customer = event["occurred_at"], event["customer_id"]
    if flow != "confirmation":
        if state.get("last_email") and now - state["last_email"] < SMART_SENDING:
            await decisions.send(key=customer.encode(), value=b'{"outcome":"skipped"}')
            return
        state["last_email"] = now
    value = encode(event, flow, template, items)
    await commands.send(key=customer.encode(), value=value)
    await decisions.send(key=customer.encode(), value=b'{"outcome":"sent"}')


async def on_order(state: dict, event: dict) -> None:
    now = event["occurred_at"]
    state["orders"] = state.get("orders", 0) + 1
    state["revenue"] = state.get("revenue", 0) + event["total"]
    state["last"] = now
    state["recent"] = [*state.get("recent", []), now][-20:]
    bought = [item["sku"] for item in event["items"]]
    state["bought"] = (state.get("bought", []) + bought)[-50:]
    state["cart"] = []
    journeys = [one for one in state.get("journeys", []) if one[0] != "cart"][-9:]
    await send(state, event, "confirmation", "confirmed", event["items"])
    await send(state, event, "thanks", "new" if state["orders"] == 1 else "returning", [])
    state["journeys"] = [*journeys, ["review", event["event_id"], now + REVIEW_AFTER]]


async def on_cart(state: dict, event: dict) -> None:
    state["cart"] = [item["sku"] for item in event["items"]]
    journeys = [one for one in state.get("journeys", []) if one[0] != "cart"]
    due = event["occurred_at"] + CART_AFTER
    state["journeys"] = [*journeys, ["cart", event["event_id"], due]]


async def on_search(state: dict, event: dict) -> None:
    state["searched"] = [*state.get("searched", []), event["occurred_at"]][-20:]


JOBS = {
    "orders": (schema("OrderPlaced"), on_order),
    "carts": (schema("CartUpdated"), on_cart),
    "searches": (schema("SearchPerformed"), on_search),
}


def declare(name: str) -> None:
    event_schema, handler = JOBS[name]
    topic = app.topic(prefix + name, value_serializer="raw", key_serializer="raw")

    async def agent(stream: faust.StreamT[bytes]) -> None:
        async for value in stream:
            event = fastavro.schemaless_reader(io.BytesIO(value[10:]), event_schema)
            customer = event["customer_id"]
            state = dict(customers[customer])
            await handler(state, event)
            customers[customer] = state

    app.agent(topic, name=name)(agent)


for each in JOBS:
    declare(each)

if __name__ == "__main__":
    app.main()
