"""Reading a changelog on a broker: up to its end, over markers and aborted records, and stores that
do not fit it (PITFALLS 44 to 50)."""

import pytest
from confluent_kafka import Producer

from streams.errors import Refused, StoreUnusable
from streams.kafka import changelog as changelog_module
from streams.kafka.admin import KafkaAdmin
from streams.kafka.changelog import ChangelogChunk, ChangelogReader, Stopped
from streams.kafka.client_config import consumer_options, producer_options
from tests.harness.eventually import eventually
from tests.harness.topics import create_topics, delete_records, high_watermark, settings_for

PATIENCE = 20.0


@pytest.fixture
def settings(broker, topic_prefix):
    return settings_for(broker, topic_prefix)


@pytest.fixture
def topic(broker, settings) -> str:
    create_topics(broker, [settings.prefix + "changelog"], cleanup_policy="compact")
    return settings.prefix + "changelog"


@pytest.fixture
def admin(settings):
    admin = KafkaAdmin(settings)
    yield admin
    admin.close()


@pytest.fixture
def read(settings, admin, topic):
    """read(start) -> the chunks from there on."""

    def chunks(start: int | None, patience: float = PATIENCE, **kwargs) -> list[ChangelogChunk]:
        options = consumer_options(settings, "restore")
        reader = ChangelogReader(options, admin, topic, 0, patience)
        return list(reader.read(start, **kwargs))

    return chunks


@pytest.fixture
def producer(settings) -> Producer:
    producer = Producer({**producer_options(settings, settings.prefix + "0"), "log_level": 0})
    producer.init_transactions(PATIENCE)
    return producer


def write(broker, producer, topic, *records, is_committed: bool = True) -> None:
    """One transaction; until its marker is there too, which Kafka writes a little later."""
    end = high_watermark(broker, topic) + len(records) + 1
    producer.begin_transaction()
    for key, value in records:
        producer.produce(topic, value, key, 0)
    assert producer.flush(PATIENCE) == 0
    (producer.commit_transaction if is_committed else producer.abort_transaction)(PATIENCE)
    eventually(lambda: high_watermark(broker, topic) == end, within=20)


def content(chunks) -> dict:
    """Content of a store after all chunks."""
    found: dict = {}
    for chunk in chunks:
        found.update(chunk.changes)
    return {key: value for key, value in found.items() if value is not None}


@pytest.mark.smoke
def test_the_newest_of_each_key_and_tombstones_are_returned(broker, producer, topic, read):
    write(broker, producer, topic, (b"anna", b"1"), (b"ben", b"1"))
    write(broker, producer, topic, (b"anna", b"2"), (b"ben", None), (b"\x00position", b"p"))
    chunks = read(None)
    assert content(chunks) == {b"anna": b"2", b"\x00position": b"p"}
    assert sum(chunk.records for chunk in chunks) == 5
    assert [chunk.changes[b"ben"] for chunk in chunks if b"ben" in chunk.changes][-1] is None


def test_pitfall_45_reading_ends_although_the_last_thing_is_a_marker(broker, producer, topic, read):
    write(broker, producer, topic, (b"anna", b"1"))
    end = high_watermark(broker, topic)
    assert end == 2
    last = read(0)[-1]
    assert (last.next_offset, last.end) == (end, end)


def test_pitfall_45_reading_ends_although_only_aborted_records_follow(
    broker, producer, topic, read
):
    write(broker, producer, topic, (b"anna", b"1"))
    write(broker, producer, topic, (b"anna", b"wrong"), is_committed=False)
    assert content(read(0)) == {b"anna": b"1"}
    assert content(read(2)) == {}


def test_pitfall_46_exactly_one_record(broker, producer, topic, read):
    write(broker, producer, topic, (b"anna", b"1"))
    assert content(read(None)) == {b"anna": b"1"}
    assert content(read(0)) == {b"anna": b"1"}
    assert content(read(1)) == {}


def test_pitfall_46_an_empty_changelog_ends_at_once(read):
    for start in (None, 0):
        (chunk,) = read(start)
        assert (chunk.changes, chunk.next_offset, chunk.end) == ({}, 0, 0)


def test_pitfall_46_a_store_that_is_at_the_end_has_nothing_to_read(broker, producer, topic, read):
    write(broker, producer, topic, (b"anna", b"1"))
    (chunk,) = read(2)
    assert (chunk.changes, chunk.next_offset) == ({}, 2)


def test_only_what_comes_after_the_stores_offset_is_read(broker, producer, topic, read):
    write(broker, producer, topic, (b"anna", b"1"))
    write(broker, producer, topic, (b"ben", b"1"))
    assert content(read(2)) == {b"ben": b"1"}


def test_pitfall_47_chunks_are_bounded_and_progress_never_goes_back(
    broker, producer, topic, read, monkeypatch
):
    monkeypatch.setattr(changelog_module, "RESTORE_CHUNK", 100)
    for batch in range(10):
        write(broker, producer, topic, *[(b"%d-%d" % (batch, n), b"x") for n in range(150)])
    chunks = read(None)
    assert max(chunk.records for chunk in chunks) <= 100
    assert len(content(chunks)) == 1_500
    reached = [chunk.next_offset for chunk in chunks]
    assert reached == sorted(reached)
    assert {chunk.end for chunk in chunks} == {1_510}
    assert reached[-1] == 1_510


def test_pitfall_44_a_store_beyond_the_end_is_unusable(broker, producer, topic, read):
    write(broker, producer, topic, (b"anna", b"1"))
    with pytest.raises(StoreUnusable, match=r"has offsets 0 to 2, .* is at 3"):
        read(3)


@pytest.fixture
def plain_topic(broker, settings) -> str:
    """A changelog that somebody didn't set to be compacted."""
    name = settings.prefix + "plain"
    create_topics(broker, [name])
    return name


def read_of(settings, admin, topic: str, start: int | None) -> list[ChangelogChunk]:
    reader = ChangelogReader(consumer_options(settings, "restore"), admin, topic, 0, PATIENCE)
    return list(reader.read(start))


def test_pitfall_44_a_store_before_what_is_kept_is_unusable(
    broker, producer, plain_topic, settings, admin
):
    write(broker, producer, plain_topic, *[(b"%d" % number, b"x") for number in range(9)])
    delete_records(broker, plain_topic, before=5)
    with pytest.raises(StoreUnusable, match=r"has offsets 5 to 10, .* is at 4"):
        read_of(settings, admin, plain_topic, 4)
    kept = {b"%d" % number: b"x" for number in range(5, 9)}
    assert content(read_of(settings, admin, plain_topic, 5)) == kept
    assert content(read_of(settings, admin, plain_topic, None)) == kept


def test_pitfall_57_a_record_that_cannot_be_a_tasks_stops_it(
    broker, producer, plain_topic, settings, admin
):
    write(broker, producer, plain_topic, (b"anna", b"1"), (None, b"?"), (b"ben", b"1"))
    with pytest.raises(Refused, match=r"plain\[0\]@1 has no key: another producer"):
        read_of(settings, admin, plain_topic, 0)


def test_pitfall_50_an_open_transaction_is_reported_and_not_waited_for_for_ever(
    broker, producer, topic, read, monkeypatch, caplog
):
    write(broker, producer, topic, (b"anna", b"1"))
    producer.begin_transaction()
    producer.produce(topic, b"2", b"anna", 0)
    assert producer.flush(PATIENCE) == 0
    monkeypatch.setattr(changelog_module, "_REPORT_EVERY", 0.5)
    with pytest.raises(Refused, match=r"past offset 2 of 3 for .*transaction"):
        read(0, patience=2.0)
    assert "describe-producers" in caplog.text


def test_a_transaction_that_ends_while_it_is_waited_for_is_read(producer, topic, settings, admin):
    producer.begin_transaction()
    producer.produce(topic, b"1", b"anna", 0)
    assert producer.flush(PATIENCE) == 0
    rounds = iter([False, True])

    def is_stopped() -> bool:  # asked in every round; in the second the transaction ends
        if next(rounds, False):
            producer.commit_transaction(PATIENCE)
        return False

    reader = ChangelogReader(consumer_options(settings, "restore"), admin, topic, 0, PATIENCE)
    assert content(reader.read(0, is_stopped)) == {b"anna": b"1"}


def test_reading_stops_on_request(broker, producer, topic, read):
    write(broker, producer, topic, (b"anna", b"1"))
    with pytest.raises(Stopped, match="stopped at 0 of 2"):
        read(0, is_stopped=lambda: True)
