"""The gateway in front of the embedded broker. It corrects two faults of noida-db 0.2.3:

- A fetch with `read_committed` lists *every* transaction ever aborted, so a client drops later
  committed records of the same producer. The gateway keeps only the transactions whose end is in
  the response, and cuts the response where a transaction begins whose end is not in it.
- An empty fetch is answered immediately, so a reader at the end polls without a pause. The gateway
  delays an empty response until something is written, for at most HOLD, as Apache Kafka does.

    client ──► gateway ──► broker          python -m streams.embedded.gateway PORT BROKER_PORT
           ◄── addresses, fetches ◄──

Everything else passes unchanged. Responses keep their order, as on a broker.
"""

import asyncio
import struct
import sys
from collections.abc import Callable
from typing import Any, NamedTuple

from streams.embedded.broker_process import HOST

PRODUCE, FETCH, METADATA, FIND_COORDINATOR, END_TXN, DESCRIBE_CLUSTER = 0, 1, 3, 10, 26, 60
"""Kafka's API keys."""
WITH_ADDRESSES = frozenset({METADATA, FIND_COORDINATOR, DESCRIBE_CLUSTER})
WRITES = frozenset({PRODUCE, END_TXN})
INSPECTED = WITH_ADDRESSES | WRITES | {FETCH}

HOLD = 0.05
"""Longest delay of an empty fetch response, in seconds."""

_VERSIONS = range(4, 13)  # of fetches: no transactions before, topic ids instead of names after
_FLEXIBLE_FETCH = 12  # first version with compact lengths and tagged fields
_TRANSACTIONAL, _CONTROL = 0x10, 0x20  # attributes of a batch
_ABORT = 0  # type of a control record


# ── Fetches ───────────────────────────────────────────────────────────────────────────────────────


class _Reader:
    """Sequential reader of a fetch response (KIP-482 for the flexible versions)."""

    def __init__(self, data: bytes, at: int, *, is_flexible: bool) -> None:
        self.data = data
        self.at = at
        self.is_flexible = is_flexible

    def skip(self, size: int) -> None:
        self.at += size

    def number(self, layout: str) -> int:
        (value,) = struct.unpack_from(layout, self.data, self.at)
        self.at += struct.calcsize(layout)
        return int(value)

    def varint(self) -> int:
        """Unsigned varint."""
        value = shift = 0
        while True:
            byte = self.data[self.at]
            self.at += 1
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value
            shift += 7

    def length(self, layout: str = ">i") -> int:
        """Length of an array, a string or bytes; -1: null."""
        return self.varint() - 1 if self.is_flexible else self.number(layout)

    def tags(self) -> None:
        if self.is_flexible:
            for _ in range(self.varint()):
                self.varint()
                self.skip(self.varint())


def corrected_fetch(frame: bytes, version: int) -> tuple[bytes, bool]:
    """The fetch response with only the aborted transactions that end in it; and True if it holds
    records or an error. `frame` begins with its length."""
    if version not in _VERSIONS:
        return frame, True
    is_flexible = version >= _FLEXIBLE_FETCH
    reader = _Reader(frame, 8, is_flexible=is_flexible)
    reader.tags()
    reader.skip(4)  # throttle time
    holds_something = False
    if version >= 7:
        holds_something = reader.number(">h") != 0
        reader.skip(4)  # session
    parts: list[bytes] = []
    copied = 0
    for _ in range(reader.length()):
        reader.skip(reader.length(">h"))
        for _ in range(reader.length()):
            found = _partition(reader, version)
            size = reader.at - found.data_at
            if found.aborted:
                corrected, size = _corrected_partition(frame, found, reader)
                parts += [frame[copied : found.stable_at], *corrected]
                copied = reader.at
            holds_something |= found.has_error or size > 0
            reader.tags()
        reader.tags()
    if not parts:
        return frame, holds_something
    body = b"".join(parts) + frame[copied:]
    return struct.pack(">i", len(body) - 4) + body[4:], holds_something


class _Partition(NamedTuple):
    """Offsets of the parts of one partition in a response; records end at the reader's position."""

    has_error: bool
    stable_at: int
    aborted_at: int
    aborted: list[tuple[int, int]]  # producer id and first offset
    aborted_end: int
    records_at: int
    data_at: int


def _partition(reader: _Reader, version: int) -> _Partition:
    reader.skip(4)  # number
    has_error = reader.number(">h") != 0
    reader.skip(8)  # high watermark
    stable_at = reader.at
    reader.skip(8 + 8 * (version >= 5))
    aborted_at = reader.at
    aborted = _aborted(reader)
    aborted_end = reader.at
    reader.skip(4 * (version >= 11))
    records_at = reader.at
    size = max(0, reader.length())
    data_at = reader.at
    reader.skip(size)
    return _Partition(has_error, stable_at, aborted_at, aborted, aborted_end, records_at, data_at)


def _corrected_partition(
    frame: bytes, found: _Partition, reader: _Reader
) -> tuple[list[bytes], int]:
    """The partition from its last stable offset on, corrected; and the size of its records."""
    is_flexible = reader.is_flexible
    batches = _Batches(frame, found.data_at, reader.at)
    left = batches.aborted_in_them(found.aborted)
    data = frame[found.data_at : batches.end]
    after_stable = found.stable_at + 8
    stable = frame[found.stable_at : after_stable]
    if batches.stable is not None:
        stable = struct.pack(">q", batches.stable)
    corrected = [
        stable,
        frame[after_stable : found.aborted_at],
        _length(len(left), is_flexible=is_flexible),
        *(struct.pack(">qq", *one) + b"\0" * is_flexible for one in left),
        frame[found.aborted_end : found.records_at],
        _length(len(data), is_flexible=is_flexible),
        data,
    ]
    return corrected, len(data)


def _aborted(reader: _Reader) -> list[tuple[int, int]]:
    """Aborted transactions: producer id and first offset."""
    found = []
    for _ in range(reader.length()):
        found.append((reader.number(">q"), reader.number(">q")))
        reader.tags()
    return found


class _Batches:
    """The record batches of one partition in a response (Kafka's format, version 2), up to the
    first transaction without its end: only the broker knows its outcome."""

    def __init__(self, data: bytes, at: int, end: int) -> None:
        self.end = end
        self.stable: int | None = None
        """The last stable offset, if the batches were cut."""
        self._aborts: list[tuple[int, int]] = []  # producer and offset of abort markers
        begun: dict[int, tuple[int, int]] = {}  # first offset and position, by producer
        while at + 61 <= end:
            offset, length = struct.unpack_from(">qi", data, at)
            (attributes,) = struct.unpack_from(">h", data, at + 21)
            (producer,) = struct.unpack_from(">q", data, at + 43)
            if attributes & _CONTROL:
                begun.pop(producer, None)
                if _type_of_control(data, at + 61) == _ABORT:
                    self._aborts.append((producer, offset))
            elif attributes & _TRANSACTIONAL:
                begun.setdefault(producer, (offset, at))
            at += 12 + length
        if begun:
            self.stable, self.end = min(begun.values())

    def aborted_in_them(self, aborted: list[tuple[int, int]]) -> list[tuple[int, int]]:
        """The transactions of `aborted`, (producer, first offset), that end in these batches. The
        transactions of one producer don't overlap."""
        left = []
        for producer, end in self._aborts:
            firsts = [first for one, first in aborted if one == producer and first < end]
            if firsts and (self.stable is None or end < self.stable):
                left.append((producer, max(firsts)))
        return sorted(left, key=lambda one: one[1])


def _type_of_control(data: bytes, at: int) -> int:
    record = _Reader(data, at, is_flexible=True)
    record.varint()  # length
    record.skip(1)  # attributes
    record.varint()  # timestamp delta
    record.varint()  # offset delta
    record.varint()  # key length
    record.skip(2)  # key version
    return record.number(">h")


def _length(value: int, *, is_flexible: bool) -> bytes:
    return _varint(value + 1) if is_flexible else struct.pack(">i", value)


def _varint(value: int) -> bytes:
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


# ── Connections ───────────────────────────────────────────────────────────────────────────────────


class _End(asyncio.Protocol):
    """One end of a connection: splits the input into frames, and pauses reading while the buffer
    of the other end is full."""

    def __init__(
        self, take: Callable[[bytes], None], made: Callable[[], None] = lambda: None
    ) -> None:
        """`take` receives the frames, each with its length; `made` is called once connected."""
        self.transport: asyncio.Transport | None = None
        self.other: _End | None = None
        self._take = take
        self._made = made
        self._data = bytearray()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self._made()

    def data_received(self, data: bytes) -> None:
        self._data += data
        at = 0
        while len(self._data) - at >= 4:
            end = at + 4 + int.from_bytes(self._data[at : at + 4])
            if len(self._data) < end:
                break
            self._take(bytes(self._data[at:end]))
            at = end
        del self._data[:at]

    def pause_writing(self) -> None:
        if self.other is not None and self.other.transport is not None:
            self.other.transport.pause_reading()

    def resume_writing(self) -> None:
        if self.other is not None and self.other.transport is not None:
            self.other.transport.resume_reading()

    def connection_lost(self, error: Exception | None) -> None:
        if self.other is not None and self.other.transport is not None:
            self.other.transport.close()

    def write(self, frame: bytes) -> None:
        if self.transport is not None and not self.transport.is_closing():
            self.transport.write(frame)


class _Waiting:
    """Connections with a delayed response, released by the next write."""

    def __init__(self) -> None:
        self.connections: set[_Connection] = set()
        self.writes = 0

    def on_write(self) -> None:
        """Releases all connections: each may have records now."""
        self.writes += 1
        for connection in [*self.connections]:
            connection.release()


class _Connection:
    """A client's connection and its connection to the broker."""

    def __init__(self, port: int, broker_port: int, waiting: _Waiting) -> None:
        self._waiting = waiting
        self._broker_port = broker_port
        self._broker_address = HOST.encode() + struct.pack(">i", broker_port)
        self._own_address = HOST.encode() + struct.pack(">i", port)
        self.client = _End(self._on_request, self._begin)
        self._broker = _End(self._on_response)
        self.client.other, self._broker.other = self._broker, self.client
        self._pending: dict[int, tuple[int, int, int]] = {}
        """Inspected requests without a response, by correlation id: API key, version, and number of
        writes before."""
        self._held: list[bytes] = []
        self._timer: asyncio.TimerHandle | None = None

    def _begin(self) -> None:
        """Reads nothing from the client until the broker is connected."""
        client = self.client.transport
        assert client is not None
        client.pause_reading()
        connecting = asyncio.ensure_future(
            asyncio.get_running_loop().create_connection(
                lambda: self._broker, HOST, self._broker_port
            )
        )

        def connected(done: asyncio.Future[Any]) -> None:
            if done.exception() is not None:
                client.abort()
            elif client.is_closing() and self._broker.transport is not None:
                self._broker.transport.close()
            else:
                client.resume_reading()

        connecting.add_done_callback(connected)

    def _on_request(self, request: bytes) -> None:
        number, version, correlation = struct.unpack_from(">hhi", request, 4)
        if number in INSPECTED:
            self._pending[correlation] = number, version, self._waiting.writes
        self._broker.write(request)

    def _on_response(self, response: bytes) -> None:
        (correlation,) = struct.unpack_from(">i", response, 4)
        number, version, writes = self._pending.pop(correlation, (None, 0, 0))
        is_held = bool(self._held)  # then this one too: responses keep their order
        if number == FETCH:
            response, holds_something = corrected_fetch(response, version)
            if not holds_something and not is_held and writes == self._waiting.writes:
                is_held = True
                self._waiting.connections.add(self)
                self._timer = asyncio.get_running_loop().call_later(HOLD, self.release)
        elif number in WITH_ADDRESSES:
            response = response.replace(self._broker_address, self._own_address)
        if is_held:
            self._held.append(response)
        else:
            self.client.write(response)
        if number in WRITES:
            self._waiting.on_write()

    def release(self) -> None:
        """Sends the delayed responses."""
        self._waiting.connections.discard(self)
        if self._timer is not None:
            self._timer.cancel()
        held, self._held = self._held, []
        for response in held:
            self.client.write(response)


async def serve(port: int, broker_port: int) -> None:
    """Forwards `port` to the broker at `broker_port`, both on this host, until it is cancelled.
    Raises OSError if the port is in use."""
    waiting = _Waiting()
    server = await asyncio.get_running_loop().create_server(
        lambda: _Connection(port, broker_port, waiting).client, HOST, port, reuse_address=True
    )
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]), int(sys.argv[2])))
