"""What every test may ask for: the broker chosen with --broker, and names of its own on it."""

import os
import re
import signal
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings as hypothesis_settings

from streams.embedded.broker_process import BrokerProcess, EmbeddedBroker
from tests.harness.apache_kafka.broker import KafkaBroker
from tests.harness.apache_kafka.jars import java, kafka_jars
from tests.harness.distribution import TogetherWhereShared
from tests.harness.examples import examples
from tests.harness.kafka_proxy import KafkaProxy
from tests.harness.shared_broker import SharedBroker, shared_broker
from tests.harness.topics import delete_topics

BROKERS: dict[str, Callable[..., BrokerProcess]] = {
    "embedded": EmbeddedBroker,
    "kafka": KafkaBroker,
}

IN_FOREGROUND: dict[signal.Signals, Any] = {
    signal.SIGINT: signal.default_int_handler,
    signal.SIGQUIT: signal.SIG_DFL,
    signal.SIGHUP: signal.SIG_DFL,
}
"""What a job in the background, or under nohup, was told to ignore, every process that it starts
would ignore as well: those that tests start, and then interrupt."""

hypothesis_settings.register_profile("sendflow", examples(100))
hypothesis_settings.load_profile("sendflow")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--broker",
        choices=sorted(BROKERS),
        default=os.environ.get("SENDFLOW_TEST_BROKER", "embedded"),
        help="which broker the broker tests run on (also SENDFLOW_TEST_BROKER; default: embedded)",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Signals are as in a shell's foreground, and one Apache Kafka is there for all processes."""
    for number, handler in IN_FOREGROUND.items():
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, handler)
    hands_out = bool(config.getoption("numprocesses", None))
    if hands_out and config.getoption("--broker") == "kafka" and not config.option.collectonly:
        config.pluginmanager.register(SharedBroker())


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """On Apache Kafka, files that name no broker are left alone: no test of theirs asks for one."""
    if config.getoption("--broker") != "kafka" or collection_path.suffix != ".py":
        return None
    return None if re.search("broker|kafka", collection_path.read_text()) else True


@pytest.hookimpl(tryfirst=True)  # before -m looks at the markers
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Whoever asks for a broker is a broker test; Apache Kafka's own tests need Apache Kafka. Slow
    ones begin first."""
    on_kafka = config.getoption("--broker") == "kafka"
    for item in items:
        if {"broker", "own_broker"} & set(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.broker)
        if item.get_closest_marker("kafka") and not on_kafka:
            item.add_marker(pytest.mark.skip(reason="needs Apache Kafka: --broker kafka"))
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> TogetherWhereShared:
    """Which process runs which tests."""
    return TogetherWhereShared(config, log)


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
    if (of_all := shared_broker(request.config)) is not None:
        yield of_all
        return
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
def topic_prefix(request: pytest.FixtureRequest) -> Iterator[str]:
    """A prefix for topics, groups and transactional ids that no other test has. Topics of this name
    on the shared broker are deleted: every client that asks for all would be told of them."""
    name = re.sub(r"[^a-z0-9]+", "-", request.node.name.lower()).strip("-")[:40]
    prefix = f"{name}-{uuid.uuid4().hex[:8]}."
    broker = request.getfixturevalue("broker") if "broker" in request.fixturenames else None
    yield prefix
    if broker is not None:
        delete_topics(broker, prefix)
