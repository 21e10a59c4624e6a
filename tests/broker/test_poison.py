"""Records that can't be used or can't be stored: set aside in the transaction of their neighbours,
and never a reason to stop."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from streams.contracts.dead_letters import DeadLetter, read_dead_letter
from streams.contracts.decode import LARGEST_EVENT
from streams.contracts.encode import encode_event
from streams.contracts.schemas import shipped_schemas
from streams.contracts.wire import single_object_header
from streams.embedded.broker_process import BrokerProcess
from streams.errors import Refused
from streams.kafka.event_producer import EventProducer
from streams.kafka.producer import ProducerState
from streams.kafka.topics import topic_name
from streams.ports import CHANGELOG, OutputRecord
from tests.harness.events import event, now
from tests.harness.eventually import eventually
from tests.harness.one_task import OneTask
from tests.harness.topics import high_watermark, read, records_of
from tests.harness.worker_shop import Shop

CUSTOMERS = 5
ORDER = single_object_header(shipped_schemas().of_metric("order.placed"))

POISON: list[tuple[bytes | None, bytes | None, str]] = [
    (b"c0", ORDER + b"\xff", "the value is truncated"),
    (b"c0", b"\xc3\x01" + bytes(8), "unknown schema fingerprint"),
    (
        b"c0",
        b"\x00" + (42).to_bytes(4, "big"),
        "the value is in Confluent wire format (schema id 42)",
    ),
    (None, event("order.placed", "c0", 9_001).value, "the record has no key"),
    (b"c0", None, "the record has no value"),
    (b"c1", event("order.placed", "c0", 9_002).value, "the key is 'c1', but field"),
    (b"c0", b"{}", "field 'metric' is missing"),
    (b"c0", b"{" + bytes(2_000_000), "the value has 2000001 bytes"),
]


@pytest.fixture
def shop(broker: BrokerProcess, topic_prefix: str, tmp_path: Path) -> Iterator[Shop]:
    """Of one task, with customers who can be written to."""
    with Shop(broker, topic_prefix, tmp_path / "shop", partitions=1) as shop:
        shop.create_topics()
        shop.publish()
        shop.register(CUSTOMERS)
        yield shop


def opened(shop: Shop) -> OneTask:
    return OneTask(msgspec.structs.replace(shop.settings, data_dir=shop.folder / "data"))


def produce_poison(shop: Shop) -> None:
    """Each between two good orders."""
    with EventProducer(shop.settings) as producer:
        for key, value, _ in [*POISON, (None, None, "")]:
            shop.number += 1
            producer.produce(event("order.placed", "c0", shop.number))
            if shop.number <= len(POISON):
                producer.produce(OutputRecord("orders", key, value, partition=0))


def dead_letters(shop: Shop) -> list[DeadLetter]:
    found = records_of(shop.settings, "dead-letters")
    return [read_dead_letter(one.record.value or b"") for one in found]


def assert_each_is_there_once(shop: Shop) -> None:
    letters = dead_letters(shop)
    places = [(letter.topic, letter.partition, letter.offset) for letter in letters]
    assert places == [("orders", 0, 2 * number + 1) for number in range(len(POISON))]
    for letter, (key, value, says) in zip(letters, POISON, strict=True):
        assert letter.reason.startswith(says)
        assert letter.key == key
        assert (value or b"").startswith(letter.value or b"")


def test_pitfall_56_a_running_worker_sets_poison_aside_and_goes_on(shop: Shop) -> None:
    worker = shop.start("one")
    worker.wait_for(1)
    produce_poison(shop)
    shop.wait_for_all(worker.log_tail)
    assert_each_is_there_once(shop)
    assert f"orders[0]@3: {POISON[1][2]}" in worker.log.read_text()
    assert worker.ask("/status")[1]["tasks"][0]["counts"]["dead_letters"] == len(POISON)
    assert worker.stop() == 0
    with opened(shop) as one:  # the position has moved on; the facts of yesterday may come yet
        one.advance()
        assert one.task.counts["events"] == one.task.counts["dead_letters"] == 0


@pytest.mark.smoke
def test_pitfall_56_dead_letters_are_in_the_transaction_of_their_neighbours(shop: Shop) -> None:
    produce_poison(shop)
    with opened(shop) as one:
        one.advance()
        flush = one.producer._flush

        def look(deadline: float) -> None:
            flush(deadline)
            name = topic_name(shop.settings, "dead-letters")
            assert len(read(shop.broker, name, isolation="read_uncommitted")) == len(POISON)
            assert dead_letters(shop) == []
            assert shop.commands() == []

        one.producer._flush = look  # type: ignore[method-assign]
        one.commit()
    assert_each_is_there_once(shop)
    shop.wait_for_all(str)


def test_pitfall_19_an_event_that_no_state_can_hold_is_set_aside(shop: Shop) -> None:
    """Many journeys hold the same cart, the largest that is taken: the state would fit into no
    record of the changelog, and the task could never commit again."""
    for number in range(12):
        flow = f"flow: cart-{number}\nstatus: live\ntrigger: {{metric: cart.updated}}\n"
        step = "steps: [{id: pause, wait: 4h}, {send: email, template: your-cart}]\n"
        (shop.flows / f"cart-{number}.yaml").write_text(flow + step)
    shop.publish()
    worker = shop.start("one")
    worker.wait_for(1)
    with EventProducer(shop.settings) as producer:
        for customer in ("c0", "c1"):
            producer.produce(OutputRecord("carts", customer.encode(), cart(customer)))
    shop.order(CUSTOMERS)
    shop.wait_for_all(worker.log_tail)
    letters = eventually(lambda: dead_letters(shop), within=20, message=worker.log_tail)
    assert [letter.where for letter in letters] == ["carts[0]@0", "carts[0]@1"]
    assert "state of 'c0' would grow to 1" in worker.log.read_text()
    shop.order(CUSTOMERS)
    shop.wait_for_all(worker.log_tail)
    assert worker.stop() == 0


def test_pitfall_19_what_fits_into_no_record_is_refused_before_the_transaction(
    shop: Shop,
) -> None:
    with opened(shop) as one:
        one.advance()
        task_commit = one.task.prepare_commit(now())
        task_commit.records.insert(0, OutputRecord("send-commands", b"c0", bytes(1_000_000)))
        end = high_watermark(shop.broker, topic_name(shop.settings, CHANGELOG))
        with pytest.raises(
            Refused, match="a record for send-commands with key b'c0' has 1,000,002"
        ):
            one.opened.commit(task_commit)
        assert one.producer.state is ProducerState.READY
        assert high_watermark(shop.broker, topic_name(shop.settings, CHANGELOG)) == end


def cart(customer: str) -> bytes:
    """A cart of nearly as many bytes as are taken."""
    names = [("x" * 1_000) for _ in range(LARGEST_EVENT // 1_030 - 1)]
    items: list[dict[str, Any]] = [
        {"sku": f"A{number}", "name": name, "quantity": 1, "unit_price": 100}
        for number, name in enumerate(names)
    ]
    fields = {"cart_id": "1", "total": 100, "currency": "GBP", "items": items}
    common = {"event_id": "cart", "customer_id": customer, "occurred_at": now()}
    return encode_event("cart.updated", {**common, **fields})
