"""Committed states of all customers, from the changelog: for queries over all customers."""

from collections.abc import Iterator

from streams.kafka.topic_reader import TopicReader
from streams.ports import CHANGELOG, OWN_KEY_PREFIX


def read_states(reader: TopicReader) -> Iterator[tuple[bytes, bytes | None]]:
    """Yields the committed records of customers, a customer's newest last; None: a tombstone.
    Streams, so that ten million states need not fit into memory. Raises Refused."""
    for found in reader.read(reader.starts(reader.partition_ids(CHANGELOG))):
        key = found.record.key
        if key and not key.startswith(OWN_KEY_PREFIX):
            yield key, found.record.value
