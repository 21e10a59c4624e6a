"""The input topics in the cluster, and the assigned partitions."""

from collections.abc import Iterable

import msgspec
from faust.types import TP


class InputTopics(msgspec.Struct, frozen=True):
    """Names in the cluster, by logical name and in the order of `engine.INPUTS`."""

    names: dict[str, str]
    partitions: int
    """Number of partitions of each input and of the changelog."""

    @property
    def first(self) -> str:
        """The topic whose assignment decides the owners of tasks (DESIGN 3)."""
        return next(iter(self.names.values()))

    def numbers(self, assigned: Iterable[TP]) -> set[int]:
        """Numbers of the tasks in this assignment."""
        return {tp.partition for tp in assigned if tp.topic == self.first}

    def all_of(self, numbers: Iterable[int]) -> set[TP]:
        """Partitions of all inputs with these numbers."""
        return {TP(name, number) for number in numbers for name in self.names.values()}
