"""What librdkafka hands over, typed as it is for a consumer."""

from typing import Protocol, cast

from confluent_kafka import Consumer, KafkaError


class ConsumedMessage(Protocol):
    """A record, or, where `error` isn't None, something to know about a partition. The library's
    own type allows None everywhere, since it serves producers too."""

    def error(self) -> KafkaError | None: ...
    def topic(self) -> str: ...
    def partition(self) -> int: ...
    def offset(self) -> int: ...
    def key(self) -> bytes | None: ...
    def value(self) -> bytes | None: ...
    def headers(self) -> list[tuple[str, bytes]] | None: ...
    def timestamp(self) -> tuple[int, int]:
        """(type, ms since the epoch)"""


def consume(consumer: Consumer, most: int, timeout: float) -> list[ConsumedMessage]:
    """Up to `most` messages: those that are there, else those that come within `timeout` seconds.
    (librdkafka's own `consume` goes on waiting until there are `most`.)"""
    messages = cast(list[ConsumedMessage], consumer.consume(most, 0))
    if messages:
        return messages
    first = cast(ConsumedMessage | None, consumer.poll(timeout))
    if first is None:
        return []
    if most == 1:
        return [first]
    return [first, *cast(list[ConsumedMessage], consumer.consume(most - 1, 0))]
