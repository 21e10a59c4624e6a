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


def digests_of(name: str, histories: Path) -> dict[str, str]:
    done = subprocess.run(
        [sys.executable, "-m", "tests.compiled.digests", histories],
        env=os.environ | {"SENDFLOW_FORM": name},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_both_forms_write_the_same_bytes(tmp_path: Path) -> None:
    if not form().is_compiled:
        pytest.skip(f"this checkout runs {form()}")
    write_histories(tmp_path / "histories")
    compiled = digests_of("compiled", tmp_path / "histories")
    interpreted = digests_of("interpreted", tmp_path / "histories")
    assert compiled.pop("form") == "compiled"
    assert interpreted.pop("form").startswith("interpreted")
    assert len(compiled) > 400
    differing = [name for name in interpreted if compiled.get(name) != interpreted[name]]
    assert (differing, len(compiled)) == ([], len(interpreted))
