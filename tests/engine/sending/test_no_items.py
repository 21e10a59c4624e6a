from typing import Any

import pytest

from streams.engine import Outcome
from tests.harness.customer import MONDAY, Customer, flow, program_of, send

LAMP = {"sku": "LAMP", "quantity": 1, "unit_price": 50}
UNNAMED = {"sku": None, "quantity": 1, "unit_price": 50}


@pytest.mark.parametrize(
    ("items", "shown"), [([], []), ([UNNAMED], []), ([UNNAMED, LAMP], ["LAMP"])]
)
@pytest.mark.parametrize("source", ["trigger", "cart"])
def test_a_line_without_an_article_is_nothing_to_show(
    items: list[Any], shown: list[str], source: str
) -> None:
    ada = Customer(program_of(flow(send(items=source), on="cart.updated")))
    ada.event("cart.updated", MONDAY, cart_id="c", total=50, currency="GBP", items=items)
    assert [[one["sku"] for one in sent.items] for sent in ada.effects.commands] == [shown][
        : len(shown)
    ]
    skipped = ada.decisions(Outcome.SKIPPED, "no_items")
    assert [one.evidence for one in skipped] == [{"items": source}][len(shown) :]


def test_each_message_of_a_turn_shows_its_own_items() -> None:
    steps = [send(name, items=name, smart_sending="false") for name in ("cart", "trigger")]
    ada = Customer(program_of(flow(*steps, send("none", smart_sending="false"), on="order.placed")))
    ada.event("cart.updated", MONDAY + 5, cart_id="c", total=5, currency="GBP", items=[LAMP])
    ada.order(MONDAY + 10, occurred_at=MONDAY)
    assert [[one["sku"] for one in sent.items] for sent in ada.effects.commands] == [
        ["LAMP"],
        ["A"],
        [],
    ]
