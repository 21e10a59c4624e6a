"""Messages of librdkafka, typed as a consumer gets them."""

import time
from typing import Protocol, cast

from confluent_kafka import Consumer, KafkaError

ENOUGH = 200
"""Messages that are worth a batch of their own."""


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


def consume(
    consumer: Consumer, most: int, timeout: float, gather: float = 0.0
) -> list[ConsumedMessage]:
    """Returns up to `most` messages: those already fetched, else those that arrive within `timeout`
    seconds. (librdkafka's own `consume` waits until there are `most`.) Fewer than ENOUGH are joined
    by those of the next `gather` seconds."""
    messages = cast(list[ConsumedMessage], consumer.consume(most, 0))
    if not messages:
        first = cast(ConsumedMessage | None, consumer.poll(timeout))
        if first is None:
            return []
        messages.append(first)
    elif len(messages) >= ENOUGH or not gather:
        return messages
    if most > len(messages):
        if gather:
            time.sleep(gather)
        messages += cast(list[ConsumedMessage], consumer.consume(most - len(messages), 0))
    return messages
