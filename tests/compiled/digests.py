"""Digests of all that the form of this process writes, as JSON, by the name of a case or the number
of a random history of FILE: `python -m tests.compiled.digests PART FILE`."""

import hashlib
import itertools
import json
import pickle
import sys
from pathlib import Path
from typing import Any, Literal

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from streams.compiled import form
from streams.compiled.library import digest, source_of
from streams.compiled.modules import HOT
from streams.flowtest import world
from streams.flowtest.cases import Case
from streams.flowtest.run import run_case
from streams.local import LocalTask
from tests.harness.cases import all_cases, name_of
from tests.properties.generated import Happening, Raw, histories, sets
from tests.properties.test_generated_flows import run

Part = Literal["sample", "rest"]
"""Of all cases and histories: together they are the whole."""
ONE_IN = 10
HISTORIES: dict[Part, int] = {"sample": 12, "rest": 48}


def cases_of(part: Part) -> list[Case]:
    """The sample has one case in ten of each file, and at least one. Which ones, changes with the
    modules that are compiled: a change of them is judged by other cases than the change before."""
    sources = "".join(digest(source_of(module)) for module in HOT)
    turn = int(hashlib.sha256(sources.encode()).hexdigest(), 16)
    found = []
    for _, of_a_file in itertools.groupby(all_cases(), key=lambda case: case.file):
        cases = list(of_a_file)
        first = turn % min(ONE_IN, len(cases))
        sample = range(first, len(cases), ONE_IN)
        found += [case for n, case in enumerate(cases) if (n in sample) == (part == "sample")]
    return found


def main() -> None:
    """Prints the form and the digests."""
    part: Any = sys.argv[1]
    found = {"form": str(form()), **_of_cases(part), **_of_histories(Path(sys.argv[2]))}
    print(json.dumps(found))


def _of_cases(part: Part) -> dict[str, str]:
    """Each case is run step by step, restored, and in one batch."""
    made: list[LocalTask] = []

    class Kept(LocalTask):
        def __init__(self, *arguments: Any, **named: Any) -> None:
            super().__init__(*arguments, **named)
            made.append(self)

    digests = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(world, "LocalTask", Kept)
        for case in cases_of(part):
            made.clear()
            run_case(case)
            written = [(one.output, one.changelog, dict(one.store.items())) for one in made]
            digests[name_of(case)] = _digest(written)
    return digests


def _of_histories(file: Path) -> dict[str, str]:
    return {
        f"history {number}": _digest(run(first, then, history, restores=False))
        for number, (first, then, history) in enumerate(pickle.loads(file.read_bytes()))
    }


def write_histories(part: Part, file: Path) -> None:
    """Writes random sets of flows and histories for `main`. They are made once, because Hypothesis
    also draws constants from the sources that it finds, and compiled modules show none."""
    made: list[tuple[Raw, Raw, list[Happening]]] = []

    @settings(
        max_examples=HISTORIES[part],
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(sets, sets, histories())
    def make(first: Raw, then: Raw, history: list[Happening]) -> None:
        made.append((first, then, history))

    make()
    file.write_bytes(pickle.dumps(made))


def _digest(written: object) -> str:
    return hashlib.sha256(repr(written).encode()).hexdigest()


if __name__ == "__main__":
    main()
