"""Past customers to add to a flow (SEMANTICS 6.3): the plan and the requests of `sendflow flows
backfill`.

The plan is made on copies of the customers' states by the code of the workers, so that plan and
result agree.
"""

from collections.abc import Collection, Iterator

import msgspec

from streams.contracts.backfill_requests import BackfillRequest, backfill_record
from streams.contracts.control import DefinitionsRecord, FactsRecord, decode_control
from streams.contracts.decode import EventDecoder, decode_blocking
from streams.contracts.meaning import Door
from streams.contracts.registry import registry_in
from streams.engine import (
    TOPIC_ORDER,
    Backfill,
    CustomerState,
    Effects,
    Event,
    Instant,
    NewerState,
    NotAdded,
    Placed,
    Program,
    decode_state,
    new_state,
    rehearse,
)
from streams.engine.deciding import in_order, is_fit, metrics_of
from streams.engine.program import CompiledFlow
from streams.engine.values import nearest_name
from streams.errors import Refused
from streams.kafka.admin import KafkaAdmin
from streams.kafka.changelog import ChangelogReader
from streams.kafka.client_config import consumer_options
from streams.kafka.event_producer import EventProducer
from streams.kafka.topic_reader import TopicReader
from streams.kafka.topics import topic_name
from streams.ports import CHANGELOG, CONTROL, OWN_KEY_PREFIX, Record, event_in
from streams.programs import Programs
from streams.settings import RecordTime, Settings


class Candidate(msgspec.Struct):
    """An event that would have started the flow, with the result of a backfill now."""

    customer_id: str
    event_id: str
    occurred_at: Instant
    placed: Placed | NotAdded
    request: BackfillRequest | None  # None: the customer would not be added


class Plan(msgspec.Struct):
    """Candidates for a flow as of `at`, by the definitions `version`."""

    flow: str
    version: str
    at: Instant
    steps: list[str]  # of the flow, in their order
    candidates: list[Candidate]
    past_its_end: int = 0  # customers whose newest such event is older than the flow's length

    def requests(self) -> list[BackfillRequest]:
        """Requests of the customers that would be added, in order of processing."""
        return [one.request for one in self.candidates if one.request is not None]


def plan_backfill(settings: Settings, flow: str, by: str | None, now: Instant) -> Plan:
    """Returns the plan as of `now`. Raises Refused."""
    if settings.record_time is RecordTime.CREATE:
        raise Refused(
            "not available with simulated time (record_time = create): time does not advance "
            "after the import"
        )
    with TopicReader(settings, "backfill") as reader:
        planning = _Planning(settings, reader, flow, by, now)
        for partition in range(reader.partitions(CHANGELOG)):  # one by one, for memory
            planning.add(partition)
    return planning.plan


def request_backfills(settings: Settings, plan: Plan) -> None:
    """Writes the requests of the plan for the workers. Raises Refused."""
    with EventProducer(settings, "backfill") as producer:
        for request in plan.requests():
            producer.produce(backfill_record(request))


class _PastEvent(msgspec.Struct):
    """One past event with its record."""

    topic: str
    record: Record
    event: Event

    def order(self) -> tuple[Instant, Instant, int, int]:
        topic = TOPIC_ORDER.index(self.topic)
        return self.event.occurred_at, self.record.time, topic, self.record.offset


class _NoRealCodes:
    """Code source for copies of states, where a change of definitions may give codes."""

    def next_loaded(self, pool: str, at: Instant) -> str | None:
        """A placeholder; no message shows it."""
        return pool

    def make(self, prefix: str, length: int) -> str:
        """A placeholder; no message shows it."""
        return prefix

    def left(self, pool: str) -> int:
        """A placeholder; no decision of a copy is written."""
        return 0

    def note_given(
        self, customer: str, pool: str, code: str, at: Instant, expires_at: Instant | None
    ) -> None:
        """Nothing is given."""


class _Planning:
    """Reads partition by partition: a customer's events and state have the same number."""

    def __init__(
        self, settings: Settings, reader: TopicReader, flow: str, by: str | None, now: Instant
    ) -> None:
        registry = registry_in(settings)
        self._settings = settings
        self._reader = reader
        self._by = by
        self._program = program = _program_in_force(reader)
        self._flow = known = _fit_flow(program, flow)
        self._metrics = frozenset(metrics_of(program, known))
        self._topics = {program.on_metric[metric].metric.topic for metric in self._metrics}
        self._since = None if known.length is None else now - known.length
        self._decoder = EventDecoder(
            program.fields_read,
            registry=registry,
            custom_metric=program.custom_metric,
            door=Door(frozenset(settings.placeholder_ids), program.profile_field),
        )
        self.plan = Plan(flow, program.version, now, [*reversed(known.steps)], [])

    def add(self, partition: int) -> None:
        """Adds the candidates of one partition."""
        past: dict[bytes, list[_PastEvent]] = {}
        for one in self._read(partition):
            past.setdefault(one.event.customer_id.encode(), []).append(one)
        states = self._states(partition, past)
        for customer, events in past.items():
            events.sort(key=_PastEvent.order)
            stored = states.get(customer)
            state = new_state(customer.decode()) if stored is None else _decoded(stored)
            for one in in_order(self._flow, events):
                request = Backfill(state.customer_id, self.plan.flow, 0, self._by, one.event)
                effects = Effects(codes=_NoRealCodes())
                placed = rehearse(self._program, state, request, self.plan.at, effects)
                self.plan.candidates.append(self._candidate(one, placed))

    def _candidate(self, past: _PastEvent, placed: Placed | NotAdded) -> Candidate:
        event, record = past.event, past.record
        request = None
        if isinstance(placed, Placed):
            request = BackfillRequest(
                customer_id=event.customer_id,
                flow=self.plan.flow,
                at=self.plan.at,
                by=self._by,
                topic=past.topic,
                recorded_at=record.time,
                event=record.value or b"",
            )
        return Candidate(event.customer_id, event.event_id, event.occurred_at, placed, request)

    def _read(self, partition: int) -> Iterator[_PastEvent]:
        """Trigger events of the flow, as far back as the flow's length."""
        places = [(topic, partition) for topic in self._topics]
        for found in self._reader.read(self._reader.starts(places, self._since)):
            event = event_in(decode_blocking(self._decoder, found.topic, found.record))
            if event is not None and event.metric in self._metrics:
                event.occurred_at = min(event.occurred_at, found.record.time)
                if self._since is None or event.occurred_at > self._since:
                    yield _PastEvent(found.topic, found.record, event)

    def _states(self, partition: int, wanted: Collection[bytes]) -> dict[bytes, bytes]:
        """Committed states of these customers. Others for whom the flow would be over are counted:
        their events are too old to be among those read."""
        if not wanted and self._since is None:
            return {}
        states: dict[bytes, bytes | None] = {}
        over: set[bytes] = set()
        for changes in self._changes(partition):
            for customer, stored in changes.items():
                if customer in wanted:
                    states[customer] = stored
                elif self._is_over(customer, stored):
                    over.add(customer)
                else:
                    over.discard(customer)
        self.plan.past_its_end += len(over)
        return {customer: state for customer, state in states.items() if state is not None}

    def _is_over(self, customer: bytes, stored: bytes | None) -> bool:
        if stored is None or self._since is None or customer.startswith(OWN_KEY_PREFIX):
            return False
        recent = _decoded(stored).recent
        newest = [past.at(-1) for metric in self._metrics if (past := recent.get(metric))]
        return bool(newest) and max(newest) <= self._since

    def _changes(self, partition: int) -> Iterator[dict[bytes, bytes | None]]:
        """Committed states of all customers, the newest of each last; None: a tombstone."""
        settings = self._settings
        admin = KafkaAdmin(settings)
        try:
            reader = ChangelogReader(
                consumer_options(settings, "backfill"),
                admin,
                topic_name(settings, CHANGELOG),
                partition,
                settings.broker_timeout / 1000,
            )
            for chunk in reader.read(None):
                yield chunk.changes
        finally:
            admin.close()


def _decoded(stored: bytes) -> CustomerState:
    try:
        return decode_state(stored)
    except NewerState as error:
        raise Refused(str(error)) from error


def _program_in_force(reader: TopicReader) -> Program:
    """Newest definitions with the newest facts. Raises Refused."""
    newest: Record | None = None
    facts: dict[str, float] = {}
    for found in reader.read(reader.starts([(CONTROL, 0)])):
        record = decode_control(found.record.value or b"")
        if isinstance(record, DefinitionsRecord):
            newest = found.record
        elif isinstance(record, FactsRecord):
            facts.update(record.values)
    if newest is None:
        raise Refused("no definitions in force; run sendflow flows publish")
    program = Programs().read(newest)
    if not isinstance(program, Program):
        raise Refused("definitions in force need another version of sendflow; use that version")
    return program.with_facts(facts)


def _fit_flow(program: Program, name: str) -> CompiledFlow:
    flow = program.flows.get(name)
    if flow is None:
        nearest = nearest_name(name, program.flows)
        meant = f"did you mean {nearest}?" if nearest else f"in force: {', '.join(program.flows)}"
        raise Refused(f"unknown flow {name}; {meant}")
    if flow.trigger_metric is None:
        raise Refused(f"{name!r} has no metric trigger; backfill needs one")
    if not is_fit(program, flow):
        raise Refused(f"{name!r} is not live (status); no customer can enter")
    return flow
