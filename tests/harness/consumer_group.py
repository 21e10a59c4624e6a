"""The members of a consumer group, and what the embedded broker doesn't do for them."""

import socket
import struct

from confluent_kafka.admin import AdminClient

from streams.embedded.broker_process import HOST, BrokerProcess

_LEAVE_GROUP = 13


def members(broker: BrokerProcess, group: str) -> dict[str, str]:
    """Member id -> client id."""
    admin = AdminClient({"bootstrap.servers": broker.bootstrap})
    described = admin.describe_consumer_groups([group], request_timeout=10)[group].result()
    return {member.member_id: member.client_id for member in described.members}


def expire(broker: BrokerProcess, group: str, pid: int) -> None:
    """Ends the session of a worker that is paused. Apache Kafka does so by itself; the embedded
    broker, which only sees whose process has ended, needs this help."""
    if broker.kind != "embedded":
        return
    for member, client in members(broker, group).items():
        if client.endswith(f"-{pid}"):
            _leave(broker, group, member)


def _leave(broker: BrokerProcess, group: str, member: str) -> None:
    correlation = 7
    header = struct.pack(">hhih", _LEAVE_GROUP, 0, correlation, -1)
    request = header + _text(group) + _text(member)
    with socket.create_connection((HOST, broker.port), 10) as connection:
        connection.sendall(struct.pack(">i", len(request)) + request)
        answer = connection.recv(10, socket.MSG_WAITALL)
    _, answered, error = struct.unpack(">iih", answer)
    assert (answered, error) == (correlation, 0)


def _text(text: str) -> bytes:
    return struct.pack(">h", len(text)) + text.encode()
