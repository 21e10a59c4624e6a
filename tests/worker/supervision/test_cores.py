import os
from pathlib import Path

import msgspec
import pytest

from streams.settings import AUTO, Settings
from streams.worker.supervision import cores
from streams.worker.supervision.cores import (
    LEAST_STORE_MEMORY,
    available_cores,
    cores_of_limit,
    number_of_processes,
    settings_of_process,
)

MB = 1024 * 1024


@pytest.mark.parametrize(
    ("text", "limit"),
    [
        ("max 100000", None),
        ("-1 100000", None),
        ("", None),
        ("200000 100000", 2),
        ("250000 100000", 3),
        ("10000 100000", 1),
        ("100000 0", None),
    ],
)
def test_a_cpu_limit(text: str, limit: int | None) -> None:
    assert cores_of_limit(text) == limit


def test_available_cores_are_those_of_the_affinity_or_of_a_lower_limit(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1, 4, 5}, raising=False)
    limit = tmp_path / "cpu.max"
    monkeypatch.setattr(cores, "CGROUP_V2", limit)
    monkeypatch.setattr(cores, "CGROUP_V1", (tmp_path / "quota", tmp_path / "period"))
    assert available_cores() == 4
    limit.write_text("max 100000\n")
    assert available_cores() == 4
    limit.write_text("150000 100000\n")
    assert available_cores() == 2
    limit.unlink()
    (tmp_path / "quota").write_text("300000\n")
    (tmp_path / "period").write_text("100000\n")
    assert available_cores() == 3


@pytest.mark.parametrize(
    ("processes", "partitions", "number"),
    [(1, 8, 1), (3, 8, 3), (9, 8, 9), (AUTO, 8, 6), (AUTO, 6, 6), (AUTO, 5, 5), (AUTO, 1, 1)],
)
def test_the_number_of_processes(
    monkeypatch: pytest.MonkeyPatch, processes: int, partitions: int, number: int
) -> None:
    monkeypatch.setattr(cores, "available_cores", lambda: 6)
    settings = Settings(processes=processes, partitions=partitions)
    assert number_of_processes(settings) == number


def test_a_process_has_its_share_of_the_memory_and_a_name_of_its_own() -> None:
    settings = Settings(store_memory=256 * MB, instance="shop", web_port=7000)
    assert settings_of_process(settings, 2, 4) == msgspec.structs.replace(
        settings, store_memory=64 * MB, instance="shop-2"
    )
    assert settings_of_process(Settings(), 1, 2).instance is None
    assert settings_of_process(settings, 1, 64).store_memory == LEAST_STORE_MEMORY
