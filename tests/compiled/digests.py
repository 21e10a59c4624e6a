"""Digests of all that the form of this process writes: `python -m tests.compiled.digests` prints
them as JSON, by the name of a case or the number of a random history."""

import hashlib
import json
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
    found = {"form": str(form()), **_of_cases(), **_of_histories()}
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


def _of_histories() -> dict[str, str]:
    """Any flows over any history, the same ones in each process."""
    digests: dict[str, str] = {}

    @settings(
        max_examples=HISTORIES,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(sets, sets, histories())
    def histories_of(first: Raw, then: Raw, history: list[Happening]) -> None:
        digests[f"history {len(digests)}"] = _digest(run(first, then, history, restores=False))

    histories_of()
    return digests


def _digest(written: object) -> str:
    return hashlib.sha256(repr(written).encode()).hexdigest()


if __name__ == "__main__":
    main()
