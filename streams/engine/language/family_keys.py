"""The families of the flow language: conditions, triggers, steps, each by its members' keys.

A definition names a family only (`OneOf`); the families themselves are put together at the top
(compiling/families.py) and handed down, so that nothing below needs to import what nests in it.
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
        """The module of the member that `definition` was read as. Raises TypeError if it is none
        of the family's."""
        for module in self.members[family].values():
            if type(definition) is module.Definition:
                return module
        raise TypeError(f"{type(definition)} is no {family}")
