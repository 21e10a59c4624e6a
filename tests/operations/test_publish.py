"""Which sets are published (DESIGN 3), and warnings about them (SEMANTICS 3.7)."""

import json
from typing import Any

import pytest

from streams.contracts.control import DefinitionsRecord
from streams.operations.publish import (
    DefinitionsSet,
    Published,
    is_in_force,
    is_to_publish,
    publish_warnings,
)
from streams.programs import SEMANTICS

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
    return publish_warnings(published(before), DefinitionsSet("v2", now, ["f"]))


def test_rule_3_7_a_set_that_asks_further_back_is_published_with_a_warning() -> None:
    assert said(raw(in_last="30d"), raw(in_last="30d")) == []
    assert said(raw(in_last="30d"), raw(in_last="90d")) == [
        "view.item: conditions need 90d, states hold 30d: decisions use the stored history and "
        "carry history_since"
    ]


def test_rule_3_7_all_time_and_a_new_field() -> None:
    assert said(raw(in_last="30d"), raw(where={"sku": "A"})) == [
        "view.item: conditions need full history, states hold 30d: decisions use the stored "
        "history and carry history_since",
        "view.item: sku not stored for past events: a 'where' or a sum that uses it counts new "
        "events only",
    ]


def in_currency(currency: str) -> str:
    return json.dumps({"flows": [FLOW], "store": {"currency": currency}})


def test_amounts_that_were_counted_in_another_currency_are_no_others_than_before() -> None:
    assert said(in_currency("GBP"), json.dumps({"flows": [FLOW]})) == []  # GBP is the default
    (warning,) = said(in_currency("GBP"), in_currency("EUR"))
    assert warning.startswith(
        "currency: GBP → EUR: stored amounts stay in GBP and are not converted"
    )
    assert "100.00 GBP of revenue or of a past event counts as 100.00 EUR from now on" in warning


def test_the_same_minor_units_are_another_amount_where_decimals_differ() -> None:
    (warning,) = said(in_currency("GBP"), in_currency("JPY"))
    assert " 100.00 GBP of revenue or of a past event counts as 10000 JPY " in warning
    (warning,) = said(in_currency("JPY"), in_currency("KWD"))
    assert " 100 JPY of revenue or of a past event counts as 0.100 KWD " in warning


def test_nothing_is_said_after_a_set_that_this_version_cannot_read() -> None:
    assert said(json.dumps({"flows": [{"flow": "f", "new": "key"}]}), raw(in_last="90d")) == []


def of_version(version: str, semantics: int) -> Published:
    return Published(0, 0, DefinitionsRecord(0, version, semantics, "test", "{}", {}))


@pytest.mark.parametrize(
    ("published", "is_current", "publishes"),
    [
        ([], False, True),
        ([("this", SEMANTICS[-1])], True, False),
        ([("this", SEMANTICS[-1] - 1)], False, True),  # the switch to the rules of this version
        ([("this", SEMANTICS[-1]), ("newer", SEMANTICS[-1])], False, False),
        ([("this", SEMANTICS[-1] - 1), ("newer", SEMANTICS[-1])], False, False),
        ([("other", SEMANTICS[-1])], False, True),
    ],
)
def test_a_set_is_published_anew_with_newer_semantics(
    published: list[tuple[str, int]], is_current: bool, publishes: bool
) -> None:
    sets = [of_version(*one) for one in published]
    this = DefinitionsSet("this", "{}", [])
    assert is_in_force(this, sets) == is_current
    assert is_to_publish(this, sets) == publishes
