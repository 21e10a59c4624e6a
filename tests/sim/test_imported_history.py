"""Imported history changes state and triggers nothing (SEMANTICS 8.10)."""

from typing import Any

import pytest

from tests.harness.local_shop import BEGIN, DAY, HOUR, LocalShop

NOON = BEGIN + 12 * HOUR
HISTORY = [("sendflow-history", b"")]
CONFIRM: dict[str, Any] = {
    "flow": "confirm",
    "status": "live",
    "transactional": "true",  # an event of last week triggers it (1.7)
    "trigger": {"metric": "order.placed"},
    "steps": [{"send": "email", "template": "thanks"}],
}
BUYERS: dict[str, Any] = {"count": "order.placed", "at_least": "1"}


JOINED: dict[str, Any] = {
    "flow": "joined",
    "trigger": {"segment": "buyers"},
    "steps": [{"send": "email", "template": "welcome"}],
}


@pytest.mark.parametrize(("headers", "confirmed"), [(HISTORY, 0), (None, 2)])
def test_d33_imported_orders_of_last_week_are_confirmed_only_with_live(
    shop: LocalShop, headers: list[tuple[str, bytes]] | None, confirmed: int
) -> None:
    shop.publish(BEGIN, CONFIRM)
    shop.customer(BEGIN + 1, "ada")
    for day in (3, 5):
        at = NOON - day * DAY
        shop.order(NOON, "ada", order_id=f"o{day}", occurred_at=at, headers=headers)
    shop.until(NOON + HOUR)
    assert len(shop.sent()) == confirmed
    assert shop.outputs("flow-decisions") == [] or confirmed
    assert shop.local.task.counts["not_entered_history"] == 2 - confirmed
    state = shop.state("ada")
    assert (state.orders, state.first_order_at) == (2, NOON - 5 * DAY)


def test_d33_an_event_of_today_triggers_nothing_as_history(shop: LocalShop) -> None:
    shop.publish(BEGIN, CONFIRM)
    shop.customer(BEGIN + 1, "ada")
    shop.order(NOON, "ada", headers=HISTORY)
    shop.until(NOON + HOUR)
    assert shop.sent() == []


def test_8_10_history_makes_a_member_silently(shop: LocalShop) -> None:
    shop.publish(BEGIN, JOINED, segments={"buyers": BUYERS})
    shop.customer(BEGIN + 1, "ada")
    shop.order(NOON, "ada", headers=HISTORY)
    shop.order(NOON + HOUR, "ada")  # a member already
    shop.until(NOON + 2 * HOUR)
    assert shop.sent() == []
    assert shop.state("ada").memberships["buyers"].is_member


def test_8_10_a_journey_ends_by_what_history_says(shop: LocalShop) -> None:
    """It is no trigger: who has bought gets no reminder."""
    shop.customer(BEGIN, "ada")
    shop.cart(NOON, "ada")
    shop.order(NOON + HOUR, "ada", headers=HISTORY)
    shop.until(NOON + 6 * HOUR)
    assert shop.sent() == []
    outcomes = [one["outcome"] for one in shop.outputs("flow-decisions")]
    assert outcomes == ["entered", "exited"]
