"""The number of processes of a worker, and the share of the memory settings that each has.

Available cores are those that the scheduler gives to this process: its affinity, and less where a
control group (a container's CPU limit) allows less time.
"""

import math
import os
from pathlib import Path

import msgspec

from streams.settings import AUTO, Settings

CGROUP_V2 = Path("/sys/fs/cgroup/cpu.max")
CGROUP_V1 = (
    Path("/sys/fs/cgroup/cpu/cpu.cfs_quota_us"),
    Path("/sys/fs/cgroup/cpu/cpu.cfs_period_us"),
)
LEAST_STORE_MEMORY = 16 * 1024 * 1024
"""Bytes: one write buffer. Smaller shares would flush without end."""


def number_of_processes(settings: Settings) -> int:
    """The processes of a worker with these settings; with AUTO one per available core, but no more
    than there are tasks."""
    if settings.processes != AUTO:
        return settings.processes
    return max(1, min(available_cores(), settings.partitions))


def available_cores() -> int:
    """Cores that this process may use, at least 1."""
    if hasattr(os, "sched_getaffinity"):
        cores = len(os.sched_getaffinity(0))
    else:
        cores = os.cpu_count() or 1
    limit = cores_of_limit(_limit_text())
    return cores if limit is None else min(cores, limit)


def cores_of_limit(text: str) -> int | None:
    """Cores of a CPU limit "QUOTA PERIOD" in microseconds, rounded up; None without a limit ("max",
    -1 or unreadable)."""
    try:
        quota, period = (int(part) for part in text.split())
    except ValueError:
        return None
    return math.ceil(quota / period) if quota > 0 and period > 0 else None


def settings_of_process(settings: Settings, number: int, processes: int) -> Settings:
    """The settings of one process. `store_memory` is that of the worker and is divided, as its
    tasks are; a static member name gets the number of the process."""
    return msgspec.structs.replace(
        settings,
        store_memory=max(LEAST_STORE_MEMORY, settings.store_memory // processes),
        instance=None if settings.instance is None else f"{settings.instance}-{number}",
    )


def _limit_text() -> str:
    for files in ((CGROUP_V2,), CGROUP_V1):
        try:
            return " ".join(file.read_text().strip() for file in files)
        except OSError:
            continue
    return ""
