import os
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.machine import CpuTimes, Loudness, cpu_seconds, cpu_times, resident_mib


def test_idle_is_a_share_of_the_time_between() -> None:
    assert CpuTimes(idle=70, total=300).idle_since(CpuTimes(idle=20, total=100)) == 0.25
    assert CpuTimes(idle=20, total=100).idle_since(CpuTimes(idle=20, total=100)) == 0.0


def test_waiting_for_a_disk_is_idle_and_a_guest_is_counted_once(tmp_path: Path) -> None:
    stat = tmp_path / "stat"
    #                  user nice system idle iowait irq softirq steal guest guest_nice
    stat.write_text("cpu  10 1 5 100 7 2 3 4 9 1\ncpu0 1 1 1 1 1 1 1 1 1 1\n")
    assert cpu_times(stat) == CpuTimes(idle=107, total=132)


def test_a_process_has_time_and_memory() -> None:
    assert cpu_seconds(os.getpid()) > 0
    assert resident_mib(os.getpid()) > 10


def test_a_process_counts_with_its_children() -> None:
    before = resident_mib(os.getpid())
    held = "held = bytearray(300_000_000); print(flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", held], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as child:
        assert child.stdout is not None
        child.stdout.readline()
        assert resident_mib(os.getpid()) > before + 250
        child.communicate(b"\n")


def test_a_process_that_has_ended_has_neither() -> None:
    assert cpu_seconds(2**30) == 0
    assert resident_mib(2**30) == 0


def test_looks_add_up() -> None:
    loudness = Loudness()
    with pytest.raises(ValueError):
        loudness.spread()
    loudness.look()
    found = loudness.spread()
    assert 0 < found.least <= found.median <= found.most
