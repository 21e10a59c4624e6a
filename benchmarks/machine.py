"""The machine: what it is, how loud it is, and how much of it is idle (Linux).

Loudness is the wall time of a fixed loop that does nothing, looked at between the runs. On a quiet
machine all looks are alike; where the median lies well above the minimum, somebody else was working
and the figures of that hour are worth less.
"""

import os
import platform
import sysconfig
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from benchmarks.pairs import Spread, spread

LOOPS = 1_000_000
LOOKS = 20
"""In a row, each time; a look takes tens of milliseconds."""


class Loudness:
    """Looks at the machine over a whole run of the benchmarks."""

    def __init__(self) -> None:
        self._taken_ms: list[float] = []

    def look(self) -> None:
        """Times the loop a few times."""
        for _ in range(LOOKS):
            began = time.perf_counter()
            for _ in range(LOOPS):
                pass
            self._taken_ms.append((time.perf_counter() - began) * 1000)

    def spread(self) -> Spread:
        """Wall milliseconds of the loop over all looks. There must have been one."""
        return spread(self._taken_ms)


class CpuTimes(msgspec.Struct, frozen=True):
    """Time of all CPUs since the boot, in ticks."""

    idle: int
    total: int

    def idle_since(self, earlier: "CpuTimes") -> float:
        """Share of the time between the two in which a CPU had nothing to do; 0 to 1."""
        total = self.total - earlier.total
        return (self.idle - earlier.idle) / total if total else 0.0


def cpu_times(stat: Path = Path("/proc/stat")) -> CpuTimes:
    """Reads the times now. Waiting for a disk is idle too; a guest's time is counted as user's."""
    with stat.open() as lines:
        fields = [int(one) for one in lines.readline().split()[1:9]]
    return CpuTimes(fields[3] + fields[4], sum(fields))


def cpu_seconds(pid: int) -> float:
    """User and system time of a process and its children so far; 0 for one that has ended."""
    spent = 0.0
    for one in _tree(pid):
        try:
            fields = Path(f"/proc/{one}/stat").read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue
        spent += (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return spent


def resident_mib(pid: int) -> float:
    """Resident memory of a process and its children."""
    found = 0.0
    for one in _tree(pid):
        try:
            lines = Path(f"/proc/{one}/status").read_text().splitlines()
        except OSError:
            continue
        found += sum(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS"))
    return found


def _tree(pid: int) -> Iterator[int]:
    yield pid
    for children in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            found = children.read_text().split()
        except OSError:
            continue
        for child in found:
            yield from _tree(int(child))


def description(broker: str) -> dict[str, Any]:
    """What the figures were measured on."""
    return {
        "cpus": os.cpu_count(),
        "python": platform.python_version(),
        "optimised_python": "--enable-optimizations"
        in (sysconfig.get_config_var("CONFIG_ARGS") or ""),
        "broker": broker,
        "system": platform.platform(),
    }
