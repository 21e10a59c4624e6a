"""Reads states of format 2, written before orders were known by their ids, and ids of events were
remembered with the events.

    format 2    seen: 8 bytes of the last 64 ids; recent: [times of 12 bytes, data, since, total];
                order_left: {order id: what is left}; converted: order ids; soft_bounces: numbers
    now         recent: [times of 8 bytes, data, since, total, ids of 5 bytes]; known_orders and
                order_accounts; soft_bounces: ids of messages
"""

import struct
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from streams.engine.values import ID_HASH, Instant, id_hash

FORMAT_2 = b"\x02"

FIELDS: tuple[str, ...] = (
    "customer_id", "next_due", "sequence", "profile", "patched_at", "profile_at", "suppressed",
    "soft_bounces", "orders", "revenue", "refunds", "first_order_at", "last_order_at", "recent",
    "seen", "cart", "cart_at", "bought", "order_left", "last_send", "recent_sends", "entries",
    "journeys", "touches", "converted", "occasions", "memberships", "adapted", "reviews", "handled",
    "coupons", "watching",
)  # fmt: skip
"""The fields of format 2, in their order."""

_SEEN = 8
_TIMES = struct.Struct("<qI")
_TIME = struct.Struct(">Q")
_FOR_SEQUENCE = 22
_ORDER = struct.Struct(">5sQ")
_CART, _PLACED = "cart.updated", "order.placed"

_DEFAULT_PAST: list[Any] = [b"", [], 0, 0]

_decode = msgspec.msgpack.Decoder(list[Any]).decode


def fields_of_format_2(body: bytes, order: Sequence[str]) -> list[Any]:
    """The fields of a state of format 2, in today's `order`. Raises msgspec.MsgspecError for bytes
    that aren't one."""
    return with_known_orders(_decode(body), order)


def with_known_orders(fields: list[Any], order: Sequence[str]) -> list[Any]:
    """Fields in the order and with the meaning of format 2, in today's `order`. Fields that are
    missing at the end have their defaults."""
    state: dict[str, Any] = dict(zip(FIELDS, fields, strict=False))
    if "recent" in state:
        _move_ids(state)
        if _CART in state["recent"] and "cart_at" in state:
            # It was the moment of the order that emptied the cart, if that was later.
            state["cart_at"] = _newest_at(state["recent"][_CART])
    state["soft_bounces"] = {
        channel: b"".join(id_hash(str(number)) for number in range(in_a_row))
        for channel, in_a_row in state.get("soft_bounces", {}).items()
    }
    _open_accounts(state)
    known: list[Any] = []
    for name in order:
        if name not in state:
            break
        known.append(state[name])
    return known


def _move_ids(state: dict[str, Any]) -> None:
    """Puts each of the last ids to its event."""
    seen: bytes = state.get("seen", b"")
    first = state["sequence"] - len(seen) // _SEEN + 1
    ids = {first + number: seen[number * _SEEN :][:ID_HASH] for number in range(len(seen) // _SEEN)}
    recent = {}
    for metric, past in state["recent"].items():
        times, data, since, total = past + _DEFAULT_PAST[len(past) :]
        events = list(_TIMES.iter_unpack(times))
        recent[metric] = [
            b"".join(_time(at, sequence) for at, sequence in events),
            data,
            since,
            total,
            b"".join(ids.pop(sequence, bytes(ID_HASH)) for _, sequence in events),
        ]
    state["recent"] = recent
    state["seen"] = b"".join(ids.values())  # of events that are forgotten


def _time(at: Instant, sequence: int) -> bytes:
    at = min(max(at, 0), (1 << 64 - _FOR_SEQUENCE) - 1)
    return _TIME.pack(at << _FOR_SEQUENCE | sequence % (1 << _FOR_SEQUENCE))


def _newest_at(past: Sequence[Any]) -> Instant:
    newest: int = _TIME.unpack(past[0][-_TIME.size :])[0]
    return newest >> _FOR_SEQUENCE


def _open_accounts(state: dict[str, Any]) -> None:
    """The orders of `order_left`. Their totals are unknown: what is left takes the place of the
    total, and an order of which nothing is left counts as cancelled."""
    left: Mapping[str, int | None] = state.pop("order_left", {})
    state.pop("converted", None)
    records: list[bytes] = []
    accounts: dict[bytes, list[Any]] = {}
    for order_id, rest in left.items():
        key = id_hash(order_id)
        if rest is not None and rest >= 0:
            records.append(_ORDER.pack(key, rest << _FOR_SEQUENCE))
            if rest == 0:
                accounts[key] = [0, True]
            continue
        # It came before its order, and what it takes was taken already.
        amounts = [] if rest is None else [[-rest, None, -rest]]
        state["refunds"] += rest or 0
        accounts[key] = [0, rest is None, b"", None, None, None, None, _newest_of(state), amounts]
    state["known_orders"] = b"".join(records)
    state["order_accounts"] = accounts


def _newest_of(state: Mapping[str, Any]) -> Instant:
    return max((_newest_at(past) for past in state["recent"].values() if past[0]), default=0)
