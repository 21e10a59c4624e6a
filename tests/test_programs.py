"""Records of `control` as a process reads them (DESIGN 3)."""

import json

import pytest

from streams.contracts.control import DefinitionsRecord, encode_definitions, model_record
from streams.engine import Program
from streams.engine.customer import MODEL
from streams.engine.forecast import Part, PurchaseModel
from streams.errors import Refused
from streams.ports import MODEL_KEY, Facts, Record
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


def test_a_purchase_model_is_a_fact() -> None:
    model = PurchaseModel("own", (Part("own_rate"),))
    written = model_record(model)
    assert written.key == MODEL_KEY
    assert Programs().read(Record(0, 0, MODEL_KEY, written.value)) == Facts({MODEL: model})


def test_a_set_of_newer_semantics_ends_the_worker() -> None:
    newer = SEMANTICS[-1] + 1
    with pytest.raises(Refused, match=f"need semantics {newer}, supported: 1, 2; upgrade sendflow"):
        read(newer)
