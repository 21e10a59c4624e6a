"""Decodes records of the input topics to events. The first bytes select a reader, which builds only
the fields that the definitions read."""

from functools import partial
from typing import Any, Protocol

import msgspec

from streams.contracts.backfill_requests import BACKFILLS, BackfillReader
from streams.contracts.codecs import reader_of
from streams.contracts.coupon_codes import CouponReader
from streams.contracts.coupon_moves import MovedCodesReader
from streams.contracts.custom_events import CustomEventReader, CustomMetric, no_custom_metrics
from streams.contracts.fields import (
    EVENT_FIELDS,
    EventCheck,
    FieldsRead,
    WrongEvent,
    all_fields,
    currency_problem,
    event_check,
)
from streams.contracts.imported import is_history
from streams.contracts.interests import InterestReader
from streams.contracts.keys import LONGEST_KEY, Misplaced, key_problem
from streams.contracts.meaning import (
    DEFAULT_DOOR,
    JUDGED_FIELDS,
    JUDGEMENTS,
    Door,
    Judgement,
    id_problem,
    partly_refused,
)
from streams.contracts.moments import (
    EARLIEST,
    LATEST,
    MOST_AHEAD,
    ahead_problem,
    moment_problem,
)
from streams.contracts.product_updates import ProductReader, read_gone
from streams.contracts.record_reader import MALFORMED, RecordReader, only_fields
from streams.contracts.registry import NotAContract, SchemaRegistry
from streams.contracts.review_answers import ReviewReader
from streams.contracts.schemas import (
    METRIC_OF_RECORD,
    NAMESPACE,
    Contract,
    Schemas,
    shipped_schemas,
)
from streams.contracts.trace import traceparent_in
from streams.contracts.wire import (
    CONFLUENT,
    JSON_OBJECT,
    SINGLE_OBJECT,
    SINGLE_OBJECT_HEADER,
    RecordDecoder,
    Undecodable,
    contract_in,
    malformed,
    wrong_end,
)
from streams.engine import METRICS, Backfill, Event, Instant, Product, Review
from streams.engine.values import CURRENCIES
from streams.errors import LookupNeeded, Refused, Unreachable
from streams.ports import Decoded, PartlyRefused, Record, Rejection

LARGEST_EVENT = 128 * 1024
"""Bytes of a value: a cart of a thousand items. A state may hold an event several times over (as
the cart, in journeys), and it must fit into one record of the changelog (PITFALLS 19)."""

_AROUND_AN_EVENT = 4 * 1024
"""Bytes beside the event in a record that contains a whole event (a backfill request)."""

_APART = tuple(EVENT_FIELDS)


class RecordFamily(Protocol):
    """Records of an input other than events of built-in metrics: one schema, one topic."""

    @property
    def name(self) -> str:
        """Name of the schema, without the namespace."""

    @property
    def topic(self) -> str:
        """The only topic on which they are allowed."""

    def read(self, fields: dict[str, Any], record: Record) -> Decoded:
        """Converts the fields of the schema, decoded from Avro or JSON. Raises WrongEvent."""


class _Writer(msgspec.Struct):
    """One version of a metric's schema, with a compiled reader for each set of fields used."""

    metric: str
    topic: str
    name: str
    contract: Contract
    newest: Contract
    has_currency: bool
    meaning: Judgement | None
    readers: dict[frozenset[str] | None, RecordReader] = {}


class EventDecoder:
    """The `Decoder` of a task (`ports.py`).

    `fields_read` is called for every record, since the definitions may change between two of them;
    it must return the same set as long as they do not. JUDGED_FIELDS are always read, because
    whether a record is refused must not depend on the definitions in force. The data of an event
    holds exactly these fields; a missing optional one is None.

    Other fields are skipped; their text is not checked for valid UTF-8. `custom_metric` returns
    the custom metrics in force, `door` the profile fields, and the words that are no ids.
    `misplaced` says why a key doesn't belong into the partition of the task.
    """

    def __init__(
        self,
        fields_read: FieldsRead = all_fields,
        schemas: Schemas | None = None,
        registry: SchemaRegistry | None = None,
        custom_metric: CustomMetric = no_custom_metrics,
        door: Door = DEFAULT_DOOR,
        misplaced: Misplaced | None = None,
    ) -> None:
        self._door = door
        self._longest_placeholder = max(map(len, door.placeholder_ids), default=0)
        self._misplaced = misplaced
        self._fields_read = fields_read
        self._schemas = schemas or shipped_schemas()
        self._contract_of = None if registry is None else partial(_contract_known, registry)
        self._writers: dict[bytes, _Writer] = {}  # by the header's bytes
        for fingerprint, contract in self._schemas.by_fingerprint.items():
            if contract.name in METRIC_OF_RECORD:
                self._writers[SINGLE_OBJECT + fingerprint] = self._writer(contract)
        self._checks: dict[str, EventCheck] = {
            metric: event_check(known, self._schemas.of_metric(metric).schema)
            for metric, known in METRICS.items()
        }
        by_topic: dict[str, list[str]] = {}
        for metric, known in METRICS.items():
            by_topic.setdefault(known.topic, []).append(metric)
        self._metrics_of_topic = by_topic
        self._records = RecordDecoder(self._schemas, registry)
        custom_events = CustomEventReader(
            self._schemas.current[CustomEventReader.name], fields_read, custom_metric
        )
        families: tuple[RecordFamily, ...] = (
            custom_events,
            ReviewReader(),
            CouponReader(),
            MovedCodesReader(),
            ProductReader(),
            InterestReader(),
            BackfillReader(self.decode),
        )
        self._families = {family.name: family for family in families}
        self._family_of_topic = {family.topic: family for family in families}

    def decode(self, topic: str, record: Record) -> Decoded | Rejection:
        """Returns the event in `record`, or a rejection. Raises only LookupNeeded, where the
        registry must be queried first."""
        decoded = self._decode(topic, record)
        if record.headers:
            event = decoded.event if isinstance(decoded, PartlyRefused) else decoded
            if isinstance(event, Event):
                event.traceparent = traceparent_in(record.headers)
                event.is_history = is_history(record.headers)
        return decoded

    def _decode(self, topic: str, record: Record) -> Decoded | Rejection:
        value = record.value
        if self._misplaced is not None and record.key:
            misplaced = self._misplaced(record.key)
            if misplaced is not None:
                return Rejection(misplaced)
        if value is None and topic == ProductReader.topic:
            return read_gone(record)
        if not value:
            return Rejection("the record has no value, expected an event")
        most = LARGEST_EVENT if topic != BACKFILLS else LARGEST_EVENT + _AROUND_AN_EVENT
        if len(value) > most:
            return Rejection(f"the value has {len(value)} bytes, expected at most {most}")
        if value[0] == JSON_OBJECT:
            return self._decode_json(topic, record, value)
        length = 5 if value[0] == CONFLUENT else SINGLE_OBJECT_HEADER
        writer = self._writers.get(value[:length])
        if writer is None:
            found = self._find_writer(value)
            if isinstance(found, Rejection):
                return found
            if not isinstance(found, _Writer):
                return self._decode_family(found, topic, record)
            self._writers[value[:length]] = writer = found
        metric = writer.metric
        if writer.topic != topic:
            return Rejection(self._wrong_topic(metric, topic), writer.name)
        fields = self._fields_read(metric)
        read = writer.readers.get(fields)
        if read is None:
            read = self._compile(writer, fields)
        try:
            event_id, customer_id, occurred_at, data, end = read(value, length)
        except MALFORMED as error:
            return Rejection(malformed(error), writer.name)
        if end != len(value):
            return Rejection(wrong_end(end, len(value)), writer.name)
        problem = self._problem(record, event_id, customer_id, occurred_at)
        if problem is None and writer.has_currency and data["currency"] not in _CURRENCIES:
            problem = currency_problem(data["currency"])
        if problem is not None:
            return Rejection(problem, writer.name)
        event = Event(metric, event_id, customer_id, occurred_at, data)
        return event if writer.meaning is None else self._judged(event, writer.meaning, writer.name)

    def _problem(
        self, record: Record, event_id: str, customer_id: str, occurred_at: Instant
    ) -> str | None:
        """The problem of what all events have, if any: its conditions are those of the functions
        that find the words."""
        key = record.key
        if (
            key is not None
            and key == customer_id.encode()
            and event_id
            and EARLIEST <= occurred_at < LATEST
            and occurred_at <= record.time + MOST_AHEAD
            and 0 < len(key) <= LONGEST_KEY
            and key[0] != 0
            and customer_id == customer_id.strip()
            and (
                len(customer_id) > self._longest_placeholder
                or customer_id.lower() not in self._door.placeholder_ids
            )
        ):
            return None
        return (
            key_problem(key, customer_id)
            or id_problem("customer_id", customer_id, self._door.placeholder_ids)
            or (None if event_id else "field 'event_id' is empty")
            or moment_problem(occurred_at)
            or ahead_problem(occurred_at, record.time)
        )

    def _judged(self, event: Event, meaning: Judgement, name: str) -> Decoded | Rejection:
        try:
            refused = meaning(event.data, self._door)
        except WrongEvent as error:
            return Rejection(str(error), name)
        if refused is None:
            return event
        return PartlyRefused(event, Rejection(partly_refused(refused), name))

    def _writer(self, contract: Contract) -> _Writer:
        metric = METRIC_OF_RECORD[contract.name]
        newest = self._schemas.of_metric(metric)
        known = METRICS[metric]
        has_currency = "currency" in known.fields
        return _Writer(
            metric,
            known.topic,
            newest.full_name,
            contract,
            newest,
            has_currency,
            JUDGEMENTS[metric],
        )

    def _find_writer(self, value: bytes) -> _Writer | RecordFamily | Rejection:
        """Returns the reader for records with a header not seen before."""
        try:
            contract, _start = contract_in(value, self._schemas, self._contract_of)
        except Undecodable as error:
            return Rejection(str(error))
        if contract.name in self._families:
            return self._families[contract.name]
        if METRIC_OF_RECORD.get(contract.name) not in METRICS:
            return Rejection(
                f"schema {contract.full_name} is not an event schema", contract.full_name
            )
        return self._writer(contract)

    def _compile(self, writer: _Writer, fields: frozenset[str] | None) -> RecordReader:
        reader = reader_of(
            writer.contract.schema,
            writer.newest.schema,
            _APART,
            _with_judged(writer.metric, fields),
        )
        writer.readers[fields] = reader
        return reader

    def _decode_json(self, topic: str, record: Record, value: bytes) -> Decoded | Rejection:
        try:
            content = msgspec.json.decode(value)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            return Rejection(f"the value starts like JSON but is invalid: {error}")
        family = self._family_of_topic.get(topic)
        if family is not None:
            return self._read_family(family, content, record)
        metric = content.get("metric")
        here = self._metrics_of_topic.get(topic, [])
        if metric is None and len(here) == 1:
            metric = here[0]
        if metric not in here:
            if isinstance(metric, str) and metric in METRICS:
                return Rejection(self._wrong_topic(metric, topic))
            found = "is missing" if metric is None else f"is {metric!r}"
            return Rejection(f"field 'metric' {found}, expected one of {', '.join(here)}")
        name = self._schemas.of_metric(metric).full_name
        try:
            data = self._checks[metric](content)
        except WrongEvent as error:
            return Rejection(str(error), name)
        event_id, customer_id, occurred_at = (data.pop(field) for field in _APART)
        if problem := self._problem(record, event_id, customer_id, occurred_at):
            return Rejection(problem, name)
        data = only_fields(data, _with_judged(metric, self._fields_read(metric)))
        event = Event(metric, event_id, customer_id, occurred_at, data)
        meaning = JUDGEMENTS[metric]
        return event if meaning is None else self._judged(event, meaning, name)

    def _decode_family(
        self, family: RecordFamily, topic: str, record: Record
    ) -> Decoded | Rejection:
        name = f"{NAMESPACE}.{family.name}"
        if topic != family.topic:
            return Rejection(
                f"{family.name} is not allowed on {topic}, expected it on {family.topic}", name
            )
        try:
            _, fields = self._records.decode(record.value or b"")
        except Undecodable as error:
            return Rejection(str(error), name)
        return self._read_family(family, fields, record)

    def _read_family(
        self, family: RecordFamily, fields: dict[str, Any], record: Record
    ) -> Decoded | Rejection:
        name = f"{NAMESPACE}.{family.name}"
        try:
            decoded = family.read(fields, record)
        except WrongEvent as error:
            return Rejection(str(error), name)
        if isinstance(decoded, Event):
            problem = self._problem(
                record, decoded.event_id, decoded.customer_id, decoded.occurred_at
            )
        elif isinstance(decoded, Review | Backfill):
            problem = key_problem(record.key, decoded.customer_id)
        elif isinstance(decoded, Product):
            problem = ahead_problem(decoded.occurred_at, record.time)
        else:
            problem = None  # keyed by something else, and `read` has checked it
        return decoded if problem is None else Rejection(problem, name)

    def _wrong_topic(self, metric: str, topic: str) -> str:
        return f"{metric} is not allowed on {topic}, expected it on {METRICS[metric].topic}"


def _contract_known(registry: SchemaRegistry, schema_id: int) -> Contract | NotAContract:
    """Returns the contract from the registry's memory. Raises LookupNeeded."""
    found = registry.known(schema_id)
    if found is None:
        what = f"schema id {schema_id} of the registry at {registry.url}"
        raise LookupNeeded(what, partial(registry.contract, schema_id))
    return found


_CURRENCIES = CURRENCIES | {None}


def _with_judged(metric: str, fields: frozenset[str] | None) -> frozenset[str] | None:
    """Adds the fields that are always judged, without parts of a field that is read as a whole."""
    if fields is None:
        return None
    judged = JUDGED_FIELDS[metric]
    return fields | {name for name in judged if name.partition(".")[0] not in fields}


def decode_blocking(decoder: EventDecoder, topic: str, record: Record) -> Decoded | Rejection:
    """Like `decode`, but queries the registry where needed: for CLI commands, not for the event
    loop. Raises Refused if the registry does not answer."""
    while True:
        try:
            return decoder.decode(topic, record)
        except LookupNeeded as lookup:
            try:
                lookup.lookup()
            except Unreachable as error:
                raise Refused(
                    f"{error}; retry when the registry is available (schema_registry)"
                ) from error
