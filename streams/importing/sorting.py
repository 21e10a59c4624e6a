"""Events of any number in order of time: runs that fit into memory, merged from files."""

import heapq
import tempfile
from collections.abc import Iterable, Iterator
from itertools import islice
from operator import itemgetter
from pathlib import Path
from typing import Any

import msgspec

from streams.engine import Instant

Event = dict[str, Any]

RUN = 200_000
"""Events held in memory at a time."""


def in_order_of_time(events: Iterable[Event], run: int = RUN) -> Iterator[Event]:
    """`events` by `occurred_at`; those of the same millisecond stay as they came.

    More than `run` of them go through temporary files, which are gone at the end.
    """
    remaining = iter(events)
    first = sorted(islice(remaining, run), key=itemgetter("occurred_at"))
    second = sorted(islice(remaining, run), key=itemgetter("occurred_at"))
    if not second:
        yield from first
        return
    with tempfile.TemporaryDirectory(prefix="sendflow-import-") as folder:
        paths: list[Path] = []
        while second:
            paths.append(_write_run(Path(folder) / f"run-{len(paths)}", second))
            second = sorted(islice(remaining, run), key=itemgetter("occurred_at"))
        runs = [_numbered(first, 0)]
        runs += [_numbered(_read_run(path), number) for number, path in enumerate(paths, start=1)]
        for _, _, event in heapq.merge(*runs, key=itemgetter(0, 1)):
            yield event


def _numbered(events: Iterable[Event], run: int) -> Iterator[tuple[Instant, int, Event]]:
    for event in events:
        yield event["occurred_at"], run, event


def _write_run(path: Path, events: list[Event]) -> Path:
    encode = msgspec.msgpack.Encoder().encode
    with path.open("wb") as file:
        for event in events:
            data = encode(event)
            file.write(len(data).to_bytes(4, "big"))
            file.write(data)
    return path


def _read_run(path: Path) -> Iterator[Event]:
    decode = msgspec.msgpack.Decoder().decode
    with path.open("rb") as file:
        while length := file.read(4):
            yield decode(file.read(int.from_bytes(length, "big")))
