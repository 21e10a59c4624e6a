"""The offline harness in processes of its own, as it always runs."""

from pathlib import Path

import pytest

from benchmarks.jobs import ROOT, SAME_JOB
from benchmarks.offline import Checkout, compare, line
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


def test_two_runs_write_the_same_and_so_do_both_stores(records: Path) -> None:
    this = Checkout(ROOT)
    memory, rocks = this.run(records), this.run(records, "--rocks")
    for what in ("digest", "states", "commands", "output_records", "events"):
        assert memory[what] == rocks[what]
    assert memory["events"] == EVENTS
    assert len(memory["run_us"]) == EVENTS // CHUNK
    assert memory["digest"][:12] in line("this", memory)


def test_checkouts_are_compared_in_turns(records: Path) -> None:
    found = compare(Checkout(ROOT), Checkout(ROOT), 2, records, [])
    assert found["same_records"]
    assert found["same_states"]
    assert [len(found["ratios"][part]) for part in ("run", "prepare", "store")] == [2, 2, 2]


def test_other_decisions_have_another_digest(records: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    write_records(other, ROOT / "flows", EVENTS, MINUTE, CUSTOMERS)
    this = Checkout(ROOT)
    runs = this.run(records), this.run(other)
    assert runs[0]["digest"] != runs[1]["digest"]
    assert runs[0]["states"] != runs[1]["states"]
