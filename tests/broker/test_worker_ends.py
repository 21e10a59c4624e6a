"""However a worker ends, nothing is lost and nothing comes twice; and it ends in time."""

import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from streams.embedded.broker_process import BrokerProcess
from tests.harness.eventually import eventually
from tests.harness.kafka_proxy import ApiKey, KafkaProxy
from tests.harness.worker_shop import Shop

CUSTOMERS = 50


@pytest.fixture
def shop(broker: BrokerProcess, topic_prefix: str, tmp_path: Path) -> Iterator[Shop]:
    with Shop(broker, topic_prefix, tmp_path / "shop", commit_events=200) as shop:
        yield prepared(shop)


@pytest.fixture
def own_shop(own_broker: BrokerProcess, topic_prefix: str, tmp_path: Path) -> Iterator[Shop]:
    with Shop(own_broker, topic_prefix, tmp_path / "shop", commit_events=200) as shop:
        yield prepared(shop)


def prepared(shop: Shop) -> Shop:
    """With topics, a flow and customers who can be written to."""
    shop.create_topics()
    shop.publish()
    shop.register(CUSTOMERS)
    return shop


def test_a_worker_that_was_killed_goes_on_where_it_stood(shop: Shop) -> None:
    worker = shop.start("one")
    worker.wait_for(4)
    shop.order(CUSTOMERS, each=40)
    eventually(lambda: len(shop.commands()) > 300, within=20, message=worker.log_tail)
    worker.kill()
    worker = shop.start("one")
    shop.order(CUSTOMERS)
    shop.wait_for_all(worker.log_tail)
    assert worker.stop() == 0


@pytest.mark.smoke
def test_a_worker_that_was_killed_is_replaced_by_the_other(shop: Shop) -> None:
    one, two = shop.start("one"), shop.start("two")
    one.wait_for(2)
    two.wait_for(2)
    shop.order(CUSTOMERS, each=40)
    eventually(lambda: len(shop.commands()) > 300, within=20, message=one.log_tail)
    one.kill()
    shop.order(CUSTOMERS)
    two.wait_for(4)
    shop.wait_for_all(two.log_tail)


def test_a_worker_with_a_name_takes_its_own_place_again(
    broker: BrokerProcess, topic_prefix: str, tmp_path: Path
) -> None:
    """At another port, and within its session: Apache Kafka gives it the assignment of its
    predecessor, with that one's address."""
    with Shop(broker, topic_prefix, tmp_path / "shop", session_timeout=25_000) as shop:
        prepared(shop)
        one = shop.start("one", SENDFLOW_INSTANCE="one")
        two = shop.start("two", SENDFLOW_INSTANCE="two")
        one.wait_for(2)
        customer = next(c for c in customers() if shop.partition_of(c) in one.wait_for(2))
        two.wait_for(2)
        shop.order(CUSTOMERS, each=10)
        eventually(lambda: len(shop.commands()) > 50, within=20, message=one.log_tail)
        one.kill()
        one = shop.start("one", SENDFLOW_INSTANCE="one")
        shop.wait_for_all(one.log_tail)
        one.wait_for(2)
        eventually(lambda: two.ask(f"/customers/{customer}")[0] == 200, message=one.log_tail)


def customers() -> list[str]:
    """Those of `order`."""
    return [f"c{number}" for number in range(CUSTOMERS)]


def test_a_state_that_was_lost_is_read_from_the_changelog(shop: Shop) -> None:
    worker = shop.start("one")
    worker.wait_for(4)
    shop.order(CUSTOMERS, each=4)
    shop.wait_for_all(worker.log_tail)
    assert worker.stop() == 0
    other = shop.start("other")  # with a data directory of its own
    other.wait_for(4)
    assert other.ask("/customers/c7")[1]["orders"] == 4
    shop.order(CUSTOMERS)
    shop.wait_for_all(other.log_tail)
    assert other.ask("/customers/c7")[1]["orders"] == 5


def assert_all_done_by(shop: Shop, name: str) -> None:
    """Whoever comes next finds the store unlocked, and does what was left."""
    worker = shop.start(name)
    worker.wait_for(4)
    shop.wait_for_all(worker.log_tail)
    assert worker.stop() == 0


@pytest.mark.smoke
def test_pitfall_65_sigterm_while_idle(shop: Shop) -> None:
    worker = shop.start("one")
    worker.wait_for(4)
    assert worker.stop() == 0
    shop.order(CUSTOMERS)
    assert_all_done_by(shop, "one")


def test_pitfall_65_sigterm_while_deciding_and_committing(shop: Shop) -> None:
    worker = shop.start("one")
    worker.wait_for(4)
    shop.order(CUSTOMERS, each=60)
    eventually(lambda: len(shop.commands()) > 100, within=20, message=worker.log_tail)
    assert worker.stop() == 0
    assert_all_done_by(shop, "one")


def test_pitfall_65_sigterm_while_restoring(shop: Shop) -> None:
    worker = shop.start("one")
    worker.wait_for(4)
    shop.order(CUSTOMERS, each=60)
    shop.wait_for_all(worker.log_tail)
    assert worker.stop() == 0
    other = shop.start("other")
    other.wait_for_log("assigned -> restoring")
    assert other.stop() == 0
    assert_all_done_by(shop, "other")


def test_pitfall_65_sigterm_in_a_rebalance(shop: Shop) -> None:
    one = shop.start("one")
    one.wait_for(4)
    shop.order(CUSTOMERS, each=10)
    two = shop.start("two")
    two.wait_for_log("generation 2")
    assert two.stop() == 0
    one.wait_for_log("generation 3")
    assert one.stop() == 0
    assert_all_done_by(shop, "one")


def test_pitfall_65_sigterm_while_no_broker_answers(shop: Shop) -> None:
    worker = shop.start("one", SENDFLOW_BROKERS="127.0.0.1:1")
    worker.wait_for_log("no broker reachable")
    assert worker.stop() in (0, 2)


def test_pitfall_65_sigterm_while_the_broker_hangs(own_shop: Shop) -> None:
    worker = own_shop.start("one")
    worker.wait_for(4)
    own_shop.order(CUSTOMERS, each=20)
    own_shop.broker.pause()
    worker.process.signal(signal.SIGTERM)
    assert worker.wait() == 0
    own_shop.broker.resume()


@pytest.mark.smoke
@pytest.mark.long
def test_pitfall_65_a_second_sigterm_ends_at_once(own_shop: Shop) -> None:
    worker = own_shop.start("one")
    worker.wait_for(4)
    own_shop.order(CUSTOMERS, each=20)
    own_shop.broker.pause()
    worker.process.signal(signal.SIGTERM)
    worker.wait_for_log("SIGTERM received: shutting down")
    worker.process.signal(signal.SIGTERM)
    assert worker.wait() == 1
    own_shop.broker.resume()


def test_pitfall_65_ctrl_c_stops_it_too(shop: Shop) -> None:
    worker = shop.start("one")
    worker.wait_for(4)
    worker.process.signal(signal.SIGINT)
    assert worker.wait() == 0


def test_pitfall_11_a_worker_that_slept_too_long_writes_nothing_and_joins_again(
    broker: BrokerProcess, topic_prefix: str, tmp_path: Path
) -> None:
    with Shop(broker, topic_prefix, tmp_path / "shop", transaction_timeout=6_000) as shop:
        prepared(shop)
        one, two = shop.start("one"), shop.start("two")
        one.wait_for(2)
        two.wait_for(2)
        paused_at = time.monotonic()
        one.process.pause()
        shop.expire(one)
        two.wait_for(4)
        shop.order(CUSTOMERS, each=4)
        shop.wait_for_all(two.log_tail)
        shop.outlive(paused_at)
        one.process.resume()
        one.wait_for(2)
        two.wait_for(2)
        shop.order(CUSTOMERS, each=4)
        shop.wait_for_all(one.log_tail)
        assert (one.stop(), two.stop()) == (0, 0)


@pytest.mark.smoke
@pytest.mark.long
def test_pitfall_65_sigterm_while_a_task_opens_and_its_broker_hangs(own_shop: Shop) -> None:
    """Nothing was begun, so nothing is lost: it ended as it was told to."""
    with KafkaProxy(own_shop.broker.bootstrap) as proxy:
        held = proxy.hold_requests(ApiKey.INIT_PRODUCER_ID)
        worker = own_shop.start("one", SENDFLOW_BROKERS=proxy.bootstrap)
        held.wait()
        assert worker.stop() == 0
        assert "stopped" in worker.log_tail()
        held.discard()
    own_shop.order(CUSTOMERS)
    assert_all_done_by(own_shop, "one")
