"""Writes batches to a store until it is killed: `python -m tests.store.writer DIRECTORY`.

Each batch holds the same number in every customer's state, in their due times and as the changelog
offset; the number of each finished batch is printed.
"""

import sys
from pathlib import Path

from streams.ports import StoreBatch
from streams.store.rocks import RocksStore, StoreMemory
from tests.store.states import state

CUSTOMERS = [b"customer-%d" % number for number in range(40)]
_SMALL = 2 * 1024 * 1024  # write buffers that are flushed often


def numbered(number: int) -> dict[bytes, bytes | None]:
    """What batch `number` writes."""
    return {key: state(number, number.to_bytes(8, "big") * 200) for key in CUSTOMERS}


if __name__ == "__main__":
    store = RocksStore(Path(sys.argv[1]), StoreMemory(_SMALL))
    start = (store.changelog_offset() or 0) + 1
    for number in range(start, start + 1_000_000):
        store.write(
            StoreBatch({**numbered(number), b"\x00position": b"%d" % number}, number, number)
        )
        print(number, flush=True)
