"""The reader of the commands of all jobs alike: read_committed, and light while they are
measured."""

import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

from confluent_kafka import Consumer, TopicPartition

from benchmarks.workload import PARTITIONS
from streams.contracts.schemas import shipped_schemas
from streams.contracts.wire import SINGLE_OBJECT, decode_any, single_object_header


class CommandReader:
    """Reads the commands of a prefix from now on; their content is looked at afterwards."""

    def __init__(self, bootstrap: str, prefix: str) -> None:
        self._consumer = Consumer(
            {
                "bootstrap.servers": bootstrap,
                "group.id": f"{prefix}reader",
                "isolation.level": "read_committed",
                "enable.auto.commit": False,
                "auto.offset.reset": "earliest",
                "fetch.wait.max.ms": 5,
            }
        )
        topic = f"{prefix}send-commands"
        self._consumer.assign([TopicPartition(topic, one, 0) for one in range(PARTITIONS)])
        self._came: deque[tuple[float, bytes]] = deque()  # read by the thread, not yet looked at
        self._arrived: dict[str, float] = {}
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def arrived(self) -> dict[str, float]:
        """Event id -> when the first command that it triggered was here, seconds since the
        epoch."""
        while self._came:
            at, value = self._came.popleft()
            event = trigger_of(value)
            if event is not None:
                self._arrived.setdefault(event, at)
        return self._arrived

    def close(self) -> None:
        """Ends the thread and the consumer."""
        self._stopped.set()
        self._thread.join()
        self._consumer.close()

    def _read(self) -> None:
        while not self._stopped.is_set():
            messages = self._consumer.consume(500, 0.01)
            now = time.time()
            self._came.extend(
                (now, value)
                for message in messages
                if message.error() is None and (value := message.value()) is not None
            )


def trigger_of(command: bytes) -> str | None:
    """Id of the event that a command came from. The peers write Avro without a header."""
    framed = command if command.startswith(SINGLE_OBJECT) else _HEADER + command
    event: str | None = decode_any(framed)[1]["trigger_event_id"]
    return event


_HEADER = single_object_header(shipped_schemas().current["SendCommand"])


@contextmanager
def reading(bootstrap: str, prefix: str) -> Iterator[CommandReader]:
    """A reader, closed at the end."""
    reader = CommandReader(bootstrap, prefix)
    try:
        yield reader
    finally:
        reader.close()
