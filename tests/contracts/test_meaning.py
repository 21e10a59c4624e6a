"""The judgement at the door (SEMANTICS 8), the same for records of topics and for encoded rows."""

import json
from typing import Any

import pytest

from streams.contracts.codecs import dict_writer
from streams.contracts.decode import EventDecoder
from streams.contracts.encode import encode_event
from streams.contracts.fields import WrongEvent
from streams.contracts.meaning import Door
from streams.contracts.schemas import shipped_schemas
from streams.contracts.wire import single_object_header
from streams.engine import METRICS, Event
from streams.engine.language import PROFILE_FIELDS
from streams.engine.values import LARGEST_AMOUNT, Field, FieldType
from streams.ports import Decoded, PartlyRefused, Record, Rejection, event_in

NOON = 1_772_452_800_000
HEAD = {"event_id": "e1", "customer_id": "ada", "occurred_at": NOON}
ORDER = {"order_id": "1", "total": 100, "currency": "GBP", "items": []}
MESSAGE = {"send_id": "s", "channel": "email"}
SUBSCRIPTION = "customer.subscribed"


def as_avro(metric: str, fields: dict[str, Any]) -> bytes:
    """As a producer with the schema alone writes it, without our checks."""
    contract = shipped_schemas().of_metric(metric)
    defaults = {
        field["name"]: field["default"] for field in contract.schema["fields"] if "default" in field
    }
    event = {**defaults, **HEAD, **fields}
    return single_object_header(contract) + dict_writer(contract.schema)(event)


def as_json(metric: str, fields: dict[str, Any]) -> bytes:
    return json.dumps({"metric": metric, **HEAD, **fields}).encode()


def both_ways(metric: str, fields: dict[str, Any], **more: Any) -> list[Decoded | Rejection]:
    """Decoded from Avro and from JSON, by decoders that read nothing of it for any flow."""
    decoder = EventDecoder(lambda _: frozenset(), **more)
    key = {**HEAD, **fields}["customer_id"].encode()
    return [
        decoder.decode(METRICS[metric].topic, Record(NOON, 0, key, write(metric, fields)))
        for write in (as_avro, as_json)
    ]


def refused_with(metric: str, fields: dict[str, Any]) -> str:
    """The words, which are the same for both forms and for an encoder."""
    with pytest.raises(WrongEvent) as caught:
        encode_event(metric, {**HEAD, **fields})
    for found in both_ways(metric, fields):
        assert isinstance(found, Rejection), found
        assert found.reason == str(caught.value)
    return str(caught.value)


# ── closed lists (SEMANTICS 8.1) ──


@pytest.mark.parametrize(
    ("metric", "fields", "meant"),
    [
        ("customer.unsubscribed", {"channel": "Email"}, {"channel": "email"}),
        ("customer.unsubscribed", {"channel": " all "}, {"channel": "all"}),
        ("message.unsubscribed", {**MESSAGE, "channel": "ALL"}, {"channel": "all"}),
        (SUBSCRIPTION, {"channel": "\tSMS"}, {"channel": "sms"}),
        ("message.bounced", {**MESSAGE, "kind": "Permanent"}, {"kind": "hard"}),
        ("message.bounced", {**MESSAGE, "kind": " HARD"}, {"kind": "hard"}),
        ("message.bounced", {**MESSAGE, "kind": "transient"}, {"kind": "soft"}),
        ("message.bounced", {**MESSAGE, "kind": "deferred"}, {"kind": "soft"}),
        ("message.opened", {**MESSAGE, "channel": "Email"}, {"channel": "email"}),
    ],
)
def test_d1_d2_words_are_read_as_they_are_meant(
    metric: str, fields: dict[str, Any], meant: dict[str, str]
) -> None:
    encoded = encode_event(metric, {**HEAD, **fields})
    rewritten = EventDecoder().decode(METRICS[metric].topic, Record(NOON, 0, b"ada", encoded))
    for found in (*both_ways(metric, fields), rewritten):
        assert isinstance(found, Event)
        assert found.data | meant == found.data


@pytest.mark.parametrize(
    ("metric", "fields", "says"),
    [
        (SUBSCRIPTION, {"channel": "all"}, "expected one of email, sms, push, web"),
        (SUBSCRIPTION, {"channel": "Fax"}, "field 'channel' is 'Fax', expected one of email, sms"),
        ("customer.unsubscribed", {"channel": ""}, "expected one of email, sms, push, web, all"),
        ("message.clicked", {**MESSAGE, "channel": "mail"}, "field 'channel' is 'mail'"),
        ("message.bounced", {**MESSAGE, "kind": "banana"}, "'kind' is 'banana', expected one of"),
    ],
)
def test_d2_another_word_is_refused(metric: str, fields: dict[str, Any], says: str) -> None:
    assert says in refused_with(metric, fields)


@pytest.mark.parametrize(("written", "kept"), [(" offers ", "offers"), (" ", None), (None, None)])
@pytest.mark.parametrize(
    ("metric", "fields"),
    [
        (SUBSCRIPTION, {"channel": "email"}),
        ("customer.unsubscribed", {"channel": "all"}),
        ("message.unsubscribed", MESSAGE),
    ],
)
def test_rule_4_6_a_topic_is_judged_whatever_the_definitions_read(
    metric: str, fields: dict[str, Any], written: str | None, kept: str | None
) -> None:
    for found in both_ways(metric, {**fields, "topic": written}):
        assert isinstance(found, Event)
        assert found.data["topic"] == kept


# ── ids (SEMANTICS 8.5), amounts, moments (SEMANTICS 8.3) ──


@pytest.mark.parametrize("found", ["undefined", "NULL", "nan", "(Not set)", "0", "-1", "Guest"])
def test_d7_a_word_that_stands_for_nobody_is_no_customer(found: str) -> None:
    says = f"field 'customer_id' is {found!r}, expected an id: this word stands for none"
    assert refused_with("order.placed", {**ORDER, "customer_id": found}) == says


@pytest.mark.parametrize("found", [" ada", "ada\t", "ada "])
def test_an_id_has_no_blanks_around_it(found: str) -> None:
    says = "expected an id without blanks around it"
    assert says in refused_with("order.placed", {**ORDER, "customer_id": found})
    assert says in refused_with("order.placed", {**ORDER, "order_id": found})


@pytest.mark.parametrize("metric", ["order.placed", "order.fulfilled", "order.cancelled"])
def test_an_order_has_an_id(metric: str) -> None:
    fields = ORDER if metric == "order.placed" else {}
    assert "field 'order_id' is 'null'" in refused_with(metric, {**fields, "order_id": "null"})
    assert refused_with(metric, {**fields, "order_id": " "}) == "field 'order_id' is empty"


def test_the_words_are_a_setting() -> None:
    door = Door(placeholder_ids=frozenset({"nobody"}))
    assert encode_event("customer.erased", {**HEAD, "customer_id": "guest"}, door=door)
    with pytest.raises(WrongEvent, match="'Nobody'"):
        encode_event("customer.erased", {**HEAD, "customer_id": "Nobody"}, door=door)
    for found in both_ways("customer.erased", {"customer_id": "guest"}, door=door):
        assert isinstance(found, Event)


@pytest.mark.parametrize(
    ("metric", "fields", "name"),
    [
        ("order.placed", {**ORDER, "total": LARGEST_AMOUNT + 1}, "total"),
        ("order.placed", {**ORDER, "total": -LARGEST_AMOUNT - 1}, "total"),
        ("order.refunded", {**ORDER, "amount": LARGEST_AMOUNT + 1}, "amount"),
        ("view.item", {"sku": "A", "unit_price": LARGEST_AMOUNT + 1}, "unit_price"),
    ],
)
def test_an_amount_beyond_all_reason_is_refused(
    metric: str, fields: dict[str, Any], name: str
) -> None:
    assert f"expected at most {LARGEST_AMOUNT} minor units" in refused_with(
        metric, {key: value for key, value in fields.items() if key in METRICS[metric].fields}
    )


def test_the_largest_amount_is_taken() -> None:
    for found in both_ways("order.placed", {**ORDER, "total": LARGEST_AMOUNT}):
        assert isinstance(found, Event)


def test_the_price_of_an_item_is_an_amount_too() -> None:
    item = {"sku": "A", "quantity": 1, "unit_price": LARGEST_AMOUNT + 1}
    says = refused_with("order.placed", {**ORDER, "items": [item]})
    assert says.startswith("field 'items[0].unit_price' is 1000000000001")


def test_every_moment_is_judged() -> None:
    fields = {"order_id": "1", "expected_delivery": 1_772_452_800}
    assert "looks like seconds" in refused_with("order.fulfilled", fields)


@pytest.mark.parametrize("text", ["2026-03-02T12:00:00Z", "2026-03-02T13:00:00+01:00"])
def test_json_may_hold_moments_of_iso_8601(text: str) -> None:
    value = as_json("customer.erased", {"occurred_at": text})
    found = EventDecoder().decode("customers", Record(NOON, 0, b"ada", value))
    assert isinstance(found, Event)
    assert found.occurred_at == NOON


def test_a_currency_is_one_of_iso_4217() -> None:
    assert "'currency' is 'QQQ'" in refused_with("order.placed", {**ORDER, "currency": "QQQ"})


# ── profiles (SEMANTICS 8.4) ──

OWN = {
    "plan": FieldType.TEXT,
    "points": FieldType.NUMBER,
    "budget": FieldType.MONEY,
    "vip": FieldType.BOOLEAN,
    "renewal": FieldType.DATE,
    "seen_at": FieldType.MOMENT,
    "sizes": FieldType.NUMBERS,
    "likes": FieldType.TEXTS,
}
FIELDS = {**PROFILE_FIELDS, **{name: Field(kind, is_optional=True) for name, kind in OWN.items()}}
DOOR = Door(profile_field=FIELDS.get)


def patches(given: dict[str, Any]) -> list[Decoded | Rejection]:
    return both_ways("customer.updated", {"set": given, "unset": []}, door=DOOR)


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ({"consent": "email"}, {"consent": ["email"]}),
        ({"consent": "Email, SMS"}, {"consent": ["email", "sms"]}),
        ({"consent": [" Push ", "push"]}, {"consent": ["push"]}),
        ({"consent": []}, {"consent": []}),
        ({"birthday": "1990-06-01"}, {"birthday": "1990-06-01"}),
        ({"birthday": "19900601"}, {"birthday": "1990-06-01"}),
        ({"birthday": "1990-06-01T00:30:00+02:00"}, {"birthday": "1990-06-01"}),
        ({"birthday": -300_000_000_000}, {"birthday": "1960-06-29"}),
        ({"renewal": NOON}, {"renewal": "2026-03-02"}),
        ({"points": 1.5, "budget": 1250, "vip": True}, {"points": 1.5, "budget": 1250}),
        ({"seen_at": "2026-03-02T12:00:00Z"}, {"seen_at": NOON}),
        ({"birthday": "0001-01-01T00:00:00Z"}, {"birthday": "0001-01-01"}),
        ({"likes": ["tea"]}, {"likes": ["tea"]}),
        ({"sizes": ["38", "39.5"]}, {"sizes": ["38", "39.5"]}),
        ({"email": "not an address"}, {"email": "not an address"}),
        ({"unheard_of": ["x"]}, {"unheard_of": ["x"]}),
    ],
)
def test_d6_what_fits_is_kept(given: dict[str, Any], kept: dict[str, Any]) -> None:
    for found in patches(given):
        assert isinstance(found, Event), found
        assert found.data["set"] | kept == found.data["set"]
    assert encode_event("customer.updated", {**HEAD, "set": given}, door=DOOR)


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (
            {"consent": ["yes"]},
            "'set.consent' is ['yes'], expected a list of email, sms, push, web",
        ),
        ({"consent": True}, "'set.consent' is True"),
        ({"consent": "yes"}, "'set.consent' is 'yes'"),
        ({"birthday": "01/06/1990"}, "'set.birthday' is '01/06/1990', expected a date as text"),
        ({"birthday": 644_198_400}, "'set.birthday' is 644198400"),
        ({"email": 17}, "'set.email' is 17, expected text ('17')"),
        ({"timezone": 1}, "'set.timezone' is 1"),
        ({"points": "many"}, "'set.points' is 'many', expected a number"),
        ({"points": True}, "'set.points' is True"),
        ({"budget": 12.5}, "'set.budget' is 12.5, expected minor units"),
        ({"budget": LARGEST_AMOUNT + 1}, "'set.budget' is 1000000000001, expected at most 1"),
        ({"vip": "yes"}, "'set.vip' is 'yes', expected true or false"),
        ({"renewal": "soon"}, "'set.renewal' is 'soon'"),
        ({"seen_at": 17}, "'set.seen_at' is 17"),
        ({"seen_at": "2026-03-02T12:00"}, "'set.seen_at' is '2026-03-02T12:00'"),
        ({"likes": "tea"}, "'set.likes' is 'tea', expected a list of text"),
        ({"sizes": ["M"]}, "'set.sizes' is ['M'], expected a list of numbers as text"),
        ({"sizes": "38"}, "'set.sizes' is '38'"),
    ],
)
def test_d6_the_rest_of_a_patch_applies(given: dict[str, Any], says: str) -> None:
    with pytest.raises(WrongEvent) as caught:
        encode_event("customer.updated", {**HEAD, "set": given}, door=DOOR)
    assert says in str(caught.value)
    for found in patches({"email": "new@example.com", **given} | given):
        assert isinstance(found, PartlyRefused), found
        assert found.rejection.reason == f"partly_refused: {caught.value}"
        assert found.event.data["set"] == ({} if "email" in given else {"email": "new@example.com"})
        assert event_in(found) is found.event  # a backfill knows it, too (6.3)


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("likes", ["tea", 1], "is ['tea', 1], expected a list of text"),
        ("likes", ["tea", None], "is ['tea', None], expected a list of text"),
        ("consent", ["email", None], "is ['email', None], expected a list of email, sms"),
        ("plan", {"name": "paid"}, "is {'name': 'paid'}, expected text"),
        ("plan", None, "is None, expected a value; to clear a field, name it in 'unset'"),
        ("points", 1 << 63, "is 9223372036854775808, expected a number of at most 64 bits"),
        ("points", 10**400, "expected a number of at most 64 bits"),
        ("unheard_of", {"a": 1}, "is {'a': 1}, expected text, a number, true, false or a list"),
        ("unheard_of", [["a"]], "is [['a']], expected a list of text"),
        ("unheard_of", 1 << 63, "expected a number of at most 64 bits"),
        ("unheard_of", None, "is None, expected a value"),
    ],
)
def test_rule_8_4_what_only_json_can_hold_refuses_one_field_alone(
    name: str, value: Any, says: str
) -> None:
    patch = {"email": "new@example.com", name: value}
    with pytest.raises(WrongEvent) as caught:
        encode_event("customer.updated", {**HEAD, "set": patch}, door=DOOR)
    assert caught.value.field == f"set.{name}"
    record = Record(NOON, 0, b"ada", as_json("customer.updated", {"set": patch}))
    found = EventDecoder(door=DOOR).decode("customers", record)
    assert isinstance(found, PartlyRefused), found
    assert found.event.data["set"] == {"email": "new@example.com"}
    assert found.rejection.reason == f"partly_refused: {caught.value}"
    assert f"field 'set.{name}' is " in found.rejection.reason
    assert says in found.rejection.reason


@pytest.mark.parametrize("number", ["inf", "-inf", "nan"])
def test_what_is_no_finite_number_is_refused(number: str) -> None:
    value = as_avro("customer.updated", {"set": {"points": float(number)}})  # JSON has none
    found = EventDecoder(door=DOOR).decode("customers", Record(NOON, 0, b"ada", value))
    assert isinstance(found, PartlyRefused), found
    assert f"'set.points' is {number}, expected a number" in found.rejection.reason


def test_all_fields_that_do_not_fit_are_named() -> None:
    for found in patches({"points": "x", "plan": 1}):
        assert isinstance(found, PartlyRefused)
        assert "'set.points'" in found.rejection.reason
        assert "'set.plan'" in found.rejection.reason
