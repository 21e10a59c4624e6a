"""What is installed is what the checkout has, and nothing that wasn't pinned."""

import os
import re
import subprocess
import sys
import tomllib
import zipfile
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from streams import __version__
from streams.compiled import form
from streams.files.preset import preset_names
from streams.resources import example_flows_dir, schemas_dir

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def distribution_names(requirements: list[str]) -> set[str]:
    return {
        re.sub(r"[._]+", "-", re.split(r"[<>=!;\[ ]", line, maxsplit=1)[0]).lower()
        for line in requirements
    }


def locked(file: str) -> list[str]:
    """One text for each requirement of a lock file, its hashes included."""
    lines = [line for line in (ROOT / file).read_text().splitlines() if not line.startswith("#")]
    return re.split(r"\n(?=\S)", "\n".join(lines).strip())


def test_the_package_and_its_metadata_have_one_version():
    assert PROJECT["version"] == __version__


def test_every_dependency_is_imported():
    sources = "\n".join(path.read_text() for path in (ROOT / "streams").rglob("*.py"))
    found = set(re.findall(r"^\s*(?:import|from) (\w+)", sources, re.MULTILINE))
    found.add("tzdata")  # read as a resource, engine/values/calendar.py
    distributions = packages_distributions()
    used = {name for module in found for name in distributions.get(module, ())}
    assert distribution_names(PROJECT["dependencies"]) <= distribution_names(list(used))


@pytest.mark.parametrize(
    ("file", "needed"),
    [
        ("requirements.txt", PROJECT["dependencies"]),
        (
            "requirements-dev.txt",
            PROJECT["dependencies"] + PROJECT["optional-dependencies"]["dev"],
        ),
    ],
)
def test_lock_files_pin_everything_with_hashes_and_name_no_place(file, needed):
    requirements = locked(file)
    for requirement in requirements:
        assert re.match(r"[A-Za-z0-9._-]+==\S+", requirement)
        assert "--hash=sha256:" in requirement
    assert distribution_names(needed) <= distribution_names(requirements)
    text = (ROOT / file).read_text()
    assert not re.search(r"://|--index|--find-links|--trusted-host|\s/\w+/", text)


def test_both_lock_files_agree():
    assert {one.split()[0] for one in locked("requirements.txt")} <= {
        one.split()[0] for one in locked("requirements-dev.txt")
    }


def test_resources_of_a_checkout_are_those_beside_the_package():
    assert schemas_dir() == ROOT / "schemas"
    assert example_flows_dir() == ROOT / "flows"


def installed_wheel(folder: Path, form: str) -> tuple[str, Path]:
    """Builds a wheel; returns its name and the folder that it was extracted to."""
    build = ["-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    run = subprocess.run(
        [sys.executable, *build],
        capture_output=True,
        text=True,
        env=os.environ | {"SENDFLOW_FORM": form},
    )
    assert run.returncode == 0, run.stdout + run.stderr
    (wheel,) = folder.glob("*.whl")
    zipfile.ZipFile(wheel).extractall(folder / "installed")
    return wheel.name, folder / "installed"


def printed_by(script: str, installed: Path, **variables: str) -> list[str]:
    """The words that `script` prints with the package in `installed`."""
    return subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        check=True,
        cwd=installed.parent,
        env={"PYTHONPATH": str(installed), **variables},
    ).stdout.split()


def test_a_wheel_carries_the_compiled_form_where_it_was_built(tmp_path):
    if not form().is_compiled:
        pytest.skip(f"this checkout runs {form()}")
    name, installed = installed_wheel(tmp_path, "compiled")
    assert not name.endswith("-any.whl")
    script = (
        "from streams.compiled import form; import streams.task as t; print(form(), t.__file__)"
    )
    found = printed_by(script, installed, SENDFLOW_FORM="compiled")
    assert found[0] == "compiled"
    assert Path(found[1]).is_relative_to(installed / "streams" / "compiled" / "library")


def test_a_wheel_carries_schemas_and_flows_and_finds_them(tmp_path):
    name, installed = installed_wheel(tmp_path, "interpreted")
    assert name.endswith("-none-any.whl")
    script = "from streams.resources import *; print(schemas_dir()); print(example_flows_dir())"
    found = printed_by(script, installed)
    shipped = installed / "streams" / "shipped"
    assert [Path(path) for path in found] == [shipped / "schemas", shipped / "flows"]
    for name in ("schemas", "flows"):
        files = {path.relative_to(ROOT / name) for path in tracked(ROOT / name)}
        assert files
        assert files <= {path.relative_to(shipped / name) for path in tracked(shipped / name)}
    assert len(tracked(installed / "streams" / "files" / "presets")) == len(preset_names())
    assert not (installed / "tests").exists()


def tracked(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file() and path.name[0] != "."]
