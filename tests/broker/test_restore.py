"""A restore ends where the changelog does, whatever lies there (PITFALLS fact 7, PITFALLS 45)."""

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

import msgspec
import pytest
from confluent_kafka.admin import (
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    ResourceType,
)

from streams.embedded.broker_process import BrokerProcess
from streams.errors import OutcomeUnknown
from streams.kafka.topics import topic_name
from streams.ports import CHANGELOG, OWN_KEY_PREFIX, StoreBatch
from tests.harness.eventually import eventually
from tests.harness.one_task import OneTask, wall_clock
from tests.harness.topics import create_topics, high_watermark, read
from tests.harness.worker_shop import Shop

CUSTOMERS = 5


def prepared(shop: Shop) -> Shop:
    shop.create_topics()
    shop.publish()
    shop.register(CUSTOMERS)
    return shop


@pytest.fixture
def shop(broker: BrokerProcess, topic_prefix: str, tmp_path: Path) -> Iterator[Shop]:
    """Of one task, with customers who can be written to."""
    with Shop(broker, topic_prefix, tmp_path / "shop", partitions=1) as shop:
        yield prepared(shop)


def opened(shop: Shop, folder: str = "data") -> OneTask:
    return OneTask(msgspec.structs.replace(shop.settings, data_dir=shop.folder / folder))


def states_of(one: OneTask) -> dict[bytes, bytes]:
    with one:
        return dict(one.store.items())


def break_off() -> NoReturn:
    """In the place of the end of a transaction."""
    raise OutcomeUnknown("the worker dies here")


@pytest.mark.smoke
def test_pitfall_45_a_changelog_that_ends_with_a_marker(shop: Shop) -> None:
    opened(shop).finish()
    name = topic_name(shop.settings, CHANGELOG)
    # The last record, and after it the marker, which Kafka writes a little later.
    eventually(lambda: read(shop.broker, name)[-1][0] == high_watermark(shop.broker, name) - 2)
    end = high_watermark(shop.broker, name)
    with opened(shop, "another") as restored:
        assert restored.store.changelog_offset() == end
    assert states_of(opened(shop, "third")) == states_of(opened(shop))


def test_pitfall_45_only_aborted_records_at_the_end(shop: Shop) -> None:
    opened(shop).finish()
    expected = states_of(opened(shop))
    shop.order(CUSTOMERS)
    for _ in range(2):
        broken_off = opened(shop)
        broken_off.advance()
        broken_off.producer._end = break_off  # type: ignore[method-assign]
        with pytest.raises(OutcomeUnknown):
            broken_off.commit()
        broken_off.close()
    name = topic_name(shop.settings, CHANGELOG)
    assert len(read(shop.broker, name, isolation="read_uncommitted")) > 2 * CUSTOMERS
    assert states_of(opened(shop)) == expected
    assert states_of(opened(shop, "another")) == expected
    opened(shop).finish()
    shop.wait_for_all(str)


@pytest.mark.kafka  # the embedded broker doesn't compact
def test_pitfall_45_a_changelog_whose_markers_were_compacted_away(
    broker: BrokerProcess, topic_prefix: str, tmp_path: Path
) -> None:
    with Shop(broker, topic_prefix, tmp_path / "shop", partitions=1) as shop:
        name = topic_name(shop.settings, CHANGELOG)
        create_topics(
            broker,
            [name],
            partitions=1,
            cleanup_policy="compact",
            min_cleanable_dirty_ratio="0.0",
            delete_retention_ms="86400000",
            segment_ms="200",
        )
        prepared(shop)
        with opened(shop) as one:
            one.advance()
            one.commit()
            delete_retention(broker, name, "0")

            def markers_are_gone() -> bool:
                """Each order is a transaction, which rolls the segment of the one before it."""
                shop.order(1)
                one.advance()
                one.commit()
                return 0 < count_markers(broker, name) < shop.number // 2

            eventually(markers_are_gone, within=60, every=0.3)
            delete_retention(broker, name, "86400000")
        expected = states_of(opened(shop))
        with opened(shop, "another") as restored:
            assert restored.store.changelog_offset() == high_watermark(broker, name)
            assert dict(restored.store.items()) == expected
        # Beside the customers lie the position and the sums of the day under way.
        assert sum(not key.startswith(OWN_KEY_PREFIX) for key in expected) == CUSTOMERS


def delete_retention(broker: BrokerProcess, topic: str, value: str) -> None:
    """How long tombstones and markers are kept."""
    admin = AdminClient({"bootstrap.servers": broker.bootstrap})
    resource = ConfigResource(ResourceType.TOPIC, topic)
    resource.add_incremental_config(
        ConfigEntry("delete.retention.ms", value, incremental_operation=AlterConfigOpType.SET)
    )
    for answer in admin.incremental_alter_configs([resource]).values():
        answer.result(20)


def count_markers(broker: BrokerProcess, topic: str) -> int:
    """The control batches in the segments of partition 0, as they lie on the broker's disk."""
    found = 0
    for segment in (broker.data_dir / "log" / f"{topic}-0").glob("*.log"):
        data = segment.read_bytes()
        at = 0
        while at + 61 <= len(data):
            (length,) = struct.unpack_from(">i", data, at + 8)
            (attributes,) = struct.unpack_from(">h", data, at + 21)
            found += bool(attributes & 0x20)
            at += 12 + length
    return found


# ── How old a store is ────────────────────────────────────────────────────────────────────────────

DAYS = 86_400_000
LONG_AGO = 1_700_000_000_000


def make_old(one: OneTask) -> None:
    """As if the task had been quiet since long ago."""
    offset = one.store.changelog_offset()
    assert offset is not None
    one.store.write(StoreBatch({}, offset, LONG_AGO))


def is_rebuilt(caplog: pytest.LogCaptureFixture) -> bool:
    return "; rebuilding" in caplog.text


@pytest.mark.parametrize("was_restored", [False, True])
def test_pitfall_42_a_task_that_was_quiet_for_long_is_not_rebuilt_at_a_plain_restart(
    shop: Shop, caplog: pytest.LogCaptureFixture, was_restored: bool
) -> None:
    with opened(shop) as quiet:
        quiet.advance()
        quiet.commit()
        if not was_restored:
            make_old(quiet)
    if was_restored:
        with opened(shop) as quiet:
            make_old(quiet)
    with opened(shop) as again:
        written_at = again.store.written_at()
        assert written_at is not None
        assert wall_clock() - written_at < DAYS
    assert not is_rebuilt(caplog)


def test_pitfall_42_a_task_that_another_worker_went_on_with_is_rebuilt(
    shop: Shop, caplog: pytest.LogCaptureFixture
) -> None:
    """It slept, say; tombstones that it never saw may be gone from the changelog."""
    opened(shop).finish()
    asleep = opened(shop)
    make_old(asleep)
    shop.order(1)
    opened(shop, "another").finish()
    asleep.close()
    with opened(shop):
        assert is_rebuilt(caplog)


def test_pitfall_42_a_task_that_may_have_committed_more_than_it_stored_is_rebuilt(
    shop: Shop, caplog: pytest.LogCaptureFixture
) -> None:
    opened(shop).finish()
    shop.order(1)
    with opened(shop) as broken_off:
        make_old(broken_off)
        broken_off.advance()
        broken_off.producer._end = break_off  # type: ignore[method-assign]
        with pytest.raises(OutcomeUnknown):
            broken_off.commit()
    with opened(shop):
        assert is_rebuilt(caplog)
