from pathlib import Path

from confluent_kafka import Consumer, Producer

from streams.kafka.client_config import (
    connection_options,
    consumer_options,
    offsets_options,
    producer_options,
)
from streams.settings import Protocol, Security, Settings

SECURED = Settings(
    brokers="a:1,b:2",
    application="shop",
    security=Security(
        protocol=Protocol.SASL_SSL,
        ca_file=Path("ca.pem"),
        mechanism="SCRAM-SHA-512",
        username="user",
        password="secret",
    ),
)


def test_what_is_not_set_is_left_to_librdkafka():
    assert connection_options(Settings(), "worker") == {
        "bootstrap.servers": "localhost:9092",
        "client.id": "sendflow-worker",
        "security.protocol": "PLAINTEXT",
    }


def test_tls_and_sasl():
    assert connection_options(SECURED, "worker") == {
        "bootstrap.servers": "a:1,b:2",
        "client.id": "shop-worker",
        "security.protocol": "SASL_SSL",
        "ssl.ca.location": "ca.pem",
        "sasl.mechanism": "SCRAM-SHA-512",
        "sasl.username": "user",
        "sasl.password": "secret",
    }


def test_librdkafka_knows_every_option():
    settings = Settings(brokers="localhost:1")
    Consumer({**consumer_options(settings, "worker"), "log_level": 0}).close()
    Consumer({**offsets_options(settings, "worker"), "log_level": 0}).close()
    Producer({**producer_options(settings, "sendflow-0"), "log_level": 0})


def test_a_reset_of_positions_is_never_silent():
    options = consumer_options(Settings(), "worker")
    assert options["auto.offset.reset"] == "error"
    assert options["enable.auto.commit"] is False
    assert options["isolation.level"] == "read_committed"
