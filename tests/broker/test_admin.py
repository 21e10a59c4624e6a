"""The admin client on a broker: ends of partitions, an unreachable broker, topics created and
checked."""

import threading

import pytest
from confluent_kafka import Producer

from streams.errors import Refused
from streams.kafka.admin import KafkaAdmin
from streams.kafka.client_config import producer_options
from streams.kafka.topics import TOPICS
from streams.ports import CHANGELOG, CONTROL
from streams.settings import RecordTime, Settings
from tests.harness.eventually import eventually
from tests.harness.kafka_proxy import ApiKey
from tests.harness.topics import create_topics, settings_for


@pytest.fixture
def settings(broker, topic_prefix) -> Settings:
    return settings_for(broker, topic_prefix)


@pytest.fixture
def admin(settings):
    admin = KafkaAdmin(settings)
    yield admin
    admin.close()


# ── Where partitions end ──────────────────────────────────────────────────────────────────────────


def test_the_ends_of_many_partitions(broker, settings, admin):
    names = [settings.prefix + name for name in ("orders", "carts")]
    create_topics(broker, names)
    producer = Producer({"bootstrap.servers": broker.bootstrap})
    for _ in range(3):
        producer.produce(names[0], b"x", b"k", 1)
    producer.flush(20)
    places = [(name, partition) for name in names for partition in (0, 1)]
    expected = {place: 3 if place == (names[0], 1) else 0 for place in places}
    assert eventually(lambda: admin.end_offsets(places, 5.0) == expected)
    assert admin.end_offsets([], 5.0) == {}


def test_an_open_transaction_counts_since_it_may_hide_what_is_older(broker, settings, admin):
    topic = settings.prefix + "orders"
    create_topics(broker, [topic])
    producer = Producer(producer_options(settings, settings.prefix + "0"))
    producer.init_transactions(20)
    producer.begin_transaction()
    producer.produce(topic, b"x", b"k", 0)
    assert producer.flush(20) == 0
    assert admin.end_offsets([(topic, 0)], 5.0) == {(topic, 0): 1}
    assert admin.bounds(topic, 0, 5.0) == (0, 1)
    producer.abort_transaction(20)


def test_what_is_not_there_is_left_out(broker, settings, admin):
    topic = settings.prefix + "orders"
    create_topics(broker, [topic])
    places = [(topic, 0), (topic, 99), (settings.prefix + "missing", 0)]
    # A new topic may have no leader yet.
    eventually(lambda: admin.end_offsets(places, 5.0) == {(topic, 0): 0}, within=30)


def test_partitions_without_an_answer_in_time_are_left_out(proxy, broker, settings):
    topic = settings.prefix + "orders"
    create_topics(broker, [topic])
    admin = KafkaAdmin(settings_for(proxy, settings.prefix))
    # A new topic may have no leader yet.
    eventually(lambda: admin.end_offsets([(topic, 0)], 5.0) == {(topic, 0): 0}, within=30)
    held = proxy.hold_responses(ApiKey.LIST_OFFSETS)
    assert admin.end_offsets([(topic, 0)], 0.4) == {}
    held.discard()
    admin.close()


def test_one_request_each_where_one_for_all_fails(proxy, broker, settings):
    topic = settings.prefix + "orders"
    create_topics(broker, [topic])
    admin = KafkaAdmin(settings_for(proxy, settings.prefix))
    # A new topic may have no leader yet.
    eventually(lambda: admin.end_offsets([(topic, 0)], 5.0) == {(topic, 0): 0}, within=30)
    held = proxy.hold_responses(ApiKey.LIST_OFFSETS, at_most=1)
    assert admin.end_offsets([(topic, 0)], 8.0) == {(topic, 0): 0}
    assert held.caught == 1
    held.discard()
    admin.close()


# ── Reaching the brokers ──────────────────────────────────────────────────────────────────────────


def test_a_broker_that_is_there_is_not_waited_for(admin):
    admin.wait_for_broker()


def test_an_unreachable_broker_is_named_and_refused_after_broker_timeout(caplog):
    admin = KafkaAdmin(Settings(brokers="127.0.0.1:1", broker_timeout=600))
    with pytest.raises(Refused, match=r"no broker reachable at 127\.0\.0\.1:1 after 0\.6 s"):
        admin.wait_for_broker()
    assert "127.0.0.1:1" in caplog.text
    admin.close()


def test_waiting_for_a_broker_obeys_a_stop():
    admin = KafkaAdmin(Settings(brokers="127.0.0.1:1", broker_timeout=60_000))
    with pytest.raises(Refused, match="no broker reachable"):
        admin.wait_for_broker(is_stopped=lambda: True)
    admin.close()


@pytest.mark.smoke
@pytest.mark.long
def test_pitfall_63_a_broker_that_comes_later_is_found(own_broker, caplog):
    own_broker.stop()
    admin = KafkaAdmin(Settings(brokers=own_broker.bootstrap, broker_timeout=50_000))
    waiting = threading.Thread(target=admin.wait_for_broker)
    waiting.start()
    eventually(lambda: "no broker reachable" in caplog.text, within=30)
    own_broker.start()
    waiting.join(40)
    assert not waiting.is_alive()
    admin.close()


def test_bounds_of_an_unknown_topic_are_refused(settings, admin):
    with pytest.raises(Refused, match=r"missing\[0\]: reading end offset"):
        admin.bounds(settings.prefix + "missing", 0, 1.0)


# ── Topics ────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.smoke
@pytest.mark.parametrize("record_time", RecordTime)
def test_created_topics_pass_their_own_check(broker, topic_prefix, record_time):
    settings = settings_for(broker, topic_prefix, record_time=record_time)
    admin = KafkaAdmin(settings)
    missing = admin.check_topics()
    assert {problem.topic for problem in missing} == {topic_prefix + name for name in TOPICS}
    assert sorted(admin.create_topics()) == sorted(topic_prefix + name for name in TOPICS)
    assert eventually(lambda: admin.check_topics() == [], message=lambda: str(admin.check_topics()))
    assert admin.create_topics() == []
    admin.close()


def test_pitfall_37_pitfall_43_topics_that_others_made_are_checked(broker, settings, admin):
    create_topics(broker, [settings.prefix + CHANGELOG])
    create_topics(broker, [settings.prefix + "orders"], partitions=3)
    create_topics(broker, [settings.prefix + CONTROL])
    admin.create_topics()
    problems = {
        (one.topic.removeprefix(settings.prefix), one.what): one for one in admin.check_topics()
    }
    assert set(problems) == {
        (CHANGELOG, "cleanup.policy"),
        ("orders", "partitions"),
        ("orders", "message.timestamp.type"),
        (CONTROL, "partitions"),
        (CONTROL, "message.timestamp.type"),
        (CONTROL, "retention.ms"),
        (CONTROL, "max.message.bytes"),
    } - ({(CONTROL, "max.message.bytes")} if broker.kind == "kafka" else set())
    assert problems["orders", "partitions"].found == "3"
    assert "--add-config cleanup.policy=compact" in problems[CHANGELOG, "cleanup.policy"].mend


def test_how_long_the_changelog_keeps_what_was_deleted(broker, settings, admin):
    create_topics(
        broker, [settings.prefix + CHANGELOG], cleanup_policy="compact", delete_retention_ms="12345"
    )
    assert admin.delete_retention() == 12_345
