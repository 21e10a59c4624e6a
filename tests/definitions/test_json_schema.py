"""The schema for editors is what the structs say."""

import json
from typing import Any

from streams.definitions.json_schema import flow_schema, flow_schema_text, hover_texts
from streams.engine.compiling.definition import Flow
from streams.engine.conditions import CONDITIONS
from streams.engine.steps import STEPS
from streams.engine.values import METRICS
from streams.resources import schemas_dir


def test_the_shipped_schema_is_the_one_that_the_structs_make() -> None:
    """Otherwise: python -m streams.definitions.json_schema > schemas/flow.schema.json"""
    assert (schemas_dir() / "flow.schema.json").read_text() == flow_schema_text()


def test_every_reference_leads_somewhere() -> None:
    schema = flow_schema()

    def references(part: Any) -> set[str]:
        if isinstance(part, dict):
            inner = set().union(*(references(value) for value in part.values()))
            return inner | ({part["$ref"]} if "$ref" in part else set())
        if isinstance(part, list):
            return set().union(*(references(value) for value in part))
        return set()

    assert references(schema) <= {f"#/$defs/{name}" for name in schema["$defs"]}


def test_every_step_and_condition_is_there_with_a_text_for_each_key() -> None:
    definitions = flow_schema()["$defs"]
    for family, members in (("step", STEPS), ("condition", CONDITIONS)):
        for key in members:
            properties = definitions[f"{family}.{key}"]["properties"]
            assert key in properties
            assert [name for name, one in properties.items() if "description" not in one] == []


def test_hover_texts_are_the_docstrings() -> None:
    assert hover_texts(Flow)["priority"] == "higher runs first; default 50"
    assert json.loads(flow_schema_text())["$defs"]["Flow"]["required"] == [
        "flow",
        "trigger",
        "steps",
    ]


def test_an_editor_offers_every_step_while_none_is_written() -> None:
    step = flow_schema()["$defs"]["step"]
    chosen, words = step["anyOf"]
    while "if" in chosen:
        chosen = chosen["else"]
    assert chosen["properties"].keys() == STEPS.keys()
    assert words == {"enum": ["exit"]}


def test_an_empty_file_is_offered_every_kind() -> None:
    chosen = flow_schema()
    while "if" in chosen:
        chosen = chosen["else"]
    assert {"flow", "segment", "coupons", "metric", "timezone"} <= chosen["properties"].keys()
    assert "required" not in chosen


def test_metrics_and_their_fields_are_offered() -> None:
    definitions = flow_schema()["$defs"]
    offered, _ = definitions["condition.count"]["properties"]["count"]["anyOf"]
    assert offered == {"enum": list(METRICS)}
    of_orders = [
        one["then"]["properties"]
        for one in definitions["condition.sum"]["allOf"]
        if one["if"]["properties"] == {"sum": {"const": "order.placed"}}
    ]
    assert of_orders[0]["where"] == {"$ref": "#/$defs/where_order.placed"}
    assert "total" in of_orders[0]["of"]["enum"]
    searches = definitions["where_search.performed"]
    assert "query" in searches["properties"]
    assert r"^filters\." in searches["patternProperties"]
    bounces = definitions["where_message.bounced"]["properties"]
    assert bounces["kind"]["anyOf"][0] == {"enum": ["hard", "soft"]}
