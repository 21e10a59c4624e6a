"""The uses of the codes that a task gives (SEMANTICS 7.1): redeemed, expired, or still valid.

    \\0held\\0 customer            codes that were given and not redeemed, oldest first
    \\0expiry\\0 pool \\0 expiry    number of such codes that expire at this moment
    \\0uses\\0 pool                UseCounts

A code is redeemed once the customer to whom it was given reports it, also after its expiry: so each
given code is redeemed, expired or valid, and never two of them. A code that expired REDEEMABLE ago
stays expired: it is forgotten when its customer is given another, so a customer's key doesn't grow
with the years. The expiries hold no customer, and stay when one is erased. Those that have passed
are added up at the end of a day; those that have passed since are the reader's to add.

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

REDEEMABLE: Instant = 365 * DAY
"""Time after its expiry in which a code still counts as redeemed, ms."""

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

    code: str  # as compared
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
        held = [one for one in self._held_by(customer) if not _is_forgotten(one, at)]
        held.append(_Held(_as_compared(code), pool, expires_at))
        self._keep_held(customer, held)
        if expires_at is not None:
            self._add(pool, expires_at, 1)
        self._keep(pool, counts)

    def redeem(self, customer: str, code: str) -> None:
        """Counts a code that the customer reports as used. One that wasn't given to the customer,
        or was reported before, changes nothing. Case and blanks around are ignored."""
        code, kept = _as_compared(code), []
        held = self._held_by(customer)
        for one in held:
            if one.code != code:
                kept.append(one)
                continue
            counts = self._counts(one.pool)
            counts.redeemed += 1
            if one.expires_at is not None and not self._add(one.pool, one.expires_at, -1):
                counts.expired -= 1  # it had expired
            self._keep(one.pool, counts)
        if len(kept) < len(held):
            self._keep_held(customer, kept)

    def forget(self, customer: str) -> None:
        """Forgets to whom the codes of an erased customer were given. They expire all the same."""
        if self._held_by(customer):
            self._keep_held(customer, [])

    def close_day(self, now: Instant) -> None:
        """Adds up the expiries that have passed."""
        # By name, as the store has them: a task that was restored writes the same bytes.
        for pool, counts in sorted(self._pools.items()):
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

    def _held_by(self, customer: str) -> list[_Held]:
        known = self._keys.get(_HELD + customer.encode())
        return [] if known is None else _decode_held(known)

    def _keep_held(self, customer: str, held: list[_Held]) -> None:
        self._keys.put(_HELD + customer.encode(), _encode(held) if held else None)


def moment_of_expiry(key: bytes) -> Instant:
    """The moment in a key that begins with EXPIRY."""
    return int.from_bytes(key[-8:], "big")


def pool_of_expiry(key: bytes) -> str:
    """The pool in a key that begins with EXPIRY."""
    return key[len(EXPIRY) : -9].decode()


def _expiries_of(pool: str) -> bytes:
    return EXPIRY + pool.encode() + b"\x00"


def _is_forgotten(held: _Held, now: Instant) -> bool:
    return held.expires_at is not None and held.expires_at + REDEEMABLE <= now


def _as_compared(code: str) -> str:
    return code.strip().casefold()
