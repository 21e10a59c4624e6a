"""The articles of a task: what is known of each, and which customers wait for its news.

    \\0product\\0<sku>                      what `product.updated` said last
    \\0watch\\0<length><sku><customer>      kind, until: one key for each who waits
    \\0telling\\0<due, 8 bytes><length><sku> news on their way to more than one chunk of customers
    \\0swept                               how far those who wait have been looked through

An article's news go to those who wait for it in order of their ids, 500 at a time: the first of
them at once, each further chunk a millisecond later, as visits do (SEMANTICS 5.4). Cursors are own
keys, so a crash in the middle goes on where the last transaction ended.
"""

from collections.abc import Sequence

import msgspec

from streams.engine import ArticleNews, Instant, Interest, Product, merged, news_between
from streams.runtime.own_keys import OwnKeys
from streams.runtime.timers import FAR_FUTURE

FAN_OUT_CHUNK = 500
"""Customers per millisecond of a fan-out."""

SWEEP_EVERY = 64
SWEEP_BATCH = 256
"""After so many interests so many of those who wait are looked at, and those whose time is over are
forgotten: so there are never many more than are of use."""

_PRODUCT, _WATCH, _FAN_OUT = b"\x00product\x00", b"\x00watch\x00", b"\x00telling\x00"
_SWEPT = b"\x00swept"


class _Watcher(msgspec.Struct, array_like=True, gc=False):
    """Why a customer waits, and until when. Fields are only appended."""

    kind: str
    until: Instant


class _PendingFanOut(msgspec.Struct, array_like=True, gc=False):
    """News that go on behind `after`. Fields are only appended."""

    sku: str
    changes: list[ArticleNews]
    after: bytes  # a key of _WATCH


class _Swept(msgspec.Struct, array_like=True, gc=False):
    """Fields are only appended."""

    interests: int = 0  # since the last look
    after: bytes = b""  # a key of _WATCH


class FanOutEvent(msgspec.Struct, gc=False):
    """One piece of news for one customer."""

    customer: str
    interest: str
    change: ArticleNews


_encode = msgspec.msgpack.Encoder().encode
_product = msgspec.msgpack.Decoder(Product).decode
_watcher = msgspec.msgpack.Decoder(_Watcher).decode
_pending_fan_out = msgspec.msgpack.Decoder(_PendingFanOut).decode
_swept = msgspec.msgpack.Decoder(_Swept).decode


class Products:
    """What a task keeps of articles, as own keys."""

    def __init__(self, own: OwnKeys) -> None:
        self._own = own
        self._pending: dict[bytes, _PendingFanOut] = {
            key: _pending_fan_out(value) for key, value in own.page(_FAN_OUT, b"", 1 << 30)
        }
        self.next_due: Instant = FAR_FUTURE
        """When the next chunk is due (FAR_FUTURE: none), kept here because every record asks."""
        self._advance()

    def update(self, update: Product) -> list[ArticleNews]:
        """What the shop says of an article; what of that is news."""
        key = _PRODUCT + update.sku.encode()
        stored = self._own.get(key)
        before = None if stored is None else _product(stored)
        after = merged(before, update)
        if after is None:
            return []
        self._own.put(key, _encode(after))
        return list(news_between(before, after))

    def watch(self, interest: Interest, now: Instant) -> None:
        """A customer waits for an article, or doesn't any more."""
        key = _watchers_of(interest.sku) + interest.customer_id.encode()
        if interest.kind is not None:
            self._own.put(key, _encode(_Watcher(interest.kind, interest.until)))
            self._sweep(now)
        elif self._own.get(key) is not None:
            self._own.put(key, None)

    def fan_out(self, sku: str, changes: Sequence[ArticleNews], now: Instant) -> list[FanOutEvent]:
        """The first of those who wait for the article; if there are more, they're due from the next
        millisecond on."""
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
            events += [FanOutEvent(customer, watch.kind, change) for change in pending.changes]
        if len(rows) == FAN_OUT_CHUNK:
            rest = _PendingFanOut(pending.sku, pending.changes, rows[-1][0])
            self._continue_at(rest, now + 1)
        return events

    def _continue_at(self, pending: _PendingFanOut, due: Instant) -> None:
        key = _FAN_OUT + due.to_bytes(8, "big") + _sized(pending.sku)
        while key in self._pending:  # the article changed twice, and both have come this far
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
    """With its length in front: a sku that another one begins with has no share in its keys."""
    encoded = sku.encode()
    return len(encoded).to_bytes(2, "big") + encoded


def _watchers_of(sku: str) -> bytes:
    return _WATCH + _sized(sku)


def _due_of(key: bytes) -> Instant:
    return int.from_bytes(key[len(_FAN_OUT) : len(_FAN_OUT) + 8], "big")
