"""The end of a day: what a task reports, when, and in simulated time that it waits."""

from collections.abc import Callable
from typing import Any

import pytest

from streams.contracts.partition_facts import PARTITION_FACTS
from streams.engine import BETWEEN_TASKS, INPUTS, Program
from streams.ports import DAY_FACTS_KEY
from streams.runtime.days import day_end_of, day_that_ends
from streams.runtime.scans import ScanPage, Scans
from streams.runtime.time_policy.ticks import TICK_HEADER
from streams.settings import RecordTime
from tests.harness.local_shop import BEGIN, DAY, HOUR, LocalShop

NOON = BEGIN + 12 * HOUR
MIDNIGHT = BEGIN + DAY
OpenShop = Callable[..., LocalShop]

AFTER_A_DAY = {
    "flow": "cart",
    "status": "live",
    "trigger": {"metric": "cart.updated"},
    "filter": {"value": "clv.historic", "above": "store_mean"},
    "steps": [{"send": "email", "template": "for-the-best"}],
}


def reports(shop: LocalShop) -> list[tuple[str, int, int, int]]:
    """(day, customers, buyers, clv_historic) of all that was told."""
    return [
        (one["day"], one["customers"], one["buyers"], one["clv_historic"])
        for one in shop.outputs(PARTITION_FACTS)
    ]


def tick(shop: LocalShop, at: int) -> None:
    for topic in INPUTS:
        if topic in BETWEEN_TASKS:
            continue
        shop.local.append(topic, at, None, None).headers = [(TICK_HEADER, b"")]


def test_days_have_names() -> None:
    assert day_that_ends(BEGIN) == "2026-03-01"
    assert day_end_of("2026-03-01") == BEGIN
    assert day_that_ends(DAY) == "1970-01-01"


@pytest.mark.parametrize(("at", "customers"), [(MIDNIGHT - 1, 1), (MIDNIGHT, 0), (MIDNIGHT + 1, 0)])
def test_a_day_ends_before_anything_of_midnight(shop: LocalShop, at: int, customers: int) -> None:
    shop.until(NOON)
    shop.customer(at, "ada")
    shop.until(MIDNIGHT + HOUR)
    assert reports(shop)[-2:] == [("2026-03-01", 0, 0, 0), ("2026-03-02", customers, 0, 0)]


def test_orders_refunds_and_cancellations_count(shop: LocalShop) -> None:
    shop.until(NOON)
    shop.customer(NOON, "ada")
    shop.order(NOON + 1, "bob", order_id="1", total=5000)
    shop.order(NOON + 2, "bob", order_id="2", total=300)
    shop.order(NOON + 3, "cid", order_id="3", total=700)
    refund: dict[str, Any] = {"order_id": "1", "amount": 1000, "currency": "GBP", "items": []}
    shop.happens(NOON + 4, "order.refunded", "bob", **refund)
    shop.happens(NOON + 5, "order.cancelled", "cid", order_id="3", amount=None, currency=None)
    shop.until(MIDNIGHT)
    assert reports(shop)[-1] == ("2026-03-02", 3, 2, 4300)


def test_an_erased_customer_does_not_count(shop: LocalShop) -> None:
    shop.until(NOON)
    shop.order(NOON, "ada", total=5000)
    shop.order(NOON, "bob", total=700)
    shop.happens(NOON + 1, "customer.erased", "ada")
    shop.until(MIDNIGHT)
    assert reports(shop)[-1] == ("2026-03-02", 1, 1, 700)


def test_a_duplicate_counts_once(shop: LocalShop) -> None:
    shop.until(NOON)
    for _ in range(2):
        shop.happens(
            NOON, "order.placed", "ada", event_id="same", order_id="1", total=5000,
            currency="GBP", items=[], tags=[],
        )  # fmt: skip
    shop.until(MIDNIGHT)
    assert reports(shop)[-1] == ("2026-03-02", 1, 1, 5000)


def test_a_quiet_task_reports_by_the_clock_alone_and_once_after_a_long_rest(
    shop: LocalShop,
) -> None:
    shop.until(NOON)
    shop.until(MIDNIGHT)
    shop.until(MIDNIGHT)
    shop.until(MIDNIGHT + 9 * DAY + HOUR)
    days = [day for day, *_ in reports(shop)]
    assert days == ["2026-02-28", "2026-03-01", "2026-03-02", "2026-03-11"]


@pytest.mark.parametrize("keep_store", [True, False])
def test_a_crash_changes_no_report(shop: LocalShop, *, keep_store: bool) -> None:
    shop.order(NOON, "ada", total=5000)
    shop.until(NOON + 1)
    shop.order(NOON + 2, "bob", total=700)
    shop.local.advance(NOON + HOUR)  # and isn't committed
    shop.local.restart(keep_store=keep_store)
    shop.until(MIDNIGHT)
    shop.local.restart(keep_store=keep_store)
    shop.until(MIDNIGHT + DAY)
    assert reports(shop)[1:] == [
        ("2026-03-01", 0, 0, 0),
        ("2026-03-02", 2, 2, 5700),
        ("2026-03-03", 2, 2, 5700),
    ]


def test_live_time_does_not_wait_for_the_facts(shop: LocalShop) -> None:
    shop.customer(NOON, "ada")
    shop.cart(MIDNIGHT - HOUR, "ada")
    shop.until(MIDNIGHT + DAY)
    assert shop.sent() == [("ada", "your-cart", MIDNIGHT + 3 * HOUR)]


# ── Simulated time ────────────────────────────────────────────────────────────────────────────────


def one_year_later(open_shop: OpenShop) -> LocalShop:
    """A shop in simulated time: ada buys more than bob, and both fill carts before and after the
    day on which that is known."""
    shop = open_shop(record_time=RecordTime.CREATE)
    shop.publish(1, AFTER_A_DAY)
    for customer, total in (("ada", 9000), ("bob", 1000)):
        shop.customer(NOON, customer)
        shop.order(NOON + 1, customer, total=total, order_id=customer)
    shop.cart(MIDNIGHT - 1, "ada")
    shop.cart(MIDNIGHT, "ada", cart_id="c2")
    shop.cart(MIDNIGHT, "bob")
    tick(shop, MIDNIGHT + 2 * DAY)
    return shop


def test_facts_of_a_day_decide_from_its_end_on(open_shop: OpenShop) -> None:
    shop = one_year_later(open_shop)
    shop.until(MIDNIGHT + 30 * DAY)
    assert shop.sent() == [("ada", "for-the-best", MIDNIGHT)]
    assert [day for day, *_ in reports(shop)] == [
        "2026-03-01",
        "2026-03-02",
        "2026-03-03",
        "2026-03-04",
    ]


def test_until_the_facts_come_the_clock_stands_at_midnight(open_shop: OpenShop) -> None:
    shop = one_year_later(open_shop)
    wall = MIDNIGHT + 30 * DAY
    while shop.local.step(wall, 1000):
        pass
    assert (shop.local.task.clock, shop.local.task.waits_for) == (BEGIN, "control")
    assert shop.local.task.commit_due(wall) == wall  # somebody waits for the report
    shop.local.commit(wall)
    assert reports(shop) == [("2026-03-01", 0, 0, 0)]
    while shop.local.step(wall, 1000):
        pass
    assert shop.local.task.clock == BEGIN
    assert shop.sent() == []


@pytest.mark.parametrize("crash_after", range(12))
@pytest.mark.parametrize("with_store", [True, False])
def test_a_crash_at_any_point_around_midnight_changes_nothing(
    open_shop: OpenShop, crash_after: int, *, with_store: bool
) -> None:
    expected = one_year_later(open_shop)
    expected.until(MIDNIGHT + 30 * DAY)
    shop = one_year_later(open_shop)
    wall = MIDNIGHT + 30 * DAY
    for number in range(40):
        while shop.local.step(wall, 1):
            if number == crash_after:
                break
        else:
            shop.local.commit(wall, with_store=with_store or number != crash_after)
            for fact in shop.local.new_facts():
                shop.local.add_fact(fact)
            shop.local.sets_end_offsets(wall)
        if number == crash_after:
            shop.local.restart(keep_store=with_store)
    assert shop.sent() == expected.sent()
    assert reports(shop) == reports(expected)
    assert shop.local.store.get(b"ada") == expected.local.store.get(b"ada")


def test_a_set_that_was_published_for_later_does_not_hide_the_facts_before_it(
    open_shop: OpenShop,
) -> None:
    shop = open_shop(record_time=RecordTime.CREATE)
    shop.publish(1, AFTER_A_DAY)
    later = {**AFTER_A_DAY, "steps": [{"send": "email", "template": "later"}]}
    shop.publish(MIDNIGHT + DAY + 1, later)
    for customer, total in (("ada", 9000), ("bob", 1000)):
        shop.customer(NOON, customer)
        shop.order(NOON + 1, customer, total=total, order_id=customer)
    shop.cart(MIDNIGHT, "ada")
    shop.cart(MIDNIGHT + DAY, "ada", cart_id="c2")
    shop.cart(MIDNIGHT + DAY + 1, "ada", cart_id="c3")
    tick(shop, MIDNIGHT + 2 * DAY)
    for _ in range(8):
        shop.local.restart(keep_store=False)
        shop.until(MIDNIGHT + 30 * DAY)
    # Smart Sending holds the second back.
    assert shop.sent() == [
        ("ada", "for-the-best", MIDNIGHT),
        ("ada", "for-the-best", MIDNIGHT + DAY),
    ]
    assert shop.local.task.program.version == f"v{MIDNIGHT + DAY + 1}"


def test_facts_in_simulated_time_bear_the_time_of_their_midnight(open_shop: OpenShop) -> None:
    shop = one_year_later(open_shop)
    shop.until(MIDNIGHT + 30 * DAY)
    facts = [one for one in shop.local.logs["control"] if one.key == DAY_FACTS_KEY]
    assert [one.time for one in facts] == [BEGIN, *range(MIDNIGHT, MIDNIGHT + 3 * DAY, DAY)]


def test_a_schedule_reports_and_scans_no_day_before_the_first_record(
    open_shop: OpenShop, monkeypatch: pytest.MonkeyPatch
) -> None:
    scanned_at = []
    next_page = Scans.next_page

    def record(scans: Scans, program: Program) -> ScanPage:
        scanned_at.append(scans.next_due)
        return next_page(scans, program)

    monkeypatch.setattr(Scans, "next_page", record)
    shop = open_shop(record_time=RecordTime.CREATE)
    flow = {
        "flow": "daily",
        "status": "live",
        "trigger": {"schedule": "0 9 * * *", "audience": "everyone"},
        "steps": [{"send": "email", "template": "daily"}],
    }
    shop.publish(1, flow)
    shop.customer(NOON, "ada")
    tick(shop, MIDNIGHT + DAY)
    shop.until(MIDNIGHT + 30 * DAY)
    assert [day for day, *_ in reports(shop)] == ["2026-03-01", "2026-03-02", "2026-03-03"]
    assert shop.sent() == [("ada", "daily", MIDNIGHT + 9 * HOUR)]
    assert scanned_at == [BEGIN + 9 * HOUR, MIDNIGHT + 9 * HOUR]
