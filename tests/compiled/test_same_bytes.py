"""Both forms write the same bytes: outputs, changelog and store of every case and of random
histories."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from streams.compiled import form
from tests.compiled.digests import write_histories

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


def digests_of_both(histories: Path) -> list[dict[str, str]]:
    """Those of the compiled form and of the interpreted one, which run at the same time."""
    command = [sys.executable, "-m", "tests.compiled.digests", str(histories)]
    running = [
        subprocess.Popen(
            command,
            env=os.environ | {"SENDFLOW_FORM": name},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for name in ("compiled", "interpreted")
    ]
    ended = [(process.communicate(), process.returncode) for process in running]
    for (_, errors), status in ended:
        assert status == 0, errors
    return [json.loads(printed) for (printed, _), _ in ended]


def test_both_forms_write_the_same_bytes(tmp_path: Path) -> None:
    if not form().is_compiled:
        pytest.skip(f"this checkout runs {form()}")
    write_histories(tmp_path / "histories")
    compiled, interpreted = digests_of_both(tmp_path / "histories")
    assert compiled.pop("form") == "compiled"
    assert interpreted.pop("form").startswith("interpreted")
    assert len(compiled) > 400
    differing = [name for name in interpreted if compiled.get(name) != interpreted[name]]
    assert (differing, len(compiled)) == ([], len(interpreted))
