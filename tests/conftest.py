"""What every test may ask for: the broker chosen with --broker, and names of its own on it."""

import os
import re
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import settings as hypothesis_settings

from streams.embedded.broker_process import BrokerProcess, EmbeddedBroker
from tests.apache_kafka.broker import KafkaBroker
from tests.apache_kafka.jars import java, kafka_jars
from tests.kafka_proxy import KafkaProxy

BROKERS: dict[str, Callable[[Path], BrokerProcess]] = {
    "embedded": EmbeddedBroker,
    "kafka": KafkaBroker,
}

# How fast an example is, is no property of the code on a machine that others use as well.
hypothesis_settings.register_profile("sendflow", hypothesis_settings(), deadline=None)
hypothesis_settings.load_profile("sendflow")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--broker",
        choices=sorted(BROKERS),
        default=os.environ.get("SENDFLOW_TEST_BROKER", "embedded"),
        help="which broker the broker tests run on (also SENDFLOW_TEST_BROKER; default: embedded)",
    )


@pytest.hookimpl(tryfirst=True)  # before -m looks at the markers
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Whoever asks for a broker is a broker test; Apache Kafka's own tests need Apache Kafka."""
    on_kafka = config.getoption("--broker") == "kafka"
    for item in items:
        if {"broker", "own_broker"} & set(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.broker)
        if item.get_closest_marker("kafka") and not on_kafka:
            item.add_marker(pytest.mark.skip(reason="needs Apache Kafka: --broker kafka"))


def pytest_collection_finish(session: pytest.Session) -> None:
    """Fetch the jars before the first test, whose time limit is no time limit for Maven."""
    if session.config.option.collectonly or session.config.getoption("--broker") != "kafka":
        return
    if any(item.get_closest_marker(name) for item in session.items for name in ("broker", "kafka")):
        java()
        kafka_jars()


@pytest.fixture(scope="session")
def broker(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[BrokerProcess]:
    """The broker that all tests of a run share: never stop or pause it (`own_broker` is for that).

    It has `.bootstrap` (the address) and `.kind` ("embedded" or "kafka").
    """
    shared = BROKERS[request.config.getoption("--broker")](tmp_path_factory.mktemp("broker"))
    shared.start()
    yield shared
    shared.kill()  # its data go with the folder: nothing to save


@pytest.fixture
def own_broker(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[BrokerProcess]:
    """A broker for one test alone, to be stopped, killed, paused and started again.

    What the embedded one was told in its last seconds doesn't survive a kill: `stop` it instead,
    or mark the test `kafka`.
    """
    own = BROKERS[request.config.getoption("--broker")](tmp_path / "broker")
    own.start()
    yield own
    own.kill()


@pytest.fixture
def proxy(broker: BrokerProcess) -> Iterator[KafkaProxy]:
    """A network before the shared broker, in which a test can lose and delay what it chooses."""
    with KafkaProxy(broker.bootstrap) as between:
        yield between


@pytest.fixture
def topic_prefix(request: pytest.FixtureRequest) -> str:
    """A prefix for topics, groups and transactional ids that no other test has."""
    name = re.sub(r"[^a-z0-9]+", "-", request.node.name.lower()).strip("-")[:40]
    return f"{name}-{uuid.uuid4().hex[:8]}."
