"""Requests to the brokers other than records: end offsets and topics."""

import logging
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future

from confluent_kafka import (
    Consumer,
    IsolationLevel,
    KafkaException,
    TopicPartition,
)
from confluent_kafka.admin import AdminClient, ConfigResource, NewTopic, OffsetSpec, ResourceType

from streams.errors import Refused
from streams.kafka.client_config import connection_options, offsets_options
from streams.kafka.deferred_signals import signals_deferred
from streams.kafka.failures import UNREACHABLE, error_of, kafka_error
from streams.kafka.topics import (
    TOPICS,
    FoundTopic,
    TopicProblem,
    creation_config,
    creation_partitions,
    problems_of,
    topic_name,
)
from streams.ports import CHANGELOG, PartitionId
from streams.settings import Settings

logger = logging.getLogger(__name__)

_REQUEST_WITHIN = 5.0  # seconds
_ATTEMPT_WITHIN = 2.0  # seconds; bounds the reaction time to a stop
_RETRY_AFTER = 0.05  # seconds
_END = -1  # in place of a timestamp: the end of the partition

_LATEST: OffsetSpec = OffsetSpec.latest()  # type: ignore[no-untyped-call]


class KafkaAdmin:
    """Admin client. Every method blocks, within a bound, so none belongs on the event loop. Thread
    safe."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        quiet = {"log_level": 0}  # failures come back as errors
        with signals_deferred():
            self._admin = AdminClient({**connection_options(settings, "admin"), **quiet})
            self._offsets = Consumer({**offsets_options(settings, "offsets"), **quiet})

    def close(self) -> None:
        """Closes the clients."""
        self._offsets.close()
        with signals_deferred():
            del self._admin  # its destructor closes it

    # ── Reaching the brokers ──────────────────────────────────────────────────────────────────

    def wait_for_broker(self, is_stopped: Callable[[], bool] = lambda: False) -> None:
        """Retries until a broker answers, with a log line per attempt. Raises Refused after
        `broker_timeout`, when stopped, or where a retry would not help."""
        patience = self._settings.broker_timeout / 1000
        deadline = time.monotonic() + patience
        while True:
            try:
                self._admin.list_topics(timeout=min(_ATTEMPT_WITHIN, max(patience / 3, 0.1)))
                return
            except KafkaException as exception:
                error = error_of(exception)
                if error.code() not in UNREACHABLE:
                    raise kafka_error(
                        error, f"connecting to {self._settings.brokers}"
                    ) from exception
            left = deadline - time.monotonic()
            if left <= 0 or is_stopped():
                raise Refused(
                    f"no broker reachable at {self._settings.brokers} after {patience:g} s; start "
                    "one, set brokers (SENDFLOW_BROKERS) or raise broker_timeout"
                )
            logger.warning(
                "no broker reachable at %s; retrying for %.0f s", self._settings.brokers, left
            )

    # ── Offsets ───────────────────────────────────────────────────────────────────────────────

    def end_offsets(
        self, partitions: Iterable[PartitionId], timeout: float
    ) -> dict[PartitionId, int]:
        """End offsets of partitions: the high watermark, open transactions included (DESIGN 5.2).

        One request per leading broker. Partitions without an answer within `timeout` seconds are
        left out: an unknown end is no end."""
        wanted = [TopicPartition(topic, partition, _END) for topic, partition in partitions]
        if not wanted:
            return {}
        try:
            # The timestamp -1 is the protocol's "latest"; a third of the cost of list_offsets().
            answers = self._offsets.offsets_for_times(wanted, timeout / 2)
        except KafkaException:  # one missing leader fails the request: one request each
            return self._ends_apart(wanted, timeout / 2)
        return {
            (answer.topic, answer.partition): answer.offset
            for answer in answers
            if answer.error is None and answer.offset >= 0
        }

    def _ends_apart(
        self, wanted: Iterable[TopicPartition], timeout: float
    ) -> dict[PartitionId, int]:
        answers = self._admin.list_offsets(
            {TopicPartition(one.topic, one.partition): _LATEST for one in wanted},
            isolation_level=IsolationLevel.READ_UNCOMMITTED,
            request_timeout=timeout,
        )
        ends = {}
        for partition, answer in answers.items():
            try:
                offset = answer.result().offset
                if offset >= 0:  # in time
                    ends[partition.topic, partition.partition] = offset
            except KafkaException as exception:
                logger.debug("%s: %s", partition, error_of(exception).str())
        return ends

    def bounds(self, topic: str, partition: int, timeout: float) -> tuple[int, int]:
        """The first existing offset, and the offset after the last record, open transactions
        included. Raises Refused after `timeout` seconds."""
        deadline = time.monotonic() + timeout
        while True:
            try:
                first, end = self._offsets.get_watermark_offsets(
                    TopicPartition(topic, partition), min(_REQUEST_WITHIN, timeout)
                )
                return first, end
            except KafkaException as exception:
                error = error_of(exception)
                if error.code() not in UNREACHABLE or time.monotonic() >= deadline:
                    failed = kafka_error(error, f"{topic}[{partition}]: reading end offset")
                    raise Refused(str(failed)) from exception
            time.sleep(_RETRY_AFTER)

    # ── Topics ────────────────────────────────────────────────────────────────────────────────

    def create_topics(self) -> list[str]:
        """Creates the missing topics of TOPICS and waits until all brokers have them. Returns their
        names on the brokers."""
        existing = self._partition_counts()
        missing = [
            self._new_topic(logical)
            for logical in TOPICS
            if topic_name(self._settings, logical) not in existing
        ]
        if not missing:
            return []
        for name, created in self._admin.create_topics(
            missing, request_timeout=_REQUEST_WITHIN * 2
        ).items():
            _result(created, f"creating the topic {name}")
        names = [topic.topic for topic in missing]
        deadline = time.monotonic() + _REQUEST_WITHIN * 2
        while not self._partition_counts().keys() >= set(names):
            if time.monotonic() > deadline:
                raise Refused(f"{', '.join(names)}: created, but not yet visible on all brokers")
            time.sleep(_RETRY_AFTER)
        return names

    def delete_topics(self) -> None:
        """Deletes the topics of TOPICS and their records."""
        existing = self._partition_counts()
        names = [topic_name(self._settings, logical) for logical in TOPICS]
        existing_names = [name for name in names if name in existing]
        if existing_names:
            for name, deleted in self._admin.delete_topics(
                existing_names, request_timeout=_REQUEST_WITHIN * 2
            ).items():
                _result(deleted, f"deleting the topic {name}")

    def check_topics(self) -> list[TopicProblem]:
        """Problems of the topics of TOPICS. Changes nothing."""
        counts = self._partition_counts()
        names = {
            logical: name
            for logical in TOPICS
            if (name := topic_name(self._settings, logical)) in counts
        }
        configs = self._configs(names.values())
        found = {
            logical: FoundTopic(counts[name], configs[name]) for logical, name in names.items()
        }
        return list(problems_of(found, self._settings))

    def delete_retention(self) -> int:
        """delete.retention.ms of the changelog: how long it keeps tombstones."""
        name = topic_name(self._settings, CHANGELOG)
        return int(self._configs([name])[name]["delete.retention.ms"])

    def _new_topic(self, logical: str) -> NewTopic:
        spec = TOPICS[logical]
        return NewTopic(
            topic_name(self._settings, logical),
            num_partitions=creation_partitions(spec, self._settings),
            replication_factor=self._settings.replication or -1,
            config=creation_config(spec, self._settings),
        )

    def _partition_counts(self) -> dict[str, int]:
        try:
            topics = self._admin.list_topics(timeout=_REQUEST_WITHIN).topics
        except KafkaException as exception:
            raise kafka_error(error_of(exception), "listing the topics") from exception
        return {
            name: len(topic.partitions) for name, topic in topics.items() if topic.error is None
        }

    def _configs(self, names: Iterable[str]) -> dict[str, dict[str, str]]:
        resources = [ConfigResource(ResourceType.TOPIC, name) for name in names]
        if not resources:
            return {}
        answers = self._admin.describe_configs(resources, request_timeout=_REQUEST_WITHIN)
        return {
            resource.name: dict(
                _values(_result(answer, f"reading configuration of {resource.name}"))
            )
            for resource, answer in answers.items()
        }


def _result(answer: "Future[object]", doing: str) -> object:
    try:
        return answer.result()
    except KafkaException as exception:
        raise kafka_error(error_of(exception), doing) from exception


def _values(entries: object) -> Iterator[tuple[str, str]]:
    if not isinstance(entries, dict):
        raise TypeError(f"a configuration is a dict, not {type(entries).__name__}")
    for name, entry in entries.items():
        if entry.value is not None:
            yield name, entry.value
