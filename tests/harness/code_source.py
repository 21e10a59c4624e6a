"""Codes for tests: lists, and numbers for those made by rule."""

from typing import NamedTuple


class Given(NamedTuple):
    """A code that was given."""

    customer: str
    pool: str
    code: str
    at: int
    expires_at: int | None


class ListedCodes:
    """A CodeSource."""

    def __init__(self, **codes: list[str]) -> None:
        self.codes = {pool: list(some) for pool, some in codes.items()}
        self.made = 0
        self.given: list[Given] = []

    def next_loaded(self, pool: str, at: int) -> str | None:
        codes = self.codes.get(pool)
        return codes.pop(0) if codes else None

    def make(self, prefix: str, length: int) -> str:
        self.made += 1
        return f"{prefix}{self.made:0{length}}"

    def left(self, pool: str) -> int:
        return len(self.codes.get(pool, ()))

    def note_given(
        self, customer: str, pool: str, code: str, at: int, expires_at: int | None
    ) -> None:
        self.given.append(Given(customer, pool, code, at, expires_at))
