"""The states of all customers, as the changelog has them: for questions about everyone."""

from collections.abc import Iterator

from streams.kafka.topic_reader import TopicReader
from streams.ports import CHANGELOG, OWN_KEY_PREFIX


def read_states(reader: TopicReader) -> Iterator[tuple[bytes, bytes | None]]:
    """Every committed record of the changelog, a customer's newest one last; None: forgotten.
    Nothing is kept here: ten million states needn't fit into memory. Raises Refused."""
    for found in reader.read(reader.starts(reader.partition_ids(CHANGELOG))):
        key = found.record.key
        if key and not key.startswith(OWN_KEY_PREFIX):
            yield key, found.record.value
