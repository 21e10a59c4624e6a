"""Codes that move between tasks: reports, orders, and the codes themselves."""

import msgspec
import pytest

from streams.contracts.control import decode_control
from streams.contracts.coupon_codes import coupon_record
from streams.contracts.coupon_moves import (
    COUPON_MOVES,
    coupon_facts_record,
    coupon_report_record,
    key_beginning,
    moved_codes_record,
)
from streams.contracts.decode import EventDecoder
from streams.contracts.partition_facts import PARTITION_FACTS, read_report
from streams.kafka.partition import KeyCheck, key_in
from streams.ports import (
    CONTROL,
    COUPON_FACTS_KEY,
    CouponCode,
    CouponFacts,
    CouponMove,
    CouponReport,
    Decoded,
    MovedCodes,
    OutputRecord,
    PoolReport,
    Record,
    Rejection,
)

NOON = 1_772_452_800_000
PARTITIONS = 8
MOVED = MovedCodes(4, "ten", 2, 5, ["A1", "A2"])


def key_of(receiver: int) -> bytes:
    return key_in(receiver, PARTITIONS, key_beginning(receiver))


def decode(record: OutputRecord, partition: int, topic: str = COUPON_MOVES) -> Decoded | Rejection:
    decoder = EventDecoder(misplaced=KeyCheck(partition, PARTITIONS).misplaced)
    return decoder.decode(topic, Record(NOON, 0, record.key, record.value))


def test_a_report_and_facts_are_read_as_written() -> None:
    for low in (100, None):
        pool = PoolReport("ten", loaded=9, given=1, left=7, received=4, handed=3, low=low)
        report = CouponReport(3, NOON, [pool])
        record = coupon_report_record(report)
        assert (record.topic, record.partition) == (PARTITION_FACTS, 0)
        assert read_report(record.value or b"") == report
    facts = CouponFacts({"ten": 16}, [CouponMove(1, "ten", 2, 5, 4, key_of(5))])
    record = coupon_facts_record(facts, NOON)
    assert (record.topic, record.key, record.time) == (CONTROL, COUPON_FACTS_KEY, NOON)
    assert decode_control(record.value or b"") == facts


@pytest.mark.parametrize("codes", [["A1", "A2"], []])
def test_codes_are_read_by_their_receiver(codes: list[str]) -> None:
    moved = msgspec.structs.replace(MOVED, codes=codes)
    record = moved_codes_record(moved, key_of(5), NOON)
    assert (record.topic, record.partition) == (COUPON_MOVES, None)
    assert decode(record, 5) == moved


@pytest.mark.parametrize("receiver", range(PARTITIONS))
def test_8_11_the_key_of_moved_codes_belongs_into_the_receivers_partition(receiver: int) -> None:
    moved = msgspec.structs.replace(MOVED, receiver=receiver)
    record = moved_codes_record(moved, key_of(receiver), NOON)
    for partition in range(PARTITIONS):
        found = decode(record, partition)
        if partition == receiver:
            assert found == moved
        else:
            assert isinstance(found, Rejection)
            assert f"is in partition {partition}, expected {receiver} of" in found.reason


@pytest.mark.parametrize(
    ("record", "topic", "says"),
    [
        (moved_codes_record(MOVED, key_of(5), NOON), "coupons", "not allowed on coupons"),
        (
            OutputRecord(
                COUPON_MOVES, key_of(5), coupon_record(CouponCode("ten", "A1", None, NOON)).value
            ),
            COUPON_MOVES,
            "CouponCode is not allowed on coupon-moves",
        ),
        (
            moved_codes_record(msgspec.structs.replace(MOVED, receiver=6), key_of(5), NOON),
            COUPON_MOVES,
            "expected one that begins with b'6\\x1f', for the receiver 6",
        ),
        (
            moved_codes_record(msgspec.structs.replace(MOVED, codes=["A\n"]), key_of(5), NOON),
            COUPON_MOVES,
            "'A\\n' is no pool or code",
        ),
        (
            moved_codes_record(msgspec.structs.replace(MOVED, pool=""), key_of(5), NOON),
            COUPON_MOVES,
            "'' is no pool or code",
        ),
        (OutputRecord(COUPON_MOVES, key_of(5), b'{"number": 1}'), COUPON_MOVES, "`pool`"),
    ],
)
def test_nothing_else_is_let_through(record: OutputRecord, topic: str, says: str) -> None:
    found = decode(record, 5, topic)
    assert isinstance(found, Rejection)
    assert says in found.reason
