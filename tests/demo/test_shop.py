"""The demo's year: what of it is real agrees with the data's published figures, what is simulated
keeps the promises of `simulation.py`, and the same seed gives the same bytes."""

import hashlib
import os
import subprocess
import sys
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest

from streams.definitions import load_folder
from streams.demo.feedback import SHIPPING_CONFIRMATION
from streams.demo.retail import CHARGES, COUNTRIES, DATA
from streams.demo.shop import ShopYear, build_shop_year
from streams.engine import compile_program
from streams.engine.values.event import ITEM_FIELDS, METRICS, PRODUCT_METRICS, FieldType
from streams.resources import example_flows_dir
from tests.harness.customer import Customer

pytestmark = pytest.mark.slow

_DAY = 24 * 60 * 60 * 1000

Events = list[dict[str, Any]]


@pytest.fixture(scope="module")
def year() -> ShopYear:
    return build_shop_year()


@pytest.fixture(scope="module")
def tenth() -> ShopYear:
    """Every tenth customer's."""
    return build_shop_year(one_in=10)


@pytest.fixture(scope="module")
def by_metric(year: ShopYear) -> dict[str, Events]:
    return _grouped(year.events, "metric")


def _grouped(events: Events, name: str) -> dict[str, Events]:
    groups: defaultdict[str, Events] = defaultdict(list)
    for event in events:
        groups[event[name]].append(event)
    return groups


def _digest(events: Iterable[dict[str, Any]]) -> str:
    digest = hashlib.sha256()
    for event in events:
        digest.update(msgspec.json.encode(event))
    return digest.hexdigest()


# The whole year


def test_the_data_is_small_enough_to_be_carried_along():
    assert DATA.stat().st_size <= 3_000_000
    assert "CC BY 4.0" in (DATA.parent / "README.md").read_text(encoding="utf-8")


def test_the_same_seed_gives_the_same_bytes_in_another_process(tenth):
    program = (
        "from tests.demo.test_shop import _digest\n"
        "from streams.demo.shop import build_shop_year\n"
        "print(_digest(build_shop_year(one_in=10).events))"
    )
    for_other_hashes = {
        **os.environ,
        "PYTHONHASHSEED": "1",
        "PYTHONPATH": os.pathsep.join(sys.path),
    }
    digest = subprocess.check_output(
        [sys.executable, "-c", program], env=for_other_hashes, text=True
    )
    assert digest.strip() == _digest(tenth.events)


def test_another_seed_changes_what_is_simulated_and_nothing_else(tenth):
    other = build_shop_year(seed=8, one_in=10)
    events, others = _grouped(tenth.events, "metric"), _grouped(other.events, "metric")
    same = {metric for metric in events | others if events[metric] == others[metric]}
    assert same == {"order.placed", "order.refunded"}
    simulated = {"seed": 7, "events": tenth.summary.events}
    moments = {"first_at": tenth.summary.first_at, "last_at": tenth.summary.last_at}
    assert replace(other.summary, **simulated, **moments) == tenth.summary


def test_of_every_tenth_customer_it_has_what_the_whole_year_has(year, tenth):
    customers = set(
        sorted({one["customer_id"] for one in year.events if "customer_id" in one})[::10]
    )
    theirs = [one for one in year.events if one.get("customer_id") in customers]
    looked_at = {one["sku"] for one in theirs if "sku" in one}
    assert tenth.events == [
        one
        for one in year.events
        if (one["customer_id"] in customers if "customer_id" in one else one["sku"] in looked_at)
    ]
    assert tenth.summary.customers == len(customers)
    assert tenth.summary.lines == year.summary.lines
    placed = [one for one in theirs if one["metric"] == "order.placed"]
    assert tenth.summary.orders == len(placed)
    assert tenth.summary.order_total == sum(one["total"] for one in placed)


def test_events_are_in_order_of_time_and_their_ids_unique(year):
    assert all(
        earlier["occurred_at"] <= later["occurred_at"] for earlier, later in pairwise(year.events)
    )
    assert len({event["event_id"] for event in year.events}) == len(year.events)


def test_events_have_the_fields_of_their_metric_and_no_others(year):
    for event in year.events:
        fields = {**METRICS, **PRODUCT_METRICS}[event["metric"]].fields
        given = event.keys() - {"metric", "event_id", "customer_id", "occurred_at"}
        required = {name for name, wanted in fields.items() if not wanted.is_optional}
        assert required <= given <= fields.keys(), event
        for name in given:
            if event[name] is not None:
                assert isinstance(event[name], _PYTHON[fields[name].type]), (name, event)
        for item in event.get("items", []):
            assert item.keys() <= ITEM_FIELDS.keys()
            assert type(item["unit_price"]) is int
            assert item["unit_price"] >= 0
            assert item["quantity"] > 0


_PYTHON: dict[FieldType, type] = {
    FieldType.TEXT: str,
    FieldType.NUMBER: int,
    FieldType.MONEY: int,
    FieldType.MOMENT: int,
    FieldType.ITEMS: list,
    FieldType.TEXTS: list,
    FieldType.TEXT_MAP: dict,
    FieldType.PATCH: dict,
}


# What is real


def test_counts_are_those_of_the_data(year):
    summary = year.summary
    assert summary.lines == 541_909
    assert summary.lines_without_customer == 135_080
    assert summary.repeated_lines == 5_225
    assert summary.customers == 4_372
    assert summary.orders == 18_536
    assert summary.refunds == 3_654
    assert summary.orders_of_charges_only == 131
    assert summary.order_total == 888_720_889  # 8,887,208.894 less the 4 lines of 0.001


def test_the_summary_counts_the_events(year, by_metric):
    assert year.summary.events == {metric: len(events) for metric, events in by_metric.items()}
    assert year.summary.total_events == len(year.events)
    assert 150_000 <= year.summary.total_events <= 250_000
    assert year.summary.total_events - year.summary.simulated_events == 18_536 + 3_654
    assert year.summary.first_at == year.events[0]["occurred_at"]
    assert year.summary.last_at == year.events[-1]["occurred_at"]


def test_an_order_is_its_invoice(by_metric):
    order = by_metric["order.placed"][0]
    assert order["order_id"] == "536365"
    assert order["customer_id"] == "17850"
    assert order["occurred_at"] == 1291191960000  # 2010-12-01 08:26 in London, UTC in winter
    assert order["total"] == 139_12
    assert order["currency"] == "GBP"
    assert order["country"] == "GB"
    assert order["tags"] == []
    assert [item["sku"] for item in order["items"]][:2] == ["85123A", "71053"]
    assert order["items"][0] == {
        "sku": "85123A",
        "name": "WHITE HANGING HEART T-LIGHT HOLDER",
        "quantity": 6,
        "unit_price": 255,
    }


def test_summer_time_is_an_hour_ahead_of_utc(by_metric):
    order = _of(by_metric["order.placed"], "581587")  # the last one: 2011-12-09 12:50
    assert order["occurred_at"] == 1323435000000
    order = _of(by_metric["order.placed"], "556446")  # 2011-06-10 15:33 by the wall
    assert order["occurred_at"] // 60_000 * 60_000 == 1307716380000  # 14:33 UTC


def test_charges_are_in_the_total_and_no_items(by_metric):
    order = _of(by_metric["order.placed"], "536370")  # 19 articles and POST 3 x 18.00
    goods = sum(item["quantity"] * item["unit_price"] for item in order["items"])
    assert order["total"] - goods == 54_00
    for event in by_metric["order.placed"]:
        assert not CHARGES.intersection(item["sku"] for item in event["items"])
        assert event["tags"] == ([] if event["items"] else ["charges-only"])


def test_a_refund_belongs_to_the_newest_order_that_holds_the_most_of_it(by_metric):
    orders = _grouped(by_metric["order.placed"], "customer_id")
    for refund in by_metric["order.refunded"]:
        assert refund["amount"] > 0
        skus = {item["sku"] for item in refund["items"]}
        held = [
            (len(skus & {item["sku"] for item in order["items"]}), order["occurred_at"])
            for order in orders.get(refund["customer_id"], [])
            if order["occurred_at"] < refund["occurred_at"]
        ]
        best = max(held, default=(0, 0))
        if best[0]:
            order = _of(orders[refund["customer_id"]], refund["order_id"])
            assert order["occurred_at"] == best[1]
        else:
            assert refund["order_id"].startswith("C")


def test_every_zone_of_a_country_exists():
    for country in COUNTRIES.values():
        assert ZoneInfo(country.zone).key == country.zone
        assert len(country.code) == 2


# What is simulated


def test_every_customer_is_known_before_anything_else_happens(year):
    seen = set()
    for event in year.events:
        if event["metric"] == "product.updated":
            assert "customer_id" not in event
        elif event["event_id"] == f"profile-{event['customer_id']}":
            seen.add(event["customer_id"])
            assert event["set"]["email"] == f"customer-{event['customer_id']}@shop.example"
        else:
            assert event["customer_id"] in seen


@pytest.fixture(scope="module")
def profiles(by_metric: dict[str, Events]) -> dict[str, dict[str, Any]]:
    """The first profile of each customer."""
    return {
        event["customer_id"]: event
        for event in by_metric["customer.updated"]
        if event["event_id"] == f"profile-{event['customer_id']}"
    }


def test_text_messages_are_consented_to_only_with_a_number_that_is_fictional(profiles):
    with_number = 0
    for event in profiles.values():
        phone = event["set"].get("phone")
        with_number += phone is not None
        assert phone is None or (phone.startswith("+447700900") and len(phone) == 13)
        assert phone is not None or "sms" not in event["set"]["consent"]
    assert 0.35 <= with_number / len(profiles) <= 0.45


def test_who_subscribes_had_not_agreed_before_and_is_about_to_order_or_has_just_done_so(
    by_metric, profiles
):
    first_order: dict[str, int] = {}
    for order in by_metric["order.placed"]:
        first_order.setdefault(order["customer_id"], order["occurred_at"])
    subscribed = Counter[str]()
    before = 0
    for event in by_metric["customer.subscribed"]:
        known = profiles[event["customer_id"]]["set"]
        assert event["channel"] not in known["consent"]
        assert event["channel"] != "sms" or "phone" in known
        earlier = first_order[event["customer_id"]] - event["occurred_at"]
        assert abs(earlier) <= _DAY / 12
        before += earlier > 0
        subscribed[event["channel"]] += 1
    numbers = {"email": (250, 450), "sms": (200, 350), "push": (550, 750)}
    assert subscribed.keys() == numbers.keys()
    for channel, (least, most) in numbers.items():
        assert least < subscribed[channel] < most, channel
    assert 0.3 < before / subscribed.total() < 0.6


def test_the_token_of_a_browser_is_told_a_second_before_its_subscription(by_metric):
    tokens = {
        (event["customer_id"], event["occurred_at"]): event["set"]["push_token"]
        for event in by_metric["customer.updated"]
        if "push_token" in event["set"]
    }
    subscribed = {
        (event["customer_id"], event["occurred_at"] - 1_000)
        for event in by_metric["customer.subscribed"]
        if event["channel"] == "push"
    }
    assert tokens.keys() == subscribed
    assert len(set(tokens.values())) == len(tokens)


def test_some_of_those_who_subscribed_unsubscribe_within_three_months(by_metric):
    subscribed = {
        (event["customer_id"], event["channel"]): event["occurred_at"]
        for event in by_metric["customer.subscribed"]
    }
    unsubscribed = by_metric["customer.unsubscribed"]
    for event in unsubscribed:
        since = event["occurred_at"] - subscribed[event["customer_id"], event["channel"]]
        assert 0 <= since <= 90 * _DAY
    assert 0.08 < len(unsubscribed) / len(subscribed) < 0.15


def test_a_mail_is_reported_once_arrives_before_it_is_opened_and_is_opened_before_it_is_clicked(
    by_metric,
):
    reports = {
        what: {event["send_id"]: event for event in by_metric[f"message.{what}"]}
        for what in ("delivered", "opened", "clicked")
    }
    for what, of_mail in reports.items():
        assert len(of_mail) == len(by_metric[f"message.{what}"])
    for earlier, later, within in (
        ("delivered", "opened", 2 * _DAY + 60_000),
        ("opened", "clicked", 60_000),
    ):
        for send_id, report in reports[later].items():
            before = reports[earlier][send_id]
            assert before["customer_id"] == report["customer_id"]
            assert 0 < report["occurred_at"] - before["occurred_at"] <= within
    assert 0.2 < len(reports["opened"]) / len(reports["delivered"]) < 0.27
    assert 0.17 < len(reports["clicked"]) / len(reports["opened"]) < 0.23


def test_newsletters_go_to_who_agreed_to_mails_and_was_known(by_metric, profiles):
    newsletters = [
        event
        for event in by_metric["message.delivered"]
        if event["send_id"].startswith("newsletter-")
    ]
    for event in newsletters:
        profile = profiles[event["customer_id"]]
        assert "email" in profile["set"]["consent"]
        assert profile["occurred_at"] < event["occurred_at"]
        assert event["address"] == profile["set"]["email"]
    shipped = len(by_metric["order.fulfilled"])
    assert len(newsletters) + shipped == len(by_metric["message.delivered"])
    assert len(newsletters) > 4_000


def test_many_customers_open_some_mails_and_some_never_do(by_metric):
    opened = {event["customer_id"] for event in by_metric["message.opened"]}
    delivered = Counter(event["customer_id"] for event in by_metric["message.delivered"])
    often = [customer for customer, number in delivered.items() if number >= 10]
    never = sum(customer not in opened for customer in often)
    assert len(often) > 300
    assert 0.3 < never / len(often) < 0.45


def test_reports_name_the_shipping_confirmations_that_the_flow_sends(by_metric):
    definitions = load_folder(example_flows_dir()).definitions
    assert definitions is not None
    program = compile_program(definitions, version="")
    delivered = {event["send_id"] for event in by_metric["message.delivered"]}
    for event in by_metric["order.fulfilled"][:3]:
        customer = Customer(program, customer_id=event["customer_id"])
        data = {"order_id": event["order_id"], "expected_delivery": event["expected_delivery"]}
        customer.event("order.fulfilled", event["occurred_at"], event_id=event["event_id"], **data)
        by_mail, by_text = customer.effects.commands
        assert (by_mail.flow, by_mail.channel) == (SHIPPING_CONFIRMATION, "email")
        assert by_mail.send_id in delivered
        assert by_text.send_id not in delivered


def test_orders_are_fulfilled_within_six_days_or_after_ten(by_metric):
    placed = {event["order_id"]: event for event in by_metric["order.placed"]}
    late = 0
    for event in by_metric["order.fulfilled"]:
        order = placed[event["order_id"]]
        assert order["items"]
        days = (event["occurred_at"] - order["occurred_at"]) / _DAY
        assert 1 <= days < 6 or 10 < days < 16
        late += days > 10
        assert event["expected_delivery"] > event["occurred_at"]
    assert 0.02 <= late / len(by_metric["order.fulfilled"]) <= 0.06


def test_an_order_given_back_before_is_not_fulfilled(by_metric):
    fulfilled = {event["order_id"] for event in by_metric["order.fulfilled"]}
    assert "581483" not in fulfilled  # 80,995 paper birds, given back 12 minutes later
    assert "541431" not in fulfilled
    assert "536365" in fulfilled


def test_a_cart_that_led_to_an_order_holds_its_items_in_the_end(by_metric):
    placed = {f"cart-{event['order_id']}": event for event in by_metric["order.placed"]}
    carts = _grouped(by_metric["cart.updated"], "cart_id")
    checkouts = {event["cart_id"]: event for event in by_metric["checkout.started"]}
    bought = [cart_id for cart_id in carts if cart_id in placed]
    lay_for_hours = 0
    for cart_id in bought:
        order, last = placed[cart_id], carts[cart_id][-1]
        assert last["items"] == order["items"]
        assert last["occurred_at"] < checkouts[cart_id]["occurred_at"] < order["occurred_at"]
        lay_for_hours += order["occurred_at"] - last["occurred_at"] > 4 * _DAY / 24
    assert 0.8 <= len(bought) / len(placed) <= 0.9
    assert 0.08 <= lay_for_hours / len(bought) <= 0.16


def test_no_order_follows_an_abandoned_cart_within_a_day(by_metric):
    placed = {f"cart-{event['order_id']}" for event in by_metric["order.placed"]}
    orders = {
        customer: [event["occurred_at"] for event in events]
        for customer, events in _grouped(by_metric["order.placed"], "customer_id").items()
    }
    abandoned = emptied = 0
    for cart_id, changes in _grouped(by_metric["cart.updated"], "cart_id").items():
        if cart_id in placed:
            continue
        abandoned += 1
        emptied += not changes[-1]["items"]
        moments = orders[changes[0]["customer_id"]]
        filled = max(change["occurred_at"] for change in changes if change["items"])
        after = bisect_right(moments, filled)
        assert after == len(moments) or moments[after] - filled > _DAY
    assert abandoned > 4_000
    assert 0.05 <= emptied / abandoned <= 0.15


def test_a_search_says_how_many_articles_hold_its_words(by_metric):
    names: defaultdict[str, set[str]] = defaultdict(set)
    for order in by_metric["order.placed"]:
        for item in order["items"]:
            names[item["sku"]].add(item["name"].lower())
    searches = by_metric["search.performed"]
    assert all(search["query"] for search in searches)
    assert any(search["results"] == 0 for search in searches)
    for search in searches[:25]:
        words = set(search["query"].split())
        plausible = sum(
            all(any(word in name for name in names[sku]) for word in words) for sku in names
        )
        assert search["results"] <= plausible


def test_an_article_costs_what_most_of_its_lines_of_a_week_did(by_metric):
    lamp = "85123A"  # WHITE HANGING HEART T-LIGHT HOLDER
    updates = [event for event in by_metric["product.updated"] if event["sku"] == lamp]
    prices = [updates[0]["price"]]
    prices += [now["price"] for before, now in pairwise(updates) if now["price"] != before["price"]]
    first_week = Counter(
        item["unit_price"]
        for order in by_metric["order.placed"]
        for item in order["items"]
        if item["sku"] == lamp and order["occurred_at"] < updates[0]["occurred_at"] + 7 * _DAY
    )
    assert first_week[prices[0]] == max(first_week.values())
    sold = {
        item["unit_price"]
        for order in by_metric["order.placed"]
        for item in order["items"]
        if item["sku"] == lamp
    }
    assert set(prices) <= sold
    assert len(prices) < len(sold)


def test_articles_are_told_before_they_are_sold_and_come_back_when_they_are_gone(by_metric):
    first_told: dict[str, int] = {}
    stock: dict[str, int] = {}
    gone = 0
    for event in by_metric["product.updated"]:
        assert event["price"] > 0
        first_told.setdefault(event["sku"], event["occurred_at"])
        gone += event["stock"] == 0 and stock.get(event["sku"]) != 0
        stock[event["sku"]] = event["stock"]
    assert all(there > 0 for there in stock.values())
    assert 1_000 < gone < 4_000
    for order in by_metric["order.placed"]:
        for item in order["items"]:
            assert not item["unit_price"] or first_told[item["sku"]] < order["occurred_at"]


def test_what_is_wished_for_was_looked_at_a_minute_before(by_metric):
    looked = {
        (event["customer_id"], event["sku"], event["occurred_at"])
        for event in by_metric["view.item"]
    }
    wishes = by_metric["wishlist.added"]
    for wish in wishes:
        assert (wish["customer_id"], wish["sku"], wish["occurred_at"] - 60_000) in looked
    assert 0.08 < len(wishes) / len(looked) < 0.12


def test_two_customers_in_three_have_told_their_birthday(profiles):
    days = [event["set"].get("birthday") for event in profiles.values()]
    known = [date.fromisoformat(day) for day in days if day is not None]
    assert 0.62 < len(known) / len(days) < 0.71
    assert all(1940 <= day.year < 2000 for day in known)


def _of(events: Events, order_id: str) -> dict[str, Any]:
    return next(event for event in events if event["order_id"] == order_id)
