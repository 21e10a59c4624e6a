"""Sorts any number of events by time: runs that fit into memory, merged from files."""

import heapq
import tempfile
from collections.abc import Generator, Iterable, Iterator
from itertools import islice
from operator import attrgetter
from pathlib import Path

import msgspec

from streams.importing.encoding import EventRecord

RUN = 200_000
"""Events held in memory at a time."""

_TIME = attrgetter("occurred_at")


def in_order_of_time(
    events: Iterable[EventRecord], run: int = RUN
) -> Generator[EventRecord, None, None]:
    """Yields `events` by `occurred_at`; those of the same millisecond keep their order.

    More than `run` events go through temporary files, which are deleted at the end.
    """
    remaining = iter(events)
    first = sorted(islice(remaining, run), key=_TIME)
    second = sorted(islice(remaining, run), key=_TIME)
    if not second:
        yield from first
        return
    with tempfile.TemporaryDirectory(prefix="sendflow-import-") as folder:
        paths: list[Path] = []
        while second:
            paths.append(_write_run(Path(folder) / f"run-{len(paths)}", second))
            second = sorted(islice(remaining, run), key=_TIME)
        # heapq.merge takes equal events from the earlier run first
        yield from heapq.merge(first, *map(_read_run, paths), key=_TIME)


def _write_run(path: Path, events: list[EventRecord]) -> Path:
    encode = msgspec.msgpack.Encoder().encode
    with path.open("wb") as file:
        for event in events:
            data = encode(event)
            file.write(len(data).to_bytes(4, "big"))
            file.write(data)
    return path


def _read_run(path: Path) -> Iterator[EventRecord]:
    decode = msgspec.msgpack.Decoder(EventRecord).decode
    with path.open("rb") as file:
        while length := file.read(4):
            yield decode(file.read(int.from_bytes(length, "big")))
