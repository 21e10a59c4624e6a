"""States of older formats, each with what its fields meant to the version that wrote it."""

from pathlib import Path
from typing import Any

import msgspec

from streams.engine import CustomerState, cart_of, patch_times
from streams.engine.customer.duplicates import is_duplicate
from streams.engine.customer.known_orders import find_order
from streams.engine.values import ID_HASH, as_written, id_hash

CHANGED = (
    "seen", "order_left", "converted", "refunds", "cart_at", "soft_bounces", "known_orders",
    "order_accounts", "order_contents",
)  # fmt: skip
"""Fields of format 2 or of today that say it in another way in the other."""


class OldState(msgspec.Struct):
    """A state, and the values of its fields as the old version read them."""

    bytes: bytes
    meaning: dict[str, Any]


def read_states(name: str) -> list[OldState]:
    """The states in a file beside this one."""
    lines = (Path(__file__).parent / name).read_bytes().splitlines()
    return [msgspec.json.decode(line, type=OldState) for line in lines]


def assert_means(state: CustomerState, old: dict[str, Any]) -> None:
    """Every field of format 2 is there, as it is or in today's form."""
    now = meaning(state)
    for name in old.keys() - set(CHANGED):
        assert now[name] == old[name], name
    in_a_row = {channel: len(ids) // ID_HASH for channel, ids in state.soft_bounces.items()}
    assert in_a_row == old["soft_bounces"]
    taken_before = 0
    for order_id, left in old["order_left"].items():
        order = find_order(state, order_id)
        if left is None or left < 0:
            assert order is None
            account = state.order_accounts[id_hash(order_id)]
            assert account.is_cancelled == (left is None)
            assert account.waiting == ([] if left is None else [(-left, None, -left)])
            taken_before += left or 0
        else:
            assert order is not None
            assert order.worth == left
            assert (order.account is not None and order.account.is_cancelled) == (left == 0)
    assert state.refunds == old["refunds"] + taken_before
    seen = bytes.fromhex(old["seen"])
    for place in range(0, len(seen), 8):
        assert is_duplicate(state, "view.list", seen[place : place + ID_HASH])
    carts = old["recent"].get("cart.updated")
    assert state.cart_at == (carts["events"][-1]["at"] if carts else old["cart_at"])


def plain(value: Any) -> Any:
    """As JSON, with bytes in hex."""
    if isinstance(value, msgspec.Struct):
        return {name: plain(getattr(value, name)) for name in value.__struct_fields__}
    if isinstance(value, dict):
        return {plain(key): plain(part) for key, part in value.items()}
    if isinstance(value, list):
        return [plain(part) for part in value]
    if isinstance(value, bytes):
        return value.hex()
    return msgspec.to_builtins(value)


def meaning(state: CustomerState) -> dict[str, Any]:
    """The values of all fields, what is packed unpacked."""
    told: dict[str, Any] = plain(state)
    del told["patched_at"]
    told["profile_at"] = patch_times(state)
    told["totals"] = {metric: past.total for metric, past in state.recent.items()}
    told["recent"] = {
        metric: {"since": past.since, "events": [plain(one) for one in past]}
        for metric, past in state.recent.items()
    }
    assert (told.pop("followed"), told.pop("ordered")) == ([], "")
    told["cart"] = plain(cart_of(state))
    for watch in told["watching"].values():
        assert (watch.pop("seen_price"), watch.pop("is_sold_out")) == (None, False)
        assert watch.pop("weaker") == {}
    for membership in told["memberships"].values():
        assert membership.pop("is_told") is False
    for name in ("journeys", "reviews"):
        for journey, shown in zip(getattr(state, name), told[name], strict=True):
            data = journey.trigger_data()
            written = as_written(data)
            shown["trigger"] = data | {"\0as_written": None if written is data else written}
    return told
