"""Runs a case on the real task, several times in different ways that must come to the same.

step by step    every moment of the case is fed, decided and committed by itself
restored        as above, and after each moment memory and store are lost and come back from
                the changelog
in one batch    everything is fed at once, with only those fields decoded that somebody reads
"""

import msgspec

from streams.engine import Definitions
from streams.engine.compiling import read_definitions
from streams.engine.values import Problem
from streams.flowtest.cases import Case
from streams.flowtest.script import Script
from streams.flowtest.world import Outcome, Written
from streams.ports import DAY_FACTS_KEY


class Ran(msgspec.Struct):
    """A case that ran: what came of it, in which ways of running it that differed, and the records
    that it was made of, in order: not the facts of its days, which whoever runs it finds anew."""

    definitions: Definitions
    outcome: Outcome
    differing: dict[str, Outcome]
    records: list[Written]


def run_case(case: Case) -> Ran | list[Problem]:
    """Runs `case` in every way, or says why its definitions are refused. Raises WrongCase for a
    case that says what can't be."""
    definitions = read_definitions(case.definitions)
    if not isinstance(definitions, Definitions):
        return definitions
    script = Script(case, definitions)
    outcome = script.play()
    others = {
        "restored from the changelog after each moment": script.replay(restores=True),
        "all in one batch": script.replay(restores=False),
    }
    differing = {
        way: other for way, other in others.items() if other.written() != outcome.written()
    }
    given = [record for record in script.written if record.key != DAY_FACTS_KEY]
    return Ran(definitions, outcome, differing, given)
