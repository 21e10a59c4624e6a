"""Codes that move between tasks: the reports of tasks (topic `partition-facts`), the orders (topic
`control`) and the codes themselves (topic `coupon-moves`).

Always in Avro single-object encoding: only Sendflow writes and reads them.
"""

from typing import Any

import msgspec

from streams.contracts.coupon_codes import SEPARATOR
from streams.contracts.fields import WrongEvent
from streams.contracts.partition_facts import PARTITION_FACTS
from streams.contracts.shipped import encode_fields
from streams.engine import Instant
from streams.engine.values import is_code
from streams.ports import (
    CONTROL,
    COUPON_FACTS_KEY,
    CouponFacts,
    CouponMove,
    CouponReport,
    MovedCodes,
    OutputRecord,
    Record,
)

COUPON_MOVES = "coupon-moves"


class MovedCodesReader:
    """Reads the fields of the schema."""

    name = "MovedCodes"
    topic = COUPON_MOVES

    def read(self, fields: dict[str, Any], record: Record) -> MovedCodes:
        """Returns the codes. Raises WrongEvent."""
        moved = read_moved(fields)
        if not (record.key or b"").startswith(key_beginning(moved.receiver)):
            raise WrongEvent(
                f"the key is {(record.key or b'')[:40]!r}, expected one that begins with "
                f"{key_beginning(moved.receiver)!r}, for the receiver {moved.receiver}"
            )
        return moved


def read_moved(fields: dict[str, Any]) -> MovedCodes:
    """Returns the codes in the fields of the schema, or of JSON. Raises WrongEvent."""
    try:
        moved = msgspec.convert(fields, MovedCodes)
    except msgspec.ValidationError as error:
        raise WrongEvent(str(error)) from error
    for text in (moved.pool, *moved.codes):
        if not text or not is_code(text):
            raise WrongEvent(
                f"{text[:40]!r} is no pool or code, expected 1 to 100 characters without line "
                "breaks or surrounding whitespace"
            )
    return moved


def key_beginning(receiver: int) -> bytes:
    """The beginning of the keys of codes that move to the task `receiver`. What follows makes their
    hash the receiver's partition (SEMANTICS 8.11)."""
    return f"{receiver}{SEPARATOR}".encode()


def moved_codes_record(moved: MovedCodes, key: bytes, time: Instant) -> OutputRecord:
    """Returns the record with the codes of a move. `time` counts in simulated time only."""
    value = encode_fields(MovedCodesReader.name, msgspec.structs.asdict(moved))
    return OutputRecord(COUPON_MOVES, key, value, time=time)


def coupon_report_record(report: CouponReport) -> OutputRecord:
    """Returns the record of a task's report. The key is the task's number."""
    key = str(report.partition).encode()
    value = encode_fields("CouponReport", msgspec.to_builtins(report))
    return OutputRecord(PARTITION_FACTS, key, value, partition=0)


def coupon_facts_record(facts: CouponFacts, time: Instant | None = None) -> OutputRecord:
    """Returns a record of `control` with timestamp `time`; None: the broker's clock."""
    moves = [msgspec.structs.asdict(move) for move in facts.moves]
    value = encode_fields("CouponFacts", {"left": facts.left, "moves": moves})
    return OutputRecord(CONTROL, COUPON_FACTS_KEY, value, partition=0, time=time)


def coupon_facts_in(fields: dict[str, Any]) -> CouponFacts:
    """Returns the facts in the fields of their schema."""
    return CouponFacts(fields["left"], [CouponMove(**move) for move in fields["moves"]])
