"""The examples of docs/flows.md with what must come of each: examples.yaml, as tests of flows."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from streams.definitions import parse_yaml
from streams.flowtest.cases import Case, read_file

FILE = Path(__file__).parent / "examples.yaml"
ADA = {
    "email": "ada@example.com",
    "phone": "+447700900123",
    "consent": ["email"],
    "timezone": "Europe/London",
}
BOB = {**ADA, "email": "bob@example.com"}
ORDERED = "2026-03-02 12:30"
"""When the order of an example with `done` comes: a Monday."""

Raw = dict[str, Any]


def read_examples() -> list[Raw]:
    """The entries of examples.yaml."""
    source = parse_yaml(FILE.read_text())
    assert source.problems == []
    entries: list[Raw] = source.raw
    return entries


def name_of(entry: Mapping[str, Any]) -> str:
    """What a test of the entry is called."""
    return f"{entry['of']} {entry.get('name', '')}".strip()


def case_of(entry: Raw, example: Any, page: Mapping[str, Any], folder: Path) -> Case:
    """The entry as a case. `example` is what the page says, `page` all its definitions."""
    case = {"name": name_of(entry), "events": list(entry.get("events", []))}
    case |= {key: entry[key] for key in ("until", "expect") if key in entry}
    flows = list(page["flows"])
    if isinstance(example, dict) and "flow" in example:
        name = example["flow"]
        _publish_later(entry, case, example, flows)
    else:
        name = "example"
        made = _asking(entry, case, example) if "asked" in entry else _steps(entry, case, example)
        flows.append(made)
    file = folder / "example.test.yaml"
    taking_part = (name, *entry.get("with", ()))
    written = {
        "definitions": {**page, "flows": [one for one in flows if one["flow"] in taking_part]},
        "store": {"timezone": "UTC"},
        "customers": {"ada": {**ADA, **entry.get("customer", {})}, "bob": BOB},
        "cases": [case],
    }
    file.write_text(json.dumps(written))  # which is YAML, too
    cases = read_file(file)
    assert cases.problems == []
    return cases.cases[0]


def _publish_later(entry: Raw, case: Raw, example: Raw, flows: list[Raw]) -> None:
    """`starts: draft`, and `publish: whole` where it becomes what the page says."""
    if "starts" in entry:
        flows[flows.index(example)] = {**example, "status": entry["starts"]}
    case["events"] = [
        {**event, "publish": {"flows": [example]}} if event.get("publish") == "whole" else event
        for event in case["events"]
    ]


def _steps(entry: Raw, case: Raw, steps: list[Any]) -> Raw:
    trigger = entry.get("trigger", {"metric": "order.placed"})
    if "step" in entry:
        done = {"send": "email", "template": "done"}
        steps = [steps[int(entry["step"])], done]
        order = {"customer": "ada", **entry.get("order", {})}
        case["events"] = [{"at": f"{ORDERED}Z", "order.placed": order}]
        case["until"] = "2026-12-31 00:00Z"
        case["expect"] = {"commands": [{"at": f"{entry['done']}Z", "template": "done"}]}
    return {"flow": "example", "trigger": trigger, "steps": steps}


def _asking(entry: Raw, case: Raw, condition: Raw) -> Raw:
    mark = {"send": "email", "template": "t", "smart_sending": "false"}
    asks = {"if": condition, "then": [mark]}
    steps = [{"wait": entry["wait"], "id": "pause"}, asks] if "wait" in entry else [asks]
    metric, decisions = "view.item", []
    for asked in entry["asked"]:
        event = {key: value for key, value in asked.items() if key != "holds"}
        if event.keys() == {"at"}:
            event["view.item"] = {"customer": "ada"}
        (metric,) = event.keys() - {"at"}
        case["events"].append(event)
        side = "then" if asked["holds"] == "true" else "else"
        decisions.append({"flow": "example", "outcome": "branch", "reason": side})
        if "wait" not in entry:
            decisions[-1]["at"] = asked["at"]
    case["until"] = "2027-12-31 00:00"
    case["expect"] = {"decisions": decisions}
    return {"flow": "example", "trigger": {"metric": metric}, "steps": steps}
