"""SEMANTICS 3.9: who enters and leaves a followed segment is told on `segment-changes`, once."""

from typing import Any

from streams.engine import Instant
from tests.harness.local_shop import BEGIN, CART_FLOW, DAY, HOUR, LocalShop

NOON = BEGIN + 12 * HOUR
BUYERS = {"count": "order.placed", "at_least": "1"}
FRESH = {"count": "order.placed", "in_last": "7d", "at_least": "1"}
RICH = {"value": "clv.historic", "above": "store_mean"}
IN_CART = {"in_flow": "cart"}


def told(shop: LocalShop) -> list[tuple[Instant, str, str, str, str]]:
    """(at, customer, segment, change, cause) of each record, in order."""
    return [
        (one["at"], one["customer_id"], one["segment"], one["change"], one["cause"])
        for one in shop.outputs("segment-changes")
    ]


def flow(name: str, segment: str) -> dict[str, Any]:
    steps = [{"send": "email", "template": name}]
    return {"flow": name, "trigger": {"segment": segment}, "steps": steps}


def test_an_event_enters_and_time_alone_leaves(shop: LocalShop) -> None:
    shop.publish(BEGIN, segments={"fresh": FRESH}, followed=["fresh"])
    shop.order(NOON, "ada")
    shop.order(NOON + DAY, "ada")
    shop.until(NOON + 9 * DAY)
    assert told(shop) == [
        (NOON, "ada", "fresh", "entered", "event"),
        (NOON + 8 * DAY, "ada", "fresh", "left", "time"),
    ]
    [entered, left] = shop.outputs("segment-changes")
    assert (entered["event_id"], left["event_id"]) == ("e1", None)
    assert entered["version"] == f"v{BEGIN}"


def test_the_millisecond_before_it_leaves_nothing_is_told(shop: LocalShop) -> None:
    shop.publish(BEGIN, segments={"fresh": FRESH}, followed=["fresh"])
    shop.order(NOON, "ada")
    shop.until(NOON + 7 * DAY - 1)
    assert [change for _, _, _, change, _ in told(shop)] == ["entered"]
    shop.until(NOON + 7 * DAY + 1)
    assert [change for _, _, _, change, _ in told(shop)] == ["entered", "left"]


def test_a_segment_that_is_not_followed_tells_nothing_though_it_starts_a_flow(
    shop: LocalShop,
) -> None:
    shop.publish(BEGIN, flow("hello", "buyers"), segments={"buyers": BUYERS, "fresh": FRESH})
    shop.customer(BEGIN + 1, "ada")
    shop.order(NOON, "ada")
    shop.until(NOON + DAY)
    assert len(shop.sent()) == 1
    assert told(shop) == []
    assert shop.state("ada").memberships.keys() == {"buyers"}


def test_facts_let_customers_enter_and_leave(shop: LocalShop) -> None:
    shop.publish(BEGIN, segments={"rich": RICH}, followed=["rich"])
    shop.order(NOON, "ada", total=5000)
    shop.order(NOON, "bob", total=1000)
    shop.facts(NOON + HOUR, clv_historic_mean=3000.0)
    shop.facts(NOON + 2 * HOUR, clv_historic_mean=6000.0)
    shop.until(NOON + 3 * HOUR)
    assert told(shop) == [
        (NOON + HOUR, "ada", "rich", "entered", "facts"),
        (NOON + 2 * HOUR, "ada", "rich", "left", "facts"),
    ]


def test_a_flow_that_sets_the_profile_enters_with_the_event_behind_it(shop: LocalShop) -> None:
    paying = {
        "flow": "paying",
        "trigger": {"metric": "order.placed"},
        "steps": [{"update_profile": {"locale": "fr"}}],
    }
    french = {"profile": "locale", "equals": "fr"}
    shop.publish(BEGIN, paying, segments={"french": french}, followed=["french"])
    shop.order(NOON, "ada")
    shop.until(NOON + HOUR)
    assert told(shop) == [(NOON, "ada", "french", "entered", "event")]


def test_a_segment_on_flows_follows_entries_and_exits(shop: LocalShop) -> None:
    shop.publish(BEGIN, CART_FLOW, segments={"in-cart": IN_CART}, followed=["in-cart"])
    shop.customer(BEGIN + 1, "ada")
    shop.cart(NOON, "ada")
    shop.until(NOON + DAY)
    assert told(shop) == [
        (NOON, "ada", "in-cart", "entered", "event"),
        (NOON + 4 * HOUR, "ada", "in-cart", "left", "time"),
    ]


def test_rule_1_10_an_edit_starts_no_flow_but_is_told(shop: LocalShop) -> None:
    shop.publish(BEGIN, flow("hello", "buyers"), segments={"buyers": BUYERS}, followed=["buyers"])
    for name in ("ada", "bob", "cyd"):
        shop.customer(BEGIN + 1, name)
    shop.order(NOON, "ada")
    shop.order(NOON, "bob")
    shop.order(NOON + 1, "bob")
    again = {"count": "order.placed", "at_least": "2"}
    edited = NOON + HOUR
    shop.publish(edited, flow("hello", "buyers"), segments={"buyers": again}, followed=["buyers"])
    shop.until(NOON + DAY)
    assert {customer for customer, _, _ in shop.sent()} == {"ada", "bob"}
    assert told(shop) == [
        (NOON, "ada", "buyers", "entered", "event"),
        (NOON, "bob", "buyers", "entered", "event"),
        (edited, "ada", "buyers", "left", "definitions"),
    ]
    assert shop.outputs("segment-changes")[-1]["version"] == f"v{edited}"


def test_a_segment_followed_from_now_on_tells_its_members_and_who_is_no_more_followed_leaves(
    shop: LocalShop,
) -> None:
    shop.publish(BEGIN, flow("hello", "buyers"), segments={"buyers": BUYERS})
    shop.order(NOON, "ada")
    shop.happens(NOON, "view.item", "bob", sku="A")
    begun, ended, gone = NOON + HOUR, NOON + 2 * HOUR, NOON + 4 * HOUR
    shop.publish(begun, flow("hello", "buyers"), segments={"buyers": BUYERS}, followed=["buyers"])
    shop.publish(ended, flow("hello", "buyers"), segments={"buyers": BUYERS})
    shop.publish(NOON + 3 * HOUR, segments={"buyers": BUYERS}, followed=["buyers"])
    shop.publish(gone)
    shop.until(NOON + DAY)
    assert told(shop) == [
        (begun, "ada", "buyers", "entered", "definitions"),
        (ended, "ada", "buyers", "left", "definitions"),
        (NOON + 3 * HOUR, "ada", "buyers", "entered", "definitions"),
        (gone, "ada", "buyers", "left", "definitions"),
    ]
    assert shop.state("ada").memberships == {}


def test_a_set_with_the_same_segment_tells_nothing(shop: LocalShop) -> None:
    shop.publish(BEGIN, segments={"buyers": BUYERS}, followed=["buyers"])
    shop.order(NOON, "ada")
    shop.publish(NOON + HOUR, CART_FLOW, segments={"buyers": BUYERS}, followed=["buyers"])
    shop.cart(NOON + 2 * HOUR, "ada")
    shop.until(NOON + DAY)
    assert [change for _, _, _, change, _ in told(shop)] == ["entered"]


def test_an_erased_customer_leaves_and_may_enter_anew(shop: LocalShop) -> None:
    segments = {"buyers": BUYERS, "fresh": FRESH}
    shop.publish(BEGIN, segments=segments, followed=["buyers", "fresh"])
    shop.order(NOON, "ada")
    shop.happens(NOON + HOUR, "customer.erased", "ada")
    shop.happens(NOON + HOUR, "customer.erased", "bob")
    shop.order(NOON + 2 * HOUR, "ada")
    shop.until(NOON + DAY)
    assert told(shop) == [
        (NOON, "ada", "buyers", "entered", "event"),
        (NOON, "ada", "fresh", "entered", "event"),
        (NOON + HOUR, "ada", "buyers", "left", "erased"),
        (NOON + HOUR, "ada", "fresh", "left", "erased"),
        (NOON + 2 * HOUR, "ada", "buyers", "entered", "event"),
        (NOON + 2 * HOUR, "ada", "fresh", "entered", "event"),
    ]


def test_an_imported_past_makes_members_too(shop: LocalShop) -> None:
    """Events of the past trigger no flow (SEMANTICS 8.10), but they count in conditions."""
    shop.publish(BEGIN, segments={"buyers": BUYERS}, followed=["buyers"])
    shop.order(NOON, "ada", occurred_at=NOON - 300 * DAY)
    shop.until(NOON + HOUR)
    assert told(shop) == [(NOON, "ada", "buyers", "entered", "event")]


def test_it_is_told_once_whatever_crashes(shop: LocalShop) -> None:
    shop.publish(BEGIN, segments={"fresh": FRESH}, followed=["fresh"])
    shop.order(NOON, "ada")
    shop.local.advance(NOON + HOUR)
    shop.local.restart()  # before the commit
    assert told(shop) == []
    shop.local.advance(NOON + HOUR)
    shop.local.commit(NOON + HOUR, with_store=False)  # the store lags behind the log
    shop.local.restart(keep_store=False)
    shop.until(NOON + 8 * DAY)
    assert [change for _, _, _, change, _ in told(shop)] == ["entered", "left"]


def test_the_facts_of_a_day_have_the_sizes_at_its_end(shop: LocalShop) -> None:
    shop.publish(BEGIN, segments={"buyers": BUYERS, "fresh": FRESH}, followed=["buyers"])
    shop.order(NOON, "ada")
    shop.order(NOON, "bob")
    shop.happens(NOON, "view.item", "cyd", sku="A")
    shop.until(BEGIN + DAY + HOUR)
    of_first_day = shop.local.new_facts()[-1]
    assert of_first_day.values["segments.buyers.members"] == 2
    assert "segments.fresh.members" not in of_first_day.values
    shop.happens(BEGIN + DAY + 2 * HOUR, "customer.erased", "ada")
    shop.until(BEGIN + 2 * DAY + HOUR)
    of_second_day = shop.local.new_facts()[-1]
    assert of_second_day.values["segments.buyers.members"] == 1


def test_a_shop_that_follows_no_segment_keeps_no_membership(shop: LocalShop) -> None:
    shop.publish(BEGIN, CART_FLOW, segments={"buyers": BUYERS, "rich": RICH})
    shop.order(NOON, "ada")
    shop.until(NOON + DAY)
    assert shop.local.task.program.segments == {}
    assert shop.state("ada").memberships == {}
