"""First orders, written at the same time as the profiles of those who order, by two systems that
know nothing of each other: every order is confirmed, whichever record was appended first
(SEMANTICS 4.5, D16). In a plain run on Apache Kafka without that rule, 2,081 of 4,987 were not."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from streams.contracts.decisions import DECISIONS, read_decisions
from streams.embedded.broker_process import BrokerProcess
from tests.harness.eventually import eventually
from tests.harness.topics import records_of
from tests.harness.worker_shop import Shop

CUSTOMERS = 4_000
HELD = 50


@pytest.fixture
def shop(broker: BrokerProcess, topic_prefix: str, tmp_path: Path) -> Iterator[Shop]:
    with Shop(broker, topic_prefix, tmp_path / "shop", partitions=4) as shop:
        shop.create_topics()
        shop.publish()
        yield shop


def decided(shop: Shop) -> list[tuple[str, str]]:
    """The outcome and reason of each decision."""
    values = [found.record.value for found in records_of(shop.settings, DECISIONS)]
    decisions = [one for value in values if value for one in read_decisions(value)]
    return [(one["outcome"], one["reason"]) for one in decisions]


@pytest.mark.slow
def test_d16_every_first_order_beside_its_profile_is_confirmed(shop: Shop) -> None:
    worker = shop.start("one")

    profiles = threading.Thread(target=shop.register, args=(CUSTOMERS,))
    profiles.start()
    shop.order(CUSTOMERS)
    profiles.join()
    shop.wait_for_all(worker.log_tail)
    outcomes = decided(shop)
    assert outcomes.count(("sent", "")) == CUSTOMERS
    assert not [one for one in outcomes if one[0] == "skipped"]
    assert worker.stop() == 0


def test_d16_a_profile_that_comes_after_the_order_was_judged_releases_it(shop: Shop) -> None:
    worker = shop.start("one")
    shop.order(HELD)

    def held() -> int:
        return decided(shop).count(("held", "no_profile_yet"))

    eventually(lambda: held() == HELD, within=30, every=0.2, message=worker.log_tail)
    assert shop.commands() == []
    shop.register(HELD)
    shop.wait_for_all(worker.log_tail)
    assert held() == HELD
    assert worker.stop() == 0
