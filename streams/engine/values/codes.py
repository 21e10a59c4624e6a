"""Codes made by rule (SEMANTICS 7.1): unique, because each stands for a number of its own; not to
be guessed, because a key has mixed the numbers.

    task p, its counter c ──► c x 4096 + p ──► permutation of 0 .. 32^length - 1 ──► prefix + code

No two tasks have a number in common, and the permutation gives no two numbers the same code. When
the codes of one length have run out, those with one more character follow.
"""

from hashlib import blake2b
from typing import Protocol

ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
"""32 characters, without those that are taken for one another (0 and O, 1 and I)."""

MOST_PARTITIONS = 4096
"""So many tasks have numbers of their own. Changing it would give codes twice."""

LONGEST_CODE = 100

_BITS = 5  # of one character
_ROUNDS = 8


class CodeSource(Protocol):
    """Where codes come from: each call gives another one, and never one again."""

    def next_loaded(self, pool: str) -> str | None:
        """A code of those that were loaded for `pool`; None: there is none left."""

    def make(self, prefix: str, length: int) -> str:
        """A code made by rule."""


class NoCodeSource:
    """No codes at all."""

    def next_loaded(self, pool: str) -> str | None:
        """None."""
        return None

    def make(self, prefix: str, length: int) -> str:
        """Whoever makes codes must number them."""
        raise NotImplementedError


NO_CODES = NoCodeSource()


def number_of_codes(length: int) -> int:
    """How many codes there are with `length` characters after the prefix."""
    return int(len(ALPHABET) ** length)


def number_of(counter: int, partition: int) -> int:
    """The number of the task's code that was made after `counter` others."""
    return counter * MOST_PARTITIONS + partition


def code_of(key: str, prefix: str, length: int, number: int) -> str:
    """The code of a number below `number_of_codes(length)`; another one for each number."""
    mixed = _permuted(_Mixing(key, prefix, length), number)
    characters = ""
    for _ in range(length):
        mixed, place = divmod(mixed, len(ALPHABET))
        characters += ALPHABET[place]
    return prefix + characters


def may_make(prefix: str, code: str) -> bool:
    """Whether a rule with this prefix may one day make `code`, or what begins with it. Codes are
    typed by people: small letters are the same."""
    code, prefix = code.upper(), prefix.upper()
    return code.startswith(prefix) and set(code[len(prefix) :]) <= set(ALPHABET)


def is_code(text: str) -> bool:
    """Whether `text` can be a code, or the beginning of one: nothing that can't be seen in it."""
    return len(text) <= LONGEST_CODE and text.isprintable() and text == text.strip()


class _Mixing:
    """A Feistel network over an even number of bits: whatever the round function is, it can be
    undone, and so it gives no value twice."""

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
    """With an odd number of bits the network has twice as many values: it's asked again until the
    value is one of ours (cycle walking)."""
    assert 0 <= number < mix.size
    value = mix(number)
    while value >= mix.size:
        value = mix(value)
    return value
