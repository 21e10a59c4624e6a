"""What is said when a set of definitions is published (SEMANTICS 3.7)."""

import json
from typing import Any

from streams.contracts.control import DefinitionsRecord
from streams.worker.publish import DefinitionsSet, Published, reservations

FLOW: dict[str, Any] = {
    "flow": "f",
    "trigger": {"metric": "order.placed"},
    "steps": [{"send": "email", "template": "t"}],
}
STORE = {"history": {"keep": "30d"}}


def raw(**question: Any) -> str:
    asks = {"count": "view.item", "at_least": "1", **question}
    return json.dumps({"flows": [{**FLOW, "filter": asks}], "store": STORE})


def published(definitions: str) -> Published:
    return Published(0, 0, DefinitionsRecord(0, "v1", 1, "test", definitions, {}))


def said(before: str, now: str) -> list[str]:
    return reservations(published(before), DefinitionsSet("v2", now, ["f"]))


def test_rule_3_7_a_set_that_asks_further_back_is_published_with_a_warning() -> None:
    assert said(raw(in_last="30d"), raw(in_last="30d")) == []
    assert said(raw(in_last="30d"), raw(in_last="90d")) == [
        "view.item: asked for 90d back, but states have kept 30d so far: decisions that look "
        "further back get what is there, and carry history_since"
    ]


def test_rule_3_7_all_time_and_a_new_field() -> None:
    assert said(raw(in_last="30d"), raw(where={"sku": "A"})) == [
        "view.item: asked for all there is, but states have kept 30d so far: decisions that look "
        "further back get what is there, and carry history_since",
        "view.item: sku was not kept of past events so far: a 'where' or a sum that reads it "
        "counts events from now on only",
    ]


def test_nothing_is_said_after_a_set_that_this_version_cannot_read() -> None:
    assert said(json.dumps({"flows": [{"flow": "f", "new": "key"}]}), raw(in_last="90d")) == []
