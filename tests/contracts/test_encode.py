"""The output of a task, read back."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.contracts.dead_letters import MOST_KEPT, DeadLetter, read_dead_letter, record_size
from streams.contracts.decisions import read_decisions
from streams.contracts.encode import EffectEncoder
from streams.contracts.schemas import shipped_schemas
from streams.contracts.wire import Undecodable, decode_any
from streams.engine import Decision, Outcome, SendCommand, WebhookCommand
from streams.kafka.client_config import MAX_RECORD_BYTES
from streams.ports import OutputRecord, Record, Rejection

from .generated import values_of

NOON = 1_772_452_800_000
ENCODER = EffectEncoder()
COMMAND = SendCommand(
    send_id="s1",
    customer_id="ada é",
    channel="email",
    recipient="ada@example.com",
    template="thanks-new",
    flow="post-purchase",
    flow_version="a1b2c3",
    step="thanks-new",
    journey_id="j1",
    transactional=False,
    decided_at=NOON,
    not_before=NOON,
    expires_at=NOON + 72 * 3_600_000,
    variables={"order_id": "17"},
    items=[{"sku": "A", "quantity": 2, "unit_price": 1250, "name": None}, {"sku": "B"}],
    coupon=None,
    utm={"utm_source": "sendflow"},
    locale="en-GB",
    trigger_event_id="e1",
)
DECISION = Decision(
    at=NOON,
    customer_id="ada",
    flow="post-purchase",
    flow_version="a1b2c3",
    journey_id="j1",
    step=None,
    outcome=Outcome.NOT_ENTERED,
    reason="re_entry",
    evidence={"entered_at": NOON, "after": "30d", "seen": ["a", None, 1.5, True]},
    event_id="e1",
)


def fields_of(record: OutputRecord) -> dict[str, Any]:
    assert record.value is not None
    return decode_any(record.value)[1]


def test_a_command_is_keyed_by_its_customer_and_comes_back_whole() -> None:
    (record,) = ENCODER.commands([COMMAND])
    assert (record.topic, record.key) == ("send-commands", "ada é".encode())
    nothing = dict.fromkeys(("quantity", "unit_price", "currency", "category", "url", "image_url"))
    items = [nothing | {"name": None} | item for item in COMMAND.items]
    assert fields_of(record) == _fields(COMMAND) | {"items": items}
    assert record.headers is None


def test_a_call_of_a_webhook_is_keyed_by_its_customer_and_comes_back_whole() -> None:
    call = WebhookCommand(
        webhook_id="w1",
        customer_id="ada é",
        webhook="loyalty",
        flow="post-purchase",
        flow_version="a1b2c3",
        step="steps[1]",
        journey_id="j1",
        decided_at=NOON,
        data={"order_id": "17", "paid": "12.50"},
        trigger_event_id=None,
    )
    (record,) = ENCODER.webhooks([call])
    assert (record.topic, record.key) == ("webhooks", "ada é".encode())
    assert fields_of(record) == _fields(call)
    assert record.headers is None


def test_what_carries_on_a_trace_has_it_as_a_header() -> None:
    parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    (record,) = ENCODER.commands([msgspec.structs.replace(COMMAND, traceparent=parent)])
    (plain_one,) = ENCODER.commands([COMMAND])
    assert record.headers == [("traceparent", parent.encode())]
    assert record.value == plain_one.value


def decision(**fields: Any) -> Decision:
    return msgspec.structs.replace(DECISION, **fields)


def plain(decision: Decision) -> dict[str, Any]:
    return msgspec.structs.asdict(decision) | {"outcome": decision.outcome.value}


def read_back(records: list[OutputRecord]) -> list[list[dict[str, Any]]]:
    return [read_decisions(record.value or b"") for record in records]


def test_a_decision_is_keyed_by_its_customer_and_comes_back_whole() -> None:
    (record,) = ENCODER.decisions([DECISION])
    assert (record.topic, record.key) == ("flow-decisions", b"ada")
    assert read_back([record]) == [[plain(DECISION)]]


def test_evidence_is_json() -> None:
    (record,) = ENCODER.decisions([DECISION])
    (written,) = fields_of(record)["decisions"]
    assert json.loads(written["evidence"]) == DECISION.evidence


def test_what_one_event_led_to_is_one_record() -> None:
    """And what follows is another one: of another customer, event or moment."""
    one = [DECISION, decision(outcome=Outcome.SENT, step="thanks", reason="", evidence={})]
    others = [
        decision(customer_id="bob"),
        decision(customer_id="bob", event_id="e2"),
        decision(customer_id="bob", event_id=None),
        decision(customer_id="bob", event_id=None, at=NOON + 1),
        DECISION,
    ]
    records = ENCODER.decisions([*one, *others])
    assert read_back(records) == [[plain(d) for d in one], *([plain(d)] for d in others)]
    assert [record.key for record in records] == [b"ada", b"bob", b"bob", b"bob", b"bob", b"ada"]


def test_decisions_of_any_number_and_length_are_read_back() -> None:
    many = [decision(step=f"s{n}") for n in range(9_000)]
    long = [decision(event_id="e" * 9_000, evidence={"text": "x" * 20_000}, journey_id="j" * 9_000)]
    for written in (many, long):
        assert read_back(ENCODER.decisions(written)) == [[plain(d) for d in written]]
    assert ENCODER.decisions([]) == []


def test_evidence_is_the_same_bytes_in_whatever_order_it_was_put_together() -> None:
    other = decision(evidence=dict(reversed(DECISION.evidence.items())))
    assert ENCODER.decisions([DECISION]) == ENCODER.decisions([other])


def test_order_is_kept() -> None:
    sends = [SendCommand(**{**_fields(COMMAND), "send_id": f"s{n}"}) for n in range(5)]
    written = ENCODER.commands(iter(sends))
    assert [fields_of(record)["send_id"] for record in written] == ["s0", "s1", "s2", "s3", "s4"]


def _fields(command: SendCommand | WebhookCommand) -> dict[str, Any]:
    """Decodes the value."""
    fields = msgspec.structs.asdict(command)
    del fields["traceparent"]  # a header
    return fields


@given(values_of(shipped_schemas().current["SendCommand"].schema))
def test_any_command_is_read_back(fields: dict[str, Any]) -> None:
    (record,) = ENCODER.commands([SendCommand(**fields)])
    assert record.value is not None
    assert decode_any(record.value) == ("SendCommand", fields)


@given(values_of(shipped_schemas().current["Decisions"].schema), st.sampled_from(Outcome))
def test_any_decisions_are_read_back(fields: dict[str, Any], outcome: Outcome) -> None:
    common = {name: fields[name] for name in ("at", "customer_id", "event_id")}
    decisions = [
        Decision(**common, **{**one, "outcome": outcome, "evidence": {"text": one["evidence"]}})
        for one in fields["decisions"]
    ]
    expected = [[plain(one) for one in decisions]] if decisions else []
    assert read_back(ENCODER.decisions(decisions)) == expected


def record_in(letter: DeadLetter) -> Record:
    """The record as it was fetched, from the letter about it."""
    headers = [(name, value or b"") for name, value in letter.headers]
    return Record(letter.time, letter.offset, letter.key, letter.value, headers or None)


def test_pitfall_56_a_dead_letter_holds_all_of_the_record_and_what_was_wrong() -> None:
    record = Record(NOON, 81223, b"ada", b"\xff\x00", [("traceparent", b"00-1"), ("empty", b"")])
    rejection = Rejection("field 'total' is missing", "sendflow.v1.OrderPlaced")
    written = ENCODER.dead_letter("orders", 3, record, rejection, NOON + 5)
    assert (written.topic, written.key) == ("dead-letters", b"ada")
    assert written.value is not None
    letter = read_dead_letter(written.value)
    assert letter.where == "orders[3]@81223"
    assert letter.at == NOON + 5
    assert (letter.reason, letter.schema) == (rejection.reason, rejection.schema)
    assert record_in(letter) == record


@pytest.mark.parametrize("key", [None, b"", b"\xff"])
@pytest.mark.parametrize("value", [None, b"", b"x" * 800_000])
def test_pitfall_56_any_record_fits_into_a_dead_letter(
    key: bytes | None, value: bytes | None
) -> None:
    record = Record(-1, 0, key, value)
    written = ENCODER.dead_letter("orders", 0, record, Rejection("no"), NOON)
    assert written.key == key
    assert written.value is not None
    assert record_in(read_dead_letter(written.value)) == record


@pytest.mark.parametrize("over", [0, 1])
@pytest.mark.parametrize(
    ("key", "value", "headers"),
    [
        (3, MOST_KEPT - 3 - 4, 4),
        (0, MOST_KEPT, 0),
        (2_000, 8_000_000, 0),
        (1_000_000, 10, 0),
        (450_000, 450_000, 0),
        (1_000_000, 1_000_000, 1_000_000),
    ],
)
def test_pitfall_19_any_record_s_dead_letter_is_small_enough_to_be_produced(
    key: int, value: int, headers: int, over: int
) -> None:
    record = Record(NOON, 7, bytes(key), bytes(value + over), [("h", bytes(max(0, headers - 1)))])
    if not headers:
        record.headers = None
    written = ENCODER.dead_letter("orders", 0, record, Rejection("no" * 500), NOON)
    assert written.value is not None
    assert written.key is not None
    assert len(written.key) + len(written.value) < MAX_RECORD_BYTES - 1_024
    letter = read_dead_letter(written.value)
    if record_size(record) <= MOST_KEPT and key < 10_000:
        assert record_in(letter) == record
    else:
        assert record.value is not None
        assert letter.value is not None
        assert record.value.startswith(letter.value)
        assert f" of {record_size(record)} bytes" in letter.reason
        assert letter.where == "orders[0]@7"


def test_something_else_is_no_dead_letter() -> None:
    value = ENCODER.decisions([DECISION])[0].value
    assert value is not None
    with pytest.raises(Undecodable, match="the value is a Decisions, expected a DeadLetter"):
        read_dead_letter(value)


def test_something_else_is_no_decisions() -> None:
    value = ENCODER.commands([COMMAND])[0].value
    assert value is not None
    with pytest.raises(Undecodable, match="the value is a SendCommand, expected Decisions"):
        read_decisions(value)


def test_a_late_record_tells_its_place() -> None:
    written = ENCODER.late_record("carts", 3, 17, NOON, 5)
    assert (written.topic, written.key) == ("late-records", b"carts-3")
    late = {"topic": "carts", "partition": 3, "offset": 17, "effective_time": NOON, "sequence": 5}
    assert fields_of(written) == late


def test_values_begin_with_the_fingerprint_of_their_schema() -> None:
    value = ENCODER.commands([COMMAND])[0].value
    assert value is not None
    fingerprint = shipped_schemas().current["SendCommand"].fingerprint
    assert value[:10] == b"\xc3\x01" + fingerprint
