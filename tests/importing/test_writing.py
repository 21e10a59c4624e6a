"""Events as records: live, and as a past with ticks."""

import random

import pytest

from streams.engine import BETWEEN_TASKS, INPUTS
from streams.errors import Refused
from streams.importing.encoding import EventRecord
from streams.importing.writing import (
    TICK_EVENTS,
    TICK_INTERVAL,
    PastWriter,
    write_history,
    write_live,
)
from streams.kafka.partition import partition_of
from streams.ports import OutputRecord

PARTITIONS = 3
EVERYWHERE = {
    (topic, number)
    for topic in INPUTS
    if topic not in BETWEEN_TASKS  # tasks write these themselves
    for number in range(PARTITIONS)
}


def search(at, customer="ada"):
    return EventRecord(at, "searches", customer, f"{customer}-{at}".encode())


class Written(list):
    """The output of a PastWriter."""

    def __init__(self):
        super().__init__()
        self.writer = PastWriter(self.append, PARTITIONS)

    def ticks(self):
        return [(r.topic, r.partition, r.time) for r in self if r.value is None]

    def later_ticks(self):
        """Those after the beginning."""
        return self.ticks()[len(EVERYWHERE) :]

    def events(self):
        return [record for record in self if record.value is not None]


def test_a_live_event_leaves_time_and_partition_to_kafka():
    written: list[OutputRecord] = []
    write_live(search(5), written.append)
    [record] = written
    assert (record.topic, record.key, record.value) == ("searches", b"ada", b"ada-5")
    assert record.time is None
    assert record.partition is None
    assert record.headers is None


def test_d33_history_says_so_in_a_header():
    written: list[OutputRecord] = []
    write_history(search(5), written.append)
    [record] = written
    assert (record.topic, record.key, record.value) == ("searches", b"ada", b"ada-5")
    assert (record.time, record.partition) == (None, None)
    assert record.headers == [("sendflow-history", b"")]


def test_a_past_event_has_the_time_at_which_it_happened_and_javas_partition():
    written = Written()
    written.writer.write(search(5))
    [record] = written.events()
    assert (record.time, record.partition) == (5, partition_of(b"ada", PARTITIONS))


def test_every_partition_gets_a_tick_at_the_beginning():
    written = Written()
    written.writer.write(search(5))
    assert set(written.ticks()) == {(*place, 5) for place in EVERYWHERE}
    assert written[-1].value is not None


def test_a_tick_is_a_record_without_value_that_says_so_in_a_header():
    written = Written()
    written.writer.tick(7)
    assert {(r.topic, r.partition) for r in written} == EVERYWHERE
    for record in written:
        assert (record.key, record.value, record.time) == (None, None, 7)
        assert [name for name, _ in record.headers] == ["sendflow-tick"]


@pytest.mark.parametrize(("after", "ticks"), [(TICK_INTERVAL - 1, False), (TICK_INTERVAL, True)])
def test_ticks_come_after_an_interval_of_simulated_time(after, ticks):
    written = Written()
    written.writer.write(search(1_000))
    written.writer.write(search(1_000 + after))
    assert bool(written.later_ticks()) == ticks
    # before the event that is later, and with its time: nothing before that will follow
    assert {at for _, _, at in written.later_ticks()} <= {1_000 + after}
    assert written[-1].value is not None


@pytest.mark.parametrize(("events", "ticks"), [(TICK_EVENTS, False), (TICK_EVENTS + 1, True)])
def test_ticks_come_after_a_number_of_events(events, ticks):
    written = Written()
    for at in range(events):
        written.writer.write(search(at))
    assert bool(written.later_ticks()) == ticks


def test_a_partition_that_had_a_record_needs_no_tick():
    written = Written()
    written.writer.write(search(1))
    written.writer.write(search(1 + TICK_INTERVAL))
    busy = ("searches", partition_of(b"ada", PARTITIONS))
    assert {(topic, number) for topic, number, _ in written.later_ticks()} == EVERYWHERE - {busy}
    assert written.writer.ticks == 2 * len(EVERYWHERE) - 1


def test_every_partition_gets_a_tick_at_the_end():
    written = Written()
    written.writer.write(search(1))
    written.writer.end(2)
    assert {(t, n) for t, n, at in written.ticks() if at == 2} == EVERYWHERE


def test_no_partition_goes_back_in_time_and_none_rests_for_two_rounds():
    chance = random.Random(7)
    written = Written()
    at = 1_000
    for number in range(20_000):
        at += chance.choice((0, 1, 60_000, 3_600_000))
        written.writer.write(search(at, f"customer-{number % 50}"))
    written.writer.end(at)
    last = dict.fromkeys(EVERYWHERE, 1_000)
    for record in written:
        place = record.topic, record.partition
        assert record.time >= last[place]
        assert record.time - last[place] <= 2 * (TICK_INTERVAL + 3_600_000)
        last[place] = record.time
    assert len(written.ticks()) == written.writer.ticks


def test_an_event_out_of_order_is_refused():
    written = Written()
    written.writer.write(search(5))
    with pytest.raises(Refused, match="in time order"):
        written.writer.write(search(4))


def test_after_a_long_silence_there_is_one_round_of_ticks():
    written = Written()
    written.writer.write(search(1))
    written.writer.write(search(1_000 * TICK_INTERVAL))
    assert len(written.later_ticks()) == len(EVERYWHERE) - 1
