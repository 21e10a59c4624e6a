"""The uses of the codes that a task gives (SEMANTICS 7.1): redeemed, expired, or still valid.

    \\0held\\0 customer code       codes that were given and not redeemed: their pools and expiries
    \\0expiry\\0 pool \\0 expiry    number of such codes that expire at this moment
    \\0uses\\0 pool                UseCounts

A code is redeemed once the customer to whom it was given reports it, also after its expiry: so each
given code is redeemed, expired or valid, and never two of them. The expiries hold no customer, and
stay when one is erased. Those that have passed are added up at the end of a day; those that have
passed since are the reader's to add.

    given ──► held, expiry + 1 ──► redeemed: both are gone, redeemed + 1
                              └──► over: expiry gone, expired + 1 ──► redeemed all the same
"""

import msgspec

from streams.engine import Instant
from streams.engine.values import DAY
from streams.runtime.own_keys import OwnKeys

USES = b"\x00uses\x00"
EXPIRY = b"\x00expiry\x00"
_HELD = b"\x00held\x00"

RATE_DAYS = 14
"""Days whose given codes are counted apart, beside the current one: for forecasts."""

_MOST_ADDED_UP = 20_000
"""Expiries of a pool added up at the end of a day: a fraction of a second. The others follow."""
_ALL = 1 << 30


class UseCounts(msgspec.Struct, array_like=True):
    """Counts of the codes of one pool that a task gave. Fields are only appended."""

    since: Instant = 0  # when counting began; codes given before aren't among them
    redeemed: int = 0
    expired: int = 0  # those whose expiry is added up
    by_day: dict[int, int] = {}  # day since the epoch (UTC) -> codes given


class _Held(msgspec.Struct, array_like=True):
    """A code that a customer was given."""

    pool: str
    expires_at: Instant | None


_encode = msgspec.msgpack.Encoder().encode
decode_uses = msgspec.msgpack.Decoder(UseCounts).decode
"""The counts in the value of a key that begins with USES. Raises msgspec.MsgspecError."""
_decode_held = msgspec.msgpack.Decoder(list[_Held]).decode


class CouponUses:
    """Counts the uses of given codes."""

    def __init__(self, keys: OwnKeys) -> None:
        self._keys = keys
        self._pools = {
            key[len(USES) :].decode(): decode_uses(value)
            for key, value in keys.page(USES, b"", _ALL)
        }

    def give(
        self, customer: str, pool: str, code: str, at: Instant, expires_at: Instant | None
    ) -> None:
        """Counts a code that is given."""
        counts = self._counts(pool)
        today = at // DAY
        counts.since = counts.since or at
        counts.by_day[today] = counts.by_day.get(today, 0) + 1
        if len(counts.by_day) > RATE_DAYS + 1:
            for day in [day for day in counts.by_day if day < today - RATE_DAYS]:
                del counts.by_day[day]
        key = _held_key(customer, code)
        known = self._keys.get(key)
        held = [] if known is None else _decode_held(known)
        held.append(_Held(pool, expires_at))
        self._keys.put(key, _encode(held))
        if expires_at is not None:
            self._add(pool, expires_at, 1)
        self._keep(pool, counts)

    def redeem(self, customer: str, code: str) -> None:
        """Counts a code that the customer reports as used. One that wasn't given to the customer,
        or was reported before, changes nothing. Case and blanks around are ignored."""
        key = _held_key(customer, code)
        known = self._keys.get(key)
        if known is None:
            return
        for held in _decode_held(known):
            counts = self._counts(held.pool)
            counts.redeemed += 1
            if held.expires_at is not None and not self._add(held.pool, held.expires_at, -1):
                counts.expired -= 1  # it had expired
            self._keep(held.pool, counts)
        self._keys.put(key, None)

    def forget(self, customer: str) -> None:
        """Forgets to whom the codes of an erased customer were given. They expire all the same."""
        for key, _ in self._keys.page(_held_by(customer), b"", _ALL):
            self._keys.put(key, None)

    def close_day(self, now: Instant) -> None:
        """Adds up the expiries that have passed."""
        for pool, counts in self._pools.items():
            passed = 0
            for expiry, codes in self._keys.page(_expiries_of(pool), b"", _MOST_ADDED_UP):
                if moment_of_expiry(expiry) > now:
                    break
                passed += int.from_bytes(codes, "big")
                self._keys.put(expiry, None)
            if passed:
                counts.expired += passed
                self._keep(pool, counts)

    def _add(self, pool: str, expires_at: Instant, number: int) -> bool:
        """Adds codes to those that expire at a moment; False if there are none to take off."""
        key = _expiries_of(pool) + expires_at.to_bytes(8, "big")
        known = self._keys.get(key)
        if known is None and number < 0:
            return False
        codes = number + (0 if known is None else int.from_bytes(known, "big"))
        self._keys.put(key, codes.to_bytes(4, "big") if codes else None)
        return True

    def _counts(self, pool: str) -> UseCounts:
        counts = self._pools.get(pool)
        if counts is None:
            counts = self._pools[pool] = UseCounts()
        return counts

    def _keep(self, pool: str, counts: UseCounts) -> None:
        self._keys.put(USES + pool.encode(), _encode(counts))


def moment_of_expiry(key: bytes) -> Instant:
    """The moment in a key that begins with EXPIRY."""
    return int.from_bytes(key[-8:], "big")


def pool_of_expiry(key: bytes) -> str:
    """The pool in a key that begins with EXPIRY."""
    return key[len(EXPIRY) : -9].decode()


def _expiries_of(pool: str) -> bytes:
    return EXPIRY + pool.encode() + b"\x00"


def _held_by(customer: str) -> bytes:
    """The beginning of the keys of a customer's codes. The length comes first: an id may hold any
    character, and be the beginning of another."""
    name = customer.encode()
    return _HELD + len(name).to_bytes(2, "big") + name


def _held_key(customer: str, code: str) -> bytes:
    return _held_by(customer) + code.strip().casefold().encode()
