"""The families of the flow language: conditions, triggers, steps, each by its members' keys.

A definition only names a family (`OneOf`); the families themselves are assembled at the top
(compiling/families.py) and passed down, so that no member imports the members nested in it.
"""

from collections.abc import Mapping
from typing import Any

import msgspec


class Families(msgspec.Struct, frozen=True):
    """The modules of the members, by family and key."""

    members: Mapping[str, Mapping[str, Any]] = {}

    def members_of(self, family: str) -> Mapping[str, Any]:
        """The modules of a family by key."""
        return self.members[family]

    def module_of(self, family: str, definition: msgspec.Struct) -> Any:
        """The module whose Definition `definition` is. Raises TypeError if it isn't of the
        family."""
        for module in self.members[family].values():
            if type(definition) is module.Definition:
                return module
        raise TypeError(f"{type(definition)} is not a {family}")
