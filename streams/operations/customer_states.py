"""Committed states of all customers, from the changelog: for queries over all customers."""

from collections.abc import Iterator

from streams.engine.customer import decode_head
from streams.kafka.topic_reader import TopicReader
from streams.ports import CHANGELOG, OWN_KEY_PREFIX


def read_states(reader: TopicReader) -> Iterator[tuple[bytes, bytes | None]]:
    """Yields the committed records of customers, a customer's newest last; None: a tombstone.
    Streams, so that ten million states need not fit into memory. Raises Refused."""
    for found in reader.read(reader.starts(reader.partition_ids(CHANGELOG))):
        key = found.record.key
        if key and not key.startswith(OWN_KEY_PREFIX):
            yield key, found.record.value


def customers_with_email(reader: TopicReader, address: str) -> list[str]:
    """The customers whose newest committed profile has this email address, compared trimmed and
    without case. Raises Refused."""
    wanted = address.strip().casefold()
    found: set[bytes] = set()
    for key, state in read_states(reader):
        email = None if state is None else decode_head(state).profile.get("email")
        if isinstance(email, str) and email.strip().casefold() == wanted:
            found.add(key)
        else:
            found.discard(key)
    return sorted(key.decode() for key in found)
