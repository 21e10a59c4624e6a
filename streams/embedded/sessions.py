"""Sessions for the embedded broker, which has none: a dead member stays in its group, and later
members wait for it without end (noida-db 0.2.3).

All clients of the embedded broker run on this host, and the client id of a worker as a member ends
with its process id. A member without a process is dead, and a LeaveGroup request is sent in its
name. Apache Kafka expires dead members by itself, after the session timeout.
"""

import contextlib
import os
import re
import socket
import struct
import threading
from collections.abc import Iterator

LIST_GROUPS, DESCRIBE_GROUPS, LEAVE_GROUP = 16, 15, 13
"""Kafka's API keys, all used in version 0."""

_EVERY = 1.0  # seconds
_WITHIN = 2.0
_MEMBER = re.compile(r".+-member-(\d+)")  # client id in worker/faust/app.py


class SessionWatch:
    """Removes members without a process from their groups, once a second, until it is closed."""

    def __init__(self, host: str, port: int) -> None:
        self._address = (host, port)
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._run, name="sessions", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stops the thread."""
        self._closed.set()
        self._thread.join(2 * _WITHIN)

    def _run(self) -> None:
        while not self._closed.wait(_EVERY):
            with contextlib.suppress(OSError, struct.error, IndexError, UnicodeDecodeError):
                evict_the_dead(*self._address)  # retried in the next round


def evict_the_dead(host: str, port: int) -> list[str]:
    """Removes members without a process from their groups; returns client ids. Raises OSError."""
    evicted = []
    with socket.create_connection((host, port), _WITHIN) as connection:
        for group in _groups(connection):
            for member, client in _members(connection, group):
                if _is_gone(client):
                    _request(connection, LEAVE_GROUP, _text(group) + _text(member))
                    evicted.append(client)
    return evicted


def _is_gone(client: str) -> bool:
    """True for a worker whose process no longer exists."""
    member = _MEMBER.fullmatch(client)
    if member is None:
        return False
    try:
        os.kill(int(member[1]), 0)
    except ProcessLookupError:
        return True
    except OSError:
        return False
    return False


# ── Three requests of Kafka's protocol ────────────────────────────────────────────────────────────


def _groups(connection: socket.socket) -> Iterator[str]:
    answer = _Reader(_request(connection, LIST_GROUPS, b""))
    answer.skip(2)  # error code
    for _ in range(answer.number()):
        yield answer.text()
        answer.text()  # protocol type


def _members(connection: socket.socket, group: str) -> Iterator[tuple[str, str]]:
    """(member id, client id) of each member of a group."""
    body = struct.pack(">i", 1) + _text(group)
    answer = _Reader(_request(connection, DESCRIBE_GROUPS, body))
    for _ in range(answer.number()):
        answer.skip(2)  # error code
        for _ in ("group", "state", "protocol type", "protocol"):
            answer.text()
        for _ in range(answer.number()):
            member, client = answer.text(), answer.text()
            answer.text()  # host
            answer.skip(answer.number())  # metadata
            answer.skip(answer.number())  # assignment
            yield member, client


def _request(connection: socket.socket, key: int, body: bytes) -> bytes:
    """Sends one request; returns the response without its header."""
    request = struct.pack(">hhi", key, 0, 1) + _text("sessions") + body
    connection.sendall(struct.pack(">i", len(request)) + request)
    (length,) = struct.unpack(">i", _receive(connection, 4))
    return _receive(connection, length)[4:]


def _receive(connection: socket.socket, length: int) -> bytes:
    data = b""
    while len(data) < length:
        part = connection.recv(length - len(data))
        if not part:
            raise ConnectionResetError("the broker closed the connection")
        data += part
    return data


def _text(text: str) -> bytes:
    encoded = text.encode()
    return struct.pack(">h", len(encoded)) + encoded


class _Reader:
    """Sequential reader of a response."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def number(self) -> int:
        (number,) = struct.unpack_from(">i", self._data, self._at)
        self._at += 4
        return int(number)

    def text(self) -> str:
        (length,) = struct.unpack_from(">h", self._data, self._at)
        self._at += 2
        text = self._data[self._at : self._at + max(length, 0)].decode()
        self._at += max(length, 0)
        return text

    def skip(self, length: int) -> None:
        self._at += max(length, 0)
