"""A customer with more events than a state can hold: nobody else is stopped (PITFALLS 19, 62)."""

from collections.abc import Callable
from typing import Any

import pytest

from streams.contracts.dead_letters import read_dead_letter
from streams.engine import LARGE_STATE, decode_state
from streams.engine.customer.limits import MOST_JOURNEYS, MOST_STATE
from tests.harness.local_shop import BEGIN, DAY, HOUR, LocalShop

NOON = BEGIN + 12 * HOUR
LOOK_AGAIN: dict[str, Any] = {
    "flow": "look-again",
    "status": "live",
    "trigger": {"metric": "view.item"},
    "steps": [{"wait": "30d", "id": "pause"}, {"send": "email", "template": "look-again"}],
}
READS_ALL: dict[str, Any] = {
    "flow": "reads-all",
    "status": "live",
    "trigger": {"metric": "order.placed"},
    "steps": [
        {
            "if": {"count": "view.item", "where": {"name": {"contains": "x"}}, "at_least": "1"},
            "then": [{"send": "email", "template": "thanks"}],
        }
    ],
}


def views(shop: LocalShop, number: int, at: int = NOON, name: str | None = None) -> None:
    for nth in range(number):
        shop.happens(at + nth, "view.item", "bot", sku=f"A{nth}", name=name)


def letters(shop: LocalShop) -> list[str]:
    found = [one.value for one in shop.local.output if one.topic == "dead-letters"]
    return [read_dead_letter(value or b"").where for value in found]


def size_of(shop: LocalShop, customer: str) -> int:
    return len(shop.local.task.state_of(customer) or b"")


def test_pitfall_62_a_bot_with_small_events_fills_no_state_and_stops_no_task(
    open_shop: Callable[..., LocalShop],
) -> None:
    shop = open_shop()
    shop.publish(BEGIN - 1, LOOK_AGAIN)
    shop.customer(BEGIN, "ada")
    views(shop, 2_500, name="x" * 200)
    shop.happens(NOON + 6_000, "view.item", "ada", sku="A")
    shop.until(NOON + 10_000)
    assert letters(shop) == []
    assert size_of(shop, "bot") < MOST_STATE
    refused = [one for one in shop.outputs("flow-decisions") if one["outcome"] == "not_entered"]
    assert {one["reason"] for one in refused} == {"loop"}
    assert len(refused) == 2_500 - MOST_JOURNEYS
    shop.until(NOON + 31 * DAY)  # all timers
    assert shop.sent() == [("ada", "look-again", NOON + 6_000 + 30 * DAY)]
    assert decode_state(shop.local.task.state_of("bot") or b"").journeys == []


def test_pitfall_62_a_past_that_has_grown_too_large_is_cut_and_decisions_say_so(
    open_shop: Callable[..., LocalShop],
) -> None:
    def run(commits: int) -> LocalShop:
        shop = open_shop()
        shop.publish(BEGIN - 1, READS_ALL)
        views(shop, 6_000, name="a long name " + "x" * 40)
        shop.customer(NOON + 6_000, "bot")
        shop.order(NOON + HOUR, "bot")
        for nth in range(commits):
            shop.until(NOON + nth * 6_000 // commits)
        shop.until(NOON + 2 * HOUR)
        return shop

    shop = run(commits=0)
    assert size_of(shop, "bot") < LARGE_STATE
    decisions = shop.outputs("flow-decisions")
    forgotten = [one for one in decisions if one["outcome"] == "forgotten"]
    assert 0 < len(forgotten) < 10
    since = forgotten[-1]["evidence"]["history_since"]
    (branch,) = [one for one in decisions if one["outcome"] == "branch"]
    assert branch["evidence"]["history_since"] == since
    # Not when it is encoded decides, nor which events a transaction holds.
    again = run(commits=40)
    assert again.outputs("flow-decisions") == decisions
    assert again.local.task.state_of("bot") == shop.local.task.state_of("bot")


@pytest.mark.slow  # each event decodes a state of up to a megabyte
def test_pitfall_19_small_events_that_no_state_can_hold_become_dead_letters(
    open_shop: Callable[..., LocalShop],
) -> None:
    """A profile has no oldest part that could be forgotten."""
    shop = open_shop()
    shop.publish(BEGIN - 1, LOOK_AGAIN)
    for nth in range(105):
        field = {f"field_{nth}": "x" * 10_000}
        shop.happens(NOON + nth, "customer.updated", "bot", set=field, unset=[])
    shop.customer(NOON + 1_000, "ada")
    shop.happens(NOON + 2_000, "view.item", "ada", sku="A")
    shop.until(NOON + HOUR)
    assert letters(shop)[0].startswith("customers[0]@")
    assert 0 < len(letters(shop)) < 30
    assert size_of(shop, "bot") <= MOST_STATE
    shop.until(NOON + 31 * DAY)
    assert len(shop.sent()) == 1


MANUAL: dict[str, Any] = {
    "flow": "cart",
    "status": "live",
    "trigger": {"metric": "cart.updated"},
    "steps": [
        {"wait": "4h", "id": "pause"},
        *({"send": "email", "template": f"t{nth}", "status": "manual"} for nth in range(12)),
        {"wait": "1d", "id": "end"},
    ],
}
"""Who waits for review waits as a copy of the journey, with the cart that began it: twelve times
here."""


def carts(shop: LocalShop) -> None:
    """Bob's is large."""
    items = [{"sku": "A", "name": "x" * 90_000, "quantity": 1, "unit_price": 1}]
    for at, customer, lie_in_it in ((NOON, "bob", items), (NOON + 2, "ada", [])):
        shop.customer(at, customer)
        shop.cart(at + 1, customer, items=lie_in_it)


def test_pitfall_19_a_timer_after_which_no_state_fits_becomes_a_dead_letter(
    open_shop: Callable[..., LocalShop],
) -> None:
    shop = open_shop()
    shop.publish(BEGIN - 1, MANUAL)
    carts(shop)
    shop.until(NOON + 5 * HOUR)
    assert letters(shop) == [f"timer[0]@{NOON + 1 + 4 * HOUR}"]
    assert [one["customer_id"] for one in shop.outputs("send-review")] == ["ada"] * 12
    assert size_of(shop, "bob") < MOST_STATE


def test_pitfall_19_a_scan_after_which_no_state_fits_becomes_a_dead_letter(
    open_shop: Callable[..., LocalShop],
) -> None:
    shop = open_shop()
    shop.publish(BEGIN - 1, MANUAL)
    carts(shop)
    shop.publish(NOON + HOUR, {**MANUAL, "status": "paused"})
    shop.until(NOON + 5 * HOUR)
    assert shop.outputs("send-review") == []  # held
    shop.publish(NOON + 6 * HOUR, MANUAL)
    shop.until(NOON + 7 * HOUR)
    assert letters(shop) == [f"timer[0]@{NOON + 6 * HOUR}"]
    assert [one["customer_id"] for one in shop.outputs("send-review")] == ["ada"] * 12
    assert size_of(shop, "bob") < MOST_STATE
