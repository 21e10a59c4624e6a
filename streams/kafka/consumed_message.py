"""Messages of librdkafka, typed as a consumer gets them."""

from typing import Protocol, cast

from confluent_kafka import Consumer, KafkaError


class ConsumedMessage(Protocol):
    """A record, or an event of a partition where `error` is not None. The library's own type allows
    None everywhere, since it serves producers too."""

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
    """Returns up to `most` messages: those already fetched, else those that arrive within `timeout`
    seconds. (librdkafka's own `consume` waits until there are `most`.)"""
    messages = cast(list[ConsumedMessage], consumer.consume(most, 0))
    if messages:
        return messages
    first = cast(ConsumedMessage | None, consumer.poll(timeout))
    if first is None:
        return []
    if most == 1:
        return [first]
    return [first, *cast(list[ConsumedMessage], consumer.consume(most - 1, 0))]
