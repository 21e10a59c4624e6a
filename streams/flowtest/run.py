"""Runs a case on the real task, in three ways that must give the same outputs.

step by step    each moment of the case is fed, decided and committed on its own
restored        as above; after each moment, memory and store are lost and restored from the
                changelog
in one batch    all records are fed at once, and only fields that definitions read are decoded
"""

import msgspec

from streams.engine import Definitions, Instant
from streams.engine.values import Problem
from streams.flowtest.cases import Case
from streams.flowtest.script import Script, read_chosen
from streams.flowtest.world import CaseOutputs, InputRecord
from streams.ports import DAY_FACTS_KEY


class Ran(msgspec.Struct):
    """A case that ran until a moment: its outputs, those of the ways of running it that differed,
    and its input records in order, without the facts of its days, which each run computes."""

    definitions: Definitions
    outputs: CaseOutputs
    differing: dict[str, CaseOutputs]
    records: list[InputRecord]
    until: Instant


def run_case(case: Case) -> Ran | list[Problem]:
    """Runs `case` in every way, or returns the problems of its definitions. Raises WrongCase for an
    invalid case."""
    played = _play(case)
    if isinstance(played, list):
        return played
    script, ran = played
    others = {
        "restored from the changelog after each moment": script.replay(restores=True),
        "run in one batch": script.replay(restores=False),
    }
    found = ran.outputs.by_kind()
    ran.differing = {way: other for way, other in others.items() if other.by_kind() != found}
    return ran


def play_case(case: Case) -> Ran | list[Problem]:
    """Runs `case` step by step alone: `differing` is empty. Else like `run_case`."""
    played = _play(case)
    return played if isinstance(played, list) else played[1]


def _play(case: Case) -> tuple[Script, Ran] | list[Problem]:
    definitions = read_chosen(case.definitions, case.left_out)
    if not isinstance(definitions, Definitions):
        return definitions
    script = Script(case, definitions)
    outputs = script.play()
    given = [record for record in script.records if record.key != DAY_FACTS_KEY]
    return script, Ran(definitions, outputs, {}, given, script.until)
