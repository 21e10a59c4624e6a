"""The embedded broker's groups lose members whose process is gone, and no others."""

import os
import subprocess
import sys

import pytest
from confluent_kafka.admin import AdminClient, NewTopic

from streams.embedded.broker_process import HOST, EmbeddedBroker
from streams.embedded.sessions import evict_the_dead
from tests.harness.eventually import eventually

MEMBER = """
import os, sys
from confluent_kafka import Consumer
consumer = Consumer({
    "bootstrap.servers": sys.argv[1], "group.id": "group", "session.timeout.ms": 6000,
    "client.id": sys.argv[2].format(pid=os.getpid()), "enable.auto.commit": False,
})
consumer.subscribe(["topic"])
while True:
    consumer.poll(0.1)
"""


@pytest.fixture
def broker(tmp_path):
    with EmbeddedBroker(tmp_path) as broker:
        admin = AdminClient({"bootstrap.servers": broker.bootstrap})
        admin.create_topics([NewTopic("topic", 4, 1)])["topic"].result(20)
        yield broker


@pytest.fixture
def start(broker):
    """Starts a member of the group as a process."""
    started = []

    def start(client_id: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-c", MEMBER, broker.bootstrap, client_id]
        started.append(subprocess.Popen(command))
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.wait()


def shares(broker: EmbeddedBroker) -> dict[str, int]:
    """Number of partitions of each member of the group, by client id."""
    admin = AdminClient({"bootstrap.servers": broker.bootstrap})
    group = admin.describe_consumer_groups(["group"])["group"].result(20)
    return {m.client_id: len(m.assignment.topic_partitions) for m in group.members}


@pytest.mark.smoke
def test_a_worker_that_was_killed_leaves_its_partitions_to_the_other(broker, start):
    first, second = start("a-member-{pid}"), start("b-member-{pid}")
    names = {f"a-member-{first.pid}": 2, f"b-member-{second.pid}": 2}
    eventually(lambda: shares(broker) == names, within=30)
    first.kill()
    first.wait()
    eventually(lambda: shares(broker) == {f"b-member-{second.pid}": 4}, within=30)


@pytest.mark.smoke
def test_nobody_is_taken_out_who_lives_or_is_no_worker(broker, start):
    living, other = start("a-member-{pid}"), start("console-consumer")
    eventually(lambda: sum(shares(broker).values()) == 4, within=30)
    before = shares(broker)
    assert evict_the_dead(HOST, broker.port) == []
    other.kill()
    other.wait()
    assert evict_the_dead(HOST, broker.port) == []
    assert shares(broker) == before
    os.kill(living.pid, 0)
