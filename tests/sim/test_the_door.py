"""Records that mean something else than they say, on a whole task (SEMANTICS 8)."""

import json
from typing import Any

from streams.contracts.encode import DEAD_LETTERS
from streams.engine import topic_of
from tests.harness.local_shop import BEGIN, HOUR, LocalShop

NOON = BEGIN + 12 * HOUR


def written(shop: LocalShop, at: int, metric: str, customer: str, **fields: Any) -> None:
    """One event as a producer without our checks writes it."""
    event = {"event_id": f"raw{at}", "customer_id": customer, "occurred_at": at, **fields}
    value = json.dumps({"metric": metric, **event}).encode()
    shop.local.append(topic_of(metric), at, customer.encode(), value)


def refusals(shop: LocalShop) -> list[str]:
    return [letter["reason"] for letter in shop.outputs(DEAD_LETTERS)]


def test_d2_a_bounce_of_no_kind_is_a_dead_letter_and_suppresses_nothing(shop: LocalShop) -> None:
    shop.customer(BEGIN, "ada")
    bounce = {"send_id": "s", "channel": "email", "kind": "banana"}
    written(shop, NOON, "message.bounced", "ada", **bounce)
    written(shop, NOON + 1, "message.bounced", "ada", **{**bounce, "kind": " Permanent "})
    shop.until(NOON + HOUR)
    assert refusals(shop) == [
        "field 'kind' is 'banana', expected one of hard, soft, permanent, transient, temporary, "
        "deferred"
    ]
    assert shop.state("ada").suppressed == {"email": ["hard_bounce"]}


def test_d5_a_moment_of_another_unit_is_refused_and_23_hours_ahead_clamped(
    shop: LocalShop,
) -> None:
    shop.customer(BEGIN, "ada")
    search = {"query": "lamp", "results": 1}
    for number, occurred_at in enumerate((20240302101500, 1709374500, 1709374500000000)):
        at = NOON + number
        written(shop, at, "search.performed", "ada", occurred_at=occurred_at, **search)
    ahead = NOON + 23 * HOUR
    written(shop, NOON + 3, "search.performed", "ada", occurred_at=ahead, **search)
    written(shop, NOON + 4, "search.performed", "ada", occurred_at=ahead + 2 * HOUR, **search)
    shop.until(NOON + HOUR)
    *units, later = refusals(shop)
    assert [reason.rpartition("looks like ")[2] for reason in units] == [
        "a written date",
        "seconds",
        "microseconds",
    ]
    assert "expected at most a day after the record's time" in later
    assert shop.local.task.counts["clamped"] == 1
    assert len(shop.state("ada").recent["search.performed"]) == 1


def test_d6_a_patch_that_is_partly_refused_applies_for_the_rest(shop: LocalShop) -> None:
    shop.customer(BEGIN, "ada")
    patch = {"consent": ["yes"], "email": "new@example.com"}
    written(shop, NOON, "customer.updated", "ada", set=patch, unset=[])
    shop.until(NOON + HOUR)
    assert refusals(shop) == [
        "partly_refused: field 'set.consent' is ['yes'], expected a list of email, sms, push, web"
    ]
    assert shop.state("ada").profile == {"email": "new@example.com", "consent": ["email"]}


def test_d6_consent_may_be_one_text(shop: LocalShop) -> None:
    written(shop, NOON, "customer.updated", "ada", set={"consent": "email, SMS"}, unset=[])
    shop.until(NOON + HOUR)
    assert shop.state("ada").profile == {"consent": ["email", "sms"]}
    assert refusals(shop) == []


def test_d7_nobody_is_no_customer(shop: LocalShop) -> None:
    written(shop, NOON, "view.item", "undefined", sku="A")
    shop.until(NOON + HOUR)
    assert refusals(shop) == [
        "field 'customer_id' is 'undefined', expected an id: this word stands for none"
    ]
    assert shop.local.store.get(b"undefined") is None


def test_an_address_that_is_none_is_counted(shop: LocalShop) -> None:
    """SEMANTICS 8.2."""
    patch = {"email": "at home", "phone": "07700 900123"}
    written(shop, NOON, "customer.updated", "ada", set=patch, unset=[])
    shop.until(NOON + HOUR)
    assert shop.local.task.counts["bad_addresses"] == 2
    assert shop.state("ada").profile == patch
