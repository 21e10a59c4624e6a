"""Loaded codes move to a partition that has none, over workers that are killed with -9."""

import json
from pathlib import Path

import pytest

from streams.cli.main import run
from streams.embedded.broker_process import BrokerProcess
from streams.ports import COUPON_FACTS_KEY
from tests.harness.coupon_shop import CouponShop
from tests.harness.eventually import eventually
from tests.harness.topics import records_of
from tests.harness.worker_process import WorkerProcess
from tests.harness.worker_shop import Shop

pytestmark = pytest.mark.timeout(180)

PARTITIONS = 3


@pytest.mark.smoke
def test_codes_move_to_where_customers_ask_for_them_over_kill_9(
    broker: BrokerProcess,
    topic_prefix: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    given = {"partitions": PARTITIONS, "transaction_timeout": 6_000}
    with Shop(broker, topic_prefix, tmp_path / "shop", **given) as shop:
        coupons = CouponShop(shop, seed=7)
        coupons.set_up()
        coupons.load(0, 60)
        workers: dict[str, WorkerProcess] = {name: shop.start(name) for name in ("one", "two")}

        def log() -> str:
            return "\n\n".join(worker.log_tail() for worker in workers.values())

        def gets_codes(of: int, more: int) -> None:
            """Customers of a partition ask until `more` of them have got a code."""
            wanted = len(coupons.given()) + more

            def have_got() -> bool:
                if coupons.answered() == coupons.asked:
                    coupons.ask(of, 2)
                return len(coupons.given()) >= wanted

            eventually(have_got, within=60, every=0.3, message=log)

        gets_codes(of=1, more=8)
        workers["one"].kill()
        workers["one"] = shop.start("one")
        gets_codes(of=2, more=8)
        workers["two"].kill()
        workers["two"] = shop.start("two")
        gets_codes(of=1, more=8)
        assert coupons.moved() >= 24
        eventually(lambda: coupons.answered() == coupons.asked, within=60, message=log)

        def metrics() -> list[str]:
            return [line for one in workers.values() for line in one.ask("/metrics")[1].split("\n")]

        def of_all_tasks(name: str) -> list[float]:
            """The values of a metric of the pool, by task."""
            found = {
                line.partition(" ")[0]: float(line.partition(" ")[2])
                for line in metrics()
                if line.startswith(name + "{")
            }
            return list(found.values())

        # Fewer than 40 are left, and each task knows it.
        eventually(
            lambda: of_all_tasks("sendflow_coupons_low") == [1.0] * PARTITIONS,
            within=30,
            message=log,
        )
        assert sum(of_all_tasks("sendflow_coupons_left")) <= 60 - len(coupons.given())
        for worker in workers.values():
            assert worker.stop() == 0, worker.log_tail()
        assert coupons.differences() == []

        capsys.readouterr()
        where = ("--brokers", broker.bootstrap, "--prefix", shop.settings.prefix)
        assert run(["coupons", "status", "ten", "--json", *where]) == 0
        rows = json.loads(capsys.readouterr().out)["pools"]
        of_all = rows[-1]
        assert [row["partition"] for row in rows] == [0, 1, 2, None]
        assert (of_all["loaded"], of_all["given"]) == (60, len(coupons.given()))
        assert of_all["left"] + of_all["in_transit"] == 60 - of_all["given"]
        assert of_all["per_day"] == of_all["given"]
        assert of_all["runs_dry_at"] > 0
        assert run(["coupons", "status", "ten", *where]) == 0
        text = capsys.readouterr()
        assert "runs dry" in text.out
        control = [found.record.key for found in records_of(shop.settings, "control")]
        assert COUPON_FACTS_KEY in control
