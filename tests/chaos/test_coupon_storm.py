"""Three workers in a storm of kill -9, while coupon codes are loaded, given and moved: no two
customers get one code, and none is lost."""

import time
from pathlib import Path

import pytest

from streams.embedded.broker_process import BrokerProcess
from tests.harness.coupon_shop import CouponShop
from tests.harness.eventually import eventually
from tests.harness.worker_process import WorkerProcess
from tests.harness.worker_shop import Shop

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(400)]

PARTITIONS = 6
KILLS = 30
GUST = 6
"""After so many kills the workers may come to work again, so that the next find them at it."""
WORKERS = ("one", "two", "three")


def pass_time(seconds: float) -> None:
    until = time.monotonic() + seconds
    eventually(lambda: time.monotonic() >= until, every=0.01)


@pytest.mark.parametrize("seed", [7])
def test_a_storm_of_kills_gives_no_code_twice_and_loses_none(
    broker: BrokerProcess, topic_prefix: str, tmp_path: Path, seed: int
) -> None:
    given = {"partitions": PARTITIONS, "transaction_timeout": 6_000, "commit_events": 20}
    with Shop(broker, topic_prefix, tmp_path / "shop", **given) as shop:
        coupons = CouponShop(shop, seed)
        chance = coupons.chance
        coupons.set_up()
        coupons.load(0, 100)
        workers: dict[str, WorkerProcess] = {name: shop.start(name) for name in WORKERS}

        def log() -> str:
            return "\n\n".join(worker.log_tail() for worker in workers.values())

        for kill in range(KILLS):
            if kill % GUST == 0:
                coupons.ask(chance.randrange(PARTITIONS), 10)
                eventually(
                    lambda: coupons.answered() == coupons.asked, within=90, every=0.2, message=log
                )
            coupons.ask(chance.randrange(1, PARTITIONS), chance.randrange(12))
            if chance.random() < 0.3:
                coupons.load(chance.randrange(PARTITIONS), chance.randrange(40))
            pass_time(chance.uniform(0.1, 1.0))
            name = chance.choice(WORKERS)
            assert workers[name].process.is_running(), log()  # none ends by itself
            workers[name].kill()
            workers[name] = shop.start(name)
        eventually(coupons.is_done, within=90, every=0.2, message=log)
        # One that is still starting would end by the signal alone.
        eventually(
            lambda: all(one.ask("/health")[0] == 200 for one in workers.values()),
            within=90,
            every=0.2,
            message=log,
        )
        for worker in workers.values():
            assert worker.stop() == 0, worker.log_tail()
        assert coupons.differences() == []
        assert coupons.moved() > 0
