import msgspec

from benchmarks.command_reader import trigger_of
from benchmarks.contracts import COMMAND
from streams.contracts.encode import EffectEncoder
from streams.contracts.wire import SINGLE_OBJECT_HEADER


def test_a_command_names_its_event_with_or_without_a_header() -> None:
    (record,) = EffectEncoder().commands([COMMAND])
    assert record.value is not None
    assert trigger_of(record.value) == COMMAND.trigger_event_id
    assert trigger_of(record.value[SINGLE_OBJECT_HEADER:]) == COMMAND.trigger_event_id


def test_a_command_may_come_from_no_event() -> None:
    command = msgspec.structs.replace(COMMAND, trigger_event_id=None)
    (record,) = EffectEncoder().commands([command])
    assert record.value is not None
    assert trigger_of(record.value) is None
