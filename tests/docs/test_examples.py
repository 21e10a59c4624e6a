"""The Python of docs/events-in.md and docs/commands-out.md, run as it stands there."""

import json
import re
from pathlib import Path
from typing import Any

import msgspec
import pytest
from confluent_kafka import Consumer, Producer
from confluent_kafka.admin import AdminClient, NewTopic

from streams.contracts.decode import EventDecoder
from streams.contracts.encode import EffectEncoder
from streams.contracts.registry import SchemaRegistry
from streams.contracts.wire import decode_any
from streams.embedded.broker_process import BrokerProcess
from streams.engine import Event, Product, Review, SegmentChange, SendCommand
from streams.engine.values.event import Field, FieldType, Metric
from streams.kafka.partition import partition_of
from streams.ports import CouponCode, OutputRecord, Record
from streams.worker.clock import wall_clock
from tests.contracts.registry_server import RegistryServer
from tests.harness.eventually import eventually

ROOT = Path(__file__).parents[2]
PARTITIONS = 8
NOW = 1_772_445_600_000
FAR = 4_000_000_000_000
TEXT = Field(FieldType.TEXT)


def blocks(page: str, language: str) -> list[str]:
    text = (ROOT / "docs" / page).read_text()
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


@pytest.fixture
def topics(own_broker: BrokerProcess, monkeypatch: pytest.MonkeyPatch) -> str:
    """The topics of the examples, on a broker of their own; gives its address."""
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("BROKERS", own_broker.bootstrap)
    admin = AdminClient({"bootstrap.servers": own_broker.bootstrap})
    names = ["orders", "engagement", "send-commands"]
    for created in admin.create_topics([NewTopic(name, PARTITIONS, 1) for name in names]).values():
        created.result(20)
    return own_broker.bootstrap


def read(bootstrap: str, topic: str, count: int) -> list[tuple[int, Record]]:
    """The first `count` records of a topic, with their partitions."""
    consumer = Consumer(
        {"bootstrap.servers": bootstrap, "group.id": "reader", "auto.offset.reset": "earliest"}
    )
    consumer.subscribe([topic])
    found: list[tuple[int, Record]] = []

    def enough() -> bool:
        message = consumer.poll(0.2)
        if message is not None and message.error() is None:
            partition, offset = message.partition(), message.offset()
            assert partition is not None
            assert offset is not None
            found.append((partition, Record(wall_clock(), offset, message.key(), message.value())))
        return len(found) >= count

    eventually(enough, within=30, every=0)
    consumer.close()
    return found


def command(send_id: str, expires_at: int) -> SendCommand:
    return SendCommand(
        send_id=send_id,
        customer_id="ada",
        channel="email",
        recipient="ada@example.com",
        template="thanks-new",
        flow="post-purchase",
        flow_version="v1",
        step="thanks-new",
        journey_id="j1",
        transactional=False,
        decided_at=NOW,
        not_before=NOW,
        expires_at=expires_at,
        variables={},
        items=[],
        coupon=None,
        utm={},
        locale=None,
        trigger_event_id=None,
    )


@pytest.mark.smoke
@pytest.mark.smoke
@pytest.mark.long
def test_the_producers_of_events_in_write_events_where_java_would(topics: str) -> None:
    examples = blocks("events-in.md", "python")
    assert len(examples) == 2
    for example in examples:
        exec(example, {})
    found = read(topics, "orders", 2)
    decoded = [EventDecoder().decode("orders", record) for _, record in found]
    assert all(isinstance(event, Event) for event in decoded), decoded
    assert [event.metric for event in decoded if isinstance(event, Event)] == [
        "order.placed",
        "order.cancelled",
    ]
    assert {partition for partition, _ in found} == {partition_of(b"ada", PARTITIONS)}


def test_the_json_of_events_in_is_an_event() -> None:
    own, coupon, article, order, profile = blocks("events-in.md", "json")
    event = EventDecoder().decode("orders", Record(NOW, 0, b"ada", order.encode()))
    assert isinstance(event, Event)
    assert event.data["total"] == 2500
    fields = {"survey": TEXT, "score": Field(FieldType.NUMBER), "answers": Field(FieldType.TEXTS)}
    survey = {"survey.answered": Metric("events", fields)}
    event = EventDecoder(custom_metric=survey.get).decode(
        "events", Record(NOW, 0, b"ada", own.encode())
    )
    assert isinstance(event, Event)
    assert event.data["score"] == 9
    event = EventDecoder().decode("customers", Record(NOW, 0, b"ada", profile.encode()))
    assert isinstance(event, Event)
    assert event.data["set"]["consent"] == ["email"]
    key = b"gift-card\x1fG7-4471"
    code = EventDecoder().decode("coupons", Record(NOW, 0, key, coupon.encode()))
    assert isinstance(code, CouponCode)
    product = EventDecoder().decode("products", Record(NOW, 0, b"LAMP", article.encode()))
    assert isinstance(product, Product)


def test_the_json_of_commands_out_is_a_review() -> None:
    example = next(block for block in blocks("commands-out.md", "json") if "verdict" in block)
    said = EventDecoder().decode("reviews", Record(NOW, 0, b"ada", example.encode()))
    assert said == Review("8c1c7fca4f600d294b35", "ada", True, "eve", NOW)


def test_the_json_of_commands_out_is_a_change_of_a_segment() -> None:
    example = next(block for block in blocks("commands-out.md", "json") if "segment" in block)
    change = msgspec.json.decode(example, type=SegmentChange, strict=True)
    (record,) = EffectEncoder().segment_changes([change])
    assert record.value is not None
    assert decode_any(record.value) == ("SegmentChange", json.loads(example))


def test_the_log_line_of_events_in_is_what_is_said() -> None:
    example = next(block for block in blocks("events-in.md", "json") if "order.placed" in block)
    wrong = json.dumps(json.loads(example) | {"total": "12,50"}).encode()
    rejection: Any = EventDecoder().decode("orders", Record(NOW, 0, b"ada", wrong))
    line = f"\norders[3]@81223: {rejection.reason}; written to dead-letters\n"
    assert line in (ROOT / "docs" / "events-in.md").read_text()


@pytest.mark.smoke
@pytest.mark.smoke
@pytest.mark.long
def test_the_worker_of_commands_out_delivers_each_command_once_and_reports_it(
    topics: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Commands of workers without a schema registry and with one, and a record that is neither."""
    sends = [command("s1", FAR), command("s1", FAR), command("old", NOW), command("s2", FAR)]
    with RegistryServer() as server:
        monkeypatch.setenv("SCHEMA_REGISTRY", server.url)
        monkeypatch.setenv("UNSUBSCRIBE_KEY", "a secret")
        producer = Producer({"bootstrap.servers": topics})
        registry = SchemaRegistry(server.url)
        records = [
            *EffectEncoder().commands(sends),
            OutputRecord("send-commands", b"ada", b"nonsense"),
            OutputRecord("send-commands", b"ada", None),
            *EffectEncoder(registry=registry).commands([command("s3", FAR)]),
            OutputRecord("send-commands", b"ada", b"\x00\x00\x01\x00\x00of nobody"),
        ]
        for record in records:
            producer.produce(record.topic, record.value, record.key, partition=0)
        producer.flush()
        (example,) = blocks("commands-out.md", "python")
        names: dict[str, Any] = {}
        exec(example, names)
        delivered: dict[str, dict[str, str]] = {}
        commands: list[dict[str, Any]] = []
        taken: list[bool] = []

        def deliver(one: dict[str, Any], headers: dict[str, str]) -> None:
            commands.append(one)
            delivered[one["send_id"]] = headers

        def all_taken() -> bool:
            if names["work"](deliver, set(delivered)):
                taken.append(True)
            return len(taken) == len(records)

        eventually(all_taken, within=40, every=0)
    names["consumer"].close()
    assert [one["send_id"] for one in commands] == ["s1", "s2", "s3"]
    said = capsys.readouterr().out
    assert "send-commands[0]@4: the value begins with 6e 6f 6e" in said
    assert "send-commands[0]@5: " in said
    assert "send-commands[0]@7: no schema 65536 in the registry" in said
    assert delivered["s1"]["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    pages = {headers["List-Unsubscribe"] for headers in delivered.values()}
    assert len(pages) == 3
    assert names["mail_headers"](commands[0] | {"transactional": True}) == {}
    names["report"]("Unsubscribed", commands[0])
    names["producer"].flush()
    reported = [EventDecoder().decode("engagement", r) for _, r in read(topics, "engagement", 4)]
    assert all(isinstance(event, Event) for event in reported), reported
    assert [(e.metric, e.data["send_id"]) for e in reported if isinstance(e, Event)] == [
        ("message.delivered", "s1"),
        ("message.delivered", "s2"),
        ("message.delivered", "s3"),
        ("message.unsubscribed", "s1"),
    ]
