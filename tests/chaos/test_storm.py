"""Three workers in a storm of kill -9, while orders and carts come in (PITFALLS 6)."""

import random
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from streams.contracts.encode import encode_event
from streams.contracts.wire import decode_any
from streams.embedded.broker_process import BrokerProcess
from streams.engine import decode_state
from streams.kafka.event_producer import EventProducer
from streams.ports import CHANGELOG, OutputRecord
from tests.chaos.verifier import FLOWS, Command, Happened, differences, expected
from tests.harness.events import event, now
from tests.harness.eventually import eventually
from tests.harness.topics import records_of
from tests.harness.worker_process import WorkerProcess
from tests.harness.worker_shop import Shop

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(400)]

CUSTOMERS = 60
PARTITIONS = 6
KILLS = 30
GUST = 6
"""After so many kills the workers may come to work again, so that the next find them at it."""
WORKERS = ("one", "two", "three")
METRICS = {"OrderPlaced": "order.placed", "CartUpdated": "cart.updated"}


class Storm:
    """A shop whose workers are killed, and start again at once with the same data directory."""

    def __init__(self, shop: Shop, seed: int) -> None:
        self.shop = shop
        self.chance = random.Random(seed)
        self.workers: dict[str, WorkerProcess] = {}
        self._carts = 0

    def start(self, name: str) -> None:
        self.workers[name] = self.shop.start(name)

    def kill_one(self) -> None:
        """After a while of 0.1 to 1 s, in which some things happen."""
        self.happen()
        until = time.monotonic() + self.chance.uniform(0.1, 1.0)
        eventually(lambda: time.monotonic() >= until, every=0.01)
        name = self.chance.choice(WORKERS)
        assert self.workers[name].process.is_running(), self.log()  # none ends by itself
        self.workers[name].kill()
        self.start(name)

    def wait_for_work(self) -> None:
        """Until something is decided and committed."""
        seen = len(self.commands())
        self.happen()
        eventually(lambda: len(self.commands()) > seen, within=60, every=0.1, message=self.log)

    def happen(self) -> None:
        """Orders and carts of a moment."""
        with EventProducer(self.shop.settings) as producer:
            for _ in range(40):
                customer = f"c{self.chance.randrange(CUSTOMERS)}"
                if self.chance.random() < 0.3:
                    self._carts += 1
                    producer.produce(cart(customer, self._carts))
                else:
                    self.shop.number += 1
                    producer.produce(event("order.placed", customer, self.shop.number))

    def log(self) -> str:
        return "\n\n".join(f"{name}:\n{worker.log_tail()}" for name, worker in self.workers.items())

    # ── What is on the brokers ────────────────────────────────────────────────────────────────

    def _values(self, *topics: str) -> Iterator[tuple[bytes, bytes | None]]:
        for topic in topics:
            for found in records_of(self.shop.settings, topic):
                yield found.record.key or b"", found.record.value

    def events(self) -> list[Happened]:
        decoded = (decode_any(value or b"") for _, value in self._values("orders", "carts"))
        return [
            Happened(METRICS[name], fields["customer_id"], fields["event_id"])
            for name, fields in decoded
        ]

    def commands(self) -> list[Command]:
        found = (decode_any(value or b"")[1] for _, value in self._values("send-commands"))
        names = ("send_id", "customer_id", "template", "trigger_event_id")
        return [Command(*(fields[name] for name in names)) for fields in found]

    def orders_in_states(self) -> dict[str, int]:
        newest = dict(self._values(CHANGELOG))
        return {
            key.decode(): decode_state(value).orders
            for key, value in newest.items()
            if value is not None and not key.startswith(b"\0")
        }


def cart(customer: str, number: int) -> OutputRecord:
    fields = {
        "event_id": f"cart.updated-{number}",
        "customer_id": customer,
        "occurred_at": now(),
        "cart_id": f"cart-{number}",
        "total": 500,
        "currency": "GBP",
        "items": [],
    }
    return OutputRecord("carts", customer.encode(), encode_event("cart.updated", fields))


@pytest.mark.parametrize("seed", [7])
def test_pitfall_06_a_storm_of_kills_loses_nothing_and_doubles_nothing(
    broker: BrokerProcess, topic_prefix: str, tmp_path: Path, seed: int
) -> None:
    given = {"partitions": PARTITIONS, "transaction_timeout": 6_000, "commit_events": 20}
    with Shop(broker, topic_prefix, tmp_path / "shop", **given) as shop:
        for name, flow in FLOWS.items():
            (shop.flows / f"{name}.yaml").write_text(flow)
        shop.create_topics()
        shop.publish()
        shop.register(CUSTOMERS)
        storm = Storm(shop, seed)
        for name in WORKERS:
            storm.start(name)
        for kill in range(KILLS):
            if kill % GUST == 0:
                storm.wait_for_work()
            storm.kill_one()
        events = storm.events()
        number = expected(events).total()
        eventually(lambda: len(storm.commands()) >= number, within=90, every=0.2, message=storm.log)
        for worker in storm.workers.values():
            assert worker.stop() == 0, worker.log_tail()
        wrong = list(differences(events, storm.commands(), storm.orders_in_states()))
        assert wrong == []
