"""From bytes to events, and what is said of bytes that are none."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.contracts.codecs import dict_writer
from streams.contracts.decode import LARGEST_EVENT, EventDecoder
from streams.contracts.encode import encode_event
from streams.contracts.moments import EARLIEST, LATEST
from streams.contracts.schemas import METRIC_OF_RECORD, Schemas, contract_of, shipped_schemas
from streams.contracts.wire import single_object_header
from streams.engine import METRICS, Event
from streams.ports import Record, Rejection

from .generated import values_of

NOON = 1_772_452_800_000
HOUR, DAY = 3_600_000, 86_400_000
ORDER_HEAD = {"event_id": "e1", "customer_id": "ada", "occurred_at": NOON}
ITEM = {"sku": "85123A", "quantity": 2, "unit_price": 1250}
FULL_ITEM = ITEM | {"name": None, "category": None, "url": None, "image_url": None}
ORDER: dict[str, Any] = {
    "event_id": "e1",
    "customer_id": "ada",
    "occurred_at": NOON,
    "order_id": "0017",
    "total": 2500,
    "currency": "GBP",
    "items": [ITEM],
}
DATA = {
    "order_id": "0017",
    "total": 2500,
    "currency": "GBP",
    "items": [FULL_ITEM],
    "expected_delivery": None,
    "coupon_code": None,
    "country": None,
    "tags": [],
    "cart_id": None,
    "email": None,
    "phone": None,
    "locale": None,
    "properties": None,
}


def record(value: bytes | None, key: bytes | None = b"ada") -> Record:
    return Record(NOON, 7, key, value)


def as_json(**fields: Any) -> bytes:
    return json.dumps({"metric": "order.placed", **ORDER, **fields}).encode()


def reason(topic: str, given_record: Record, decoder: EventDecoder | None = None) -> str:
    result = (decoder or EventDecoder()).decode(topic, given_record)
    assert isinstance(result, Rejection), result
    return result.reason


@pytest.mark.parametrize("value", [encode_event("order.placed", ORDER), as_json()])
def test_avro_and_json_give_the_same_event(value: bytes) -> None:
    event = EventDecoder().decode("orders", record(value))
    assert event == Event("order.placed", "e1", "ada", NOON, DATA)


@pytest.mark.parametrize("value", [encode_event("order.placed", ORDER), as_json()])
def test_only_fields_that_somebody_reads_or_that_are_judged_are_there(value: bytes) -> None:
    wanted = {"order.placed": frozenset({"total", "items.sku"})}
    event = EventDecoder(wanted.__getitem__).decode("orders", record(value))
    assert isinstance(event, Event)
    assert event.data == {
        "total": 2500,
        "currency": "GBP",
        "order_id": "0017",
        "expected_delivery": None,
        "items": [{"sku": "85123A", "unit_price": 1250}],
    }


def test_other_definitions_read_other_fields_at_once() -> None:
    wanted = {"order.placed": frozenset({"total"})}
    decoder = EventDecoder(wanted.__getitem__)
    value = record(encode_event("order.placed", ORDER))
    decoder.decode("orders", value)
    wanted["order.placed"] = frozenset({"tags"})
    event = decoder.decode("orders", value)
    assert isinstance(event, Event)
    assert event.data["tags"] == []
    assert "country" not in event.data


DECODER = EventDecoder()
AMOUNTS = ("total", "amount", "unit_price", "price", "previous_price", "seen_price", "lowest_30d")


@given(
    st.sampled_from(sorted(METRICS)).flatmap(
        lambda m: st.tuples(st.just(m), values_of(shipped_schemas().of_metric(m).schema))
    )
)
def test_every_metric_comes_back_as_it_was_written(case: tuple[str, dict[str, Any]]) -> None:
    metric, event = case
    event |= {"event_id": "e", "customer_id": "ada", "occurred_at": NOON}
    if event.get("currency") is not None:
        event["currency"] = "GBP"
    for name in ("channel", "kind", "order_id"):
        if name in event:
            event[name] = {"channel": "email", "kind": "soft"}.get(name, "17")
    event |= {name: NOON for name in ("expected_delivery",) if event.get(name) is not None}
    event |= {name: "offers" for name in ("topic",) if event.get(name) is not None}
    if metric == "customer.updated":
        event["set"] = {f"own_{name}": value for name, value in event["set"].items()}
    for amounts in (event, *event.get("items", ())):
        for name in AMOUNTS:
            if amounts.get(name) is not None:
                amounts[name] %= 10**12
    decoded = DECODER.decode(METRICS[metric].topic, record(encode_event(metric, event)))
    data = {name: value for name, value in event.items() if name not in ORDER_HEAD}
    assert decoded == Event(metric, "e", "ada", NOON, data)


def test_json_may_leave_out_the_metric_where_the_topic_has_only_one() -> None:
    search = {"event_id": "e", "customer_id": "ada", "occurred_at": NOON, "query": "q"}
    value = record(json.dumps(search | {"results": 0}).encode())
    event = EventDecoder().decode("searches", value)
    assert isinstance(event, Event)
    assert event.metric == "search.performed"
    assert event.data == {"query": "q", "filters": {}, "results": 0, "properties": None}
    assert reason("orders", value) == (
        "field 'metric' is missing, expected one of order.placed, order.fulfilled, "
        "order.cancelled, order.refunded, coupon.redeemed"
    )


def test_json_may_hold_fields_of_a_newer_version() -> None:
    assert isinstance(EventDecoder().decode("orders", record(as_json(gift=True))), Event)


# ── poison (PITFALLS 56, the decoder's part) ──

AVRO = encode_event("order.placed", ORDER)
HEADER = AVRO[:10]


def test_pitfall_56_a_record_without_a_value() -> None:
    assert reason("orders", record(None)) == "the record has no value, expected an event"
    assert reason("orders", record(b"")) == "the record has no value, expected an event"


@pytest.mark.parametrize(
    ("key", "says"),
    [
        (None, "the record has no key, expected the customer id"),
        (b"", "the key is empty, expected the customer id"),
        (b"\x00ada", "the key begins with a zero byte, expected the customer id as UTF-8 text"),
        (b"\xff", "the key b'\\xff' is not UTF-8 text: invalid start byte"),
        (b"bob", "the key is 'bob', but field 'customer_id' is 'ada'"),
        (b"x" * 1025, "the key has 1025 bytes, expected at most 1024"),
    ],
)
@pytest.mark.parametrize("value", [AVRO, as_json()])
def test_pitfall_56_a_key_that_is_not_the_customer(
    key: bytes | None, says: str, value: bytes
) -> None:
    assert reason("orders", record(value, key)) == says


@pytest.mark.parametrize("customer", ["", "\x00ada", "x" * 1025, "é" * 513])
def test_a_key_must_be_right_in_itself_even_if_the_customer_is_the_same(customer: str) -> None:
    contract = shipped_schemas().of_metric("customer.erased")
    event = ORDER_HEAD | {"customer_id": customer}
    value = single_object_header(contract) + dict_writer(contract.schema)(event)
    assert "key" in reason("customers", record(value, customer.encode()))


@pytest.mark.parametrize("customer", ["x" * 1024, "é" * 512, "anon:1", "a b"])
def test_keys_of_up_to_1024_bytes_are_taken(customer: str) -> None:
    value = encode_event("customer.erased", ORDER_HEAD | {"customer_id": customer})
    event = EventDecoder().decode("customers", record(value, customer.encode()))
    assert isinstance(event, Event)
    assert event.customer_id == customer


@pytest.mark.parametrize(
    ("value", "says"),
    [
        (AVRO[:-1], "the value is truncated"),
        (AVRO[:40], "the value is truncated"),
        (HEADER, "the value is truncated"),
        (AVRO + b"xy", "2 bytes left after the record"),
        (
            HEADER + b"\x02\xff" + AVRO[13:],
            "a text in the value is not UTF-8: invalid start byte in b'\\xff'",
        ),
        (
            b"\xc3\x01" + b"\x01\x02\x03\x04\x05\x06\x07\x08" + AVRO[10:],
            "unknown schema fingerprint 0102030405060708; written by a newer version?",
        ),
        (b"\xc3\x01\x01", "unknown schema fingerprint 01; written by"),
        (
            b"\xc3",
            "the value begins with c3, expected Avro single-object encoding (c3 01), Confluent "
            "wire format (00) or a JSON object (7b)",
        ),
        (b"<xml/>", "the value begins with 3c 78, expected Avro single-object encoding (c3 01), "),
        (b"[1]", "the value begins with 5b 31, expected"),
        (
            b"\x00\x00\x00\x00\x2a" + AVRO[10:],
            "the value is in Confluent wire format (schema id 42), and no schema registry is "
            "configured (setting schema_registry)",
        ),
        (b"\x00\x00", "the value begins with 00 00, expected"),
        (b"{", "the value starts like JSON but is invalid: "),
        (b'{"a": "\xff"}', "the value starts like JSON but is invalid: "),
        (b'{"a":' * 20_000, "the value starts like JSON but is invalid: "),
        (
            as_json(metric="order.lost"),
            "field 'metric' is 'order.lost', expected one of order.placed",
        ),
        (as_json(metric=["order.placed"]), "field 'metric' is ['order.placed'], expected one of "),
        (as_json(metric=None), "field 'metric' is missing, expected one of "),
        (
            as_json(total="12,50"),
            "field 'total' is '12,50', expected minor units as an integer (1250)",
        ),
    ],
)
def test_pitfall_56_a_value_that_is_no_event(value: bytes, says: str) -> None:
    assert reason("orders", record(value)).startswith(says)


@pytest.mark.parametrize("over", [0, 1])
def test_pitfall_19_an_event_that_no_state_could_hold_is_a_dead_letter(over: int) -> None:
    plain = as_json(order_id="")
    value = as_json(order_id="x" * (LARGEST_EVENT - len(plain) + over))
    assert len(value) == LARGEST_EVENT + over
    result = EventDecoder().decode("orders", record(value))
    if over:
        assert isinstance(result, Rejection)
        assert result.reason == "the value has 131073 bytes, expected at most 131072"
    else:
        assert isinstance(result, Event)


def test_pitfall_56_an_event_on_the_wrong_topic() -> None:
    says = "order.placed is not allowed on carts, expected it on orders"
    assert reason("carts", record(AVRO)) == says
    assert reason("carts", record(as_json())) == says


def test_pitfall_56_a_record_of_ours_that_is_no_event() -> None:
    late = shipped_schemas().current["LateRecord"]
    value = single_object_header(late) + b"\x02t\x00\x00\x00\x00"
    assert reason("orders", record(value)) == "schema sendflow.v1.LateRecord is not an event schema"


def test_the_schema_is_named_once_it_is_known() -> None:
    for value in (AVRO[:-1], as_json(total="x"), AVRO):
        result = EventDecoder().decode("orders", record(value, b"bob"))
        assert isinstance(result, Rejection)
        assert result.schema == "sendflow.v1.OrderPlaced"


@given(st.binary(max_size=120), st.sampled_from([b"", AVRO[:10], b"{", b"\x00\x00\x00\x00\x01"]))
def test_pitfall_56_no_bytes_make_the_decoder_raise(tail: bytes, head: bytes) -> None:
    result = EventDecoder().decode("orders", record(head + tail))
    assert isinstance(result, Rejection)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)


@given(st.sampled_from(sorted(METRICS)), st.data())
def test_pitfall_56_no_json_makes_the_decoder_raise(metric: str, data: st.DataObject) -> None:
    fields = METRICS[metric].fields
    event = {name: data.draw(_JSON) for name in fields} | ORDER_HEAD | {"metric": metric}
    result = EventDecoder().decode(METRICS[metric].topic, record(json.dumps(event).encode()))
    assert isinstance(result, Event | Rejection)


# ── moments, ids and currencies ──


def erased(**fields: Any) -> Record:
    """An event that no check of ours has seen before it was written."""
    contract = shipped_schemas().of_metric("customer.erased")
    event = ORDER_HEAD | fields
    return record(single_object_header(contract) + dict_writer(contract.schema)(event))


@pytest.mark.parametrize(
    ("occurred_at", "says"),
    [
        (-1, "field 'occurred_at' is -1, expected milliseconds since the epoch"),
        (0, "field 'occurred_at' is 0, expected milliseconds since the epoch"),
        (EARLIEST - 1, "expected milliseconds since the epoch"),
        (LATEST, "expected milliseconds since the epoch"),
        (NOON // 1000, "expected milliseconds since the epoch (177"),
        (NOON * 1000, "expected milliseconds since the epoch (177"),
        (NOON * 1_000_000, "looks like nanoseconds"),
        (1_709_374_500, "(1709374500000); looks like seconds"),
        (1_709_374_500_000_000, "(1709374500000); looks like microseconds"),
        (20_240_302_101_500, "(1709374500000); looks like a written date"),
        (20_240_302, "looks like a written date"),
    ],
)
def test_d5_a_moment_that_cannot_be_one(occurred_at: int, says: str) -> None:
    assert says in reason("customers", erased(occurred_at=occurred_at))
    as_text = json.dumps({"metric": "customer.erased", **ORDER_HEAD, "occurred_at": occurred_at})
    assert says in reason("customers", record(as_text.encode()))


@pytest.mark.parametrize("occurred_at", [EARLIEST, NOON, NOON + 23 * HOUR, NOON + DAY])
def test_d5_moments_from_1990_until_a_day_after_the_record_are_taken(occurred_at: int) -> None:
    event = EventDecoder().decode("customers", erased(occurred_at=occurred_at))
    assert isinstance(event, Event)
    assert event.occurred_at == occurred_at


@pytest.mark.parametrize("occurred_at", [NOON + DAY + 1, 4_070_908_800_000, LATEST - 1])
def test_d5_a_moment_more_than_a_day_after_its_record_is_refused(occurred_at: int) -> None:
    says = f"'occurred_at' is {occurred_at} ("
    assert says in reason("customers", erased(occurred_at=occurred_at))
    as_text = json.dumps({"metric": "customer.erased", **ORDER_HEAD, "occurred_at": occurred_at})
    assert says in reason("customers", record(as_text.encode()))


def test_an_event_without_an_id_is_refused() -> None:
    assert reason("customers", erased(event_id="")) == "field 'event_id' is empty"


@pytest.mark.parametrize("currency", ["gbp", "GB", "GBPX", "£", "", "G1P"])
def test_a_currency_that_is_no_code_is_refused_whether_it_is_read_or_not(currency: str) -> None:
    contract = shipped_schemas().of_metric("order.placed")
    order = ORDER | {"currency": currency, "tags": [], "items": []}
    value = single_object_header(contract) + dict_writer(contract.schema)(order)
    says = f"field 'currency' is {currency!r}, expected an ISO 4217 code such as GBP"
    for fields_read in (lambda _: None, lambda _: frozenset({"order_id"})):
        assert reason("orders", record(value), EventDecoder(fields_read)) == says
    assert reason("orders", record(as_json(currency=currency))) == says


# ── versions ──

OLDER = sorted(
    (contract.name, contract.fingerprint)
    for contract in shipped_schemas().by_fingerprint.values()
    if contract.name in METRIC_OF_RECORD and contract != shipped_schemas().current[contract.name]
)


@pytest.mark.parametrize(("name", "fingerprint"), OLDER)
def test_pitfall_58_every_older_version_of_an_event_is_read(name: str, fingerprint: bytes) -> None:
    """Each field of the old schema, and those that are new as missing."""
    old, metric = shipped_schemas().by_fingerprint[fingerprint], METRIC_OF_RECORD[name]
    written = {
        field["name"]: field["default"] if "default" in field else _SAMPLES[field["name"]]
        for field in old.schema["fields"]
    }
    value = single_object_header(old) + dict_writer(old.schema)(written)
    event = EventDecoder().decode(METRICS[metric].topic, record(value))
    assert isinstance(event, Event), event
    assert event.data.keys() == METRICS[metric].fields.keys()
    for field, found in event.data.items():
        assert found == written.get(field), field


_SAMPLES: dict[str, Any] = {
    **ORDER_HEAD,
    "order_id": "17",
    "cart_id": "c",
    "code": "A1",
    "sku": "A",
    "send_id": "s",
    "query": "lamp",
    "total": 100,
    "amount": 100,
    "price": 100,
    "previous_price": 200,
    "percent": 50,
    "results": 3,
    "currency": "GBP",
    "channel": "email",
    "kind": "hard",
    "category": "lamps",
    "step": 1,
    "name": "Lamp",
    "interest": "wishlist",
    "items": [FULL_ITEM],
    "set": {"plan": "paid"},
}


def test_an_item_may_lack_its_sku() -> None:
    """A line such as postage: it counts and is never shown (schemas/README.md)."""
    items = [ITEM, {"quantity": 1, "unit_price": 495, "name": "Postage"}]
    for value in (encode_event("order.placed", ORDER | {"items": items}), as_json(items=items)):
        event = EventDecoder().decode("orders", record(value))
        assert isinstance(event, Event)
        assert [item["sku"] for item in event.data["items"]] == ["85123A", None]


def test_pitfall_58_events_of_an_older_schema_are_read_as_the_newest() -> None:
    """Version 1 had no tags, and called the country by its old name."""
    newest = shipped_schemas().of_metric("order.placed")
    old_fields = [
        field | ({"name": "land"} if field["name"] == "country" else {})
        for field in newest.source["fields"]
        if field["name"] != "tags"
    ]
    new_fields = [
        field | ({"aliases": ["land"]} if field["name"] == "country" else {})
        for field in newest.source["fields"]
    ]
    old = contract_of({**newest.source, "fields": old_fields})
    new = contract_of({**newest.source, "fields": new_fields})
    others = [one for one in shipped_schemas().current.values() if one.name != "OrderPlaced"]
    decoder = EventDecoder(schemas=Schemas([*others, new], [old]))
    order = ORDER | {"land": "GB"}
    value = single_object_header(old) + dict_writer(old.schema)(order)
    event = decoder.decode("orders", record(value))
    assert isinstance(event, Event)
    assert event.data == DATA | {"country": "GB"}
    assert "unknown schema fingerprint" in reason("orders", record(value))


def test_every_metric_has_its_record() -> None:
    assert set(METRIC_OF_RECORD.values()) == set(METRICS)
