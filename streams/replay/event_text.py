"""Events as short texts, for timelines."""

from collections.abc import Callable, Mapping
from typing import Any

from streams.engine import METRICS
from streams.engine.values import FieldType, amount_text
from streams.replay.words import Words

Fields = Mapping[str, Any]


def event_text(metric: str, fields: Fields, words: Words) -> str:
    """`order.placed 536365: 139.12 GBP, 7 items`."""
    build = EVENT_TEXTS.get(metric)
    about = _others(metric, fields, words) if build is None else build(fields, words)
    return f"{metric} {about}".rstrip()


def _amount(fields: Fields, name: str = "total") -> str:
    currency = fields.get("currency") or ""
    amount = fields.get(name)
    return "" if amount is None else f"{amount_text(amount, currency)} {currency}".rstrip()


def _number_of_items(fields: Fields) -> str:
    number = len(fields.get("items") or ())
    return f"{number} item" if number == 1 else f"{number} items"


def _order(fields: Fields, words: Words) -> str:
    return f"{fields.get('order_id')}: {_amount(fields)}, {_number_of_items(fields)}"


def _fulfilled(fields: Fields, words: Words) -> str:
    expected = fields.get("expected_delivery")
    text = str(fields.get("order_id"))
    return text if expected is None else f"{text}, expected {words.moment(expected)}"


def _given_back(fields: Fields, words: Words) -> str:
    amount = _amount(fields, "amount")
    return f"{fields.get('order_id')}: {amount}" if amount else str(fields.get("order_id"))


def _redeemed(fields: Fields, words: Words) -> str:
    return f"{fields.get('code')} on order {fields.get('order_id')}"


def _cart(fields: Fields, words: Words) -> str:
    if not fields.get("items"):
        return f"{fields.get('cart_id')}: emptied"
    return f"{fields.get('cart_id')}: {_amount(fields)}, {_number_of_items(fields)}"


def _search(fields: Fields, words: Words) -> str:
    number = fields.get("results")
    return f'"{fields.get("query")}" ({number} {"result" if number == 1 else "results"})'


def _view(fields: Fields, words: Words) -> str:
    return str(fields.get("name") or fields.get("sku"))


def _profile(fields: Fields, words: Words) -> str:
    changes = [f"{name} = {_value(value)}" for name, value in (fields.get("set") or {}).items()]
    changes += [f"{name} unset" for name in fields.get("unset") or ()]
    return ", ".join(changes)


def _channel(fields: Fields, words: Words) -> str:
    return f"{fields.get('channel')}{_topic(fields)}"


def _topic(fields: Fields) -> str:
    """Returns the topic that a subscription is about; without one it is about the channel."""
    return f", topic {fields['topic']}" if (fields.get("topic") or "").strip() else ""


def _report(fields: Fields, words: Words) -> str:
    """A report of a delivery: its message, and what it says."""
    send_id = str(fields.get("send_id"))
    about = words.messages.get(send_id, f"send_id {send_id}")
    more = [str(fields[name]) for name in ("kind", "address", "url") if fields.get(name)]
    if fields.get("machine"):
        more.append("by a machine")
    by = f"{about} by {fields.get('channel')}{_topic(fields)}"
    return by + (f" ({', '.join(more)})" if more else "")


def _back(fields: Fields, words: Words) -> str:
    stock = fields.get("stock")
    return (
        f"{_view(fields, words)}: {stock} in stock, {_amount(fields, 'price')}{_interest(fields)}"
    )


def _cheaper(fields: Fields, words: Words) -> str:
    seen = "previous_price" if fields.get("seen_price") is None else "seen_price"
    before, now = _amount(fields, seen), _amount(fields, "price")
    return f"{_view(fields, words)}: {before} -> {now}{_interest(fields)}"


def _interest(fields: Fields) -> str:
    """Returns the reason of news about an article."""
    return _INTERESTS.get(str(fields.get("interest")), "")


def _review(fields: Fields, words: Words) -> str:
    return f"{fields.get('verdict')} by {fields.get('by') or 'a person'}: {fields.get('send_id')}"


def _backfill(fields: Fields, words: Words) -> str:
    recorded = fields.get("recorded_at")
    of = f" at {words.moment(recorded)}" if isinstance(recorded, int) else ""
    by = fields.get("by") or "a person"
    return f"into {fields.get('flow')} by {by}, event of {fields.get('topic')}{of}"


def _others(metric: str, fields: Fields, words: Words) -> str:
    apart = ("event_id", "customer_id", "occurred_at", "metric")
    known = METRICS.get(metric)
    types = {} if known is None else {name: one.type for name, one in known.fields.items()}
    texts = []
    for name, value in fields.items():
        if name in apart or value in (None, [], {}):
            continue
        match types.get(name):
            case FieldType.MONEY:
                texts.append(f"{name} {_amount(fields, name)}")
            case FieldType.MOMENT if isinstance(value, int):
                texts.append(f"{name} {words.moment(value)}")
            case _:
                texts.append(f"{name} {_value(value)}")
    return ", ".join(texts)


def _value(value: Any) -> str:
    match value:
        case list():
            return "+".join(map(str, value)) or "none"
        case bool():
            return "yes" if value else "no"
        case dict():
            return ", ".join(f"{name}: {_value(entry)}" for name, entry in value.items())
    return str(value)


_INTERESTS = {"wishlist": " (wishlist)", "viewed": " (viewed)", "followed": " (in a flow)"}

EVENT_TEXTS: dict[str, Callable[[Fields, Words], str]] = {
    "order.placed": _order,
    "order.fulfilled": _fulfilled,
    "order.cancelled": _given_back,
    "order.refunded": _given_back,
    "coupon.redeemed": _redeemed,
    "cart.updated": _cart,
    "checkout.started": _cart,
    "search.performed": _search,
    "view.item": _view,
    "customer.updated": _profile,
    "customer.subscribed": _channel,
    "customer.unsubscribed": _channel,
    "message.delivered": _report,
    "message.bounced": _report,
    "message.complained": _report,
    "message.opened": _report,
    "message.clicked": _report,
    "message.unsubscribed": _report,
    "product.back_in_stock": _back,
    "product.price_dropped": _cheaper,
    "product.sold_out": _back,
    "product.low_stock": _back,
    "review": _review,
    "backfill": _backfill,
}
"""By metric; other metrics list their fields."""
