"""The topics, as a literal table, and what can be wrong with those that are there."""

from collections.abc import Iterator, Mapping
from enum import Enum

import msgspec

from streams.engine import BETWEEN_TASKS, INPUTS
from streams.engine.values import DAY
from streams.ports import CHANGELOG, CONTROL
from streams.settings import RecordTime, Settings

CONTROL_RECORD_BYTES = 8 * 1024 * 1024
"""A set of definitions is one record of `control` (DESIGN 3)."""

_OUTPUT_RETENTION = 30 * DAY  # an erased person is gone from outputs in bounded time (DESIGN 7)


class PartitionCount(Enum):
    """How many partitions a topic needs."""

    ONE = "one"
    ALIKE = "alike"  # the number in `partitions`: the same for all of a task's topics
    ANY = "any"  # created with `partitions`, but a shop may have other reasons


class TopicSpec(msgspec.Struct, frozen=True):
    """What a topic must be like. `config` is required and set on creation, `suggested` only set."""

    partitions: PartitionCount
    config: dict[str, str] = {}
    suggested: dict[str, str] = {}
    has_record_time: bool = False  # the setting record_time decides its timestamp type
    is_by_key: bool = False  # tasks write it for each other, and not to their own partition


_INPUT = TopicSpec(PartitionCount.ALIKE, {"cleanup.policy": "delete"}, has_record_time=True)
_BETWEEN_TASKS = msgspec.structs.replace(_INPUT, is_by_key=True)
_OUTPUT = TopicSpec(
    PartitionCount.ANY, {"cleanup.policy": "delete"}, {"retention.ms": str(_OUTPUT_RETENTION)}
)

TOPICS: dict[str, TopicSpec] = {
    **dict.fromkeys(INPUTS, _INPUT),
    # Codes may be given years after they were loaded: a state that is made anew needs them.
    "coupons": TopicSpec(
        PartitionCount.ALIKE,
        {"cleanup.policy": "delete", "retention.ms": "-1"},
        has_record_time=True,
    ),
    **dict.fromkeys(BETWEEN_TASKS, _BETWEEN_TASKS),
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
    "dead-letters": _OUTPUT,
    # One partition: a report of a task is small, and a single reader adds them up.
    "partition-facts": TopicSpec(
        PartitionCount.ONE, {"cleanup.policy": "delete"}, {"retention.ms": str(_OUTPUT_RETENTION)}
    ),
    # Replay reads them beside the inputs, for as long as those are kept.
    "late-records": TopicSpec(PartitionCount.ALIKE, {"cleanup.policy": "delete"}),
}
"""Logical name -> what it must be like. More come with the parts that use them."""

_TIMESTAMPS = {RecordTime.APPEND: "LogAppendTime", RecordTime.CREATE: "CreateTime"}


class FoundTopic(msgspec.Struct, frozen=True):
    """A topic as the brokers have it."""

    partitions: int
    config: Mapping[str, str]


class TopicProblem(msgspec.Struct, frozen=True):
    """One thing that is wrong with a topic, and what mends it."""

    topic: str  # as on the brokers
    what: str  # partitions, or the name of a configuration; empty: the topic itself
    found: str
    expected: str
    mend: str
    is_advice: bool = False  # it works all the same

    def __str__(self) -> str:
        what = f" {self.what} is" if self.what else " is"
        return f"{self.topic}:{what} {self.found}, expected {self.expected}; {self.mend}"


def topic_name(settings: Settings, logical: str) -> str:
    """The name on the brokers of the topic that is called `logical` in the texts."""
    return settings.prefix + logical


def required_config(spec: TopicSpec, settings: Settings) -> dict[str, str]:
    """The configuration that a topic must have."""
    if not spec.has_record_time:
        return spec.config
    return {**spec.config, "message.timestamp.type": _TIMESTAMPS[settings.record_time]}


def creation_config(spec: TopicSpec, settings: Settings) -> dict[str, str]:
    """The configuration that a topic is created with."""
    config = {**spec.suggested, **required_config(spec, settings)}
    if spec.has_record_time and settings.record_time is RecordTime.CREATE:
        config["retention.ms"] = "-1"  # a past that is imported is older than any retention
        if spec.is_by_key:  # what tasks write today counts from midnight on, which is to come
            config["message.timestamp.after.max.ms"] = str(2**63 - 1)
    return config


def creation_partitions(spec: TopicSpec, settings: Settings) -> int:
    """The number of partitions that a topic is created with."""
    return 1 if spec.partitions is PartitionCount.ONE else settings.partitions


def problems_of(found: Mapping[str, FoundTopic], settings: Settings) -> Iterator[TopicProblem]:
    """What is wrong with the topics of TOPICS; `found` by logical name, missing ones left out."""
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
    return value.isdecimal() and int(value) <= int(most)  # -1 is for ever


def _alter(settings: Settings, name: str, key: str, value: str) -> str:
    return (
        f"kafka-configs.sh --bootstrap-server {settings.brokers} --alter --topic {name} "
        f"--add-config {key}={value}"
    )
