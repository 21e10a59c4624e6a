"""Problems of a set of definitions as values: path, found value, allowed values."""

import difflib
from collections.abc import Iterable

import msgspec

Path = tuple[str | int, ...]
"""Keys and list indexes from the root of the definitions set: ("flows", 0, "steps", 1, "wait")."""


MOST_NAMES_SHOWN = 40
"""A longer list of allowed names isn't shown: it would hide the message."""


NEAR = 0.72
"""Similarity of two names, from 0 to 1, above which one is probably a misspelling."""


class Problem(msgspec.Struct, frozen=True):
    """One problem in the definitions. `at_key`: the key at the end of `path` is wrong, not its
    value."""

    path: Path
    message: str
    found: str | None = None
    allowed: tuple[str, ...] = ()
    nearest: str | None = None
    at_key: bool = False
    lacks_id: bool = False  # `sendflow flows check --fix` writes one
    first: Path | None = None  # of a duplicate: the path of its first occurrence

    def under(self, prefix: Path) -> "Problem":
        """The same problem with `prefix` before its paths."""
        first = None if self.first is None else prefix + self.first
        return msgspec.structs.replace(self, path=prefix + self.path, first=first)

    def sentence(self) -> str:
        """The whole text without its path."""
        text = self.message
        if self.nearest is not None:
            text += f": did you mean {self.nearest!r}?"
        if 0 < len(self.allowed) <= MOST_NAMES_SHOWN:
            text += f" (allowed: {', '.join(self.allowed)})"
        return text


def unknown_name(
    path: Path, kind: str, found: str, allowed: Iterable[str], *, at_key: bool = False
) -> Problem:
    """The problem of an unknown `kind` (a metric, a key, a segment), with the nearest known
    name."""
    names = tuple(sorted(allowed))
    return Problem(
        path,
        f"unknown {kind} {found!r}" + ("" if names else "; none are defined"),
        found=found,
        allowed=names,
        nearest=nearest_name(found, names),
        at_key=at_key,
    )


def nearest_name(found: str, names: Iterable[str]) -> str | None:
    """The name that was probably meant: a misspelling, or a longer or shorter form; None if none is
    near enough. `active` isn't `archived`: no advice is better than wrong advice."""
    by_lower = {name.lower(): name for name in names}
    found = found.lower()
    for match in difflib.get_close_matches(found, by_lower, n=3, cutoff=0.6):
        is_form = found.startswith(match) or match.startswith(found)
        if is_form or difflib.SequenceMatcher(None, found, match).ratio() >= NEAR:
            return by_lower[match]
    return None


def path_text(path: Path) -> str:
    """`steps[1].wait` for ("steps", 1, "wait")."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            text += f".{part}" if text else part
    return text
