"""Events of a shop's own metrics: against the definition, in both forms."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.contracts.codecs import dict_writer
from streams.contracts.custom_events import CustomEventReader
from streams.contracts.decode import EventDecoder
from streams.contracts.encode import encode_event
from streams.contracts.fields import WrongEvent
from streams.contracts.schemas import shipped_schemas
from streams.contracts.wire import single_object_header
from streams.engine import METRICS, Event
from streams.engine.values.event import Field, FieldType, Metric
from streams.ports import Record, Rejection

NOON = 1_772_452_800_000
NAME = "survey.answered"
TYPES = {
    "survey": FieldType.TEXT,
    "score": FieldType.NUMBER,
    "price": FieldType.MONEY,
    "again": FieldType.BOOLEAN,
    "day": FieldType.DATE,
    "moment": FieldType.MOMENT,
    "answers": FieldType.TEXTS,
    "marks": FieldType.NUMBERS,
    "currency": FieldType.TEXT,
}
SURVEY = Metric("events", {name: Field(kind, is_optional=True) for name, kind in TYPES.items()})
KNOWN = {**METRICS, NAME: SURVEY}
COMMON = {"event_id": "e1", "customer_id": "ada", "occurred_at": NOON}
FIELDS: dict[str, Any] = {
    "survey": "nps",
    "score": 9,
    "price": 1250,
    "again": True,
    "day": "2026-03-02",
    "moment": NOON,
    "answers": ["yes", "no"],
    "marks": [1, 2.5],
    "currency": "EUR",
}


def decode(value: bytes, topic: str = "events", key: bytes = b"ada") -> Event | Rejection:
    decoder = EventDecoder(custom_metric={NAME: SURVEY}.get)
    decoded = decoder.decode(topic, Record(NOON, 0, key, value))
    assert isinstance(decoded, Event | Rejection)
    return decoded


def as_json(**changes: Any) -> bytes:
    return json.dumps({"metric": NAME, **COMMON, "fields": FIELDS, **changes}).encode()


def reason(value: bytes, topic: str = "events", key: bytes = b"ada") -> str:
    rejection = decode(value, topic, key)
    assert isinstance(rejection, Rejection)
    return rejection.reason


def test_both_forms_are_the_same_event() -> None:
    event = decode(encode_event(NAME, {**COMMON, **FIELDS}, KNOWN))
    assert isinstance(event, Event)
    assert (event.metric, event.event_id, event.customer_id) == (NAME, "e1", "ada")
    assert event.data == FIELDS
    assert decode(as_json()) == event


def test_what_is_missing_or_null_is_none_and_what_the_definition_lacks_is_left_out() -> None:
    event = decode(as_json(fields={"score": None, "survey": "nps", "mood": "fine"}))
    assert isinstance(event, Event)
    assert event.data == dict.fromkeys(TYPES) | {"survey": "nps"}
    without = decode(json.dumps({"metric": NAME, **COMMON}).encode())
    assert isinstance(without, Event)
    assert without.data == dict.fromkeys(TYPES)


def test_only_the_fields_that_somebody_reads_are_there() -> None:
    decoder = EventDecoder(lambda metric: frozenset({"score"}), custom_metric={NAME: SURVEY}.get)
    value = encode_event(NAME, {**COMMON, **FIELDS}, KNOWN)
    event = decoder.decode("events", Record(NOON, 0, b"ada", value))
    assert isinstance(event, Event)
    assert event.data == {"score": 9}


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"survey": 7}, "field 'survey' is 7, expected text ('7')"),
        ({"score": "9"}, "field 'score' is '9', expected a number"),
        ({"score": True}, "field 'score' is True, expected a number"),
        ({"price": 12.5, "currency": "EUR"}, "expected minor units as an integer (1250)"),
        ({"price": 12.5}, "expected minor units as an integer (1250)"),
        ({"again": "yes"}, "expected true or false"),
        ({"day": "2.3.2026"}, "expected a date as text (2026-03-02)"),
        ({"moment": "2026-03-02T10:00:00"}, "as an integer (1772445600000)"),
        ({"moment": 1772445600}, "looks like seconds"),
        ({"price": 10**13}, "expected at most 1000000000000 minor units"),
        ({"answers": "yes"}, "expected a list of text"),
        ({"marks": ["1"]}, "field 'marks[0]' is '1', expected a number"),
        ({"currency": "euro"}, "expected an ISO 4217 code"),
        ([], "field 'fields' is [], expected an object of fields"),
    ],
)
def test_a_field_that_does_not_fit_its_definition(fields: Any, says: str) -> None:
    assert says in reason(as_json(fields=fields))


@pytest.mark.parametrize("given", [{"score": float("nan")}, {"marks": [1.5, float("inf")]}])
def test_what_is_no_finite_number_is_refused(given: dict[str, Any]) -> None:
    contract = shipped_schemas().current[CustomEventReader.name]
    event = {**COMMON, "metric": NAME, "fields": given, "properties": None}
    value = single_object_header(contract) + dict_writer(contract.schema)(event)
    assert "expected a number" in reason(value)


@pytest.mark.parametrize(
    ("value", "says"),
    [
        (as_json(metric="survey.answred"), "'survey.answred' is neither built in nor"),
        (as_json(metric="order.placed"), "'order.placed' is neither"),
        (as_json(metric=None), "field 'metric' is missing"),
        (as_json(event_id=""), "field 'event_id' is empty"),
        (as_json(occurred_at=NOON // 1000), "looks like seconds"),
        (as_json(customer_id="bob"), "the key is 'ada', but field 'customer_id' is 'bob'"),
        (encode_event(NAME, COMMON, KNOWN)[:-1], "is truncated"),
        (encode_event(NAME, COMMON, KNOWN) + b"x", "1 bytes left after"),
        (encode_event("search.performed", {**COMMON, "query": "", "results": 0}), "on searches"),
    ],
)
def test_a_record_that_is_no_such_event(value: bytes, says: str) -> None:
    assert says in reason(value)


def test_it_belongs_on_its_own_topic() -> None:
    value = encode_event(NAME, {**COMMON, **FIELDS}, KNOWN)
    assert "is not allowed on orders, expected it on events" in reason(value, "orders")
    assert "expected one of order.placed" in reason(as_json(), "orders")


@pytest.mark.parametrize(
    ("name", "fields", "says"),
    [
        ("survey.answred", {}, "metric 'survey.answred' is not known"),
        (NAME, {"scor": 9}, "field 'scor' is not known; did you mean 'score'?"),
        (NAME, {"score": "9"}, "expected a number"),
        (NAME, {"survey": "\ud800"}, "an unpaired surrogate"),
    ],
)
def test_wrong_events_are_not_written(name: str, fields: dict[str, Any], says: str) -> None:
    with pytest.raises(WrongEvent, match=says.replace("?", r"\?")):
        encode_event(name, {**COMMON, **fields}, KNOWN)


@given(st.binary(max_size=60))
def test_bytes_behind_the_header_are_an_event_or_refused(tail: bytes) -> None:
    head = single_object_header(shipped_schemas().current[CustomEventReader.name])
    assert isinstance(decode(head + tail), Event | Rejection)
