"""Avro files."""

from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import fastavro
import pytest

from streams.contracts.container import read_container
from streams.contracts.schemas import shipped_schemas
from streams.errors import Refused

NOON = 1_772_452_800_000
LATE = shipped_schemas().current["LateRecord"]
RECORDS = [
    {"topic": "carts", "partition": 3, "offset": n, "effective_time": NOON, "sequence": n}
    for n in range(1000)
]


def write_container(path: Path, records: Iterable[dict[str, Any]]) -> None:
    with path.open("wb") as file:
        fastavro.writer(file, LATE.schema, records, codec="deflate")


def test_records_come_back_with_their_moments(tmp_path: Path) -> None:
    path = tmp_path / "late.avro"
    write_container(path, RECORDS)
    read = list(read_container(path))
    assert len(read) == 1000
    assert read[17] == RECORDS[17] | {"effective_time": datetime(2026, 3, 2, 12, tzinfo=UTC)}


def test_a_file_that_is_none_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "late.avro"
    path.write_bytes(b"a,b\n1,2\n")
    with pytest.raises(Refused, match=r"late\.avro: not an Avro container file"):
        list(read_container(path))
    path.write_bytes(b"")
    with pytest.raises(Refused, match=r"late\.avro: not an Avro container file"):
        list(read_container(path))


def test_a_file_that_was_cut_off_is_refused_behind_its_whole_blocks(tmp_path: Path) -> None:
    path = tmp_path / "late.avro"
    write_container(path, RECORDS * 20)
    path.write_bytes(path.read_bytes()[:-100])
    seen: list[dict[str, Any]] = []
    with pytest.raises(Refused, match="or corrupt"):
        seen.extend(read_container(path))
    assert seen


def test_a_file_of_single_values_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "numbers.avro"
    with path.open("wb") as file:
        fastavro.writer(file, "long", [1, 2])
    with pytest.raises(Refused, match="contains single values, expected records"):
        list(read_container(path))
