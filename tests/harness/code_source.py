"""Codes for tests: lists, and numbers for those made by rule."""


class ListedCodes:
    """A CodeSource."""

    def __init__(self, **codes: list[str]) -> None:
        self.left = {pool: list(some) for pool, some in codes.items()}
        self.made = 0

    def next_loaded(self, pool: str) -> str | None:
        codes = self.left.get(pool)
        return codes.pop(0) if codes else None

    def make(self, prefix: str, length: int) -> str:
        self.made += 1
        return f"{prefix}{self.made:0{length}}"
