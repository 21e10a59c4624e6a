"""Codes over crashes: none goes to two people, none is lost, and the run is the same as without."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.contracts.decode import EventDecoder
from streams.contracts.encode import EffectEncoder
from streams.engine.content.coupon_pool import CodeRule, CouponPool
from streams.errors import StoreUnusable
from streams.local import LocalParts, LocalTask
from streams.operations.coupon_counts import COUNTED_KEYS, counts_of_keys
from streams.ports import TaskSettings
from streams.programs import Programs
from streams.store.memory import MemoryStore
from tests.harness.examples import examples
from tests.harness.local_shop import BEGIN, HOUR, SKEW, LocalShop

POOLS: list[dict[str, Any]] = [
    {"coupons": "ten"},
    {"coupons": "made", "rule": {"prefix": "M-", "length": "8"}},
]
GIFT: dict[str, Any] = {
    "flow": "gift",
    "trigger": {"metric": "cart.updated"},
    "steps": [
        {"send": "email", "template": "loaded", "coupon": "ten", "smart_sending": "false"},
        {"send": "email", "template": "made", "coupon": "made", "smart_sending": "false"},
    ],
}
MINUTE = 60_000


def shop_with_codes(*codes: str, commit_events: int = 10_000) -> LocalShop:
    parts = LocalParts(
        MemoryStore,
        EventDecoder(),
        EffectEncoder(),
        Programs(),
        TaskSettings(clock_skew=SKEW, commit_events=commit_events),
    )
    shop = LocalShop(LocalTask(parts))
    shop.publish(BEGIN, GIFT, coupons=POOLS, coupon_key="key")
    shop.load(BEGIN, "ten", *codes)
    return shop


def given_out(shop: LocalShop) -> list[tuple[str, str, str | None]]:
    return [
        (one["customer_id"], one["template"], one["coupon"])
        for one in shop.outputs("send-commands")
    ]


def test_a_failed_commit_gives_the_same_codes_when_it_is_tried_again() -> None:
    shop = shop_with_codes("A1", "A2")
    shop.customer(BEGIN + 1, "ada")
    shop.cart(BEGIN + HOUR, "ada")
    shop.local.advance(BEGIN + 2 * HOUR)
    failed = shop.local.task.prepare_commit(BEGIN + 2 * HOUR)
    shop.local.restart()
    shop.local.advance(BEGIN + 2 * HOUR)
    again = shop.local.task.prepare_commit(BEGIN + 2 * HOUR)
    assert again.records == failed.records
    assert again.batch == failed.batch


def test_the_task_goes_on_giving_while_a_transaction_is_under_way() -> None:
    shop = shop_with_codes("A1", "A2")
    for name in ("ada", "bob"):
        shop.customer(BEGIN + 1, name)
    shop.until(BEGIN + HOUR)
    shop.cart(BEGIN + HOUR, "ada")
    shop.local.advance(BEGIN + 2 * HOUR)
    under_way = shop.local.task.prepare_commit(BEGIN + 2 * HOUR)
    shop.cart(BEGIN + 2 * HOUR, "bob")
    shop.local.advance(BEGIN + 3 * HOUR)
    shop.local.store.write(under_way.batch)
    shop.local.task.committed(under_way, 0)
    shop.local.commit(BEGIN + 3 * HOUR)
    assert given_out(shop)[0] == ("bob", "loaded", "A2")


@pytest.mark.parametrize("steps", [GIFT["steps"], [{"wait": "1h", "id": "pause"}, *GIFT["steps"]]])
def test_a_store_that_fails_while_a_record_or_timer_is_decided_is_not_their_fault(
    steps: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = shop_with_codes("A1")
    shop.publish(BEGIN + 1, {**GIFT, "steps": steps}, coupons=POOLS, coupon_key="key")
    shop.customer(BEGIN + 1, "ada")
    shop.until(BEGIN + HOUR)
    shop.cart(BEGIN + HOUR, "ada")
    read = MemoryStore.get

    def get(store: MemoryStore, key: bytes) -> bytes | None:
        if key.startswith(b"\0coupon"):
            raise StoreUnusable("a block checksum is wrong")
        return read(store, key)

    monkeypatch.setattr(MemoryStore, "get", get)
    with pytest.raises(StoreUnusable):
        shop.until(BEGIN + 3 * HOUR)
    monkeypatch.undo()
    shop.local.restart(keep_store=False)
    shop.until(BEGIN + 3 * HOUR)
    assert given_out(shop)[0] == ("ada", "loaded", "A1")
    assert shop.outputs("dead-letters") == []


def test_the_first_key_counts_also_after_a_restart() -> None:
    shop = shop_with_codes()
    shop.publish(BEGIN + 1, GIFT, coupons=POOLS, coupon_key="another")
    shop.customer(BEGIN + 1, "ada")
    shop.customer(BEGIN + 1, "bob")
    shop.cart(BEGIN + HOUR, "ada")
    shop.until(BEGIN + 2 * HOUR)
    shop.local.restart(keep_store=False)
    shop.cart(BEGIN + 3 * HOUR, "bob")
    shop.until(BEGIN + 4 * HOUR)
    plain = shop_with_codes()
    for name, hour in (("ada", 1), ("bob", 3)):
        plain.customer(BEGIN + 1, name)
        plain.cart(BEGIN + hour * HOUR, name)
    plain.until(BEGIN + 4 * HOUR)
    assert given_out(shop) == given_out(plain)
    assert len(given_out(shop)) == 2


crashes: dict[str, Callable[[LocalShop], None]] = {
    "nothing": lambda shop: None,
    "before the commit": lambda shop: shop.local.restart(),
    "without a store": lambda shop: shop.local.restart(keep_store=False),
}


@examples(60)
@given(
    plan=st.lists(
        st.tuples(
            st.sampled_from(["cart", "load", "load again"]),
            st.integers(0, 4),
            st.sampled_from(["no", "yes", "not in the store"]),
            st.sampled_from(sorted(crashes)),
        ),
        max_size=25,
    )
)
def test_crashes_give_no_customer_the_code_of_another(
    plan: list[tuple[str, int, str, str]],
) -> None:
    crashed, plain = shop_with_codes("A0", "A1"), shop_with_codes("A0", "A1")
    for shop in (crashed, plain):
        for number in range(5):
            shop.customer(BEGIN + 1, f"c{number}")
    loaded = 2
    at = BEGIN + HOUR
    for what, number, commits, crash in plan:
        at += MINUTE
        for shop in (crashed, plain):
            if what == "cart":
                shop.cart(at, f"c{number}", cart_id=f"cart-{at}")
            else:
                shop.load(at, "ten", f"A{loaded if what == 'load' else number % loaded}")
        loaded += what == "load"
        crashed.local.advance(at + MINUTE)
        if commits != "no":
            crashed.local.commit(at + MINUTE, with_store=commits == "yes")
        if commits == "not in the store":
            crashed.local.restart()
        crashes[crash](crashed)
    for shop in (crashed, plain):
        shop.until(at + HOUR)
    assert given_out(crashed) == given_out(plain)
    owners: dict[str | None, str] = {}
    for customer, _, code in given_out(crashed):
        assert code is not None
        assert owners.setdefault(code, customer) == customer


# ── Uses ──────────────────────────────────────────────────────────────────────────────────────────


def used(shop: LocalShop, pool: str, now: int) -> tuple[int, int, int]:
    """(given, redeemed, expired) of a pool, as `coupons status` has it."""
    keys = {(0, key): value for key, value in shop.local.store.items() if key[:1] == b"\0"}
    read = {key: value for key, value in keys.items() if key[1].startswith(COUNTED_KEYS)}
    pools = [CouponPool(coupons="made", rule=CodeRule(prefix="M-", length=8))]
    of_pool = [one for one in counts_of_keys(read, pools, now) if one.pool == pool]
    return (of_pool[-1].given, of_pool[-1].redeemed, of_pool[-1].expired) if of_pool else (0, 0, 0)


def codes_of(shop: LocalShop, template: str) -> dict[str, str]:
    sent = shop.outputs("send-commands")
    return {one["customer_id"]: one["coupon"] for one in sent if one["template"] == template}


@pytest.mark.parametrize("restarts", [False, True])
def test_7_1_each_given_code_is_redeemed_or_expires(restarts: bool) -> None:
    shop = shop_with_codes("A1", "A2", "A3", "A4", "A5")
    expiring = [{**pool, "expires": "2h"} for pool in POOLS]
    shop.publish(BEGIN + 1, GIFT, coupons=expiring, coupon_key="key")
    names = ("ada", "bob", "cyd", "dan", "eve")
    for name in names:
        shop.customer(BEGIN + 1, name)
        shop.cart(BEGIN + HOUR, name)

    def until(at: int) -> None:
        shop.until(at)
        if restarts:
            shop.local.restart(keep_store=False)

    until(BEGIN + HOUR + 1)
    codes, made = codes_of(shop, "loaded"), codes_of(shop, "made")
    shop.happens(BEGIN + 2 * HOUR, "coupon.redeemed", "ada", code=codes["ada"], order_id="1")
    shop.order(BEGIN + 2 * HOUR, "ada", order_id="1", coupon_code=codes["ada"].lower())
    shop.order(BEGIN + 2 * HOUR, "bob", order_id="2", coupon_code=made["bob"])
    shop.happens(BEGIN + 2 * HOUR, "coupon.redeemed", "cyd", code=codes["dan"], order_id="3")
    shop.happens(BEGIN + 2 * HOUR, "customer.erased", "eve")
    until(BEGIN + 2 * HOUR + 1)
    assert used(shop, "ten", BEGIN + 3 * HOUR - 1) == (5, 1, 0)
    assert used(shop, "ten", BEGIN + 3 * HOUR) == (5, 1, 4)
    assert used(shop, "made", BEGIN + 3 * HOUR) == (5, 1, 4)
    held = [key for key, _ in shop.local.store.items() if key.startswith(b"\0held\0")]
    assert not [key for key in held if b"eve" in key]
    shop.happens(BEGIN + 4 * HOUR, "coupon.redeemed", "dan", code=codes["dan"], order_id="4")
    shop.happens(BEGIN + 4 * HOUR, "coupon.redeemed", "eve", code=codes["eve"], order_id="5")
    shop.customer(BEGIN + 26 * HOUR, "fay")  # the day ends before
    until(BEGIN + 27 * HOUR)
    assert used(shop, "ten", BEGIN + 27 * HOUR) == (5, 2, 3)
    shop.happens(BEGIN + 28 * HOUR, "coupon.redeemed", "bob", code=codes["bob"], order_id="6")
    until(BEGIN + 29 * HOUR)
    assert used(shop, "ten", BEGIN + 29 * HOUR) == (5, 3, 2)
    expiries = [key for key, _ in shop.local.store.items() if key.startswith(b"\0expiry\0")]
    assert expiries == []
