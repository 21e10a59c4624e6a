"""Whatever takes long in a worker, it doesn't hold its event loop up."""

import time
from pathlib import Path

from streams.embedded.broker_process import BrokerProcess
from tests.harness.eventually import eventually
from tests.harness.kafka_proxy import ApiKey, KafkaProxy
from tests.harness.worker_process import WorkerProcess
from tests.harness.worker_shop import Shop

DELAY = 5.0
"""Seconds; half of what would lose the membership or the transaction."""

LONGEST = 2.5
"""Seconds that an answer may take on a machine that others use as well. An answer is made on the
event loop: where a call blocks it, it takes as long as the call."""


def longest_answer(worker: WorkerProcess, within: float) -> float:
    """Asks the worker for its health again and again for so many seconds; the longest wait."""
    longest = 0.0
    deadline = time.monotonic() + within
    while (began := time.monotonic()) < deadline:
        assert worker.ask("/health")[0] == 200, worker.log_tail()
        longest = max(longest, time.monotonic() - began)
    return longest


def test_pitfall_67_no_call_that_waits_for_a_broker_runs_on_the_loop(
    broker: BrokerProcess, proxy: KafkaProxy, topic_prefix: str, tmp_path: Path
) -> None:
    with Shop(broker, topic_prefix, tmp_path / "shop", partitions=2) as shop:
        shop.create_topics()
        shop.publish()
        shop.register(10)
        # init_transactions hangs
        opening = proxy.hold_responses(ApiKey.INIT_PRODUCER_ID)
        worker = shop.start("one", SENDFLOW_BROKERS=proxy.bootstrap)
        eventually(lambda: worker.ask("/health")[0] == 200, within=30, message=worker.log_tail)
        opening.wait(2)
        assert longest_answer(worker, DELAY / 2) < LONGEST
        assert worker.running() == set()
        opening.release()
        worker.wait_for(2)
        # a commit of task 0 hangs: its records aren't confirmed; task 1 goes on
        id_of_0 = f"{shop.settings.application}-0".encode()
        slow = proxy.hold_responses(ApiKey.PRODUCE, containing=id_of_0)
        shop.order(10)
        slow.wait()
        assert longest_answer(worker, DELAY) < LONGEST
        by_task = {shop.partition_of(f"c{number}"): number + 1 for number in range(10)}
        assert len(shop.commands()) == sum(
            shop.partition_of(f"c{number}") == 1 for number in range(10)
        )
        assert by_task.keys() == {0, 1}
        slow.release()
        shop.wait_for_all(worker.log_tail)
        # the ends of partitions aren't told
        ends = proxy.hold_responses(ApiKey.LIST_OFFSETS)
        ends.wait()
        assert longest_answer(worker, DELAY / 2) < LONGEST
        ends.release()
        assert "restarting from" not in worker.log.read_text()
        assert worker.stop() == 0
