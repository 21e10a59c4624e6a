"""Both forms write the same bytes: outputs, changelog and store of every case and of random
histories. Each form has a hash seed of its own, so that no order of a set gets into the bytes. A
sample of them is apart, for `.ci/run`."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from streams.compiled import form
from tests.compiled.digests import HISTORIES, Part, cases_of, write_histories
from tests.harness.cases import all_cases, name_of

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


def digests_of_both(part: Part, histories: Path) -> list[dict[str, str]]:
    """Those of the compiled form and of the interpreted one, which run at the same time. With their
    seeds, a set of LAMP and VASE has two orders."""
    command = [sys.executable, "-m", "tests.compiled.digests", part, str(histories)]
    running = [
        subprocess.Popen(
            command,
            env=os.environ | {"SENDFLOW_FORM": name, "PYTHONHASHSEED": seed},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for name, seed in (("compiled", "0"), ("interpreted", "1"))
    ]
    ended = [(process.communicate(), process.returncode) for process in running]
    for (_, errors), status in ended:
        assert status == 0, errors
    return [json.loads(printed) for (printed, _), _ in ended]


@pytest.mark.parametrize("part", ["sample", pytest.param("rest", marks=pytest.mark.long)])
def test_both_forms_write_the_same_bytes(part: Part, tmp_path: Path) -> None:
    if not form().is_compiled:
        pytest.skip(f"this checkout runs {form()}")
    write_histories(part, tmp_path / "histories")
    compiled, interpreted = digests_of_both(part, tmp_path / "histories")
    assert compiled.pop("form") == "compiled"
    assert interpreted.pop("form").startswith("interpreted")
    differing = [name for name in interpreted if compiled.get(name) != interpreted[name]]
    assert (differing, len(compiled)) == ([], len(interpreted))
    assert len(compiled) == len(cases_of(part)) + HISTORIES[part]


def test_the_sample_has_cases_of_every_file_and_the_rest_all_others() -> None:
    sample, rest = cases_of("sample"), cases_of("rest")
    assert 80 < len(sample) < len(all_cases()) / 4
    assert {case.file for case in sample} == {case.file for case in all_cases()}
    assert sorted(map(name_of, sample + rest)) == sorted(map(name_of, all_cases()))
