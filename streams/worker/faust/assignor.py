"""Faust's assignor for a member that returns to its place in the group (static membership).

Within its session it gets the assignment of its predecessor, without a rebalance (KIP-345), and
that names the predecessor's address. Faust asserts that this is its own address, and after a change
of host name or port the assertion would end the worker.
"""

from typing import Any

from faust.assignor import PartitionAssignor
from faust.assignor.client_assignment import ClientMetadata


class Assignor(PartitionAssignor):
    """Takes over the assignment of a predecessor at another address."""

    has_moved = False
    """True if the newest assignment names another address: the other workers route queries there,
    until a rebalance tells them."""

    def on_assignment(self, assignment: Any) -> None:
        """Called with each assignment, before the tasks are."""
        metadata: Any = ClientMetadata.loads(self._decompress(assignment.user_data))
        here = str(self._url)
        self.has_moved = metadata.url != here
        if self.has_moved:
            for distribution in (
                metadata.changelog_distribution,
                metadata.external_topic_distribution,
            ):
                if metadata.url in distribution:
                    distribution[here] = distribution.pop(metadata.url)
            metadata.url = here
            assignment.user_data = self._compress(metadata.dumps())
        super().on_assignment(assignment)
