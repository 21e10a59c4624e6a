"""The articles of a task: the last update of each, and the watching customers.

    \\0product\\0<sku>                       the last `product.updated`
    \\0watch\\0<length><sku><customer>       kind, until: one key per watching customer
    \\0telling\\0<due, 8 bytes><length><sku>  a fan-out of more than one chunk
    \\0swept                                 cursor of the removal of expired watchers

News of an article go to its watching customers in order of their ids, 500 at a time: the first
chunk at once, each further one a millisecond later, like scans (SEMANTICS 5.4). Cursors are own
keys, so after a crash a fan-out resumes where the last transaction ended.
"""

from collections.abc import Sequence

import msgspec

from streams.engine import (
    ArticleNews,
    Instant,
    Interest,
    Product,
    SeenPrice,
    price_at,
)
from streams.engine.customer import FOLLOWED
from streams.runtime.own_keys import OwnKeys
from streams.runtime.timers import FAR_FUTURE

FAN_OUT_CHUNK = 500
"""Customers per millisecond of a fan-out."""

SWEEP_EVERY = 64
SWEEP_BATCH = 256
"""After every SWEEP_EVERY interests, SWEEP_BATCH watchers are checked and expired ones deleted."""

_PRODUCT, _WATCH, _FAN_OUT = b"\x00product\x00", b"\x00watch\x00", b"\x00telling\x00"
_SWEPT = b"\x00swept"


class _Watcher(msgspec.Struct, array_like=True, gc=False):
    """The interest of a watching customer, and the price that the customer saw. Fields are only
    appended."""

    kind: str
    until: Instant
    seen: SeenPrice | None = None  # None: the article had no price yet


class _PendingFanOut(msgspec.Struct, array_like=True, gc=False):
    """A fan-out that resumes after `after`. Fields are only appended."""

    sku: str
    changes: list[ArticleNews]
    after: bytes  # a key of _WATCH


class _Swept(msgspec.Struct, array_like=True, gc=False):
    """Fields are only appended."""

    interests: int = 0  # since the last sweep
    after: bytes = b""  # a key of _WATCH


class FanOutEvent(msgspec.Struct, gc=False):
    """One change of an article, for one customer."""

    customer: str
    interest: str
    seen: SeenPrice | None
    change: ArticleNews


_encode = msgspec.msgpack.Encoder().encode
_product = msgspec.msgpack.Decoder(Product).decode
_watcher = msgspec.msgpack.Decoder(_Watcher).decode
_pending_fan_out = msgspec.msgpack.Decoder(_PendingFanOut).decode
_swept = msgspec.msgpack.Decoder(_Swept).decode


class Products:
    """The articles of a task, stored as own keys."""

    def __init__(self, own: OwnKeys) -> None:
        self._own = own
        self._pending: dict[bytes, _PendingFanOut] = {
            key: _pending_fan_out(value) for key, value in own.page(_FAN_OUT, b"", 1 << 30)
        }
        self.next_due: Instant = FAR_FUTURE
        """Due time of the next chunk (FAR_FUTURE: none); stored, because it is read per record."""
        self._advance()

    def is_empty(self) -> bool:
        """True if no article is known."""
        return not self._own.page(_PRODUCT, b"", 1)

    def get(self, sku: str) -> Product | None:
        """The article after its last update; None if it is unknown."""
        stored = self._own.get(_PRODUCT + sku.encode())
        return None if stored is None else _product(stored)

    def put(self, product: Product) -> None:
        """Stores an article after an update."""
        self._own.put(_PRODUCT + product.sku.encode(), _encode(product))

    def watch(self, interest: Interest, now: Instant) -> None:
        """Begins, prolongs or ends a customer's watch of an article."""
        key = _watchers_of(interest.sku) + interest.customer_id.encode()
        if interest.kind is not None:
            held = self._own.get(key)
            watcher = None if held is None else _watcher(held)
            if interest.kind == FOLLOWED and watcher is not None and watcher.until > now:
                # An entry shows no price: what P looked at or wished for counts (SEMANTICS 7.6).
                watcher.until = max(watcher.until, interest.until)
            else:
                watcher = _Watcher(interest.kind, interest.until, self._seen_price(interest))
            self._own.put(key, _encode(watcher))
            self._sweep(now)
        elif self._own.get(key) is not None:
            self._own.put(key, None)

    def _seen_price(self, interest: Interest) -> SeenPrice | None:
        """The price in the customer's event, else the article's at that moment: in simulated time
        it may have changed since, as the interest comes at midnight."""
        if interest.seen_price is not None:
            return SeenPrice(interest.seen_price, interest.currency)
        product = self.get(interest.sku)
        return (
            None if product is None else SeenPrice(price_at(product, interest.at), product.currency)
        )

    def fan_out(self, sku: str, changes: Sequence[ArticleNews], now: Instant) -> list[FanOutEvent]:
        """The events of the first chunk; further chunks are due from the next millisecond on."""
        return self._events_of(_PendingFanOut(sku, list(changes), b""), now)

    def next_chunk(self) -> list[FanOutEvent]:
        """The events of the chunk that is due at `next_due`."""
        due = self.next_due
        key = min(self._pending)
        pending = self._pending.pop(key)
        self._own.put(key, None)
        events = self._events_of(pending, due)
        self._advance()
        return events

    def _events_of(self, pending: _PendingFanOut, now: Instant) -> list[FanOutEvent]:
        prefix = _watchers_of(pending.sku)
        rows = self._own.page(prefix, pending.after, FAN_OUT_CHUNK)
        events = []
        for key, value in rows:
            watch = _watcher(value)
            if watch.until <= now:
                self._own.put(key, None)
                continue
            customer = key[len(prefix) :].decode()
            events += [
                FanOutEvent(customer, watch.kind, watch.seen, change) for change in pending.changes
            ]
        if len(rows) == FAN_OUT_CHUNK:
            rest = _PendingFanOut(pending.sku, pending.changes, rows[-1][0])
            self._continue_at(rest, now + 1)
        return events

    def _continue_at(self, pending: _PendingFanOut, due: Instant) -> None:
        key = _FAN_OUT + due.to_bytes(8, "big") + _sized(pending.sku)
        while key in self._pending:  # two fan-outs of the article are at the same chunk
            key += b"\x00"
        self._pending[key] = pending
        self._own.put(key, _encode(pending))
        self._advance()

    def _sweep(self, now: Instant) -> None:
        stored = self._own.get(_SWEPT)
        swept = _Swept() if stored is None else _swept(stored)
        swept.interests += 1
        if swept.interests >= SWEEP_EVERY:
            rows = self._own.page(_WATCH, swept.after, SWEEP_BATCH)
            for key, value in rows:
                if _watcher(value).until <= now:
                    self._own.put(key, None)
            swept = _Swept(0, rows[-1][0] if len(rows) == SWEEP_BATCH else b"")
        self._own.put(_SWEPT, _encode(swept))

    def _advance(self) -> None:
        first = min(self._pending, default=None)
        self.next_due = FAR_FUTURE if first is None else _due_of(first)


def _sized(sku: str) -> bytes:
    """A sku after its length, so that no sku's keys begin with another's."""
    encoded = sku.encode()
    return len(encoded).to_bytes(2, "big") + encoded


def _watchers_of(sku: str) -> bytes:
    return _WATCH + _sized(sku)


def _due_of(key: bytes) -> Instant:
    return int.from_bytes(key[len(_FAN_OUT) : len(_FAN_OUT) + 8], "big")
