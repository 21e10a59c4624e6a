"""The schema of tests is what the structs say, and what tests are."""

from typing import Any

from streams.engine import METRICS
from streams.engine.values import PRODUCT_METRICS
from streams.flowtest import json_schema
from streams.flowtest.entries import COMMAND_ENTRIES
from streams.flowtest.json_schema import OTHER_ENTRIES
from streams.flowtest.script import NOT_EVENTS
from streams.resources import schemas_dir


def test_the_shipped_schema_is_the_one_that_the_structs_make() -> None:
    """Otherwise: python -m streams.flowtest.json_schema > schemas/test.schema.json"""
    assert (schemas_dir() / "test.schema.json").read_text() == json_schema.schema_of_tests_text()


def test_every_reference_leads_somewhere() -> None:
    schema = json_schema.schema_of_tests()

    def references(part: Any) -> set[str]:
        if isinstance(part, dict):
            inner = set().union(*(references(value) for value in part.values()))
            return inner | ({part["$ref"]} if "$ref" in part else set())
        if isinstance(part, list):
            return set().union(*(references(value) for value in part))
        return set()

    assert references(schema) <= {f"#/$defs/{name}" for name in schema["$defs"]}


def test_everything_that_may_happen_is_there() -> None:
    happenings = json_schema.schema_of_tests()["$defs"]["CaseText"]["properties"]["events"]["items"]
    assert {"at", *METRICS, *PRODUCT_METRICS, *NOT_EVENTS} == happenings["properties"].keys()
    assert OTHER_ENTRIES.keys() == set(NOT_EVENTS)


def test_everything_that_may_be_expected_is_there_with_a_text() -> None:
    expect = json_schema.schema_of_tests()["$defs"]["Expect"]["properties"]
    assert expect["commands"]["items"]["properties"].keys() == COMMAND_ENTRIES.fields.keys()
    for struct in ("FileText", "CaseText", "Expect", "RawSet", "ExpectedProblem"):
        properties = json_schema.schema_of_tests()["$defs"][struct]["properties"]
        assert [name for name, one in properties.items() if "description" not in one] == []
