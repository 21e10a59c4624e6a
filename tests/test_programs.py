"""Records of `control` as a process reads them (DESIGN 3)."""

import json

import pytest

from streams.contracts.control import DefinitionsRecord, encode_definitions
from streams.engine import Program
from streams.errors import Refused
from streams.ports import Record
from streams.programs import SEMANTICS, Programs

FLOW = {
    "flow": "f",
    "trigger": {"metric": "order.placed"},
    "steps": [{"send": "email", "template": "t"}],
}


def read(semantics: int) -> object:
    definitions = json.dumps({"flows": [FLOW]})
    record = DefinitionsRecord(0, f"v{semantics}", semantics, "test", definitions, {})
    return Programs().read(Record(0, 0, b"definitions", encode_definitions(record)))


@pytest.mark.parametrize("semantics", SEMANTICS)
def test_sets_of_earlier_semantics_are_read(semantics: int) -> None:
    program = read(semantics)
    assert isinstance(program, Program)
    assert program.version == f"v{semantics}"


def test_a_set_of_newer_semantics_ends_the_worker() -> None:
    newer = SEMANTICS[-1] + 1
    with pytest.raises(Refused, match=f"need semantics {newer}, supported: 1, 2; upgrade sendflow"):
        read(newer)
