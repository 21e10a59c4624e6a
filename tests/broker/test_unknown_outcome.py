"""The end of a transaction that isn't confirmed: the producer is thrown away, a new one makes the
outcome known, and the committed positions say what is to be done (PITFALLS 8 to 10)."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from streams.embedded.broker_process import BrokerProcess
from streams.errors import OutcomeUnknown
from streams.kafka.producer import ProducerState
from tests.harness.eventually import eventually
from tests.harness.kafka_proxy import ApiKey, KafkaProxy
from tests.harness.one_task import OneTask
from tests.harness.worker_process import WorkerProcess
from tests.harness.worker_shop import Shop

CUSTOMERS = 5


@pytest.fixture
def shop(broker: BrokerProcess, topic_prefix: str, tmp_path: Path) -> Iterator[Shop]:
    """Of one task, with customers who can be written to and an order of each."""
    with Shop(broker, topic_prefix, tmp_path / "shop", partitions=1) as shop:
        shop.create_topics()
        shop.publish()
        shop.register(CUSTOMERS)
        shop.order(CUSTOMERS)
        yield shop


class Calls:
    """A client of librdkafka, and what it was called for."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self.names: list[str] = []

    def __getattr__(self, name: str) -> Any:
        self.names.append(name)
        return getattr(self._client, name)


def opened(shop: Shop, proxy: KafkaProxy) -> OneTask:
    """The task behind the proxy, with everything decided."""
    folder = shop.folder / "data"
    one = OneTask(msgspec.structs.replace(shop.settings, brokers=proxy.bootstrap, data_dir=folder))
    one.advance()
    return one


def assert_unknown(one: OneTask) -> None:
    """Commits, with an outcome that stays unknown: neither abort nor begin is ever called again."""
    calls = Calls(one.producer._producer)
    one.producer._producer = calls  # type: ignore[assignment]
    with pytest.raises(OutcomeUnknown):
        one.commit()
    assert calls.names.count("begin_transaction") == 1
    assert calls.names[-1] == "commit_transaction"
    assert one.producer.state is ProducerState.UNKNOWN
    one.close()
    assert calls.names[-1] == "commit_transaction"


@pytest.mark.smoke
def test_pitfall_08_an_end_that_was_applied_isn_t_decided_again(
    proxy: KafkaProxy, shop: Shop
) -> None:
    one = opened(shop, proxy)
    held = proxy.hold_responses(ApiKey.END_TXN)
    assert_unknown(one)
    held.discard()
    assert len(shop.commands()) == CUSTOMERS
    with opened(shop, proxy) as again:
        assert again.task.positions["orders"] == CUSTOMERS  # success: the positions show it
        assert again.commit() is None
        shop.order(CUSTOMERS)
        again.advance()
        again.commit()
    shop.wait_for_all(str)


def test_pitfall_09_an_end_that_was_not_applied_is_rolled_back_and_decided_once(
    proxy: KafkaProxy, shop: Shop
) -> None:
    one = opened(shop, proxy)
    held = proxy.hold_requests(ApiKey.END_TXN)
    assert_unknown(one)
    held.discard()
    with opened(shop, proxy) as again:
        assert shop.commands() == []
        assert again.store.get(b"c0") is None
        again.commit()
    shop.wait_for_all(str)


def test_pitfall_10_a_delayed_end_tears_no_later_transaction(proxy: KafkaProxy, shop: Shop) -> None:
    one = opened(shop, proxy)
    held = proxy.hold_requests(ApiKey.END_TXN, at_most=1)
    assert_unknown(one)
    with opened(shop, proxy) as again:
        flush = again.producer._flush

        def delayed_end_arrives(deadline: float) -> None:
            flush(deadline)
            held.release()
            assert shop.commands() == []  # nothing was committed but by ourselves

        again.producer._flush = delayed_end_arrives  # type: ignore[method-assign]
        again.commit()
        assert again.producer.state is ProducerState.READY
    shop.wait_for_all(str)


def reopened(worker: WorkerProcess, times: int) -> None:
    """Waits until the worker has restarted a task, or its facts agent, so many times."""
    eventually(
        lambda: worker.log.read_text().count("restarting from") >= times,
        within=20,
        message=worker.log_tail,
    )


def test_pitfall_08_pitfall_09_pitfall_10_in_a_worker(proxy: KafkaProxy, shop: Shop) -> None:
    worker = shop.start("one", SENDFLOW_BROKERS=proxy.bootstrap)
    shop.wait_for_all(worker.log_tail)
    # 8: the answer is lost
    lost = proxy.hold_responses(ApiKey.END_TXN, at_most=1)
    shop.order(CUSTOMERS)
    lost.wait()
    lost.discard()
    reopened(worker, 1)
    shop.wait_for_all(worker.log_tail)
    # 9: the request is lost
    lost = proxy.hold_requests(ApiKey.END_TXN, at_most=1)
    shop.order(CUSTOMERS)
    lost.wait()
    lost.discard()
    reopened(worker, 2)
    shop.wait_for_all(worker.log_tail)
    # 10: the request arrives in the middle of the next transaction
    delayed = proxy.hold_requests(ApiKey.END_TXN, at_most=1)
    opening = proxy.hold_responses(ApiKey.INIT_PRODUCER_ID)
    shop.order(CUSTOMERS)
    delayed.wait()
    opening.wait()
    next_one = proxy.hold_responses(ApiKey.PRODUCE, at_most=1)
    opening.release()
    next_one.wait()
    delayed.release()
    next_one.release()
    shop.wait_for_all(worker.log_tail)
    assert worker.stop() == 0


def test_pitfall_10_a_broker_that_sleeps_in_the_middle_of_an_end(
    own_broker: BrokerProcess, topic_prefix: str, tmp_path: Path
) -> None:
    """The SIGSTOP variant: what was sent is read when it wakes."""
    with (
        KafkaProxy(own_broker.bootstrap) as proxy,
        Shop(own_broker, topic_prefix, tmp_path / "shop", partitions=1) as shop,
    ):
        shop.create_topics()
        shop.publish()
        shop.register(CUSTOMERS)
        worker = shop.start("one", SENDFLOW_BROKERS=proxy.bootstrap)
        worker.wait_for(1)
        held = proxy.hold_requests(ApiKey.END_TXN, at_most=1)
        shop.order(CUSTOMERS)
        held.wait()
        own_broker.pause()
        held.release()  # on its way to a broker that sleeps
        reopened(worker, 1)
        own_broker.resume()
        shop.wait_for_all(worker.log_tail)
        shop.order(CUSTOMERS)
        shop.wait_for_all(worker.log_tail)
        assert worker.stop() == 0
