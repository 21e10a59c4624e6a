"""The offline harness in processes of its own, as it always runs."""

from pathlib import Path
from typing import Any

import pytest

from benchmarks.jobs import ROOT, SAME_JOB
from benchmarks.offline import DIGESTS, PARTS, Checkout, compare, line
from benchmarks.offline_records import read_records, write_records
from benchmarks.offline_run import CHUNK

CUSTOMERS = 200
EVENTS = 2 * CHUNK
MINUTE = 60_000


@pytest.fixture(scope="module")
def records(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A minute between two events: timers come due."""
    path = tmp_path_factory.mktemp("offline") / "records"
    write_records(path, SAME_JOB, EVENTS, MINUTE, CUSTOMERS)
    return path


def test_records_are_the_same_whenever_they_are_made(records: Path, tmp_path: Path) -> None:
    write_records(tmp_path / "again", SAME_JOB, EVENTS, MINUTE, CUSTOMERS)
    assert (tmp_path / "again").read_bytes() == records.read_bytes()
    assert sum(map(len, read_records(records).events.values())) == EVENTS


@pytest.fixture(scope="module")
def pair(records: Path) -> dict[str, Any]:
    """This checkout against itself."""
    return compare(Checkout(ROOT), Checkout(ROOT), 1, records, [])


def test_two_runs_write_the_same(pair: dict[str, Any]) -> None:
    assert pair["same"] == {"records": True, "outputs": True, "states": True}
    assert [len(pair["ratios"][part]) for part in PARTS] == [1, 1, 1]


def test_a_run_is_of_all_events_and_its_line_names_the_digests(pair: dict[str, Any]) -> None:
    ((run, _),) = pair["pairs"]
    assert run["events"] == EVENTS
    assert [len(run[f"{part}_us"]) for part in PARTS] == [EVENTS // CHUNK] * 3
    text = line("this", run)
    for what, name in DIGESTS.items():
        assert f"{what} {run[name][:12]}" in text


def test_both_stores_hold_the_same(records: Path, pair: dict[str, Any]) -> None:
    ((memory, _),), rocks = pair["pairs"], Checkout(ROOT).run(records, "--rocks")
    for what in ("digest", "outputs", "states", "state_bytes", "commands", "output_records"):
        assert memory[what] == rocks[what]


def test_other_decisions_have_other_digests(pair: dict[str, Any], tmp_path: Path) -> None:
    write_records(tmp_path / "other", ROOT / "flows", EVENTS, MINUTE, CUSTOMERS)
    ((run, _),), other = pair["pairs"], Checkout(ROOT).run(tmp_path / "other")
    for name in DIGESTS.values():
        assert run[name] != other[name]
