"""What is wrong with a set of definitions, as values: where, what was found, what is allowed."""

import difflib
from collections.abc import Iterable

import msgspec

Path = tuple[str | int, ...]
"""Keys and list places from the root of the definitions set: ("flows", 0, "steps", 1, "wait")."""


MOST_NAMES_SHOWN = 40
"""A longer list of what is allowed tells nobody anything."""


NEAR = 0.72
"""How alike two names are, from 0 to 1, of which one is probably the other misspelt."""


class Problem(msgspec.Struct, frozen=True):
    """One thing that the writer of the definitions must change. `at_key` says that the key at the
    end of `path` is what is wrong, not its value."""

    path: Path
    message: str
    found: str | None = None
    allowed: tuple[str, ...] = ()
    nearest: str | None = None
    at_key: bool = False
    lacks_id: bool = False  # `sendflow flows check --fix` writes one
    first: Path | None = None  # where what is there twice stands for the first time

    def under(self, prefix: Path) -> "Problem":
        """The same problem seen from further up."""
        first = None if self.first is None else prefix + self.first
        return msgspec.structs.replace(self, path=prefix + self.path, first=first)

    def sentence(self) -> str:
        """The whole text without its place."""
        text = self.message
        if self.nearest is not None:
            text += f": did you mean {self.nearest!r}?"
        if 0 < len(self.allowed) <= MOST_NAMES_SHOWN:
            text += f" (allowed: {', '.join(self.allowed)})"
        return text


def unknown_name(
    path: Path, kind: str, found: str, allowed: Iterable[str], *, at_key: bool = False
) -> Problem:
    """`found` is no `kind` (a metric, a key, a segment) that exists; names the nearest one."""
    names = tuple(sorted(allowed))
    return Problem(
        path,
        f"unknown {kind} {found!r}" + ("" if names else ", and there is none"),
        found=found,
        allowed=names,
        nearest=nearest_name(found, names),
        at_key=at_key,
    )


def nearest_name(found: str, names: Iterable[str]) -> str | None:
    """The name that was probably meant, if one is near enough: a slip of the keyboard, or a longer
    or shorter form. `active` isn't `archived`: rather no advice than a wrong one."""
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
