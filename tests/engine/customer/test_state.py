from typing import Any

import msgspec
import pytest

from streams.engine.customer.state import (
    FORMAT,
    CustomerState,
    NewerState,
    StateHead,
    StatePrefix,
    cart_of,
    decode_head,
    decode_prefix,
    decode_state,
    encode_state,
    is_forgotten,
    new_state,
)
from tests.harness.customer import DAY, HOUR, MONDAY, Customer, flow, program_of, send

PARTS = ((StateHead, decode_head), (StatePrefix, decode_prefix))


def lived_in() -> CustomerState:
    """A state in which most fields hold something."""
    waits = flow({"wait": "4h", "id": "pause"}, send(), on="order.placed", key="order_id")
    ada = Customer(program_of(waits))
    ada.order(MONDAY, "1")
    ada.order(MONDAY + DAY, "2")
    ada.event(
        "cart.updated",
        MONDAY + DAY + HOUR,
        cart_id="c",
        total=500,
        currency="GBP",
        items=[{"sku": "B", "quantity": 1, "unit_price": 500}],
    )
    ada.event("message.bounced", MONDAY + DAY + HOUR, send_id="s", channel="email", kind="soft")
    return ada.state


def test_what_was_encoded_is_decoded() -> None:
    state = lived_in()
    assert decode_state(encode_state(state)) == state
    assert encode_state(decode_state(encode_state(state))) == encode_state(state)


@pytest.mark.parametrize(("part", "decode"), PARTS)
def test_head_and_prefix_are_the_beginning_of_a_state(part: Any, decode: Any) -> None:
    state = lived_in()
    found = decode(encode_state(state))
    names = part.__struct_fields__
    assert names == CustomerState.__struct_fields__[: len(names)]
    assert [getattr(found, name) for name in names] == [getattr(state, name) for name in names]
    with pytest.raises(NewerState):
        decode(bytes([FORMAT + 1]))


@pytest.mark.parametrize(
    ("due", "header"),
    [
        (None, "ff" * 8),
        (0, "00" * 8),
        (1, "00" * 7 + "01"),
        ((1 << 63) - 1, "7f" + "ff" * 7),
    ],
)
def test_the_header_is_the_format_and_the_next_timer(due: int | None, header: str) -> None:
    state = new_state("ada")
    state.next_due = due
    assert encode_state(state)[:9] == bytes([FORMAT]) + bytes.fromhex(header)
    assert decode_state(encode_state(state)).next_due == due


def test_a_new_customer_takes_few_bytes() -> None:
    assert len(encode_state(new_state("ada"))) < 60
    reachable = {"email": "ada@example.com", "consent": ["email"]}
    assert len(encode_state(Customer(program_of(), reachable).state)) < 150


def test_a_state_of_a_newer_version_is_refused() -> None:
    newer = bytes([FORMAT + 1]) + encode_state(new_state("ada"))[1:]
    with pytest.raises(NewerState, match=f"format {FORMAT + 1}.*up to {FORMAT}"):
        decode_state(newer)


@pytest.mark.parametrize("data", [b"", b"\x00", b"\x00" + b"x" * 20])
def test_what_is_no_state_is_no_state(data: bytes) -> None:
    with pytest.raises(ValueError, match="not a customer state"):
        decode_state(data)


def test_a_torn_state_is_an_error() -> None:
    with pytest.raises(msgspec.MsgspecError):
        decode_state(encode_state(lived_in())[:-3])


def test_pitfall_59_bytes_without_the_newest_fields_are_read() -> None:
    """Fields are appended: what an older version wrote is shorter."""
    data = encode_state(lived_in())
    fields = msgspec.msgpack.decode(data[9:])
    older = data[:9] + msgspec.msgpack.encode(fields[:3])
    state = decode_state(older)
    assert state.customer_id == "ada"
    assert state.journeys == []


def test_pitfall_59_fields_of_a_newer_version_of_the_same_format_are_passed_over() -> None:
    data = encode_state(lived_in())
    fields = msgspec.msgpack.decode(data[9:])
    assert decode_state(data[:9] + msgspec.msgpack.encode([*fields, "new"])) == decode_state(data)


def test_an_erased_customer_is_forgotten() -> None:
    program = program_of(flow({"wait": "4h", "id": "pause"}, send()))
    ada = Customer(program)
    ada.view(MONDAY)
    assert not is_forgotten(ada.state)
    ada.event("customer.erased", MONDAY + HOUR)
    assert is_forgotten(ada.state)
    assert ada.state.next_due is None
    assert ada.outcomes() == ["entered", "exited erased"]


def test_the_cart_is_what_the_newest_event_says() -> None:
    state = lived_in()
    cart = cart_of(state)
    assert cart is not None
    assert cart["items"] == [{"sku": "B", "quantity": 1, "unit_price": 500}]
    assert cart_of(new_state("ada")) is None
