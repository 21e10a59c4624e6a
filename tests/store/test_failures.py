"""A store is quarantined where it is damaged, and nowhere else."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from streams.errors import Refused, StoreUnusable
from streams.ports import StoreBatch
from streams.store.failures import store_error
from streams.store.rocks import DAMAGED_SUFFIX, RocksStore, StoreMemory, open_store, quarantine
from tests.store.states import state

FOLDER = Path("data/sendflow-3")

# What RocksDB and its binding say, met with the version that is installed.
OF_THE_SYSTEM = {
    "IO error: No space left on device: While appending to file: data/sendflow-3/000013.sst: No "
    "space left on device": "free disk space",
    "IO error: While appending to file: data/sendflow-3/000013.sst: Disk quota exceeded": "quota",
    "IO error: While appending to file: data/sendflow-3/000013.sst: File too large": "ulimit -f",
    "IO error: While opendir: data/sendflow-3: Too many open files": "ulimit -n",
    "Corruption: IO error: While open a file for random read: 000008.sst: Too many open files  The "
    "file MANIFEST-000005 may be corrupted.": "ulimit -n",
    "Permission denied (os error 13)": "grant this user read and write access to data_dir",
    "IO error: While open a file: data/sendflow-3/LOCK: Permission denied": "grant this user",
    "Read-only file system (os error 30)": "mount the disk writable",
    "IO error: While pread offset 0 len 5: 000008.sst: Input/output error": "check the disk",
}


@pytest.mark.parametrize("said", OF_THE_SYSTEM)
def test_what_the_system_does_not_allow_is_for_the_user_to_mend(said: str) -> None:
    error = store_error(FOLDER, "writing", Exception(said))
    assert isinstance(error, Refused)
    assert str(error).startswith(f"{FOLDER}: writing: {said}; ")
    assert OF_THE_SYSTEM[said] in str(error)
    assert "data_dir" in str(error)
    assert "restart: " in str(error)


@pytest.mark.parametrize(
    "said",
    [
        "Corruption: CURRENT file does not end with newline",
        "Corruption: block checksum mismatch: stored = 0, computed = 1",
        "Corruption: Corruption: IO error: No such file or directory: While open a file for random "
        "read: data/sendflow-3/000008.sst: No such file or directory",
        "IO error: No such file or directory: While opening a file for sequentially reading: "
        "data/sendflow-3/MANIFEST-000005: No such file or directory",
    ],
)
def test_damage_is_rebuilt(said: str) -> None:
    assert isinstance(store_error(FOLDER, "reading", Exception(said)), StoreUnusable)


@pytest.mark.parametrize("error", [KeyError(b"ada"), Exception("Invalid argument: no such thing")])
def test_a_bug_of_ours_is_neither(error: Exception) -> None:
    found = store_error(FOLDER, "writing", error)
    assert type(found) is RuntimeError
    assert str(error) in str(found)


def test_an_error_of_the_system_that_is_not_listed_is_for_the_user_too() -> None:
    error = store_error(FOLDER, "creating its directory", OSError(40, os.strerror(40), "data"))
    assert isinstance(error, Refused)
    assert "data_dir" in str(error)


@pytest.fixture
def memory() -> StoreMemory:
    return StoreMemory(8 * 1024 * 1024)


@pytest.fixture
def folder(tmp_path: Path, memory: StoreMemory) -> Path:
    """Of a healthy store."""
    store = RocksStore(tmp_path / "0", memory)
    store.write(StoreBatch({b"anna": state(100)}, 7, 1))
    store.close()
    return tmp_path / "0"


def test_a_healthy_store_is_not_quarantined_for_want_of_open_files(folder: Path) -> None:
    """In a process of its own: the limit can't be raised again."""
    program = (
        "import os, resource, sys\n"
        "from pathlib import Path\n"
        "from streams.store.rocks import StoreMemory, open_store\n"
        "memory = StoreMemory(8_000_000)\n"
        "limit = len(os.listdir('/proc/self/fd')) + 1\n"
        "resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))\n"
        "open_store(Path(sys.argv[1]), memory)\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program, str(folder)], capture_output=True, text=True, check=False
    )
    assert "Refused" in ran.stderr, ran.stderr
    assert "ulimit -n" in ran.stderr
    assert not folder.with_name(f"0{DAMAGED_SUFFIX}").exists()


class Elsewhere:
    """Stands in for the database: whatever is asked of it fails."""

    def __init__(self, said: str) -> None:
        self._said = said

    def __getattr__(self, name: str) -> Any:
        def fail(*_: object, **__: object) -> None:
            raise Exception(self._said)  # as rocksdict does

        return fail


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("IO error: While appending to file: 1.sst: No space left on device", Refused),
        ("IO error: While open a file: 1.sst: Too many open files", Refused),
        ("Corruption: block checksum mismatch", StoreUnusable),
    ],
)
def test_reading_writing_and_iterating_fail_in_the_same_way(
    folder: Path, memory: StoreMemory, said: str, expected: type[Exception]
) -> None:
    store = RocksStore(folder, memory)
    database: Any = store._database
    store._database = Elsewhere(said)  # type: ignore[assignment]
    for use in (
        lambda: store.get(b"anna"),
        store.changelog_offset,
        lambda: store.customers(b"", 1),
        lambda: store.timers(0, 1_000, 1),
        lambda: store.write(StoreBatch({b"bob": state(1)}, 8, 2)),
    ):
        with pytest.raises(expected, match=r"while|mismatch|appending|open a file"):
            use()
    store._database = database
    store.close()


def test_a_folder_that_can_not_be_made_is_refused_by_name(
    tmp_path: Path, memory: StoreMemory
) -> None:
    (tmp_path / "data").write_text("a file in its place")
    with pytest.raises(Refused, match=r"creating its directory.*data_dir"):
        RocksStore(tmp_path / "data" / "sendflow-0", memory)


def test_a_damaged_store_that_can_not_be_moved_is_refused_by_name(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(self: Path, target: Path) -> Path:
        raise PermissionError(13, os.strerror(13), str(self))

    monkeypatch.setattr(Path, "rename", fail)
    with pytest.raises(Refused, match=r"cannot be moved to .*Permission denied.*rebuilt"):
        quarantine(folder)


@pytest.mark.skipif(os.geteuid() == 0, reason="nobody denies root anything")
def test_a_healthy_store_is_not_quarantined_for_want_of_a_permission(
    folder: Path, memory: StoreMemory
) -> None:
    (folder / "LOCK").chmod(0)
    with pytest.raises(Refused, match="grant this user"):
        open_store(folder, memory)
    assert not folder.with_name(f"0{DAMAGED_SUFFIX}").exists()
