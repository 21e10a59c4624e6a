"""Writes batches to a store until it is killed: `python -m tests.store.writer DIRECTORY`.

Each batch holds the same number in every customer's state, in their due times and as the changelog
offset; the number of each finished batch is printed. `--log` switches RocksDB's write-ahead log on;
`--room N` lets no file grow beyond N bytes: a write in the middle of which there is no room left.
"""

import argparse
import random
import resource
from pathlib import Path

from streams.ports import StoreBatch
from streams.store.rocks import RocksStore, StoreMemory
from tests.store.states import state

CUSTOMERS = [b"customer-%d" % number for number in range(40)]
_SMALL = 2 * 1024 * 1024  # write buffers that are flushed often


def numbered(number: int) -> dict[bytes, bytes | None]:
    """What batch `number` writes: bytes that can't be made smaller."""
    body = random.Random(number).randbytes(1_600)
    return {key: state(number, key + body) for key in CUSTOMERS}


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("directory", type=Path)
    parser.add_argument("--log", action="store_true")
    parser.add_argument("--room", type=int)
    given = parser.parse_args()
    store = RocksStore(given.directory, StoreMemory(_SMALL))
    store._write_options.disable_wal = not given.log  # type: ignore[method-assign, assignment]
    if given.room:
        resource.setrlimit(resource.RLIMIT_FSIZE, (given.room, given.room))
    start = (store.changelog_offset() or 0) + 1
    for number in range(start, start + 1_000_000):
        store.write(
            StoreBatch({**numbered(number), b"\x00position": b"%d" % number}, number, number)
        )
        print(number, flush=True)
