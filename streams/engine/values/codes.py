"""Generated coupon codes (SEMANTICS 7.1): unique, because each encodes a number of its own; not
guessable, because the numbers are permuted with a key.

    task p, its counter c ──► c x 4096 + p ──► permutation of 0 .. 32^length - 1 ──► prefix + code

No two tasks share a number, and a permutation maps no two numbers to the same code. When the codes
of one length are used up, codes with one more character follow.
"""

from hashlib import blake2b
from typing import Protocol

ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
"""32 characters, without 0 and O, 1 and I, which are easily confused."""

MOST_PARTITIONS = 4096
"""Limit on tasks, each with numbers of its own. Changing it would generate codes twice."""

LONGEST_CODE = 100

_BITS = 5  # of one character
_ROUNDS = 8


class CodeSource(Protocol):
    """A source of codes: no call returns a code that another call has returned."""

    def next_loaded(self, pool: str, at: int) -> str | None:
        """The next loaded code of `pool`, given at `at`; None if none is left."""

    def make(self, prefix: str, length: int) -> str:
        """A generated code."""

    def left(self, pool: str) -> int:
        """The loaded codes of `pool` that aren't given yet, here: in this task."""

    def note_given(
        self, customer: str, pool: str, code: str, at: int, expires_at: int | None
    ) -> None:
        """Told of each code when it is given, so that its use and its expiry can be counted.
        Moments in ms since the epoch."""


class NoCodeSource:
    """A source without codes."""

    def next_loaded(self, pool: str, at: int) -> str | None:
        """None."""
        return None

    def make(self, prefix: str, length: int) -> str:
        """Not supported: codes need numbers."""
        raise NotImplementedError

    def left(self, pool: str) -> int:
        """None is left."""
        return 0

    def note_given(
        self, customer: str, pool: str, code: str, at: int, expires_at: int | None
    ) -> None:
        """Nothing is given."""


NO_CODES = NoCodeSource()


def left_fact(pool: str) -> str:
    """The store fact with the codes of `pool` that are left in all partitions."""
    return f"coupons.{pool}.left"


def is_left_fact(fact: str) -> bool:
    """True for a store fact of coupon codes that are left."""
    return fact.startswith("coupons.") and fact.endswith(".left")


def number_of_codes(length: int) -> int:
    """The number of codes with `length` characters after the prefix."""
    return int(len(ALPHABET) ** length)


def number_of(counter: int, partition: int) -> int:
    """The number of the code that a task generates after `counter` others."""
    return counter * MOST_PARTITIONS + partition


def code_of(key: str, prefix: str, length: int, number: int) -> str:
    """The code of a number below `number_of_codes(length)`; different for each number."""
    mixed = _permuted(_Mixing(key, prefix, length), number)
    characters = ""
    for _ in range(length):
        mixed, place = divmod(mixed, len(ALPHABET))
        characters += ALPHABET[place]
    return prefix + characters


def may_make(prefix: str, code: str) -> bool:
    """True if a rule with this prefix could generate `code` or a code that begins with it. People
    type codes, so case is ignored."""
    code, prefix = code.upper(), prefix.upper()
    return code.startswith(prefix) and set(code[len(prefix) :]) <= set(ALPHABET)


def is_code(text: str) -> bool:
    """True if `text` can be a code or the beginning of one: only visible characters."""
    return len(text) <= LONGEST_CODE and text.isprintable() and text == text.strip()


class _Mixing:
    """A Feistel network over an even number of bits: invertible whatever the round function is, and
    so it returns no value twice."""

    def __init__(self, key: str, prefix: str, length: int) -> None:
        self._key = blake2b(key.encode(), digest_size=32).digest()
        self._series = f"{length}:{prefix}".encode()
        self._half = (_BITS * length + 1) // 2
        self._mask = (1 << self._half) - 1
        self.size = number_of_codes(length)

    def __call__(self, number: int) -> int:
        left, right = number >> self._half, number & self._mask
        for turn in range(_ROUNDS):
            left, right = right, left ^ self._round(turn, right)
        return left << self._half | right

    def _round(self, turn: int, half: int) -> int:
        written = b"%d:%d:%s" % (turn, half, self._series)
        mixed = blake2b(written, key=self._key, digest_size=32).digest()
        return int.from_bytes(mixed, "big") & self._mask


def _permuted(mix: _Mixing, number: int) -> int:
    """A permutation of the numbers below `mix.size`. With an odd number of bits the network has
    twice as many values: it is applied until the value is below the limit (cycle walking)."""
    assert 0 <= number < mix.size
    value = mix(number)
    while value >= mix.size:
        value = mix(value)
    return value
