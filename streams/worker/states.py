"""The states of all customers, as the changelog has them: for questions about everyone."""

from collections.abc import Iterator

from streams.kafka.topic_reader import TopicReader
from streams.runtime.commit import CHANGELOG

OWN = b"\x00"
"""What keys begin with that are a task's own and no customer's (DESIGN 4.9)."""


def read_states(reader: TopicReader) -> Iterator[tuple[bytes, bytes | None]]:
    """Every committed record of the changelog, a customer's newest one last; None: forgotten.
    Nothing is kept here: ten million states needn't fit into memory. Raises Refused."""
    for found in reader.read(reader.starts(reader.places(CHANGELOG))):
        key = found.record.key
        if key and not key.startswith(OWN):
            yield key, found.record.value
