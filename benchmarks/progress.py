"""How fast a job consumes its inputs, seen from outside: by the offsets that it commits."""

import subprocess
import time
from pathlib import Path

import msgspec
from confluent_kafka import ConsumerGroupTopicPartitions, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient

from benchmarks.workload import INPUTS_OF_THE_JOB, PARTITIONS


class Rate(msgspec.Struct):
    """What was seen of one run."""

    events: int
    seconds: float
    is_whole: bool  # the job reached the end of its inputs
    cpu_seconds: float  # of the job's process, over the same stretch
    peak_mib: float  # resident memory

    @property
    def per_second(self) -> float:
        return self.events / self.seconds if self.seconds else 0.0

    @property
    def cpu_us(self) -> float:
        """CPU of the process per event, microseconds."""
        return self.cpu_seconds / self.events * 1e6 if self.events else 0.0


def committed(admin: AdminClient, group: str, prefix: str) -> int:
    """Events of the job's inputs that `group` has committed."""
    partitions = [
        TopicPartition(prefix + topic, partition)
        for topic in INPUTS_OF_THE_JOB
        for partition in range(PARTITIONS)
    ]
    request = [ConsumerGroupTopicPartitions(group, partitions)]
    try:
        (future,) = admin.list_consumer_group_offsets(request).values()
        offsets = future.result(5).topic_partitions
    except KafkaException:
        return 0  # the group doesn't exist yet
    return sum(max(one.offset, 0) for one in offsets)


def watch(
    process: subprocess.Popen[bytes],
    bootstrap: str,
    group: str,
    prefix: str,
    end: int,
    limit: float,
) -> Rate:
    """Waits until `end` events are committed or `limit` seconds have passed since the first tenth,
    which doesn't count: it is start-up and warm-up. Nor does what comes after the last offsets
    before the end: a job that notes its offsets seldom had reached the end some time before."""
    admin = AdminClient({"bootstrap.servers": bootstrap})
    began: tuple[float, int, float] | None = None
    deadline = time.monotonic() + limit + 120
    peak = 0.0
    seen = -1
    while True:
        done, now, cpu = committed(admin, group, prefix), time.monotonic(), cpu_seconds(process.pid)
        peak = max(peak, resident_mib(process.pid))
        if process.poll() is not None:
            raise RuntimeError(f"the job {group} ended by itself: {process.args!r}")
        if began is None and done >= end // 10:
            began = last = (now, done, cpu)
            seen = done
        if began is not None and done != seen and (done < end or seen == began[1]):
            last = (now, done, cpu)
            seen = done
        if began is not None and (done >= end or now - began[0] > limit):
            return Rate(
                last[1] - began[1], last[0] - began[0], done >= end, last[2] - began[2], peak
            )
        if now > deadline:
            raise RuntimeError(f"the job {group} had committed {done} of {end} events by now")
        time.sleep(0.05)


def cpu_seconds(pid: int) -> float:
    """User and system time of a process so far (Linux)."""
    with Path(f"/proc/{pid}/stat").open() as stat:
        fields = stat.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / 100


def resident_mib(pid: int) -> float:
    """Resident memory of a process (Linux)."""
    with Path(f"/proc/{pid}/status").open() as status:
        for line in status:
            if line.startswith("VmRSS"):
                return int(line.split()[1]) / 1024
    return 0.0
