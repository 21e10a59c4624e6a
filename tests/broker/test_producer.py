"""The transactional producer on a broker: every outcome of a transaction, and the fencing of an
older owner (PITFALLS 8 to 19)."""

import threading

import pytest
from confluent_kafka import Producer

from streams.errors import Aborted, Fenced, OutcomeUnknown, Refused, SendflowError
from streams.kafka import producer as producer_module
from streams.kafka.client_config import MAX_RECORD_BYTES, consumer_options, producer_options
from streams.kafka.consumer import RecordConsumer
from streams.kafka.partition import partition_of
from streams.kafka.producer import ANY, END_WITHIN, ProducerState, Route, TransactionalProducer
from streams.ports import OutputRecord
from tests.harness.eventually import eventually
from tests.harness.kafka_proxy import ApiKey
from tests.harness.topics import create_topics, high_watermark, read, settings_for, values

PATIENCE = 20.0


@pytest.fixture
def routes(broker, topic_prefix) -> dict[str, Route]:
    """Two topics of two partitions; this is the task of partition 1."""
    names = {name: topic_prefix + name for name in ("customers-changelog", "send-commands")}
    create_topics(broker, list(names.values()), retention_ms="-1")  # one test dates back to 1970
    return {logical: Route(name, 1) for logical, name in names.items()}


def new_producer(address, topic_prefix, routes, **options) -> TransactionalProducer:
    """`address`: the broker, or a proxy before it."""
    settings = settings_for(address, topic_prefix)
    all_options = {**producer_options(settings, f"{topic_prefix}1"), "log_level": 0, **options}
    return TransactionalProducer(all_options, routes)


def opened(address, topic_prefix, routes, **options) -> TransactionalProducer:
    producer = new_producer(address, topic_prefix, routes, **options)
    producer.open(PATIENCE)
    return producer


def transaction(*commands: bytes, position: bytes = b"p") -> list[OutputRecord]:
    records = [OutputRecord("send-commands", b"customer", command) for command in commands]
    return [*records, OutputRecord("customers-changelog", b"\x00position", position)]


def commands(broker, routes) -> list[bytes | None]:
    return values(broker, routes["send-commands"].topic, 1)


def changelog(broker, routes) -> list[bytes | None]:
    return values(broker, routes["customers-changelog"].topic, 1)


# ── Transactions that go well ─────────────────────────────────────────────────────────────────────


@pytest.mark.smoke
def test_records_keep_their_order_and_the_next_offset_of_the_changelog_is_returned(
    broker, topic_prefix, routes
):
    producer = opened(broker, topic_prefix, routes)
    first = producer.commit(transaction(b"a", b"b"), PATIENCE)
    assert first == 1
    records = [
        OutputRecord("customers-changelog", b"anna", b"state"),
        *transaction(b"c"),
        OutputRecord("customers-changelog", b"ben", None),
        OutputRecord("send-commands", b"customer", b"d"),
    ]
    second = producer.commit(records, PATIENCE)
    assert commands(broker, routes) == [b"a", b"b", b"c", b"d"]
    written = read(broker, routes["customers-changelog"].topic, 1)
    assert [(key, value) for _, key, value in written] == [
        (b"\x00position", b"p"),
        (b"anna", b"state"),
        (b"\x00position", b"p"),
        (b"ben", None),
    ]
    assert second == written[-1][0] + 1
    assert second > first + 3  # the marker of the first transaction has an offset too
    assert producer.state is ProducerState.READY


def test_a_transaction_without_a_position_is_a_mistake_of_the_caller(broker, topic_prefix, routes):
    producer = opened(broker, topic_prefix, routes)
    with pytest.raises(ValueError, match="position record"):
        producer.commit([OutputRecord("send-commands", b"customer", b"a")], PATIENCE)
    assert producer.state is ProducerState.READY


def test_headers_times_and_partitions_of_a_record_are_kept(broker, topic_prefix, routes):
    producer = opened(broker, topic_prefix, routes)
    record = OutputRecord(
        "send-commands", b"k", b"v", partition=0, headers=[("traceparent", b"00-1")], time=1_234
    )
    producer.commit([record, *transaction()], PATIENCE)
    assert [value for _, _, value in read(broker, routes["send-commands"].topic, 0)] == [b"v"]


def test_pitfall_38_murmur2_is_that_of_librdkafka(broker, topic_prefix):
    topic = topic_prefix + "keys"
    create_topics(broker, [topic, topic_prefix + "customers-changelog"], partitions=12)
    routes = {
        "send-commands": Route(topic, ANY),
        "customers-changelog": Route(topic_prefix + "customers-changelog", 0),
    }
    keys = [b"customer-%d" % number for number in range(100)] + [b"", b"\xff\x80", b"x" * 1_000]
    producer = opened(broker, topic_prefix, routes)
    records = [OutputRecord("send-commands", key, b"") for key in keys]
    producer.commit([*records, *transaction()], PATIENCE)
    for partition in range(12):
        expected = [key for key in keys if partition_of(key, 12) == partition]
        assert [key or b"" for _, key, _ in read(broker, topic, partition)] == expected


def test_pitfall_14_a_producer_that_has_nothing_to_do_has_no_transaction(
    proxy, broker, topic_prefix, routes
):
    producer = opened(proxy, topic_prefix, routes)
    assert producer.state is ProducerState.READY
    assert proxy.requests(ApiKey.ADD_PARTITIONS_TO_TXN) == 0
    producer.commit(transaction(b"a"), PATIENCE)
    assert producer.state is ProducerState.READY
    assert proxy.requests(ApiKey.END_TXN) == 1
    ended = high_watermark(broker, routes["send-commands"].topic, 1)
    assert len(read(broker, routes["send-commands"].topic, 1)) == 1
    assert ended == 2  # the record and its marker: nothing holds the last stable offset back


# ── Crashes and owners ────────────────────────────────────────────────────────────────────────────


def begun(producer: TransactionalProducer, routes) -> None:
    """A transaction whose records are on the broker, not ended: the worker dies here."""
    client = producer._client()
    client.begin_transaction()
    client.produce(routes["send-commands"].topic, b"lost", b"customer", 1)
    assert client.flush(PATIENCE) == 0


def test_pitfall_02_what_a_crash_left_open_is_aborted_by_the_next_owner(
    broker, topic_prefix, routes
):
    crashed = opened(broker, topic_prefix, routes)
    begun(crashed, routes)
    producer = opened(broker, topic_prefix, routes)
    producer.commit(transaction(b"a"), PATIENCE)
    assert commands(broker, routes) == [b"a"]


def test_pitfall_02_a_reader_at_the_end_sees_all_that_follows_an_aborted_transaction(
    broker, topic_prefix, routes
):
    """The next owner has the same producer id: what it commits isn't what was aborted."""
    reader = RecordConsumer(consumer_options(settings_for(broker, topic_prefix), "reader"))
    topic = routes["send-commands"].topic
    reader.assign(topic, 1, 0)
    seen: list[bytes | None] = []
    expected: list[bytes | None] = []

    def all_is_seen() -> bool:
        for batch in reader.fetch(100, 0.1):
            seen.extend(record.value for record in batch.records)
        return seen == expected

    for _ in range(2):
        begun(opened(broker, topic_prefix, routes), routes)
        producer = opened(broker, topic_prefix, routes)
        for command in (b"a", b"b"):
            producer.commit(transaction(command), PATIENCE)
            expected.append(command)
            eventually(all_is_seen, within=20, every=0, message=lambda: str(seen))
    # And so does one that begins in the middle: the first two records and their markers are over.
    reader.seek(topic, 1, 4)
    seen.clear()
    del expected[0]
    eventually(all_is_seen, within=20, every=0, message=lambda: str(seen))
    reader.close()


def test_pitfall_12_the_producer_that_was_opened_later_wins(broker, topic_prefix, routes):
    first = opened(broker, topic_prefix, routes)
    first.commit(transaction(b"a"), PATIENCE)
    second = opened(broker, topic_prefix, routes)
    with pytest.raises(Fenced, match="another worker owns this task"):
        first.commit(transaction(b"zombie"), PATIENCE)
    second.commit(transaction(b"b"), PATIENCE)
    assert commands(broker, routes) == [b"a", b"b"]
    assert first.state is ProducerState.UNKNOWN
    first.close()


def test_pitfall_11_a_zombie_in_the_middle_of_a_transaction_is_fenced(broker, topic_prefix, routes):
    zombie = opened(broker, topic_prefix, routes)
    second: list[TransactionalProducer] = []
    flush = zombie._flush

    def sleep_long(deadline: float) -> None:
        flush(deadline)
        second.append(opened(broker, topic_prefix, routes))

    zombie._flush = sleep_long  # type: ignore[method-assign]
    with pytest.raises(Fenced):
        zombie.commit(transaction(b"zombie"), PATIENCE)
    second[0].commit(transaction(b"b"), PATIENCE)
    assert commands(broker, routes) == [b"b"]


# ── Ends that aren't confirmed ────────────────────────────────────────────────────────────────────


def assert_is_spent(producer: TransactionalProducer) -> None:
    assert producer.state is ProducerState.UNKNOWN
    with pytest.raises(RuntimeError, match="is unknown, expected ready"):
        producer.commit(transaction(b"again"), PATIENCE)


def test_pitfall_08_an_end_that_was_applied_and_not_confirmed_is_unknown(
    proxy, broker, topic_prefix, routes
):
    producer = opened(proxy, topic_prefix, routes)
    held = proxy.hold_responses(ApiKey.END_TXN)
    with pytest.raises(OutcomeUnknown):
        producer.commit(transaction(b"a", position=b"1"), PATIENCE)
    assert_is_spent(producer)
    producer.close()
    held.discard()
    successor = opened(proxy, topic_prefix, routes)
    assert changelog(broker, routes) == [b"1"]  # so nothing is decided again
    successor.commit(transaction(b"b", position=b"2"), PATIENCE)
    assert commands(broker, routes) == [b"a", b"b"]
    assert proxy.requests(ApiKey.END_TXN) == 2


def test_pitfall_09_an_end_that_was_not_applied_is_unknown_and_done_once_more(
    proxy, broker, topic_prefix, routes
):
    producer = opened(proxy, topic_prefix, routes)
    held = proxy.hold_requests(ApiKey.END_TXN)
    with pytest.raises(OutcomeUnknown):
        producer.commit(transaction(b"a", position=b"1"), PATIENCE)
    assert_is_spent(producer)
    producer.close()
    held.discard()
    successor = opened(proxy, topic_prefix, routes)
    assert changelog(broker, routes) == []
    successor.commit(transaction(b"a", position=b"1"), PATIENCE)
    assert commands(broker, routes) == [b"a"]
    assert proxy.requests(ApiKey.END_TXN) == 2


def test_pitfall_10_a_delayed_end_does_not_touch_the_next_transaction(
    proxy, broker, topic_prefix, routes
):
    producer = opened(proxy, topic_prefix, routes)
    held = proxy.hold_requests(ApiKey.END_TXN, at_most=1)
    with pytest.raises(OutcomeUnknown):
        producer.commit(transaction(b"a"), PATIENCE)
    assert_is_spent(producer)
    producer.close()
    successor = opened(proxy, topic_prefix, routes)
    before_the_end = successor._flush

    def delayed_end_arrives(deadline: float) -> None:
        before_the_end(deadline)
        held.release()
        # Were it taken for this transaction's, it would be committed now, without our doing.
        assert commands(broker, routes) == []

    successor._flush = delayed_end_arrives  # type: ignore[method-assign]
    successor.commit(transaction(b"b"), PATIENCE)
    assert commands(broker, routes) == [b"b"]
    assert proxy.requests(ApiKey.END_TXN) == 2  # the held one, and the successor's


def test_pitfall_10_an_end_that_was_sent_on_a_lost_connection_is_never_sent_again(
    proxy, broker, topic_prefix, routes
):
    """librdkafka would: after its back-off, over a new connection, with the first on its way."""
    producer = opened(proxy, topic_prefix, routes)
    held = proxy.hold_requests(ApiKey.END_TXN, at_most=1)
    outcome: list[SendflowError] = []

    def commit() -> None:
        try:
            producer.commit(transaction(b"a"), PATIENCE)
        except SendflowError as error:
            outcome.append(error)
        producer.close()

    thread = threading.Thread(target=commit)
    thread.start()
    held.wait()
    proxy.disconnect()
    thread.join(PATIENCE)
    assert [type(error) for error in outcome] == [OutcomeUnknown]
    assert proxy.requests(ApiKey.END_TXN) == 1


def test_an_end_that_is_confirmed_too_late_may_have_been_sent_twice(
    broker, topic_prefix, routes, monkeypatch
):
    producer = opened(broker, topic_prefix, routes)
    clock = iter([0.0, 0.0, 0.0, END_WITHIN])
    monkeypatch.setattr("streams.kafka.producer.time.monotonic", lambda: next(clock))
    with pytest.raises(OutcomeUnknown, match="may be in flight"):
        producer.commit(transaction(b"a"), PATIENCE)
    monkeypatch.undo()
    assert_is_spent(producer)


def test_pitfall_15_no_call_waits_without_limit_for_an_answer(proxy, broker, topic_prefix, routes):
    waiting = new_producer(proxy, topic_prefix, routes)
    held = proxy.hold_responses(ApiKey.INIT_PRODUCER_ID)
    with pytest.raises(OutcomeUnknown, match="opening"):
        waiting.open(0.5)
    assert waiting.state is ProducerState.CLOSED
    held.discard()
    producer = opened(proxy, topic_prefix, routes)
    proxy.hold_requests(ApiKey.PRODUCE)
    with pytest.raises(OutcomeUnknown, match="not delivered in time"):
        producer.commit(transaction(b"a"), 0.5)
    producer.close()


# ── Records that fail ─────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def narrow_routes(broker, topic_prefix, routes) -> dict[str, Route]:
    """A topic beside that takes small records only."""
    create_topics(broker, [topic_prefix + "narrow"], max_message_bytes="2000")
    return {**routes, "narrow": Route(topic_prefix + "narrow", 1)}


def test_pitfall_17_one_record_that_fails_takes_its_transaction_with_it(
    broker, topic_prefix, narrow_routes
):
    producer = opened(broker, topic_prefix, narrow_routes, **{"compression.type": "none"})
    large = OutputRecord("narrow", b"customer", bytes(5_000))
    with pytest.raises(Refused, match=r"MSG_SIZE_TOO_LARGE.*max\.message\.bytes"):
        producer.commit([large, *transaction(b"a", b"b")], PATIENCE)
    assert commands(broker, narrow_routes) == []
    assert changelog(broker, narrow_routes) == []


def test_pitfall_16_the_next_transaction_knows_nothing_of_the_aborted_one(
    broker, topic_prefix, narrow_routes
):
    producer = opened(broker, topic_prefix, narrow_routes, **{"compression.type": "none"})
    large = OutputRecord("narrow", b"customer", bytes(5_000))
    with pytest.raises(Refused):
        producer.commit([large, *transaction(b"a")], PATIENCE)
    assert producer.state is ProducerState.READY
    offset = producer.commit(transaction(b"b"), PATIENCE)
    assert commands(broker, narrow_routes) == [b"b"]
    (last,) = read(broker, narrow_routes["customers-changelog"].topic, 1)
    assert offset == last[0] + 1


def test_pitfall_18_a_full_queue_is_waited_for_and_order_is_kept(broker, topic_prefix, routes):
    producer = opened(broker, topic_prefix, routes, **{"queue.buffering.max.messages": 10})
    many = [b"%d" % number for number in range(1_000)]
    producer.commit(transaction(*many), PATIENCE)
    assert commands(broker, routes) == many


def test_pitfall_18_a_queue_that_stays_full_is_waited_for_within_a_bound(
    proxy, broker, topic_prefix, routes
):
    producer = opened(proxy, topic_prefix, routes, **{"queue.buffering.max.messages": 10})
    held = proxy.hold_requests(ApiKey.ADD_PARTITIONS_TO_TXN)
    with pytest.raises(OutcomeUnknown, match="delivery queue full"):
        producer.commit(transaction(*[b"x"] * 100), 0.5)
    producer.close()
    held.discard()
    assert commands(broker, routes) == []


@pytest.mark.parametrize("over", [0, 1])
def test_pitfall_19_an_oversized_record_is_found_before_the_transaction(
    broker, topic_prefix, routes, over
):
    producer = opened(broker, topic_prefix, routes)
    limit = MAX_RECORD_BYTES - producer_module._ROOM_FOR_FRAME
    record = OutputRecord(
        "send-commands", b"key", bytes(limit - 3 - 2 + over), headers=[("a", b"b")]
    )
    if over:
        with pytest.raises(Refused, match=r"send-commands with key b'key' has 999,489 bytes"):
            producer.commit([record, *transaction(b"a")], PATIENCE)
        assert producer.state is ProducerState.READY
        assert high_watermark(broker, routes["send-commands"].topic, 1) == 0
    else:
        producer.commit([record, *transaction(b"a")], PATIENCE)
        assert len(commands(broker, routes)) == 2


def failed(producer: TransactionalProducer, records: list[OutputRecord]) -> SendflowError:
    with pytest.raises(SendflowError) as failure:
        producer.commit(records, PATIENCE)
    return failure.value


def test_a_topic_that_is_not_there_is_refused_with_what_to_do(broker, topic_prefix, routes):
    routes = {**routes, "missing": Route(topic_prefix + "missing", 1)}
    producer = opened(broker, topic_prefix, routes, **{"topic.metadata.propagation.max.ms": 0})
    records = [OutputRecord("missing", b"k", b"v"), *transaction(b"a")]
    error = failed(producer, records)
    if isinstance(error, Aborted):  # at the first time, the brokers' reason isn't asked for
        error = failed(producer, records)
    assert isinstance(error, Refused)
    assert "sendflow topics check" in str(error)
    assert commands(broker, routes) == []


@pytest.mark.kafka  # the embedded broker lets transactions take as long as they like
def test_pitfall_13_a_transaction_that_took_too_long_leaves_nothing(broker, topic_prefix, routes):
    """The brokers abort it; whatever the producer is told, it doesn't go on."""
    options = {"transaction.timeout.ms": 1_000, "message.timeout.ms": 1_000}
    producer = opened(broker, topic_prefix, routes, **options)
    flush = producer._flush
    topic = routes["send-commands"].topic

    def outlast_the_timeout(deadline: float) -> None:
        flush(deadline)
        eventually(
            lambda: high_watermark(broker, topic, 1) > 1,
            within=30,
            message="the broker doesn't abort what takes too long",
        )

    producer._flush = outlast_the_timeout  # type: ignore[method-assign]
    with pytest.raises((Fenced, OutcomeUnknown, Aborted)):
        producer.commit(transaction(b"a"), PATIENCE)
    producer.close()
    assert commands(broker, routes) == []
    opened(broker, topic_prefix, routes).commit(transaction(b"b"), PATIENCE)
    assert commands(broker, routes) == [b"b"]


def test_closing_never_aborts_or_commits(proxy, broker, topic_prefix, routes):
    producer = opened(proxy, topic_prefix, routes)
    begun(producer, routes)
    producer.state = ProducerState.OPEN
    producer.close()
    other = Producer({"bootstrap.servers": proxy.bootstrap})
    other.list_topics(timeout=PATIENCE)
    assert proxy.requests(ApiKey.END_TXN) == 0
