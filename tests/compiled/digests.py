"""Digests of all that the form of this process writes, as JSON, by the name of a case or the number
of a random history of FILE: `python -m tests.compiled.digests FILE`."""

import hashlib
import json
import pickle
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from streams.compiled import form
from streams.flowtest import world
from streams.flowtest.run import run_case
from streams.local import LocalTask
from tests.harness.cases import all_cases, name_of
from tests.properties.generated import Happening, Raw, histories, sets
from tests.properties.test_generated_flows import run

HISTORIES = 60


def main() -> None:
    """Prints the form and the digests."""
    found = {"form": str(form()), **_of_cases(), **_of_histories(Path(sys.argv[1]))}
    print(json.dumps(found))


def _of_cases() -> dict[str, str]:
    """Each case is run step by step, restored, and in one batch."""
    made: list[LocalTask] = []

    class Kept(LocalTask):
        def __init__(self, *arguments: Any, **named: Any) -> None:
            super().__init__(*arguments, **named)
            made.append(self)

    digests = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(world, "LocalTask", Kept)
        for case in all_cases():
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


def write_histories(file: Path) -> None:
    """Writes random sets of flows and histories for `main`. They are made once, because Hypothesis
    also draws constants from the sources that it finds, and compiled modules show none."""
    made: list[tuple[Raw, Raw, list[Happening]]] = []

    @settings(
        max_examples=HISTORIES,
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
