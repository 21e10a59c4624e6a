"""Table of the topics, and the checks of the existing ones."""

from collections.abc import Iterator, Mapping
from enum import Enum

import msgspec

from streams.engine import BETWEEN_TASKS, INPUTS
from streams.engine.values import DAY
from streams.ports import CHANGELOG, CONTROL
from streams.settings import RecordTime, Settings

CONTROL_RECORD_BYTES = 8 * 1024 * 1024
"""A set of definitions is one record of `control` (DESIGN 3)."""

_OUTPUT_RETENTION = (
    30 * DAY
)  # bounds the time until erased customers are gone from outputs (DESIGN 7)


class PartitionCount(Enum):
    """Required number of partitions of a topic."""

    ONE = "one"
    ALIKE = "alike"  # the setting `partitions`: the same for all topics of a task
    ANY = "any"  # created with `partitions`; any other number is valid too


class TopicSpec(msgspec.Struct, frozen=True):
    """Requirements of a topic. `config` is required and set on creation, `suggested` is only set on
    creation."""

    partitions: PartitionCount
    config: dict[str, str] = {}
    suggested: dict[str, str] = {}
    has_record_time: bool = False  # timestamp type by the setting record_time
    is_by_key: bool = False  # written by tasks for each other: the key decides the partition


_INPUT = TopicSpec(PartitionCount.ALIKE, {"cleanup.policy": "delete"}, has_record_time=True)
_BETWEEN_TASKS = msgspec.structs.replace(_INPUT, is_by_key=True)
_OUTPUT = TopicSpec(
    PartitionCount.ANY, {"cleanup.policy": "delete"}, {"retention.ms": str(_OUTPUT_RETENTION)}
)

TOPICS: dict[str, TopicSpec] = {
    **dict.fromkeys(INPUTS, _INPUT),
    # Codes may be given years after they were loaded: a rebuilt state needs them all.
    "coupons": TopicSpec(
        PartitionCount.ALIKE,
        {"cleanup.policy": "delete", "retention.ms": "-1"},
        has_record_time=True,
    ),
    **dict.fromkeys(BETWEEN_TASKS, _BETWEEN_TASKS),
    "coupon-moves": TopicSpec(
        PartitionCount.ALIKE,
        {"cleanup.policy": "delete", "retention.ms": "-1"},
        has_record_time=True,
        is_by_key=True,
    ),
    CONTROL: TopicSpec(
        PartitionCount.ONE,
        {
            "cleanup.policy": "delete",
            "retention.ms": "-1",
            "max.message.bytes": str(CONTROL_RECORD_BYTES),
        },
        has_record_time=True,
    ),
    CHANGELOG: TopicSpec(PartitionCount.ALIKE, {"cleanup.policy": "compact"}),
    "send-commands": _OUTPUT,
    "webhooks": _OUTPUT,
    "send-review": _OUTPUT,
    "flow-decisions": _OUTPUT,
    "segment-changes": _OUTPUT,
    "dead-letters": _OUTPUT,
    # One partition: reports of tasks are small, and a single reader adds them up.
    "partition-facts": TopicSpec(
        PartitionCount.ONE, {"cleanup.policy": "delete"}, {"retention.ms": str(_OUTPUT_RETENTION)}
    ),
    # Retention as for the inputs: replay reads both.
    "late-records": TopicSpec(PartitionCount.ALIKE, {"cleanup.policy": "delete"}),
}
"""Requirements by logical name."""

_TIMESTAMPS = {RecordTime.APPEND: "LogAppendTime", RecordTime.CREATE: "CreateTime"}


class FoundTopic(msgspec.Struct, frozen=True):
    """A topic as reported by the brokers."""

    partitions: int
    config: Mapping[str, str]


class TopicProblem(msgspec.Struct, frozen=True):
    """One problem of a topic, with its fix."""

    topic: str  # name on the brokers
    what: str  # partitions, or a configuration key; empty: the topic itself
    found: str
    expected: str
    mend: str
    is_advice: bool = False  # no obstacle to running

    def __str__(self) -> str:
        what = f" {self.what} is" if self.what else " is"
        return f"{self.topic}:{what} {self.found}, expected {self.expected}; {self.mend}"


def topic_name(settings: Settings, logical: str) -> str:
    """Name on the brokers of a topic given by its logical name."""
    return settings.prefix + logical


def required_config(spec: TopicSpec, settings: Settings) -> dict[str, str]:
    """Required configuration of a topic."""
    if not spec.has_record_time:
        return spec.config
    return {**spec.config, "message.timestamp.type": _TIMESTAMPS[settings.record_time]}


def creation_config(spec: TopicSpec, settings: Settings) -> dict[str, str]:
    """Configuration for the creation of a topic."""
    config = {**spec.suggested, **required_config(spec, settings)}
    if spec.has_record_time and settings.record_time is RecordTime.CREATE:
        config["retention.ms"] = "-1"  # an imported past is older than any retention
        if spec.is_by_key:  # records of tasks are stamped with the next midnight
            config["message.timestamp.after.max.ms"] = str(2**63 - 1)
    return config


def creation_partitions(spec: TopicSpec, settings: Settings) -> int:
    """Number of partitions for the creation of a topic."""
    return 1 if spec.partitions is PartitionCount.ONE else settings.partitions


def problems_of(found: Mapping[str, FoundTopic], settings: Settings) -> Iterator[TopicProblem]:
    """Yields the problems of the topics of TOPICS. `found`: existing topics by logical name."""
    for logical, spec in TOPICS.items():
        name = topic_name(settings, logical)
        topic = found.get(logical)
        if topic is None:
            yield TopicProblem(name, "", "missing", "a topic", "create it: sendflow topics create")
            continue
        yield from _partition_problems(name, spec, topic, found, settings)
        yield from _config_problems(name, spec, topic, settings)


def _partition_problems(
    name: str,
    spec: TopicSpec,
    topic: FoundTopic,
    found: Mapping[str, FoundTopic],
    settings: Settings,
) -> Iterator[TopicProblem]:
    """PITFALLS 37."""
    expected = creation_partitions(spec, settings)
    if spec.partitions is PartitionCount.ANY or topic.partitions == expected:
        return
    counts = {
        found[logical].partitions
        for logical, other in TOPICS.items()
        if other.partitions is PartitionCount.ALIKE and logical in found
    }
    if spec.partitions is PartitionCount.ALIKE and len(counts) == 1:
        mend = f"all input topics have {topic.partitions}: set partitions = {topic.partitions}"
    else:
        mend = (
            "keys would move to other partitions; recreate it: "
            f"kafka-topics.sh --bootstrap-server {settings.brokers} --delete --topic {name}, "
            "then sendflow topics create"
        )
    yield TopicProblem(name, "partitions", str(topic.partitions), str(expected), mend)


def _config_problems(
    name: str, spec: TopicSpec, topic: FoundTopic, settings: Settings
) -> Iterator[TopicProblem]:
    """PITFALLS 43."""
    for key, expected in required_config(spec, settings).items():
        value = topic.config.get(key, "not reported by the brokers")
        if value == expected or (key == "max.message.bytes" and _at_least(value, expected)):
            continue
        yield TopicProblem(name, key, value, expected, _alter(settings, name, key, expected))
    retention = spec.suggested.get("retention.ms")
    kept = topic.config.get("retention.ms")
    if retention is not None and kept is not None and not _within(kept, retention):
        yield TopicProblem(
            name,
            "retention.ms",
            kept,
            f"at most {retention} (30 days)",
            "erased customers stay in it for this time: "
            + _alter(settings, name, "retention.ms", retention),
            is_advice=True,
        )


def _at_least(value: str, expected: str) -> bool:
    return value.isdecimal() and int(value) >= int(expected)


def _within(value: str, most: str) -> bool:
    return value.isdecimal() and int(value) <= int(most)  # -1: unlimited


def _alter(settings: Settings, name: str, key: str, value: str) -> str:
    return (
        f"kafka-configs.sh --bootstrap-server {settings.brokers} --alter --topic {name} "
        f"--add-config {key}={value}"
    )
