"""The input topics as Faust sees them: names in the cluster, and which partitions are ours."""

from collections.abc import Iterable

import msgspec
from faust.types import TP


class InputTopics(msgspec.Struct, frozen=True):
    """Names in the cluster, by logical name and in the order of `engine.INPUTS`."""

    names: dict[str, str]
    partitions: int
    """How many partitions each of them has, and the changelog too."""

    @property
    def first(self) -> str:
        """The topic whose assignment decides which tasks live where (DESIGN 3)."""
        return next(iter(self.names.values()))

    def numbers(self, assigned: Iterable[TP]) -> set[int]:
        """The tasks that this assignment gives us."""
        return {tp.partition for tp in assigned if tp.topic == self.first}

    def all_of(self, numbers: Iterable[int]) -> set[TP]:
        """The partitions of all inputs with these numbers."""
        return {TP(name, number) for number in numbers for name in self.names.values()}
