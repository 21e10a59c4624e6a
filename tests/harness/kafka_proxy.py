"""A network that a test can disturb: TCP between a client and a broker, request by request.

    client --- request --->|proxy|--- request ---> broker
    client <-- response ---|proxy|<-- response --- broker
                              |
                      Held: kept back until it is released or discarded

Nothing is changed but the broker's address where a response tells it (else the client would go
around the proxy), and nothing is kept back but what a test asked for: other requests on the same
connection pass it by, as they may in a network with several connections.
"""

import collections
import contextlib
import enum
import functools
import socket
import struct
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Literal, Self

from streams.embedded.broker_process import HOST


class ApiKey(enum.IntEnum):
    """The kinds of requests that tests speak of; the numbers are those of Kafka's protocol."""

    PRODUCE = 0
    FETCH = 1
    LIST_OFFSETS = 2
    METADATA = 3
    OFFSET_COMMIT = 8
    FIND_COORDINATOR = 10
    JOIN_GROUP = 11
    HEARTBEAT = 12
    INIT_PRODUCER_ID = 22
    ADD_PARTITIONS_TO_TXN = 24
    END_TXN = 26
    TXN_OFFSET_COMMIT = 28
    DESCRIBE_CLUSTER = 60


_TELL_ADDRESSES = {ApiKey.METADATA, ApiKey.FIND_COORDINATOR, ApiKey.DESCRIBE_CLUSTER}

Direction = Literal["request", "response"]


class Held:
    """What the proxy keeps back; it goes on catching until it is released or discarded."""

    def __init__(
        self, direction: Direction, key: ApiKey, containing: bytes, at_most: int | None
    ) -> None:
        self._direction = direction
        self._key = key
        self._containing = containing
        self._at_most = at_most
        self._marked = 0
        self._frames: list[Callable[[], None]] = []
        self._is_over = False
        self._changed = threading.Condition()

    def wait(self, count: int = 1, within: float = 20.0) -> None:
        """Wait until `count` requests or responses have been caught. Fails after `within` s."""
        with self._changed:
            if not self._changed.wait_for(lambda: len(self._frames) >= count, within):
                raise AssertionError(
                    f"caught {len(self._frames)} of {count} {self._key.name} {self._direction}s "
                    f"in {within:g} s"
                )

    @property
    def caught(self) -> int:
        """How many requests or responses were caught so far."""
        with self._changed:
            return len(self._frames)

    def release(self) -> None:
        """Send on what was caught, in order, and catch no more.

        A request reaches the broker even when the client that sent it has hung up long ago.
        """
        for send in self._end():
            send()

    def discard(self) -> None:
        """Throw away what was caught, and catch no more."""
        self._end()

    def _end(self) -> list[Callable[[], None]]:
        with self._changed:
            if self._is_over:
                return []
            self._is_over = True
            return self._frames

    def _wants(self, direction: Direction, key: int, request: bytes) -> bool:
        """Whether it will catch this one. The request is looked at, also where the response is
        to be caught."""
        with self._changed:
            if self._is_over or (direction, key) != (self._direction, self._key):
                return False
            if self._marked == self._at_most or self._containing not in request:
                return False
            self._marked += 1
            return True

    def _keep(self, send: Callable[[], None]) -> bool:
        """Keep it back, or say False: it was wanted, but that is over."""
        with self._changed:
            if self._is_over:
                return False
            self._frames.append(send)
            self._changed.notify_all()
            return True


class KafkaProxy:
    """Stands before one broker; clients use `bootstrap` in the place of the broker's."""

    def __init__(self, broker: str) -> None:
        """`broker`: the bootstrap address of a broker on this machine."""
        self._broker_port = int(broker.rpartition(":")[2])
        self._server = socket.create_server((HOST, 0))
        self._port: int = self._server.getsockname()[1]
        self._lock = threading.Lock()
        self._held: list[Held] = []
        self._connections: set[_Connection] = set()
        self._requests: collections.Counter[int] = collections.Counter()

    @property
    def bootstrap(self) -> str:
        """The address for `bootstrap.servers`."""
        return f"{HOST}:{self._port}"

    def hold_requests(
        self, key: ApiKey, containing: bytes = b"", at_most: int | None = None
    ) -> Held:
        """From now on keep back requests of this kind: the broker doesn't see them.

        Only such whose bytes hold `containing` (a transactional id, say), and `at_most` so many.
        """
        return self._hold(Held("request", key, containing, at_most))

    def hold_responses(
        self, key: ApiKey, containing: bytes = b"", at_most: int | None = None
    ) -> Held:
        """From now on keep back the broker's answers to requests of this kind: it has acted on
        them, and the client doesn't know. `containing` is looked for in the request."""
        return self._hold(Held("response", key, containing, at_most))

    def requests(self, key: ApiKey) -> int:
        """How many requests of this kind clients have sent, those that were held included."""
        with self._lock:
            return self._requests[key]

    def disconnect(self) -> None:
        """Close the clients' connections; they may come back at once."""
        for connection in self._open_connections():
            connection.hang_up()

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, name="proxy", daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        # shutdown, since close alone doesn't wake the thread that waits in accept
        self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()
        for connection in self._open_connections():
            connection.close()

    def _open_connections(self) -> "list[_Connection]":
        with self._lock:
            return list(self._connections)

    def _hold(self, held: Held) -> Held:
        with self._lock:
            self._held.append(held)
        return held

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._server.accept()
            except OSError:
                return
            try:
                broker = socket.create_connection((HOST, self._broker_port))
            except OSError:
                client.close()  # the broker is away: so are we
                continue
            connection = _Connection(self, client, broker)
            with self._lock:
                self._connections.add(connection)
            connection.start()

    def _catcher(self, direction: Direction, key: int, request: bytes) -> Held | None:
        with self._lock:
            if direction == "request":
                self._requests[key] += 1
            held = list(self._held)
        return next((one for one in held if one._wants(direction, key, request)), None)

    def _with_our_address(self, response: bytes) -> bytes:
        """The response with the proxy's port where the broker's address stands: a text and after
        it 32 bits for the port, in every version of the protocol."""
        host = HOST.encode()
        return response.replace(
            host + struct.pack(">i", self._broker_port), host + struct.pack(">i", self._port)
        )

    def _forget(self, connection: "_Connection") -> None:
        with self._lock:
            self._connections.discard(connection)


class _Connection:
    """One client's connection and the one to the broker that belongs to it."""

    def __init__(self, proxy: KafkaProxy, client: socket.socket, broker: socket.socket) -> None:
        self._proxy = proxy
        self._client = client
        self._broker = broker
        for end in (client, broker):
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._sending = {client: threading.Lock(), broker: threading.Lock()}
        self._lock = threading.Lock()
        self._asked: dict[int, tuple[int, Held | None]] = {}  # by correlation id
        self._pumps = 2

    def start(self) -> None:
        for pump in (self._pump_requests, self._pump_responses):
            threading.Thread(target=pump, name=pump.__name__, daemon=True).start()

    def hang_up(self) -> None:
        """End the client's side. The broker's stays open for requests that are held."""
        _shut(self._client, socket.SHUT_RDWR)

    def close(self) -> None:
        """End both sides."""
        _shut(self._client, socket.SHUT_RDWR)
        _shut(self._broker, socket.SHUT_RDWR)

    def _pump_requests(self) -> None:
        is_holding = False
        while (request := _read_frame(self._client)) is not None:
            key, _, correlation = struct.unpack_from(">hhi", request)
            catcher = self._proxy._catcher("request", key, request)
            with self._lock:
                self._asked[correlation] = key, self._proxy._catcher("response", key, request)
            ask = functools.partial(self._send, self._broker, request)
            if catcher is not None and catcher._keep(ask):
                is_holding = True
            else:
                ask()
        if not is_holding:
            _shut(self._broker, socket.SHUT_WR)
        self._end_pump()

    def _pump_responses(self) -> None:
        while (response := _read_frame(self._broker)) is not None:
            (correlation,) = struct.unpack_from(">i", response)
            with self._lock:
                key, catcher = self._asked.pop(correlation)
            if key in _TELL_ADDRESSES:
                response = self._proxy._with_our_address(response)
            answer = functools.partial(self._send, self._client, response)
            if catcher is None or not catcher._keep(answer):
                answer()
        self.hang_up()
        self._end_pump()

    def _end_pump(self) -> None:
        with self._lock:
            self._pumps -= 1
            if self._pumps > 0:
                return
        # Only now: while a thread reads or writes, the descriptor must not become another's.
        self._client.close()
        self._broker.close()
        self._proxy._forget(self)

    def _send(self, end: socket.socket, frame: bytes) -> None:
        with self._sending[end], contextlib.suppress(OSError):
            # The other side may have hung up: what was on its way is lost, as in any network.
            end.sendall(struct.pack(">i", len(frame)) + frame)


def _read_frame(source: socket.socket) -> bytes | None:
    """The next request or response without its length; None when the other side hung up."""
    try:
        size = source.recv(4, socket.MSG_WAITALL)
        if len(size) < 4:
            return None
        (length,) = struct.unpack(">i", size)
        frame = source.recv(length, socket.MSG_WAITALL)
    except OSError:
        return None
    return frame if len(frame) == length else None


def _shut(end: socket.socket, how: int) -> None:
    with contextlib.suppress(OSError):  # it may have been closed before
        end.shutdown(how)
