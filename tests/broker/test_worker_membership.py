"""Faust's side of a worker on a real group; its records and transactions are in memory."""

import asyncio
import time

import pytest

from streams.embedded.broker_process import BrokerProcess
from streams.ports import CONTROL
from streams.worker.faust.app import build_app
from tests.harness.consumer_group import members
from tests.harness.memory_cluster import MemoryCluster, MemoryWorker, until
from tests.harness.topics import create_all_topics, settings_for


@pytest.mark.slow
async def test_a_member_that_fetches_nothing_by_aiokafka_stays_in_the_group(
    broker: BrokerProcess, topic_prefix: str
) -> None:
    settings = settings_for(broker, topic_prefix, session_timeout=6_000)
    await asyncio.to_thread(create_all_topics, settings)
    cluster = MemoryCluster(settings.partitions)
    cluster.register("c1", "c2")
    worker = MemoryWorker(cluster)
    await worker.start()
    app = build_app(
        settings,
        worker.records,
        worker.tasks,
        {CONTROL: worker.tasks.feed_control},
    )
    app.conf.broker_max_poll_interval = 8.0
    app.conf.web_enabled = False
    await app.start()
    try:
        await until(lambda: sorted(cluster.opened) == [0, 1])
        member = members(broker, settings.application).keys()
        assert len(member) == 1
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            assert not app.crashed
            await asyncio.sleep(1)
        assert members(broker, settings.application).keys() == member
        assert app.consumer_generation_id == 1
        cluster.order("c1")
        cluster.order("c2")
        await until(lambda: sorted(cluster.thanked()) == ["c1", "c2"])
    finally:
        await worker.tasks.stop(5.0)
        await app.stop()
        await worker.records.close()
