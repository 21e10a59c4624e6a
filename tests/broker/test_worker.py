"""A worker process: what it decides, shows and refuses."""

import re
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from confluent_kafka import Producer

from streams.contracts.wire import decode_any
from streams.embedded.broker_process import BrokerProcess, free_port
from streams.kafka.topics import topic_name
from streams.operations.publish import published_sets
from tests.harness.events import event
from tests.harness.eventually import eventually
from tests.harness.topics import records_of
from tests.harness.worker_shop import Shop

CUSTOMERS = 40


@pytest.fixture
def shop(broker: BrokerProcess, topic_prefix: str, tmp_path: Path) -> Iterator[Shop]:
    with Shop(broker, topic_prefix, tmp_path / "shop") as shop:
        shop.create_topics()
        yield shop


@pytest.mark.smoke
def test_two_workers_share_the_tasks_and_answer_for_each_other(shop: Shop) -> None:
    shop.forks = False  # the command itself, as a user starts it
    shop.publish()
    shop.register(CUSTOMERS)
    one, two = shop.start("one"), shop.start("two")
    assert one.wait_for(2) | two.wait_for(2) == {0, 1, 2, 3}
    shop.order(CUSTOMERS)
    shop.wait_for_all(one.log_tail)
    # A query may come to the wrong one: it's sent on to the worker that has the customer.
    for worker in (one, two):
        for customer in (f"c{number}" for number in range(8)):
            status, answer = worker.ask(f"/customers/{customer}")
            assert status == 200, answer
            assert (answer["customer_id"], answer["orders"]) == (customer, 1)
        assert worker.ask("/customers/nobody")[0] == 404
        assert worker.ask("/health") == (
            200,
            {"status": "ok", "is_ready": True, "tasks": 2, "running": 2},
        )
        assert 'sendflow_commands_total{task="' in worker.ask("/metrics")[1]
    assert (one.stop(), two.stop()) == (0, 0)


def test_pitfall_39_batches_flow_after_every_rebalance(shop: Shop) -> None:
    shop.publish()
    shop.register(CUSTOMERS)
    one = shop.start("one")
    one.wait_for(4)
    shop.order(CUSTOMERS)
    two = shop.start("two")
    two.wait_for(2)
    one.wait_for(2)
    shop.order(CUSTOMERS)
    shop.wait_for_all(one.log_tail)
    three = shop.start("three")
    eventually(lambda: three.running(), within=20, message=three.log_tail)
    shop.order(CUSTOMERS)
    shop.wait_for_all(one.log_tail)
    assert two.stop() == 0
    assert three.stop() == 0
    one.wait_for(4)
    shop.order(CUSTOMERS)
    shop.wait_for_all(one.log_tail)


def test_pitfall_23_an_empty_input_and_one_at_its_end_hold_nothing_up(shop: Shop) -> None:
    shop.publish()
    shop.register(CUSTOMERS)  # `carts` and others stay empty
    worker = shop.start("one")
    worker.wait_for(4)
    shop.order(CUSTOMERS)
    shop.wait_for_all(worker.log_tail)
    assert worker.stop() == 0
    shop.order(CUSTOMERS)  # `customers` is at its end, `orders` isn't
    worker = shop.start("one")
    shop.wait_for_all(worker.log_tail)


def test_a_worker_that_has_done_all_says_so(shop: Shop) -> None:
    shop.publish()
    shop.register(CUSTOMERS)
    worker = shop.start("one")
    worker.wait_for(4)
    shop.order(CUSTOMERS)
    shop.wait_for_all(worker.log_tail)

    def waits() -> set[tuple[bool, str | None]]:
        tasks = worker.ask("/status")[1]["tasks"]
        return {(task["is_up_to_date"], task["waits_for"]) for task in tasks}

    eventually(lambda: waits() == {(True, None)}, message=worker.log_tail)


def test_pitfall_36_a_worker_with_nothing_to_do_waits_and_takes_over(
    broker: BrokerProcess, topic_prefix: str, tmp_path: Path
) -> None:
    with Shop(broker, topic_prefix, tmp_path / "shop", partitions=1) as shop:
        shop.create_topics()
        shop.publish()
        shop.register(5)
        one = shop.start("one")
        one.wait_for(1)
        two = shop.start("two")
        eventually(lambda: two.ask("/health")[0] == 200, within=20, message=two.log_tail)
        eventually(lambda: len(one.running()) + len(two.running()) == 1, within=20)
        busy, idle = (one, two) if one.running() else (two, one)
        assert busy.stop() == 0
        idle.wait_for(1)
        shop.order(5)
        shop.wait_for_all(idle.log_tail)


def test_a_worker_publishes_a_set_once_and_never_brings_an_old_one_back(shop: Shop) -> None:
    def versions() -> list[str]:
        return [published.record.version for published in published_sets(shop.settings)]

    worker = shop.start("one", "--flows", str(shop.flows))
    worker.wait_for(4)
    assert worker.stop() == 0
    first = versions()
    assert len(first) == 1
    flow = shop.flows / "thanks.yaml"
    flow.write_text(flow.read_text().replace("thanks}", "many-thanks}"))
    shop.publish()
    flow.write_text(flow.read_text().replace("many-thanks}", "thanks}"))
    worker = shop.start("one", "--flows", str(shop.flows))
    worker.wait_for(4)
    old, new = versions()
    assert old == first[0]
    eventually(lambda: worker.ask("/status")[1]["definitions"] == new, message=worker.log_tail)


def test_definitions_with_errors_are_all_shown_and_nothing_is_published(shop: Shop) -> None:
    (shop.flows / "thanks.yaml").write_text("flow: thanks\nstatus: alive\n")
    worker = shop.start("one", "--flows", str(shop.flows))
    assert worker.process.wait(20) == 2
    assert "thanks.yaml:2" in worker.log_tail()
    assert "nothing published" in worker.log_tail()
    assert published_sets(shop.settings) == []


def test_missing_topics_are_refused_with_the_command_that_makes_them(
    broker: BrokerProcess, topic_prefix: str, tmp_path: Path
) -> None:
    with Shop(broker, topic_prefix, tmp_path / "shop") as shop:
        worker = shop.start("one")
        assert worker.process.wait(20) == 2
        assert f"{topic_prefix}orders: is missing" in worker.log_tail()
        assert "sendflow topics create" in worker.log_tail()


def test_pitfall_37_another_number_of_partitions_is_refused(shop: Shop) -> None:
    worker = shop.start("one", SENDFLOW_PARTITIONS="3")
    assert worker.process.wait(20) == 2
    assert f"{shop.settings.prefix}orders: partitions is 4, expected 3" in worker.log_tail()
    assert "set partitions = 4" in worker.log_tail()


def test_a_broker_that_isnt_there_is_tried_for_a_while(shop: Shop) -> None:
    address = f"127.0.0.1:{free_port()}"
    worker = shop.start("one", SENDFLOW_BROKERS=address, SENDFLOW_BROKER_TIMEOUT="2s")
    assert worker.process.wait(20) == 2
    assert f"no broker reachable at {address}; retrying for" in worker.log_tail()
    assert f"no broker reachable at {address} after 2 s" in worker.log_tail()


def test_a_port_that_is_taken_is_named(shop: Shop) -> None:
    shop.publish()
    one = shop.start("one")
    one.wait_for(4)
    two = shop.start("two", SENDFLOW_WEB_PORT=str(one.port))
    assert two.process.wait(20) == 2
    assert f"port {one.port} is in use" in two.log_tail()
    one.wait_for(4)


def test_d34_a_producer_with_another_partitioner_makes_dead_letters(shop: Shop) -> None:
    """Each names both partitions; the worker goes on, nobody is split (SEMANTICS 8.11, PITFALLS
    38)."""
    shop.publish()
    worker = shop.start("one")
    worker.wait_for(4)
    options = {"bootstrap.servers": shop.broker.bootstrap, "partitioner": "consistent"}  # CRC-32
    elsewhere = Producer(options)
    orders = topic_name(shop.settings, "orders")
    misplaced = 0
    for number in range(20):
        record = event("order.placed", f"c{number}", 1)
        elsewhere.produce(orders, key=record.key, value=record.value)
        misplaced += zlib.crc32(record.key or b"") % 4 != shop.partition_of(f"c{number}")
    elsewhere.flush()
    assert 0 < misplaced < 20

    def letters() -> list[str]:
        return [
            fields["reason"]
            for record in records_of(shop.settings, "dead-letters")
            for _, fields in [decode_any(record.record.value or b"")]
        ]

    eventually(lambda: len(letters()) == misplaced, message=worker.log_tail)
    assert all(re.search(r"in partition \d, expected \d of 4", reason) for reason in letters())
    for number in range(20):
        status, _ = worker.ask(f"/customers/c{number}")
        is_misplaced = zlib.crc32(b"c%d" % number) % 4 != shop.partition_of(f"c{number}")
        assert status == (404 if is_misplaced else 200)
    assert worker.log_tail().count("in partition") == 1
    assert worker.stop() == 0
