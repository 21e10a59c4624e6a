"""One Faust agent per input topic, which passes each batch to its task."""

from typing import Any

import faust
from faust.types import EventT, Message, StreamT

from streams.worker.faust.input_topics import InputTopics
from streams.worker.group import Feed


class BatchTopic(faust.Topic):
    """A topic whose message is a whole decoded batch: the value of its event.

    Topics are created by `sendflow topics create`, never by Faust.
    """

    def _compile_decode(self) -> None:
        async def decode(message: Message, *, propagate: bool = False) -> EventT[Any]:
            return self.app.create_event(None, message.value, {}, message)

        self.decode = decode  # type: ignore[method-assign]

    async def maybe_declare(self) -> None:
        """No-op: topics are checked on start."""

    async def declare(self) -> None:
        """No-op: topics are checked on start."""


def add_agents(app: faust.App, inputs: InputTopics, feed: Feed) -> None:
    """Adds an agent per input topic. A batch is done when its transaction is committed, so nothing
    is acknowledged to Faust."""

    async def hand_on(batches: StreamT[Any]) -> None:
        async for fetched in batches:
            feed(fetched)

    for logical, name in inputs.names.items():
        topic = app.topic(name, acks=False)
        app.agent(topic, name=f"hand-on-{logical}")(hand_on)
