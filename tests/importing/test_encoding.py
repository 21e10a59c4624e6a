"""Events checked and encoded before anything is written."""

import pytest

from streams.contracts.fields import WrongEvent
from streams.contracts.wire import decode_any
from streams.engine.values.event import Field, FieldType, Metric
from streams.importing.encoding import event_record

AT = 1_300_000_000_000


def search(**changes):
    return {
        "metric": "search.performed",
        "event_id": "1",
        "customer_id": "ada",
        "occurred_at": AT,
        "query": "lamp",
        "results": 3,
        **changes,
    }


def test_an_event_is_encoded_for_its_metrics_topic():
    record = event_record(search())
    assert (record.topic, record.key, record.occurred_at) == ("searches", "ada", AT)
    name, fields = decode_any(record.value)
    assert name == "SearchPerformed"
    assert fields["query"] == "lamp"


def test_the_event_itself_stays_as_it_is():
    event = search()
    event_record(event)
    assert event == search()


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"query": None}, "query"),
        ({"results": "many"}, "results"),
        ({"occurred_at": 1_300_000_000}, "seconds"),
        ({"customer_id": ""}, "customer_id"),
        ({"customer_id": "\x00task"}, "zero byte"),
        ({"customer_id": "é" * 513}, "1024"),
        ({"quory": "lamp"}, "quory"),
        ({"query": "x" * 131_072}, "expected at most 131072"),
    ],
)
def test_what_no_task_could_use_is_refused(changes, says):
    with pytest.raises(WrongEvent, match=says):
        event_record(search(**changes))


@pytest.mark.parametrize("customer_id", ["a", "é" * 512])
def test_the_shortest_and_the_longest_key(customer_id):
    assert event_record(search(customer_id=customer_id)).key == customer_id


def test_an_event_of_a_metric_of_the_shops_own_goes_to_its_topic():
    survey = Metric("events", {"score": Field(FieldType.NUMBER, is_optional=True)})
    event = {"metric": "survey.answered", "event_id": "1", "customer_id": "ada", "score": 9}
    record = event_record({**event, "occurred_at": AT}, {"survey.answered": survey})
    assert record.topic == "events"
    assert decode_any(record.value) == (
        "CustomEvent",
        {
            "event_id": "1",
            "customer_id": "ada",
            "occurred_at": AT,
            "metric": "survey.answered",
            "fields": {"score": 9},
            "properties": None,
        },
    )
