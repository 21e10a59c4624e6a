"""Apache Kafka as a test's broker: what embedded data may lose, these must keep."""

import pytest
from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

from streams.errors import Refused
from tests.harness.apache_kafka import jars
from tests.harness.eventually import eventually


@pytest.mark.kafka
def test_what_was_acknowledged_outlives_a_kill(own_broker):
    admin = AdminClient({"bootstrap.servers": own_broker.bootstrap})
    admin.create_topics([NewTopic("kept", 1, 1)])["kept"].result(20)
    producer = Producer({"bootstrap.servers": own_broker.bootstrap, "acks": "all"})
    for number in range(100):
        producer.produce("kept", str(number).encode())
    assert producer.flush(20) == 0
    own_broker.kill()
    own_broker.start()
    consumer = Consumer({"bootstrap.servers": own_broker.bootstrap, "group.id": "reader"})
    kept = TopicPartition("kept", 0)
    assert eventually(lambda: consumer.get_watermark_offsets(kept, timeout=5), within=30) == (
        0,
        100,
    )
    consumer.close()


def test_an_old_java_is_refused_with_the_way_out(tmp_path, monkeypatch):
    home = tmp_path / "java-11"
    (home / "bin").mkdir(parents=True)
    program = home / "bin" / "java"
    program.write_text("#!/bin/sh\necho 'openjdk version \"11.0.2\" 2019-01-15' >&2\n")
    program.chmod(0o755)
    monkeypatch.setenv("JAVA_HOME", str(home))
    with pytest.raises(Refused, match=r'needs Java 17.*version "11\.0\.2".*apt-get install'):
        jars.java()


def test_no_java_is_refused_with_the_way_out(tmp_path, monkeypatch):
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Refused, match=r"needs Java 17.*apt-get install"):
        jars.java()


def test_no_maven_is_refused_only_where_the_jars_are_not_there_yet(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Refused, match=r"no mvn.*apt-get install"):
        jars.kafka_jars()
    there = tmp_path / "sendflow" / f"apache-kafka-{jars.kafka_version()}"
    there.mkdir(parents=True)
    assert jars.kafka_jars() == there
