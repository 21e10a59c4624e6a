"""Members of segments, evaluated from the committed states in the changelog."""

from collections.abc import Collection, Iterable, Mapping
from typing import Any

import msgspec

from streams.contracts.control import DefinitionsRecord, FactsRecord, decode_control
from streams.engine import Definitions, Instant, decode_state
from streams.engine.conditions import compile_segment
from streams.engine.customer import CHANNEL_OF_FIELD, MODEL, Situation, decode_head
from streams.engine.forecast import PurchaseModel
from streams.kafka.topic_reader import TopicReader
from streams.operations.customer_states import read_states
from streams.operations.publish import definitions_of
from streams.ports import CHANGELOG, CONTROL
from streams.runtime.commit import POSITION_KEY, decode_position
from streams.runtime.order import time_of
from streams.settings import RecordTime, Settings


class CurrentProgram(msgspec.Struct, frozen=True):
    """Newest set of definitions with the newest store facts and purchase model."""

    definitions: Definitions
    version: str
    facts: Mapping[str, Any]


def current_program(settings: Settings) -> CurrentProgram | None:
    """Returns None where no definitions were ever published. Raises Refused."""
    newest: DefinitionsRecord | None = None
    facts: dict[str, Any] = {}
    with TopicReader(settings, "segments") as reader:
        for found in reader.read(reader.starts([(CONTROL, 0)])):
            record = decode_control(found.record.value or b"")
            if isinstance(record, DefinitionsRecord):
                newest = record
            elif isinstance(record, FactsRecord):
                facts |= record.values
            elif isinstance(record, PurchaseModel):
                facts[MODEL] = record
    return None if newest is None else CurrentProgram(definitions_of(newest), newest.version, facts)


def clock_now(settings: Settings, wall: Instant) -> Instant:
    """Current time: the wall clock, or the furthest stream time of the tasks in simulated time."""
    if settings.record_time is not RecordTime.CREATE:
        return wall
    clock = 0
    with TopicReader(settings, "segments") as reader:
        for found in reader.read(reader.starts(reader.partition_ids(CHANGELOG))):
            if found.record.key == POSITION_KEY:
                position = decode_position(found.record.value)
                clock = max(clock, 0 if position is None else time_of(position.clock))
    return clock


def read_members(
    settings: Settings, program: CurrentProgram, segments: Iterable[str], at: Instant
) -> dict[str, set[str]]:
    """Returns the member ids of each segment. Raises Refused."""
    with TopicReader(settings, "segments") as reader:
        return members_in(read_states(reader), program, segments, at)


def addresses_of(settings: Settings, customers: Collection[str]) -> dict[str, dict[str, str]]:
    """Returns the addresses of these customers now, by profile field. Raises Refused."""
    found: dict[str, dict[str, str]] = {customer: {} for customer in customers}
    with TopicReader(settings, "segments") as reader:
        for key, data in read_states(reader):
            customer = key.decode()
            if customer in found:
                profile = {} if data is None else decode_head(data).profile
                told = {field: profile.get(field) for field in CHANNEL_OF_FIELD}
                found[customer] = {
                    field: value for field, value in told.items() if isinstance(value, str)
                }
    return found


def members_in(
    states: Iterable[tuple[bytes, bytes | None]],
    program: CurrentProgram,
    segments: Iterable[str],
    at: Instant,
) -> dict[str, set[str]]:
    """Member ids of each segment from changelog records. Only members are kept in memory."""
    scope = program.definitions.scope()
    conditions = {segment: compile_segment(segment, scope) for segment in segments}
    found: dict[str, set[str]] = {segment: set() for segment in conditions}
    for key, data in states:
        customer = key.decode()
        if data is None:
            for ids in found.values():
                ids.discard(customer)
            continue
        situation = Situation(decode_state(data), at, program.facts)
        for segment, condition in conditions.items():
            if condition(situation)[0]:
                found[segment].add(customer)
            else:
                found[segment].discard(customer)
    return found
