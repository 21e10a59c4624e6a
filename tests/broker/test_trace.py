"""The header `traceparent`, from the record of an event to that of a command."""

from pathlib import Path

import msgspec
import pytest

from streams.embedded.broker_process import BrokerProcess
from streams.kafka.event_producer import EventProducer
from tests.harness.events import event
from tests.harness.eventually import eventually
from tests.harness.one_task import OneTask
from tests.harness.topics import records_of
from tests.harness.worker_shop import Shop

FLOW = """\
flow: thanks
status: live
trigger: {metric: order.placed}
transactional: true
steps: [{wait: 1s, id: pause}, {send: email, template: thanks}]
"""
TRACE = b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@pytest.mark.smoke
def test_a_command_carries_the_traceparent_of_its_event_also_over_a_wait_and_a_restart(
    broker: BrokerProcess, topic_prefix: str, tmp_path: Path
) -> None:
    with Shop(broker, topic_prefix, tmp_path / "shop", partitions=1) as shop:
        (shop.flows / "thanks.yaml").write_text(FLOW)
        shop.create_topics()
        shop.publish()
        shop.register(2)
        with EventProducer(shop.settings) as producer:
            traced = event("order.placed", "c0", 1)
            traced.headers = [("app", b"checkout"), ("traceparent", TRACE)]
            producer.produce(traced)
            producer.produce(event("order.placed", "c1", 2))
        settings = msgspec.structs.replace(shop.settings, data_dir=tmp_path / "data")
        with OneTask(settings) as one:
            one.advance()
            one.commit()
        with OneTask(settings) as one:  # the journeys come from the changelog or the store

            def both_are_thanked() -> bool:
                one.advance()
                one.commit()
                return len(shop.commands()) == 2

            eventually(both_are_thanked, within=20)
        commands = [found.record for found in records_of(shop.settings, "send-commands")]
        found = {command.key: command.headers for command in commands}
    assert found == {b"c0": [("traceparent", TRACE)], b"c1": None}
