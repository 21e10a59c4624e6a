"""What the gateway changes in a fetch's answer, in every version of it that clients use."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.demo.gateway import mended_fetch

VERSIONS = range(4, 13)
ABORT, COMMIT = 0, 1


def batch(offset: int, producer: int, attributes: int, record: bytes = b"data") -> bytes:
    """One record batch of Kafka's format 2, without a valid checksum."""
    after_length = (
        struct.pack(">iBiHi", 0, 2, 0, attributes, 0)
        + struct.pack(">qq", 0, 0)
        + struct.pack(">qhii", producer, 0, 0, 1)
        + record
    )
    return struct.pack(">qi", offset, len(after_length)) + after_length


def data(offset: int, producer: int) -> bytes:
    return batch(offset, producer, 0x10)


def marker(offset: int, producer: int, kind: int) -> bytes:
    key = struct.pack(">hh", 0, kind)
    value = struct.pack(">hi", 0, 0)
    record = b"\0\0\0" + bytes([2 * len(key)]) + key + bytes([2 * len(value)]) + value + b"\0"
    return batch(offset, producer, 0x30, bytes([2 * len(record)]) + record)


def compact(number: int) -> bytes:
    """An unsigned varint."""
    if number < 0x80:
        return bytes([number])
    return bytes([number & 0x7F | 0x80]) + compact(number >> 7)


def answer(
    version: int,
    partitions: list[tuple[list[tuple[int, int]] | None, bytes]],
    error: int = 0,
) -> bytes:
    """An answer about one topic: of each partition the aborted transactions and the records."""
    is_flexible = version >= 12
    tags = b"\0" if is_flexible else b""

    def array(count: int) -> bytes:
        return compact(count + 1) if is_flexible else struct.pack(">i", count)

    body = struct.pack(">i", 77) + tags + struct.pack(">i", 0)
    if version >= 7:
        body += struct.pack(">hi", 0, 0)
    topic = b"orders"
    body += array(1) + (compact(len(topic) + 1) if is_flexible else struct.pack(">h", 6)) + topic
    body += array(len(partitions))
    for number, (aborted, records) in enumerate(partitions):
        body += struct.pack(">ihq", number, error, 100) + struct.pack(">q", 100)
        if version >= 5:
            body += struct.pack(">q", 0)
        body += array(-1 if aborted is None else len(aborted))
        for one in aborted or ():
            body += struct.pack(">qq", *one) + tags
        if version >= 11:
            body += struct.pack(">i", -1)
        body += array(len(records)) + records + tags
    body += tags + tags
    return struct.pack(">i", len(body)) + body


@pytest.mark.parametrize("version", VERSIONS)
def test_only_transactions_that_end_in_the_answer_are_named_as_aborted(version: int) -> None:
    records = data(40, 1) + data(41, 2) + marker(42, 2, ABORT) + marker(43, 1, COMMIT)
    both = [(1, 10), (2, 12), (2, 41)]
    given = answer(version, [(both, records), (None, b""), ([(1, 3)], data(9, 1))])
    mended, holds_something = mended_fetch(given, version)
    assert mended == answer(version, [([(2, 41)], records), (None, b""), ([], data(9, 1))])
    assert holds_something


@pytest.mark.parametrize("version", VERSIONS)
def test_an_answer_without_records_is_known(version: int) -> None:
    empty = answer(version, [([], b""), (None, b"")])
    assert mended_fetch(empty, version) == (empty, False)
    failed = answer(version, [([], b"")], error=1)
    assert mended_fetch(failed, version) == (failed, True)


@given(
    st.sampled_from(VERSIONS),
    st.lists(st.tuples(st.integers(1, 3), st.booleans()), max_size=12),
    st.integers(0, 12),
)
def test_whatever_was_aborted_before_a_reader_sees_what_was_committed(
    version: int, transactions: list[tuple[int, bool]], skipped: int
) -> None:
    """One transaction after the other, of three producers, each one record and its marker; a
    reader begins behind some of them. The broker names all that were aborted at any time."""
    aborted, records = [], b""
    expected = []
    for number, (producer, is_aborted) in enumerate(transactions):
        offset = 2 * number
        if is_aborted:
            aborted.append((producer, offset))
        if number < skipped:
            continue
        records += data(offset, producer)
        records += marker(offset + 1, producer, ABORT if is_aborted else COMMIT)
        if is_aborted:
            expected.append((producer, offset))
    mended, _ = mended_fetch(answer(version, [(aborted, records)]), version)
    assert mended == answer(version, [(expected, records)])
