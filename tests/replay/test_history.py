"""Which records are read of a customer, and in which forms."""

import json
from collections.abc import Iterable, Iterator

import pytest

from streams.contracts.decode import EventDecoder
from streams.contracts.encode import LATE_RECORDS, EffectEncoder, encode_event
from streams.contracts.registry import SchemaRegistry
from streams.contracts.schemas import shipped_schemas
from streams.contracts.wire import confluent_header, decode_with
from streams.engine import INPUTS, Decision, Instant, Outcome
from streams.kafka.partition import partition_of
from streams.kafka.topic_reader import TopicRecord
from streams.operations.dead_letters import why_not_retried
from streams.ports import OutputRecord, PartitionId, PartlyRefused, Record, Rejection
from streams.replay.history import history_of, read_history
from tests.contracts.registry_server import RegistryServer

NOON = 1_772_452_800_000
PARTITIONS = 8


class Topics:
    """Records in memory, read as TopicReader does."""

    def __init__(self) -> None:
        self.logs: dict[PartitionId, list[Record]] = {}

    def add(self, topic: str, partition: int, key: bytes | None, value: bytes | None) -> None:
        log = self.logs.setdefault((topic, partition), [])
        log.append(Record(NOON, len(log), key, value))

    def partitions(self, topic: str) -> int:
        return PARTITIONS

    def starts(
        self, places: Iterable[PartitionId], since: Instant | None = None
    ) -> dict[PartitionId, int]:
        return dict.fromkeys(places, 0)

    def read(
        self, starts: dict[PartitionId, int], *, follow: bool = False
    ) -> Iterator[TopicRecord]:
        for topic, partition in starts:
            for record in self.logs.get((topic, partition), []):
                yield TopicRecord(topic, partition, record)


def order() -> bytes:
    fields = {"order_id": "1", "total": 1, "currency": "GBP", "items": [], "tags": []}
    common = {"event_id": "e", "customer_id": "ada", "occurred_at": NOON}
    return encode_event("order.placed", {**common, **fields})


def outputs(encoder: EffectEncoder) -> list[OutputRecord]:
    decision = Decision(
        NOON, "ada", "thanks", "v1", None, None, Outcome.NOT_ENTERED, "re_entry", {}, "e"
    )
    letter = encoder.dead_letter("orders", 1, Record(NOON, 7, b"ada", b"x"), Rejection("no"), NOON)
    return [*encoder.decisions([decision]), letter]


@pytest.mark.parametrize("partition", range(PARTITIONS))
def test_a_late_event_stands_where_it_was_processed(partition: int) -> None:
    """A task writes to its own partition of `late-records`, which the worker's routes name."""
    names = (f"c{number}" for number in range(1000))
    customer = next(c for c in names if partition_of(c.encode(), PARTITIONS) == partition)
    topics = Topics()
    topics.add("orders", partition, customer.encode(), order())
    late = EffectEncoder().late_record("orders", partition, 0, NOON + 5, 1)
    topics.add(LATE_RECORDS, partition, late.key, late.value)
    (event,) = read_history(topics, customer).events  # type: ignore[arg-type]
    assert event.is_late
    assert event.at == NOON + 5


def test_what_a_shop_with_a_registry_writes_is_read_with_it() -> None:
    contract = shipped_schemas().of_metric("order.placed")
    with RegistryServer() as server:
        written = confluent_header(server.add(contract.source)) + order()[10:]
        found = [TopicRecord("orders", 0, Record(NOON, 0, b"ada", written))]
        for output in outputs(EffectEncoder(registry=SchemaRegistry(server.url))):
            found.append(TopicRecord(output.topic, 0, Record(NOON, 0, output.key, output.value)))
        history = history_of("ada", found, decode_with(SchemaRegistry(server.url)))
        assert [event.metric for event in history.events] == ["order.placed"]
        assert [decision.reason for decision in history.decisions] == ["re_entry"]
        assert [letter.offset for letter in history.dead_letters] == [7]
        without = history_of("ada", found, decode_with(None))
        (unread,) = [one for one in without.unread if one.where == "flow-decisions[0]@0"]
        assert "schema_registry" in unread.problem


def test_an_event_that_cannot_be_decoded_is_left_to_its_dead_letter() -> None:
    found = [TopicRecord(topic, 0, Record(NOON, 0, b"ada", b"nonsense")) for topic in INPUTS]
    assert history_of("ada", found).events == []


def test_json_that_fits_no_metric_is_left_to_its_dead_letter_and_breaks_nothing() -> None:
    topics = Topics()
    mine = partition_of(b"ada", PARTITIONS)
    common = {"event_id": "e", "customer_id": "ada", "occurred_at": NOON}
    good = json.dumps({**common, "query": "lamp", "results": 3})
    topics.add("searches", mine, b"ada", good.encode())  # the topic has but one metric
    fields = {"metric": "order.placed", "order_id": "1", "currency": "GBP", "items": []}
    wrong = json.dumps({**common, **fields, "total": "12,50"})
    topics.add("orders", mine, b"ada", wrong.encode())  # no worker came to it yet
    history = read_history(topics, "ada")  # type: ignore[arg-type]
    assert [event.metric for event in history.events] == ["search.performed"]


def test_a_rejected_record_is_shown_once() -> None:
    topics = Topics()
    mine = partition_of(b"ada", PARTITIONS)
    topics.add("orders", mine, b"ada", order())
    encoder = EffectEncoder()
    record = Record(NOON, 0, b"ada", order())
    letter = encoder.dead_letter("orders", mine, record, Rejection("no"), NOON)
    topics.add("dead-letters", mine, letter.key, letter.value)
    history = read_history(topics, "ada")  # type: ignore[arg-type]
    assert not history.events
    assert [one.where for one in history.dead_letters] == [f"orders[{mine}]@0"]


def test_a_partly_refused_event_is_there_beside_its_dead_letter() -> None:
    topics = Topics()
    mine = partition_of(b"ada", PARTITIONS)
    common = {"event_id": "e", "customer_id": "ada", "occurred_at": NOON}
    patch = {"email": "ada@example.com", "birthday": "yes"}
    value = json.dumps({"metric": "customer.updated", **common, "set": patch}).encode()
    record = Record(NOON, 0, b"ada", value)
    topics.add("customers", mine, b"ada", value)
    partly = EventDecoder().decode("customers", record)
    assert isinstance(partly, PartlyRefused)
    letter = EffectEncoder().dead_letter("customers", mine, record, partly.rejection, NOON)
    topics.add("dead-letters", mine, letter.key, letter.value)
    history = read_history(topics, "ada")  # type: ignore[arg-type]
    assert [event.metric for event in history.events] == ["customer.updated"]
    (found,) = history.dead_letters
    assert "duplicate" in (why_not_retried(found) or "")


def test_decisions_before_the_start_time_are_left_out() -> None:
    topics = Topics()  # read whole: records of outputs can be younger than what they tell of
    mine = partition_of(b"ada", PARTITIONS)
    topics.add("orders", mine, b"ada", order())
    for record in outputs(EffectEncoder()):
        topics.add(record.topic, mine, record.key, record.value)
    on = read_history(topics, "ada", NOON)  # type: ignore[arg-type]
    after = read_history(topics, "ada", NOON + 1)  # type: ignore[arg-type]
    assert (len(on.events), len(on.decisions), len(on.dead_letters)) == (1, 1, 1)
    assert (after.events, after.decisions, after.dead_letters) == ([], [], [])
