"""Dead letters as `sendflow dead-letters` shows them, and their return to their topics.

    retry ──► one transaction: the original bytes to their topic, with the same key, and a
              receipt to dead-letters
          ──► the workers have passed them ──► accepted, or a dead letter again

The transactional id of `retry` fences an older one, and receipts are read after that: so a record
returns once, whoever else retries it at the same time or is killed in between.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from enum import StrEnum

import msgspec

from streams.contracts.dead_letters import (
    RETRIED,
    RETRY,
    DeadLetter,
    read_dead_letter,
    retried_records,
)
from streams.contracts.encode import DEAD_LETTERS
from streams.contracts.wire import Decode, Undecodable
from streams.engine import INPUTS, Instant
from streams.errors import Refused
from streams.kafka.client_config import producer_options
from streams.kafka.producer import ANY, Route, TransactionalProducer
from streams.kafka.topic_reader import TopicReader
from streams.kafka.topics import topic_name
from streams.ports import OutputRecord, PartitionId
from streams.settings import RecordTime, Settings

_AT_ONCE = 1_000  # records of a transaction
_WITHIN = 30.0  # seconds for a transaction
_POLL_EVERY = 0.2  # seconds


class FoundLetter(msgspec.Struct):
    """A dead letter, and whether its record was returned."""

    letter: DeadLetter
    is_retried: bool = False


class RetryOutcome(StrEnum):
    """State of a retried record."""

    ACCEPTED = "accepted"
    REJECTED = "rejected"  # a dead letter again
    PENDING = "pending"  # no worker has passed it yet


class Retried(msgspec.Struct):
    """A returned record: where it was, where it is, and what became of it."""

    letter: DeadLetter
    place: str  # orders[3]@90211
    outcome: RetryOutcome = RetryOutcome.PENDING
    reason: str | None = None  # of the new dead letter


def read_letters(
    settings: Settings, decode: Decode, since: Instant | None = None
) -> tuple[list[FoundLetter], list[str]]:
    """All dead letters from the time `since` on, in order of time, and a problem for each record
    that can't be read. Raises Refused."""
    letters: list[DeadLetter] = []
    returned: set[str] = set()
    problems: list[str] = []
    with TopicReader(settings, "dead-letters") as reader:
        starts = reader.starts(reader.partition_ids(DEAD_LETTERS), since)
        for found in reader.read(starts):
            if found.record.value is None:
                returned.update(retried_records(found.record))
                continue
            try:
                letters.append(read_dead_letter(found.record.value, decode))
            except Undecodable as error:
                problems.append(f"{DEAD_LETTERS}[{found.partition}]@{found.record.offset}: {error}")
    letters.sort(key=lambda letter: (letter.at, letter.where))
    return [FoundLetter(letter, letter.where in returned) for letter in letters], problems


def why_not_retried(letter: DeadLetter) -> str | None:
    """The reason why the record can't be returned to its topic, if there is one."""
    if letter.topic not in INPUTS:
        return f"{letter.topic} is no input topic"
    if not letter.key:
        return "the record has no key; the producer must write it again"
    if letter.is_partly_refused:
        return (
            "the rest of it applies, so a worker would take it for a duplicate; the producer must "
            "write the refused fields in a new event"
        )
    if letter.is_truncated:
        return "the record was too long to be kept whole; the producer must write it again"
    return None


def return_records(
    settings: Settings, decode: Decode, letters: Sequence[DeadLetter]
) -> tuple[list[Retried], int]:
    """Returns the records of `letters` to their topics, each once. Returns what was returned now,
    and how many were returned before. Raises Refused; OutcomeUnknown if the brokers didn't confirm:
    it is safe to repeat."""
    if settings.record_time is RecordTime.CREATE:
        raise Refused(
            "not available with simulated time (record_time = create): time does not advance "
            "after the import"
        )
    topics = {letter.topic for letter in letters}
    routes = {topic: Route(topic_name(settings, topic), ANY) for topic in (*topics, DEAD_LETTERS)}
    options = producer_options(settings, f"{settings.application}-{DEAD_LETTERS}")
    producer = TransactionalProducer(options, routes, DEAD_LETTERS)
    producer.open(_WITHIN)
    try:
        returned = {one.letter.where for one in read_letters(settings, decode)[0] if one.is_retried}
        wanted = {letter.where: letter for letter in letters if letter.where not in returned}
        with TopicReader(settings, "dead-letters") as reader:
            partitions = [
                place for topic in sorted(topics) for place in reader.partition_ids(topic)
            ]
            ends = {place: reader.bounds(place)[1] for place in partitions}
            for some in _chunks(list(wanted.values())):
                producer.commit(list(_records(some)), _WITHIN)
            places = _places(reader, ends, wanted)
    finally:
        producer.close()
    retried = [Retried(letter, places[where]) for where, letter in wanted.items()]
    return retried, len(letters) - len(wanted)


def follow_returned(
    settings: Settings,
    decode: Decode,
    retried: Sequence[Retried],
    within: float,
    clock: Callable[[], float] = time.monotonic,
) -> None:
    """Waits until workers have passed the returned records, at most `within` seconds, and fills in
    what became of each. Raises Refused."""
    deadline = clock() + within
    pending = {one.place: one for one in retried}
    with TopicReader(settings, "dead-letters") as reader:
        since = {place: reader.bounds(place)[0] for place in reader.partition_ids(DEAD_LETTERS)}
        reasons: dict[str, str] = {}
        while pending:
            partitions = {_partition_of(place) for place in pending}
            passed = reader.committed(partitions)
            # Read after the positions: what was passed has its dead letter by now.
            ends = {place: reader.bounds(place)[1] for place in since}
            reasons |= _reasons(reader, since, decode)
            since = ends
            for place, one in list(pending.items()):
                if _offset_of(place) < passed.get(_partition_of(place), 0):
                    one.reason = reasons.get(place)
                    one.outcome = (
                        RetryOutcome.ACCEPTED if one.reason is None else RetryOutcome.REJECTED
                    )
                    del pending[place]
            if not pending or clock() >= deadline:
                return
            time.sleep(_POLL_EVERY)


def _records(letters: Iterable[DeadLetter]) -> Iterator[OutputRecord]:
    for letter in letters:
        headers = [
            (name, b"" if value is None else value)
            for name, value in letter.headers
            if name != RETRY
        ]
        where = letter.where.encode()
        yield OutputRecord(
            letter.topic, letter.key, letter.value, headers=[*headers, (RETRY, where)]
        )
        yield OutputRecord(DEAD_LETTERS, letter.key, None, headers=[(RETRIED, where)])


def _places(
    reader: TopicReader, starts: dict[PartitionId, int], wanted: dict[str, DeadLetter]
) -> dict[str, str]:
    """Where each record is now, by where it was."""
    places = {}
    for found in reader.read(starts):
        for name, value in found.record.headers or []:
            if name == RETRY and value.decode() in wanted:
                place = f"{found.topic}[{found.partition}]@{found.record.offset}"
                places[value.decode()] = place
    return places


def _reasons(reader: TopicReader, starts: dict[PartitionId, int], decode: Decode) -> dict[str, str]:
    reasons = {}
    for found in reader.read(starts):
        if found.record.value is not None:
            try:
                letter = read_dead_letter(found.record.value, decode)
            except Undecodable:
                continue  # `list` names it
            reasons[letter.where] = letter.reason
    return reasons


def _partition_of(place: str) -> PartitionId:
    topic, _, rest = place.partition("[")
    return topic, int(rest.partition("]")[0])


def _offset_of(place: str) -> int:
    return int(place.rpartition("@")[2])


def _chunks(letters: list[DeadLetter]) -> Iterator[list[DeadLetter]]:
    for start in range(0, len(letters), _AT_ONCE):
        yield letters[start : start + _AT_ONCE]
