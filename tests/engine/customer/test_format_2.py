"""States of format 2 are read. `states_of_format_2.jsonl` was written by the last version with that
format: states of the customers of the YAML cases and of the demo's shop, each with what it means,
chosen so that every field and every form of an order occurs."""

from typing import Any

import msgspec
import pytest

from streams.engine import decode_state, encode_state
from streams.engine.customer.format_2 import FORMAT_2
from streams.engine.customer.state import FORMAT, StateHead, StatePrefix, decode_head, decode_prefix
from streams.engine.values import ID_HASH
from tests.engine.customer.old_states import OldState, assert_means, read_states

OLD = read_states("states_of_format_2.jsonl")


@pytest.mark.parametrize("old", OLD)
def test_states_of_format_2_mean_the_same(old: OldState) -> None:
    assert old.bytes[:1] == FORMAT_2
    state = decode_state(old.bytes)
    assert_means(state, old.meaning)
    assert decode_state(encode_state(state)) == state


def test_they_hold_every_form_of_an_order_and_more_events_than_ids() -> None:
    lefts = [left for old in OLD for left in old.meaning["order_left"].values()]
    assert None in lefts
    assert {(left > 0) - (left < 0) for left in lefts if left is not None} == {-1, 0, 1}
    states = [decode_state(old.bytes) for old in OLD]
    assert any(len(old.meaning["seen"]) == 64 * 16 for old in OLD)
    assert any(bytes(ID_HASH) in past.ids for state in states for past in state.recent.values())


@pytest.mark.parametrize("old", OLD)
def test_they_are_written_in_the_new_format_with_the_same_due_time(old: OldState) -> None:
    new = encode_state(decode_state(old.bytes))
    assert new[0] == FORMAT
    assert new[1:9] == old.bytes[1:9]  # which stores read


@pytest.mark.parametrize("old", OLD)
@pytest.mark.parametrize(
    ("part", "decode"), [(StateHead, decode_head), (StatePrefix, decode_prefix)]
)
def test_head_and_prefix_are_those_of_the_state(old: OldState, part: Any, decode: Any) -> None:
    found, state = decode(old.bytes), decode_state(old.bytes)
    for name in part.__struct_fields__:
        assert getattr(found, name) == getattr(state, name)


@pytest.mark.parametrize("fields", range(1, 33))
def test_bytes_without_the_newest_fields_are_read(fields: int) -> None:
    body = msgspec.msgpack.decode(OLD[0].bytes[9:])
    older = OLD[0].bytes[:9] + msgspec.msgpack.encode(body[:fields])
    assert decode_state(older).customer_id == body[0]


def test_torn_bytes_are_an_error() -> None:
    with pytest.raises(msgspec.MsgspecError):
        decode_state(OLD[0].bytes[:-3])
