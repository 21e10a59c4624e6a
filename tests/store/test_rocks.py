import random
import re
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from streams.errors import Refused, StoreUnusable
from streams.ports import StoreBatch
from streams.store.rocks import DAMAGED_SUFFIX, RocksStore, StoreMemory, open_store
from tests.harness.eventually import eventually
from tests.store.states import state
from tests.store.writer import CUSTOMERS, numbered

MEGABYTE = 1024 * 1024


@pytest.fixture
def memory() -> StoreMemory:
    return StoreMemory(8 * MEGABYTE)


def test_what_was_written_is_there_after_closing_and_opening(tmp_path, memory):
    store = RocksStore(tmp_path / "0", memory)
    store.write(StoreBatch({b"anna": state(100, b"x"), b"\x00position": b"p"}, 7, 1_234))
    store.close()
    store = RocksStore(tmp_path / "0", memory)
    assert store.get(b"anna") == state(100, b"x")
    assert store.get(b"\x00position") == b"p"
    assert store.timers(0, 101, 10) == [(100, b"anna")]
    assert (store.changelog_offset(), store.written_at()) == (7, 1_234)
    store.close()


def test_pitfall_46_a_new_store_has_no_offset_and_zero_is_one(tmp_path, memory):
    store = RocksStore(tmp_path / "0", memory)
    assert store.changelog_offset() is None
    assert store.written_at() is None
    store.write(StoreBatch({}, 0, 0))
    assert store.changelog_offset() == 0
    assert store.written_at() == 0
    store.close()


def test_pitfall_27_the_timer_that_is_written_later_wins(tmp_path, memory):
    store = RocksStore(tmp_path / "0", memory)
    for offset, due in enumerate([100, None, 300, 300, 200]):
        store.write(StoreBatch({b"anna": state(due)}, offset, 0))
    assert store.timers(0, 1_000, 10) == [(200, b"anna")]
    store.write(StoreBatch({b"anna": None}, 6, 0))
    assert store.timers(0, 1_000, 10) == []
    store.close()


def test_due_times_that_a_batch_names_are_not_read(tmp_path, memory):
    store = RocksStore(tmp_path / "0", memory)
    customers = [b"anna", b"ben", b"cleo"]
    store.write(StoreBatch({customer: state(100) for customer in customers}, 1, 0))
    named = {b"anna": state(100)[1:9], b"cleo": state(100)[1:9]}
    changes = {b"anna": state(200), b"ben": state(300), b"cleo": None, b"dora": state(400)}
    store.write(StoreBatch(changes, 2, 0, named))
    assert store.timers(0, 1_000, 10) == [(200, b"anna"), (300, b"ben"), (400, b"dora")]
    store.close()


def test_clear_leaves_a_new_store(tmp_path, memory):
    store = RocksStore(tmp_path / "0", memory)
    store.write(StoreBatch({b"anna": state(100)}, 7, 1))
    store.clear()
    assert list(store.items()) == []
    assert store.timers(0, 1_000, 10) == []
    assert store.changelog_offset() is None
    store.write(StoreBatch({b"anna": state(200)}, 1, 1))
    assert store.timers(0, 1_000, 10) == [(200, b"anna")]
    store.close()


def killed_after(directory: Path, batches: int, *options: str) -> int:
    """Runs the writer, kills it with -9 in the middle of writing; the last batch it finished."""
    writer = subprocess.Popen(
        [sys.executable, "-m", "tests.store.writer", str(directory), *options],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert writer.stdout is not None
    with writer:
        last = 0
        for _ in range(batches):
            last = int(writer.stdout.readline())
        writer.kill()
        return max([last, *(int(line) for line in writer.stdout if line.endswith("\n"))])


def assert_whole(store: RocksStore) -> int | None:
    """State, timers and offset are of the same batch; its number, None for none."""
    number = store.changelog_offset()
    if number is None:
        assert list(store.items()) == []
        assert store.timers(0, 2**40, 1_000) == []
        return None
    assert dict(store.items()) == {**numbered(number), b"\x00position": b"%d" % number}
    assert store.timers(0, 2**40, 1_000) == [(number, key) for key in sorted(CUSTOMERS)]
    assert store.written_at() == number
    return number


@pytest.mark.parametrize("options", [(), ("--log",)])
def test_pitfall_03_after_kill_9_state_timers_and_offset_are_of_the_same_batch(
    tmp_path, memory, options
):
    directory = tmp_path / "0"
    reached = []
    for batches in (1, 40, 120):
        last = killed_after(directory, batches, *options)
        store = RocksStore(directory, memory)
        number = assert_whole(store)
        store.close()
        if number is not None:
            assert number <= last + 1
            reached.append(number)
        if options:  # what was written is there, whatever happens
            assert number is not None
            assert number >= last
    assert reached, "no write buffer was ever flushed: the test saw nothing"
    assert reached == sorted(reached)


@pytest.mark.parametrize("options", [(), ("--log",)])
@pytest.mark.parametrize("room", [70_000, 100_003])
def test_pitfall_03_a_write_that_breaks_off_leaves_all_of_a_batch_or_nothing(
    tmp_path, memory, options, room
):
    """No room in the middle of a write: RocksDB's log, or a table, ends in half a batch."""
    writer = subprocess.run(
        [sys.executable, "-m", "tests.store.writer", tmp_path / "0", "--room", str(room), *options],
        capture_output=True,
        text=True,
    )
    assert writer.returncode == 1, "it never met the limit"
    assert "Refused" in writer.stderr
    assert "File too large" in writer.stderr
    store = RocksStore(tmp_path / "0", memory)
    number = assert_whole(store)
    assert (number or 0) <= len(writer.stdout.splitlines()) + 1
    store.write(StoreBatch({b"anna": state(1)}, 10_000, 1))  # and it can be written again
    store.close()


def test_pitfall_33_a_lock_is_waited_for(tmp_path, memory):
    first = RocksStore(tmp_path / "0", memory)
    first.write(StoreBatch({b"anna": state(1)}, 1, 1))
    release = threading.Timer(0.3, first.close)
    release.start()
    second = RocksStore(tmp_path / "0", memory, lock_within=20.0)
    assert second.get(b"anna") == state(1)
    second.close()
    release.join()


def test_pitfall_33_a_lock_that_stays_is_refused_by_name(tmp_path, memory):
    first = RocksStore(tmp_path / "0", memory)
    with pytest.raises(Refused, match=r"locked by another worker.*data_dir"):
        RocksStore(tmp_path / "0", memory, lock_within=0.0)
    with pytest.raises(Refused, match="locked"):
        RocksStore(tmp_path / "0", memory, lock_within=60.0, is_stopped=lambda: True)
    first.close()


def rocksdb_log(directory: Path) -> str:
    return (directory / "LOG").read_text()


def test_pitfall_51_bloom_filter_and_cache_are_there_after_reopening(tmp_path, memory):
    for _ in range(2):
        store = RocksStore(tmp_path / "0", memory)
        store.write(StoreBatch({b"anna": state(1)}, 1, 1))
        store.close()
    log = rocksdb_log(tmp_path / "0")
    assert "filter_policy: bloomfilter" in log
    assert "block_cache_options" in log
    assert f"capacity : {8 * MEGABYTE}" in log
    assert "filter_policy: nullptr" not in log
    assert "no_block_cache: 1" not in log


def resident() -> int:
    """Bytes of this process that are in memory."""
    status = Path("/proc/self/status").read_text()
    return int(re.findall(r"VmRSS:\s+(\d+) kB", status)[0]) * 1024


def test_pitfall_51_the_memory_of_many_stores_is_bounded_together(tmp_path):
    """96 of them; each by itself might take a cache and a write buffer of its own."""
    before = resident() if Path("/proc/self/status").exists() else None
    memory = StoreMemory(32 * MEGABYTE)
    stores = [RocksStore(tmp_path / str(number), memory) for number in range(96)]
    assert len({id(store._memory.cache) for store in stores}) == 1
    body = random.Random(0).randbytes(100_000)

    def write_buffers() -> int:
        name = "rocksdb.size-all-mem-tables"
        return sum(store._database.property_int_value(name) or 0 for store in stores)

    def is_bounded() -> bool:
        """As long as something is written, what is too much is flushed in the background."""
        for store in stores:
            store.write(StoreBatch({b"anna": state(1)}, 0, 1))
        return max(write_buffers(), memory.cache.get_usage()) <= 48 * MEGABYTE

    for number in range(16):  # 96 stores x 16 x 100 x 1,000 bytes: 150 MB in all
        changes: dict[bytes, bytes | None] = {
            b"%d-%d" % (number, n): state(None, body[n * 900 : n * 900 + 1_000]) for n in range(100)
        }
        for store in stores:
            store.write(StoreBatch(changes, number, 1))
        eventually(
            is_bounded,
            within=30,
            every=0.2,
            message=lambda: (
                f"buffers {write_buffers():,}, with blocks {memory.cache.get_usage():,}"
            ),
        )
    if before is not None:
        assert resident() - before <= 128 * MEGABYTE
    for store in stores:
        store.close()


def damage(directory: Path) -> None:
    for file in directory.glob("MANIFEST-*"):
        file.write_bytes(b"\x00 no manifest" + bytes(100))


def test_pitfall_53_a_damaged_store_is_quarantined_once(tmp_path, memory):
    store = open_store(tmp_path / "0", memory)
    store.write(StoreBatch({b"anna": state(1)}, 1, 1))
    store.close()
    damage(tmp_path / "0")
    store = open_store(tmp_path / "0", memory)
    assert store.changelog_offset() is None
    assert (tmp_path / f"0{DAMAGED_SUFFIX}").is_dir()
    store.close()
    damage(tmp_path / "0")
    with pytest.raises(Refused, match="corrupt again"):
        open_store(tmp_path / "0", memory)


def test_pitfall_53_a_table_that_is_damaged_is_found_when_it_is_read(tmp_path, memory):
    store = RocksStore(tmp_path / "0", memory)
    changes: dict[bytes, bytes | None] = {b"%d" % n: state(n) for n in range(2_000)}
    store.write(StoreBatch(changes, 1, 1))
    store.close()
    (table,) = (tmp_path / "0").glob("*.sst")
    content = bytearray(table.read_bytes())
    content[: len(content) // 2] = bytes(len(content) // 2)
    table.write_bytes(content)
    store = RocksStore(tmp_path / "0", memory)
    for read in (
        lambda: list(store.items()),
        lambda: store.customers(b"", 10_000),
        lambda: [store.get(b"%d" % n) for n in range(2_000)],
        lambda: store.write(StoreBatch({b"%d" % n: state(1) for n in range(2_000)}, 2, 2)),
    ):
        with pytest.raises(StoreUnusable, match=r"(?i)corruption"):
            read()
    store.close()
