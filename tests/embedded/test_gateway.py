"""Corrections of a fetch response by the gateway, in every version that clients use."""

import struct

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from streams.embedded.gateway import corrected_fetch
from tests.harness.examples import examples

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
    stable: int = 100,
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
        body += struct.pack(">ihq", number, error, 100) + struct.pack(">q", stable)
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
    over = data(9, 1) + marker(10, 1, COMMIT)
    given = answer(version, [(both, records), (None, b""), ([(1, 3)], over)])
    corrected, holds_something = corrected_fetch(given, version)
    assert corrected == answer(version, [([(2, 41)], records), (None, b""), ([], over)])
    assert holds_something


@pytest.mark.parametrize("version", VERSIONS)
def test_an_answer_without_records_is_known(version: int) -> None:
    empty = answer(version, [([], b""), (None, b"")])
    assert corrected_fetch(empty, version) == (empty, False)
    failed = answer(version, [([], b"")], error=1)
    assert corrected_fetch(failed, version) == (failed, True)


@pytest.mark.parametrize("version", VERSIONS)
def test_what_has_no_end_yet_is_cut_off_and_then_there_is_nothing(version: int) -> None:
    given = answer(version, [([(1, 3)], data(9, 1))])
    cut_off = answer(version, [([], b"")], stable=9)
    assert corrected_fetch(given, version) == (cut_off, False)


class Log:
    """A partition, as the broker keeps it and answers from it."""

    def __init__(self) -> None:
        self.batches: list[tuple[int, int, bool, bytes]] = []  # offset, producer, is data, bytes
        self.open: dict[int, int] = {}  # producer -> first offset of its transaction
        self.aborted: list[tuple[int, int]] = []
        self.lost: set[int] = set()  # offsets of data that was aborted
        self._of_open: dict[int, list[int]] = {}

    def write(self, producer: int) -> None:
        offset = len(self.batches)
        self.open.setdefault(producer, offset)
        self._of_open.setdefault(producer, []).append(offset)
        self.batches.append((offset, producer, True, data(offset, producer)))

    def end(self, producer: int, kind: int) -> None:
        if producer not in self.open:
            return
        first, offsets = self.open.pop(producer), self._of_open.pop(producer)
        if kind == ABORT:
            self.aborted.append((producer, first))
            self.lost.update(offsets)
        offset = len(self.batches)
        self.batches.append((offset, producer, False, marker(offset, producer, kind)))

    def stable(self) -> int:
        return min(self.open.values(), default=len(self.batches))

    def fetch(self, start: int, version: int) -> bytes:
        """Up to the last stable offset, with all that was ever aborted before it, but without the
        first batch of what was aborted."""
        stable = self.stable()
        firsts = {first for _, first in self.aborted}
        records = b"".join(
            one for offset, *_, one in self.batches[start:stable] if offset not in firsts
        )
        aborted = [one for one in self.aborted if one[1] < stable]
        return answer(version, [(aborted, records)], stable=stable)


def seen_by_a_client(frame: bytes, version: int) -> tuple[list[int], int]:
    """The offsets of the data that a client hands out of such an answer, and the last stable one:
    what a producer wrote is dropped from the first offset of an aborted transaction up to the next
    marker of an abort."""
    stable, aborted, records = parts_of(frame, version)
    waiting = sorted(aborted, key=lambda one: one[1])
    seen = []
    dropped: set[int] = set()
    at = 0
    while at < len(records):
        offset, length = struct.unpack_from(">qi", records, at)
        (attributes,) = struct.unpack_from(">h", records, at + 21)
        (producer,) = struct.unpack_from(">q", records, at + 43)
        while waiting and waiting[0][1] <= offset:
            dropped.add(waiting.pop(0)[0])
        if attributes & 0x20:
            dropped.discard(producer)
        elif producer not in dropped:
            seen.append(offset)
        at += 12 + length
    return seen, stable


def parts_of(frame: bytes, version: int) -> tuple[int, list[tuple[int, int]], bytes]:
    """Of an answer about one partition: last stable offset, aborted transactions, records."""
    flexible = version >= 12
    at = 8 + flexible + 4 + 6 * (version >= 7)
    at += (1 + 7 + 1) if flexible else (4 + 8 + 4)  # one topic, one partition
    at += 4 + 2 + 8
    (stable,) = struct.unpack_from(">q", frame, at)
    at += 8 + 8 * (version >= 5)
    count, at = length_at(frame, at, flexible)
    aborted = []
    for _ in range(count):
        aborted.append(struct.unpack_from(">qq", frame, at))
        at += 16 + flexible
    at += 4 * (version >= 11)
    size, at = length_at(frame, at, flexible)
    return stable, aborted, frame[at : at + size]


def length_at(frame: bytes, at: int, is_flexible: bool) -> tuple[int, int]:
    """A length, and where it ends."""
    if not is_flexible:
        return struct.unpack_from(">i", frame, at)[0], at + 4
    value = shift = 0
    while True:
        value |= (frame[at] & 0x7F) << shift
        shift += 7
        at += 1
        if frame[at - 1] < 0x80:
            return value - 1, at


@examples(500)
@given(
    st.sampled_from(VERSIONS),
    st.lists(
        st.tuples(st.sampled_from(("write", ABORT, COMMIT, "fetch")), st.integers(1, 2)),
        max_size=30,
    ),
)
@example(4, [("write", 1), ("write", 1), ("write", 2), (ABORT, 1), ("fetch", 1)])
def test_a_reader_sees_all_that_was_committed_and_nothing_that_was_aborted(
    version: int, happened: list[tuple[object, int]]
) -> None:
    """Transactions of two producers overlap; a reader fetches again and again on the way."""
    log = Log()
    seen: list[int] = []
    position = 0

    def fetch() -> None:
        nonlocal position
        corrected, _ = corrected_fetch(log.fetch(position, version), version)
        found, stable = seen_by_a_client(corrected, version)
        seen.extend(found)
        position = max(position, stable)

    for what, producer in happened:
        if what == "write":
            log.write(producer)
        elif what == "fetch":
            fetch()
        else:
            assert isinstance(what, int)
            log.end(producer, what)
        assert not log.lost & {*seen}
    for producer in (1, 2):
        log.end(producer, COMMIT)
    fetch()
    assert seen == [
        offset for offset, _, is_data, _ in log.batches if is_data and offset not in log.lost
    ]


@pytest.mark.parametrize("version", [3, 13])
def test_other_versions_go_through_as_they_are(version: int) -> None:
    assert corrected_fetch(b"whatever it is", version) == (b"whatever it is", True)
