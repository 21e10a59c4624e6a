"""States of format 1 are read. `states_of_format_1.jsonl` was written by the last version with that
format: states of the customers of the YAML cases and of the comparison's shop, each with what it
means, chosen so that every field, kind of journey and form of past event occurs."""

from typing import Any

import msgspec
import pytest

from streams.engine import decode_state, encode_state
from streams.engine.customer.format_1 import FORMAT_1
from streams.engine.customer.state import FORMAT, StateHead, StatePrefix, decode_head, decode_prefix
from tests.engine.customer.old_states import OldState, assert_means, read_states

OLD = read_states("states_of_format_1.jsonl")


@pytest.mark.parametrize("old", OLD)
def test_old_states_mean_the_same(old: OldState) -> None:
    assert old.bytes[:1] == FORMAT_1
    state = decode_state(old.bytes)
    assert_means(state, old.meaning)
    assert decode_state(encode_state(state)) == state


@pytest.mark.parametrize("old", OLD)
def test_old_states_are_written_in_the_new_format_and_smaller(old: OldState) -> None:
    new = encode_state(decode_state(old.bytes))
    assert new[0] == FORMAT
    assert new[1:9] == old.bytes[1:9]  # the due time, which stores read
    assert len(new) < len(old.bytes)


@pytest.mark.parametrize("old", OLD)
@pytest.mark.parametrize(
    ("part", "decode"), [(StateHead, decode_head), (StatePrefix, decode_prefix)]
)
def test_head_and_prefix_of_an_old_state_are_those_of_the_state(
    old: OldState, part: Any, decode: Any
) -> None:
    found, state = decode(old.bytes), decode_state(old.bytes)
    for name in part.__struct_fields__:
        assert getattr(found, name) == getattr(state, name)


@pytest.mark.parametrize("fields", range(1, 15))
def test_old_bytes_without_the_newest_fields_are_read(fields: int) -> None:
    body = msgspec.msgpack.decode(OLD[0].bytes[9:])
    older = OLD[0].bytes[:9] + msgspec.msgpack.encode(body[:fields])
    assert decode_state(older).customer_id == body[0]


def test_torn_bytes_of_an_old_state_are_an_error() -> None:
    with pytest.raises(msgspec.MsgspecError):
        decode_state(OLD[0].bytes[:-3])
