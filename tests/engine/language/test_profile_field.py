"""What a patch carries under a field's name, as the type that the definitions give it."""

from itertools import product
from typing import Any

import pytest

from streams.engine.compiling.definition import Definitions
from streams.engine.language.profile_field import read_as
from streams.engine.values.calendar import zone_named
from streams.engine.values.event import FieldType
from tests.harness.customer import DAY, HOUR, MONDAY, Customer, flow, program_of, send

ANYTHING: list[Any] = [5, 5.5, 0, "5", "", "paid", "2026-01-01", True, False, ["x"], []]
TYPES = {
    "plan": "text",
    "score": "number",
    "spent": "money",
    "vip": "boolean",
    "renewal": "date",
    "seen": "moment",
    "tags": "list of text",
    "sizes": "list of number",
}


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        (FieldType.TEXT, "17", "17"),
        (FieldType.TEXT, "0017", "0017"),
        (FieldType.TEXT, 17, "17"),
        (FieldType.TEXT, 17.0, "17"),
        (FieldType.TEXT, 17.5, "17.5"),
        (FieldType.TEXT, True, "true"),
        (FieldType.TEXT, ["17"], None),
        (FieldType.NUMBER, 17, 17),
        (FieldType.NUMBER, 0.5, 0.5),
        (FieldType.NUMBER, "17", 17),
        (FieldType.NUMBER, "0.5", 0.5),
        (FieldType.NUMBER, "many", None),
        (FieldType.NUMBER, True, None),
        (FieldType.NUMBER, float("nan"), None),
        (FieldType.NUMBER, float("inf"), None),
        (FieldType.NUMBER, "9" * 20, 1e20),  # states hold whole numbers of 64 bits
        (FieldType.MONEY, 1250, 1250),
        (FieldType.MONEY, "12.50", None),
        (FieldType.MONEY, 12.5, None),
        (FieldType.BOOLEAN, False, False),
        (FieldType.BOOLEAN, "true", True),
        (FieldType.BOOLEAN, "yes", None),
        (FieldType.BOOLEAN, 1, None),
        (FieldType.DATE, "2026-02-28", "2026-02-28"),
        (FieldType.DATE, "2026-02-29", None),
        (FieldType.DATE, "28.02.2026", None),
        (FieldType.DATE, 20260228, None),
        (FieldType.MOMENT, MONDAY, MONDAY),
        (FieldType.MOMENT, "2026-03-02T00:00:00Z", MONDAY),
        (FieldType.MOMENT, "2026-03-02 01:00+01:00", MONDAY),
        (FieldType.MOMENT, "2026-03-02", MONDAY),
        (FieldType.MOMENT, "soon", None),
        (FieldType.TEXTS, ["a"], ["a"]),
        (FieldType.TEXTS, "a", None),
        (FieldType.NUMBERS, ["40", "41.5", "xl"], [40, 41.5]),
    ],
)
def test_a_value_is_read_as_the_type_in_force(kind: FieldType, value: Any, expected: Any) -> None:
    found = read_as(kind, Definitions().scope())(value)
    assert (found, type(found)) == (expected, type(expected))


def test_a_moment_without_an_offset_is_by_the_stores_clock() -> None:
    tokyo = zone_named("Asia/Tokyo")
    assert tokyo is not None
    scope = Definitions().scope()
    scope.store_zone = tokyo
    assert read_as(FieldType.MOMENT, scope)("2026-03-02 09:00") == MONDAY


CONDITIONS: list[dict[str, Any]] = [
    {"profile": "plan", "equals": "paid"},
    {"profile": "plan", "equals": "PAID", "ignore_case": "true"},
    {"profile": "plan", "starts_with": "p"},
    {"profile": "plan", "contains": "ai"},
    {"profile": "plan", "not_in": ["a", "b"]},
    {"profile": "score", "gt": "5"},
    {"profile": "score", "between": ["1", "9"]},
    {"profile": "score", "in": ["5", "6"]},
    {"profile": "spent", "at_most": "9.99"},
    {"profile": "vip", "equals": "true"},
    {"profile": "renewal", "before": "-30d"},
    {"profile": "renewal", "after": "2026-01-01"},
    {"profile": "seen", "after": "-3d"},
    {"profile": "seen", "before": "2026-03-02 10:00"},
    {"profile": "tags", "contains": "x"},
    {"profile": "sizes", "contains": "5"},
    {"profile": "birthday", "before": "0d"},
    {"profile": "consent", "contains": "email"},
    {"profile": "locale", "starts_with": "en"},
]


@pytest.mark.parametrize(("condition", "value"), list(product(CONDITIONS, ANYTHING)), ids=repr)
def test_no_condition_raises_whatever_a_patch_carries(condition: Any, value: Any) -> None:
    split = {"if": condition, "then": [send("yes")], "else": [send("no")]}
    ada = Customer(program_of(flow(split), store={"profile": TYPES}))
    ada.event("customer.updated", MONDAY, set={condition["profile"]: value}, unset=[])
    ada.event("customer.updated", MONDAY + 1, set={"consent": ["email"]}, unset=[])
    ada.view(MONDAY + HOUR)
    ada.until(MONDAY + DAY)
    assert len(ada.sent()) == 1


@pytest.mark.parametrize("value", ANYTHING, ids=repr)
def test_no_trigger_filter_raises_whatever_a_patch_carries(value: Any) -> None:
    where = {"set.score": {"gt": "5"}, "set.plan": {"contains": "a"}}
    trigger = {"metric": "customer.updated", "where": where}
    program = program_of(flow(send(), trigger=trigger), store={"profile": TYPES})
    ada = Customer(program)
    ada.event("customer.updated", MONDAY, set={"score": value, "plan": value}, unset=[])
    assert ada.sent() == []
    ada.event("customer.updated", MONDAY + 1, set={"score": "6", "plan": "paid"}, unset=[])
    assert len(ada.sent()) == 1


@pytest.mark.parametrize("value", ANYTHING, ids=repr)
def test_what_is_no_list_of_channels_grants_nothing(value: Any) -> None:
    ada = Customer(program_of(flow(send())))
    ada.event("customer.updated", MONDAY, set={"consent": value}, unset=[])
    ada.view(MONDAY + HOUR)
    assert ada.outcomes() == ["entered", "skipped no_consent", "exited finished"]


@pytest.mark.parametrize("value", [5, True, ["x"]], ids=repr)
def test_a_command_has_a_text_or_nothing_as_locale(value: Any) -> None:
    ada = Customer(program_of(flow(send())))
    ada.event("customer.updated", MONDAY, set={"locale": value}, unset=[])
    ada.view(MONDAY + HOUR)
    (command,) = ada.effects.commands
    assert command.locale is None or isinstance(command.locale, str)


def test_evidence_shows_a_value_that_cannot_be_what_it_should_be() -> None:
    split = {"if": {"profile": "score", "gt": "5"}, "then": [send("yes")], "else": []}
    ada = Customer(program_of(flow(split), store={"profile": TYPES}))
    ada.event("customer.updated", MONDAY, set={"score": "many"}, unset=[])
    ada.view(MONDAY + HOUR)
    branch = next(one for one in ada.effects.decisions if one.reason == "else")
    assert branch.evidence == {"profile score": "many"}
