"""Constants are typed by their place, references by what they refer to."""

from typing import Any

import pytest

from streams.engine.compiling.check import examine
from streams.engine.compiling.definition import Definitions
from streams.engine.customer.journey import Journey
from streams.engine.customer.past import Past
from streams.engine.customer.situation import Situation
from streams.engine.customer.state import CustomerState
from streams.engine.language.references import (
    Reference,
    compile_reference,
    compile_value,
    getter,
    json_value,
    parse_constant,
    refers_to_trigger,
)
from streams.engine.language.scope import Scope
from streams.engine.values.event import FieldType
from streams.engine.values.money import pack
from streams.engine.values.problem import Problem

NOW = 1_772_445_600_000  # 2026-03-02 10:00 UTC


def scope_of(trigger: str = "order.placed") -> Scope:
    definitions, problems = examine(
        {
            "flows": [
                {
                    "flow": "f",
                    "timezone": "Europe/Berlin",
                    "trigger": {"metric": trigger},
                    "steps": [{"send": "email", "template": "t"}],
                }
            ],
            "store": {"profile": {"plan": "text", "sizes": "list of number"}},
        }
    )
    assert problems == []
    assert isinstance(definitions, Definitions)
    return definitions.scope(definitions.flows[0])


def read(text: str, data: dict[str, Any] | None = None, **profile: Any) -> Any:
    reference = compile_reference(text, scope_of())
    assert isinstance(reference, Reference)
    state = CustomerState("ada", profile=profile)
    state.recent["search.performed"] = Past()
    state.recent["search.performed"].add(NOW - 1, 1, {"query": "tea"})
    state.recent["search.performed"].add(NOW, 2, {"query": "coffee", "filters": {"size": "L"}})
    journey = Journey("f", "j", NOW, NOW - 5, 1, trigger=pack(data or {}))
    return reference.type, reference.read(Situation(state, NOW, journey=journey))


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("$trigger.order_id", FieldType.TEXT, "17"),
        ("$trigger.total", FieldType.MONEY, 5_000),
        ("$trigger.country", FieldType.TEXT, None),
        ("$trigger.tags", FieldType.TEXTS, []),
        ("$trigger.items[].sku", FieldType.TEXTS, ["A", "B"]),
        ("$trigger.items[].category", FieldType.TEXTS, ["new"]),
        ("$trigger.items[].quantity", FieldType.NUMBERS, [1, 2]),
        ("$profile.plan", FieldType.TEXT, "gold"),
        ("$profile.sizes", FieldType.NUMBERS, []),
        ("$profile.birthday", FieldType.DATE, None),
        ("$last.search.performed.query", FieldType.TEXT, "coffee"),
        ("$last.search.performed.filters.size", FieldType.TEXT, "L"),
        ("$last.order.placed.total", FieldType.MONEY, None),
        ("$flow.started_at", FieldType.MOMENT, NOW - 5),
        ("$value.clv.historic", FieldType.MONEY, 0),
        ("$value.churn_risk", FieldType.NUMBER, None),
    ],
)
def test_what_is_read(text: str, kind: FieldType, value: object) -> None:
    items = [{"sku": "A", "quantity": 1, "category": "new"}, {"sku": "B", "quantity": 2}]
    assert read(text, {"order_id": "17", "total": 5_000, "items": items}, plan="gold") == (
        kind,
        value,
    )


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("$trigger", "$trigger needs a field: $trigger.NAME"),
        ("$trigger.", "$trigger needs a field: $trigger.NAME"),
        ("$trigger.totl", "unknown field 'totl'"),
        ("$trigger.items.sku", "'items' is a list"),
        ("$trigger.total.x", "'total' is an amount of money and has no field 'x'"),
        ("$trigger.tags[].x", "unknown list of items 'tags'"),
        ("$trigger.items[].unit_price", "only lists of texts and numbers can be used"),
        ("$trigger.items[].skuu", "unknown field 'skuu'"),
        ("$profile.pln", "unknown field 'pln'"),
        ("$last.order.plced.total", "unknown metric 'order.plced'"),
        ("$flow.ended_at", "unknown field of $flow 'ended_at'"),
        ("$value.clv.totl", "unknown value 'clv.totl'"),
        ("$coupon.code", "no step of this flow assigns a coupon"),
        ("$other.x", "unknown reference '$other'"),
    ],
)
def test_what_is_no_reference(text: str, says: str) -> None:
    problem = compile_reference(text, scope_of())
    assert isinstance(problem, Problem)
    assert says in problem.sentence()


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("0017", FieldType.TEXT, "0017"),
        ("3", FieldType.NUMBER, 3),
        ("0.5", FieldType.NUMBER, 0.5),
        ("99.95", FieldType.MONEY, 9_995),
        ("true", FieldType.BOOLEAN, True),
        ("2026-03-02", FieldType.DATE, "2026-03-02"),
        ("2026-03-02 11:00", FieldType.MOMENT, NOW),  # the flow's zone
        ("2026-03-02 10:00Z", FieldType.MOMENT, NOW),
        ("2026-03-02", FieldType.MOMENT, NOW - 11 * 3_600_000),
    ],
)
def test_a_constant_has_the_form_of_its_type(text: str, kind: FieldType, value: object) -> None:
    assert parse_constant(text, kind, scope_of()) == value


@pytest.mark.parametrize(
    ("text", "kind", "says"),
    [
        ("many", FieldType.NUMBER, "expected a number, found 'many'"),
        ("99.999", FieldType.MONEY, "expected an amount of GBP such as 99.95"),
        ("yes", FieldType.BOOLEAN, "expected true or false"),
        ("2026-02-30", FieldType.DATE, "expected a date"),
        ("noon", FieldType.MOMENT, "expected a moment"),
        ("x", FieldType.ITEMS, "expected a list of items"),
    ],
)
def test_a_constant_that_does_not_fit(text: str, kind: FieldType, says: str) -> None:
    problem = parse_constant(text, kind, scope_of())
    assert isinstance(problem, Problem)
    assert says in problem.message


def test_a_reference_must_have_the_type_that_is_wanted() -> None:
    problem = compile_value("$trigger.order_id", FieldType.MONEY, scope_of())
    assert isinstance(problem, Problem)
    assert problem.message == "$trigger.order_id is a text, expected an amount of money"
    assert not isinstance(compile_value("$trigger.total", FieldType.MONEY, scope_of()), Problem)


def test_fields_read_are_collected() -> None:
    scope = scope_of()
    compile_reference("$trigger.items[].sku", scope)
    compile_reference("$last.search.performed.query", scope)
    assert scope.reads.fields["order.placed"] == {"items"}
    assert scope.reads.remembered["search.performed"].fields == {"query"}
    assert scope.reads.remembered["search.performed"].window == 0


def test_refers_to_trigger() -> None:
    assert refers_to_trigger({"order_id": "$trigger.order_id"})
    assert refers_to_trigger({"items": {"any": {"sku": {"in": ["x", "$trigger.sku"]}}}})
    assert not refers_to_trigger({"order_id": "$profile.order_id", "x": ["trigger"]})


def test_dots_reach_into_records() -> None:
    assert getter("a.b")({"a": {"b": 1}}) == 1
    assert getter("a.b")({"a": None}) is None
    assert getter("a.b")({}) is None
    assert getter("a.b.c")({"a": {"b.c": 1}}) == 1  # the keys of a text map may have dots


def test_values_are_shown_as_people_write_them() -> None:
    scope = scope_of()
    assert json_value(FieldType.MONEY, scope)(9_995) == "99.95"
    assert json_value(FieldType.MOMENT, scope)(NOW) == "2026-03-02 11:00"
    assert json_value(FieldType.ITEMS, scope)([{}, {}]) == "2 items"
    assert json_value(FieldType.TEXT, scope)("x") == "x"
    assert json_value(FieldType.MONEY, scope)(None) is None
