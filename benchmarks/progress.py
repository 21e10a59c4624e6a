"""How fast a job consumes its inputs, seen from outside: by the offsets that it commits."""

import subprocess
import time
from collections.abc import Sequence

import msgspec
from confluent_kafka import ConsumerGroupTopicPartitions, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient

from benchmarks.machine import cpu_seconds, resident_mib
from benchmarks.workload import INPUTS_OF_THE_JOB, PARTITIONS

WARM_UP = 15.0
"""Seconds since its first committed events in which a job gets warm: Java compiles for so long."""
POLL = 0.1
START_WITHIN = 120.0


class Sample(msgspec.Struct, frozen=True):
    """A moment at which committed offsets had moved."""

    at: float  # monotonic seconds
    events: int  # committed since the beginning
    cpu_seconds: float  # of the job's process since its start


class Rate(msgspec.Struct, frozen=True):
    """What was done between two samples."""

    events: int
    seconds: float
    cpu_seconds: float

    @property
    def per_second(self) -> float:
        return self.events / self.seconds

    @property
    def cpu_us(self) -> float:
        """CPU of the process per event, microseconds."""
        return self.cpu_seconds / self.events * 1e6


class Progress(msgspec.Struct, frozen=True):
    """What was seen of one run."""

    samples: list[Sample]
    is_whole: bool  # the job reached the end of its inputs
    peak_mib: float  # resident memory

    @property
    def whole(self) -> Rate:
        """Since the first committed events: start-up doesn't count. Raises RuntimeError for a run
        that was over before it could be looked at twice."""
        if len(self.samples) < _LEAST_SAMPLES:
            raise RuntimeError(f"too few events to measure: {self.samples[-1].events:,}")
        return self._since(self.samples[0])

    @property
    def warm(self) -> Rate | None:
        """Without the first WARM_UP seconds; None if the run was too short for it."""
        first = self.samples[0].at + WARM_UP
        later = [sample for sample in self.samples if sample.at >= first]
        return self._since(later[0]) if len(later) > _LEAST_SAMPLES else None

    def _since(self, first: Sample) -> Rate:
        last = self._last
        return Rate(
            last.events - first.events, last.at - first.at, last.cpu_seconds - first.cpu_seconds
        )

    @property
    def _last(self) -> Sample:
        """The last moment before the end: a job that notes its offsets seldom had reached the end
        some time before it was seen."""
        return self.samples[-2 if self.is_whole and len(self.samples) > _LEAST_SAMPLES else -1]


_LEAST_SAMPLES = 2


def watch(
    process: subprocess.Popen[bytes],
    bootstrap: str,
    group: str,
    prefix: str,
    end: int,
    limit: float,
) -> Progress:
    """Waits until `end` events are committed, or `limit` seconds have passed since the first.

    Raises RuntimeError if the job ends by itself, or does nothing.
    """
    admin = AdminClient({"bootstrap.servers": bootstrap, "log_level": 0})
    samples: list[Sample] = []
    deadline, peak, done = time.monotonic() + START_WITHIN, 0.0, 0
    while done < end and time.monotonic() < deadline:
        time.sleep(POLL)
        done = committed(admin, group, prefix)
        sample = Sample(time.monotonic(), done, cpu_seconds(process.pid))
        peak = max(peak, resident_mib(process.pid))
        if process.poll() is not None:
            raise RuntimeError(f"the job {group} ended by itself: {process.args!r}")
        if done and not samples:
            deadline = sample.at + limit
        if done and (not samples or samples[-1].events != done):
            samples.append(sample)
    if not samples:
        raise RuntimeError(f"the job {group} has committed nothing within {START_WITHIN:g} s")
    return Progress(samples, done >= end, peak)


def committed(admin: AdminClient, group: str, prefix: str) -> int:
    """Events of the job's inputs that `group` has committed."""
    partitions: Sequence[TopicPartition] = [
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
