"""The header `traceparent` of what began a journey goes on with its commands (DESIGN 7)."""

from typing import Any

from tests.harness.local_shop import BEGIN, CART_FLOW, DAY, HOUR, LocalShop

NOON = BEGIN + 12 * HOUR
TRACE = b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
HEADERS = [("app", b"shop"), ("traceparent", TRACE)]
OTHER = [("traceparent", TRACE.replace(b"b7ad", b"beef"))]


def cart(shop: LocalShop, at: int, headers: list[tuple[str, bytes]] | None) -> None:
    shop.cart(at, "ada", headers=headers)


def headers(shop: LocalShop, topic: str) -> list[list[tuple[str, bytes]] | None]:
    """Of all records of an output."""
    return [record.headers for record in shop.local.output if record.topic == topic]


def flow(name: str, *steps: dict[str, Any], **keys: Any) -> dict[str, Any]:
    return {**CART_FLOW, "flow": name, "steps": list(steps), "exit_on": [], **keys}


def test_a_command_carries_it_also_after_a_wait_and_a_restart(shop: LocalShop) -> None:
    shop.customer(BEGIN, "ada")
    cart(shop, NOON, HEADERS)
    shop.until(NOON + HOUR)
    shop.local.restart()
    shop.happens(NOON + 2 * HOUR, "view.item", "ada", sku="A", headers=OTHER)
    shop.until(NOON + 5 * HOUR)
    assert headers(shop, "send-commands") == [[("traceparent", TRACE)]]


def test_without_one_a_command_has_no_headers(shop: LocalShop) -> None:
    shop.customer(BEGIN, "ada")
    cart(shop, NOON, [("app", b"shop")])
    shop.until(NOON + 5 * HOUR)
    assert headers(shop, "send-commands") == [None]


def test_webhooks_and_requests_for_review_carry_it_and_so_does_what_is_approved(
    shop: LocalShop,
) -> None:
    steps: list[dict[str, Any]] = [
        {"webhook": "crm", "id": "call"},
        {"send": "email", "template": "look", "status": "manual"},
    ]
    shop.publish(BEGIN, flow("look", *steps))
    shop.customer(BEGIN + 1, "ada")
    cart(shop, NOON, HEADERS)
    shop.until(NOON + HOUR)
    assert headers(shop, "webhooks") == headers(shop, "send-review") == [[("traceparent", TRACE)]]


def test_a_segment_that_an_event_brings_about_carries_it(shop: LocalShop) -> None:
    segment = {"count": "cart.updated", "at_least": "1"}
    joined = flow("joined", {"send": "email", "template": "hi"}, trigger={"segment": "has-cart"})
    shop.publish(BEGIN, joined, segments={"has-cart": segment})
    shop.customer(BEGIN + 1, "ada")
    cart(shop, NOON, HEADERS)
    shop.until(NOON + HOUR)
    assert headers(shop, "send-commands") == [[("traceparent", TRACE)]]


def test_what_time_alone_begins_has_none(shop: LocalShop) -> None:
    steps = [{"send": "email", "template": "hi"}]
    shop.publish(
        BEGIN,
        {**flow("daily", *steps), "trigger": {"schedule": "0 15 * * *", "audience": "everyone"}},
    )
    shop.happens(
        BEGIN + 1,
        "customer.updated",
        "ada",
        set={"email": "ada@example.com", "consent": ["email"]},
        unset=[],
        headers=HEADERS,
    )
    shop.until(BEGIN + DAY)
    assert headers(shop, "send-commands") == [None]
