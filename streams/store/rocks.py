"""The store in RocksDB: state, timer index and changelog offset, written atomically.

Measured per changed customer of 230 bytes: 1.1 µs without the write-ahead log, 1.4 µs with it,
2.6 µs more for reading the previous state. So the log is off: after a crash the store is as of the
last flush of its write buffer, offset and state alike, and the tail of the changelog is replayed
onto it, which happens anyway. And a batch names the due times of customers whose state was read to
change it.
"""

import contextlib
import logging
import os
import time
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any, cast

from rocksdict import (
    BlockBasedOptions,
    Cache,
    DBCompressionType,
    Options,
    Rdict,
    ReadOptions,
    WriteBatch,
    WriteBufferManager,
    WriteOptions,
)

from streams.engine import Instant, due_header
from streams.errors import Refused, StoreUnusable
from streams.ports import FIRST_CUSTOMER, StoreBatch
from streams.store.failures import store_error
from streams.store.layout import (
    NO_DUE,
    POSITION,
    STATE,
    STATE_END,
    TIMER_END,
    TIMER_PREFIX,
    position_bytes,
    read_position,
    read_timer,
    timer_start,
)

logger = logging.getLogger(__name__)

_WRITE_BUFFER = 16 * 1024 * 1024  # limits what is replayed after a crash
_ARENA_BLOCK = 128 * 1024  # memory of even an idle store; the default is 1 MB
_BLOOM_BITS = 10
_LOCK_RETRY_SECONDS = 0.1
_READ_AHEAD = 128 * 1024  # of a page of customers; the default reads 4 KB at a time
DAMAGED_SUFFIX = ".damaged"


class StoreMemory:
    """Block cache and write buffers of all stores of a process (PITFALLS fact 6, PITFALLS 51)."""

    def __init__(self, capacity: int) -> None:
        """`capacity` in bytes, of which up to half are write buffers."""
        self.cache = Cache(capacity)
        self.write_buffers = WriteBufferManager.new_write_buffer_manager_with_cache(
            capacity // 2, False, self.cache
        )


class RocksStore:
    """ports.Store in a directory of its own. Any thread may read while one writes."""

    def __init__(
        self,
        directory: Path,
        memory: StoreMemory,
        lock_within: float = 10.0,
        is_stopped: Callable[[], bool] = lambda: False,
    ) -> None:
        """Opens or creates the store. While another worker on this host holds its lock, retries for
        `lock_within` seconds (PITFALLS 33).

        Raises Refused if it stays locked or the system denies access, StoreUnusable if it is
        damaged (failures.py); so do all reads and writes."""
        self._directory = directory
        self._memory = memory
        self._write_options = WriteOptions()
        self._write_options.disable_wal = True  # type: ignore[method-assign, assignment]
        self._page_options = _page_options()
        try:
            directory.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise self._error("creating its directory", error) from error
        self._database = self._opened(lock_within, is_stopped)

    # ── Reading ───────────────────────────────────────────────────────────────────────────────

    def get(self, key: bytes) -> bytes | None:
        try:
            state: bytes | None = self._database.get(STATE + key)
        except Exception as exception:  # rocksdict has no class for RocksDB's errors
            raise self._error("reading", exception) from exception
        return state

    def changelog_offset(self) -> int | None:
        """Next changelog offset to read; None for a new store."""
        position = self._position()
        return None if position is None else position[0]

    def written_at(self) -> Instant | None:
        """Wall time of its last commit; None for a new store."""
        position = self._position()
        return None if position is None else position[1]

    def timers(self, start: Instant, end: Instant, limit: int) -> list[tuple[Instant, bytes]]:
        """Up to `limit` pairs (due, customer key), start <= due < end, in that order."""
        found: list[tuple[Instant, bytes]] = []
        last = min(timer_start(end), TIMER_END)
        for key, _ in self._range(timer_start(start), last):
            if len(found) == limit:
                break
            found.append(read_timer(key))
        return found

    def customers(self, after: bytes, limit: int) -> list[tuple[bytes, bytes]]:
        """Up to `limit` pairs (key, state) with key > after, in order of key."""
        first = STATE + max(after + b"\x00", FIRST_CUSTOMER)
        try:
            rows: Any = self._database.items(from_key=first, read_opt=self._page_options)
            found: list[tuple[bytes, bytes]] = [
                (key[1:], state) for key, state in islice(rows, limit)
            ]
        except Exception as exception:
            raise self._error("reading", exception) from exception
        if len(found) < limit:
            # Rdict.items() silently ends at damage; this would raise.
            behind = STATE + found[-1][0] + b"\x00" if found else first
            found += [(key[1:], state) for key, state in self._range(behind, STATE_END)]
        return found

    def own(self, prefix: bytes, after: bytes, limit: int) -> list[tuple[bytes, bytes]]:
        """Up to `limit` pairs of the task's own keys with `prefix` and key > after, in order."""
        found: list[tuple[bytes, bytes]] = []
        first = max(prefix, after + b"\x00")
        for key, value in self._range(STATE + first, STATE + FIRST_CUSTOMER):
            if len(found) == limit or not key.startswith(prefix, 1):
                break
            found.append((key[1:], value))
        return found

    def items(self) -> Iterator[tuple[bytes, bytes]]:
        """Everything, the task's own keys too."""
        for key, state in self._range(STATE, STATE_END):
            yield key[1:], state

    # ── Writing ───────────────────────────────────────────────────────────────────────────────

    def write(self, batch: StoreBatch) -> None:
        """All of `batch` at once or not at all, with the index of timers kept in step."""
        try:
            self._write(batch)
        except Exception as exception:
            raise self._error("writing", exception) from exception

    def _write(self, batch: StoreBatch) -> None:
        due_before = batch.due_before | self._stored_due_times(batch)
        writes = WriteBatch(raw_mode=True)
        put, delete = writes.put, writes.delete
        for key, state in batch.changes.items():
            if state is None:
                new = NO_DUE
                delete(STATE + key)
            else:
                new = state[1:9]  # due_header, in the hottest loop of the store
                put(STATE + key, state)
            if key[0] == 0:  # OWN_KEY_PREFIX
                continue
            old = due_before[key]
            if old != new:
                if old != NO_DUE:
                    delete(TIMER_PREFIX + old + key)
                if new != NO_DUE:
                    put(TIMER_PREFIX + new + key, b"")
        put(POSITION, position_bytes(batch))
        self._database.write(writes, self._write_options)

    def _stored_due_times(self, batch: StoreBatch) -> dict[bytes, bytes]:
        """The due times of those customers of `batch` of whom it doesn't name them."""
        known = batch.due_before
        missing = [key for key in batch.changes if key not in known and key[0] != 0]
        if not missing:
            return {}
        keys: Any = [STATE + key for key in missing]
        states = cast(list[bytes | None], self._database.get(keys))
        return {
            key: NO_DUE if state is None else due_header(state)
            for key, state in zip(missing, states, strict=True)
        }

    def clear(self) -> None:
        """Deletes everything, as before the first write."""
        self.close()
        try:
            Rdict.destroy(str(self._directory), _options(self._memory))
        except Exception as exception:
            raise self._error("clearing", exception) from exception
        self._database = self._opened(0.0, lambda: False)

    def close(self) -> None:
        """Flushes memory to disk and releases the directory."""
        try:
            self._database.flush()
        except Exception as exception:  # the changelog has everything
            logger.warning("%s", self._error("saving", exception))
        with contextlib.suppress(Exception):
            self._database.cancel_all_background(True)  # a compaction may take long
        with contextlib.suppress(Exception):  # it reports that it is being closed
            self._database.close()

    # ── Inside ────────────────────────────────────────────────────────────────────────────────

    def _opened(self, lock_within: float, is_stopped: Callable[[], bool]) -> Rdict:
        deadline = time.monotonic() + lock_within
        while True:
            try:
                # Options are passed at every opening: those on disk lack cache and filter.
                return Rdict(
                    str(self._directory),
                    _options(self._memory),
                    column_families={"default": _options(self._memory)},
                )
            except Exception as exception:
                if not _is_locked(exception):
                    raise self._error("opening", exception) from exception
                if time.monotonic() >= deadline or is_stopped():
                    raise Refused(
                        f"{self._directory} is locked by another worker, gave up after "
                        f"{lock_within:g} s; stop it or use a separate data_dir"
                    ) from exception
            time.sleep(_LOCK_RETRY_SECONDS)

    def _position(self) -> tuple[int, Instant] | None:
        try:
            value: bytes | None = self._database.get(POSITION)
        except Exception as exception:
            raise self._error("reading", exception) from exception
        return None if value is None else read_position(value)

    def _range(self, first: bytes, end: bytes) -> Iterator[tuple[bytes, bytes]]:
        options = ReadOptions()
        # Without it, deleted keys past the end are skipped one by one to find the next key.
        options.set_iterate_upper_bound(end)
        try:
            rows = self._database.iter(options)
            rows.seek(first)
            while rows.valid():
                yield rows.key(), rows.value()
                rows.next()
            rows.status()  # damage looks like the end
        except Exception as exception:
            raise self._error("reading", exception) from exception

    def _error(self, doing: str, exception: Exception) -> Exception:
        return store_error(self._directory, doing, exception)


def open_store(
    directory: Path,
    memory: StoreMemory,
    lock_within: float = 10.0,
    is_stopped: Callable[[], bool] = lambda: False,
) -> RocksStore:
    """Opens the store in `directory`; quarantines a damaged one and creates a new one
    (PITFALLS 53). Raises Refused."""
    try:
        return RocksStore(directory, memory, lock_within, is_stopped)
    except StoreUnusable as error:
        logger.error("%s", error)
        quarantine(directory)
        return RocksStore(directory, memory, lock_within, is_stopped)


def quarantine(directory: Path) -> None:
    """Moves a damaged, closed store to a directory for inspection. Raises Refused if there is one
    already: recurring damage isn't the store's."""
    aside = directory.with_name(directory.name + DAMAGED_SUFFIX)
    if os.path.lexists(aside):
        raise Refused(
            f"{directory} is corrupt again and {aside} already exists; check the disk, delete "
            f"{aside} and restart: the store is rebuilt from the changelog"
        )
    try:
        directory.rename(aside)
    except OSError as error:
        raise Refused(
            f"{directory} is corrupt and cannot be moved to {aside}: {error}; move or delete it: "
            "the store is rebuilt from the changelog"
        ) from error
    logger.warning("%s is corrupt, moved to %s; rebuilding", directory, aside)


def _is_locked(exception: Exception) -> bool:
    text = str(exception).lower()
    return "lock hold by current process" in text or "while lock file" in text


def _page_options() -> ReadOptions:
    """Options for pages of customers. They are scans that read each customer once: cached, they
    would evict the customers of incoming events."""
    options = ReadOptions()
    options.fill_cache(False)  # type: ignore[call-arg]
    options.set_readahead_size(_READ_AHEAD)
    options.set_iterate_upper_bound(STATE_END)
    return options


def _options(memory: StoreMemory) -> Options:
    blocks = BlockBasedOptions()
    blocks.set_block_cache(memory.cache)
    blocks.set_bloom_filter(_BLOOM_BITS, False)
    blocks.set_cache_index_and_filter_blocks(True)
    blocks.set_pin_l0_filter_and_index_blocks_in_cache(True)
    blocks.set_format_version(5)
    options = Options(raw_mode=True)
    options.create_if_missing(True)
    options.set_block_based_table_factory(blocks)
    options.set_write_buffer_manager(memory.write_buffers)
    options.set_write_buffer_size(_WRITE_BUFFER)
    options.set_arena_block_size(_ARENA_BLOCK)
    options.set_compression_type(DBCompressionType.lz4())
    options.set_level_compaction_dynamic_level_bytes(True)
    options.set_max_background_jobs(2)
    options.set_keep_log_file_num(3)
    return options
