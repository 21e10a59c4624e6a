"""The proxy does to a transaction what PITFALLS 8 to 10 need, on both brokers."""

import pytest
from confluent_kafka import KafkaError, KafkaException, Producer
from confluent_kafka.admin import AdminClient

from tests.harness.eventually import eventually
from tests.harness.kafka_proxy import ApiKey, KafkaProxy
from tests.harness.topics import create_topics, values


def transactional_producer(bootstrap: str, transactional_id: str) -> Producer:
    producer = Producer(
        {
            "bootstrap.servers": bootstrap,
            "transactional.id": transactional_id,
            "transaction.timeout.ms": 20_000,
        }
    )
    producer.init_transactions(20)
    return producer


def begin_with(producer: Producer, topic: str, value: bytes) -> None:
    producer.begin_transaction()
    producer.produce(topic, value)
    assert producer.flush(20) == 0


@pytest.mark.smoke
def test_clients_work_through_the_proxy_alone(broker, proxy, topic_prefix):
    topic = topic_prefix + "out"
    create_topics(broker, [topic], partitions=1)
    admin = AdminClient({"bootstrap.servers": proxy.bootstrap})
    nodes = admin.list_topics(timeout=20).brokers.values()
    assert [f"{node.host}:{node.port}" for node in nodes] == [proxy.bootstrap]
    producer = transactional_producer(proxy.bootstrap, topic_prefix + "t")
    begin_with(producer, topic, b"one")
    producer.commit_transaction(20)
    assert values(broker, topic) == [b"one"]
    assert proxy.requests(ApiKey.END_TXN) == 1
    assert proxy.requests(ApiKey.PRODUCE) == 1


def test_a_dropped_answer_leaves_the_commit_done_and_its_outcome_unknown(
    broker, proxy, topic_prefix
):
    topic = topic_prefix + "out"
    create_topics(broker, [topic], partitions=1)
    producer = transactional_producer(proxy.bootstrap, topic_prefix + "t")
    begin_with(producer, topic, b"one")
    held = proxy.hold_responses(ApiKey.END_TXN, containing=topic_prefix.encode())
    with pytest.raises(KafkaException) as failure:
        producer.commit_transaction(1)
    assert failure.value.args[0].code() == KafkaError._TIMED_OUT
    held.wait()
    held.discard()
    eventually(lambda: values(broker, topic) == [b"one"])


def test_a_dropped_request_leaves_the_transaction_open_for_the_next_producer_to_abort(
    broker, proxy, topic_prefix
):
    topic = topic_prefix + "out"
    create_topics(broker, [topic], partitions=1)
    producer = transactional_producer(proxy.bootstrap, topic_prefix + "t")
    begin_with(producer, topic, b"one")
    held = proxy.hold_requests(ApiKey.END_TXN)
    with pytest.raises(KafkaException):
        producer.commit_transaction(1)
    held.wait()
    held.discard()
    successor = transactional_producer(proxy.bootstrap, topic_prefix + "t")
    begin_with(successor, topic, b"two")
    successor.commit_transaction(20)
    assert values(broker, topic) == [b"two"]


def test_a_request_that_was_held_reaches_the_broker_after_its_client_has_gone(
    broker, proxy, topic_prefix
):
    topic = topic_prefix + "out"
    create_topics(broker, [topic], partitions=1)
    producer = transactional_producer(proxy.bootstrap, topic_prefix + "t")
    begin_with(producer, topic, b"one")
    held = proxy.hold_requests(ApiKey.END_TXN, at_most=1)
    with pytest.raises(KafkaException):
        producer.commit_transaction(1)
    proxy.disconnect()
    assert values(broker, topic) == []
    held.release()
    eventually(lambda: values(broker, topic) == [b"one"])


def test_a_released_answer_ends_the_wait(broker, proxy, topic_prefix):
    topic = topic_prefix + "out"
    create_topics(broker, [topic], partitions=1)
    producer = transactional_producer(proxy.bootstrap, topic_prefix + "t")
    begin_with(producer, topic, b"one")
    held = proxy.hold_responses(ApiKey.END_TXN, at_most=1)
    with pytest.raises(KafkaException) as failure:
        producer.commit_transaction(0.5)
    assert failure.value.args[0].retriable()
    held.release()
    producer.commit_transaction(20)  # the same call again picks up its outcome
    assert values(broker, topic) == [b"one"]
    assert proxy.requests(ApiKey.END_TXN) == 1


def test_only_requested_messages_are_held(broker, proxy, topic_prefix):
    topic = topic_prefix + "out"
    create_topics(broker, [topic], partitions=1)
    held = proxy.hold_requests(ApiKey.END_TXN, containing=b"somebody else")
    producer = transactional_producer(proxy.bootstrap, topic_prefix + "t")
    begin_with(producer, topic, b"one")
    producer.commit_transaction(20)
    assert held.caught == 0
    with pytest.raises(AssertionError, match="caught 0 of 1 END_TXN requests"):
        held.wait(within=0)


@pytest.mark.smoke
@pytest.mark.long
def test_a_broker_that_is_away_is_away_through_the_proxy_too(own_broker):
    with KafkaProxy(own_broker.bootstrap) as proxy:
        admin = AdminClient({"bootstrap.servers": proxy.bootstrap})
        assert admin.list_topics(timeout=20).brokers
        own_broker.stop()
        with pytest.raises(KafkaException):
            admin.list_topics(timeout=0.5)
        own_broker.start()
        assert eventually(lambda: admin.list_topics(timeout=20).brokers, within=30)
