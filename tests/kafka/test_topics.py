import pytest

from streams.engine import INPUTS
from streams.kafka.topics import (
    TOPICS,
    FoundTopic,
    creation_config,
    creation_partitions,
    problems_of,
)
from streams.ports import CHANGELOG, CONTROL
from streams.settings import RecordTime, Settings

SETTINGS = Settings(brokers="kafka:1", partitions=4, prefix="shop.")


def right(settings: Settings = SETTINGS) -> dict[str, FoundTopic]:
    """Every topic as it is created."""
    return {
        name: FoundTopic(creation_partitions(spec, settings), creation_config(spec, settings))
        for name, spec in TOPICS.items()
    }


def with_config(name: str, **config: str) -> dict[str, FoundTopic]:
    found = right()
    changed = {key.replace("_", "."): value for key, value in config.items()}
    found[name] = FoundTopic(found[name].partitions, {**found[name].config, **changed})
    return found


def test_topics_as_they_are_created_have_no_problem():
    assert list(problems_of(right(), SETTINGS)) == []


def test_every_input_is_in_the_table():
    assert set(INPUTS) < set(TOPICS)


def test_pitfall_43_a_missing_topic():
    found = right()
    del found[CHANGELOG]
    (problem,) = problems_of(found, SETTINGS)
    assert str(problem) == (
        "shop.customers-changelog: is missing, expected a topic; create it: sendflow topics create"
    )


def test_pitfall_37_one_topic_with_other_partitions_must_be_recreated():
    found = right()
    found["carts"] = FoundTopic(6, found["carts"].config)
    (problem,) = problems_of(found, SETTINGS)
    assert (problem.topic, problem.what, problem.found, problem.expected) == (
        "shop.carts",
        "partitions",
        "6",
        "4",
    )
    assert "--delete --topic shop.carts" in problem.mend


def test_pitfall_37_where_all_agree_on_another_number_the_setting_is_wrong():
    found = {
        name: FoundTopic(1 if topic.partitions == 1 else 6, topic.config)
        for name, topic in right().items()
    }
    problems = list(problems_of(found, SETTINGS))
    assert {problem.mend for problem in problems} == {"all input topics have 6: set partitions = 6"}
    assert "shop.send-commands" not in {problem.topic for problem in problems}


def test_outputs_may_have_partitions_of_their_own():
    found = right()
    found["send-commands"] = FoundTopic(1, found["send-commands"].config)
    assert list(problems_of(found, SETTINGS)) == []


def test_pitfall_43_a_changelog_that_is_not_compacted():
    (problem,) = problems_of(with_config(CHANGELOG, cleanup_policy="delete"), SETTINGS)
    assert (problem.what, problem.found, problem.expected) == (
        "cleanup.policy",
        "delete",
        "compact",
    )
    assert problem.mend == (
        "kafka-configs.sh --bootstrap-server kafka:1 --alter --topic shop.customers-changelog "
        "--add-config cleanup.policy=compact"
    )


@pytest.mark.parametrize(
    ("record_time", "found", "is_right"),
    [
        (RecordTime.APPEND, "LogAppendTime", True),
        (RecordTime.APPEND, "CreateTime", False),
        (RecordTime.CREATE, "CreateTime", True),
        (RecordTime.CREATE, "LogAppendTime", False),
    ],
)
def test_the_timestamps_of_inputs_are_those_of_the_setting(record_time, found, is_right):
    settings = Settings(brokers="kafka:1", partitions=4, record_time=record_time)
    topics = right(settings)
    for name in ("orders", CONTROL):
        config = {**topics[name].config, "message.timestamp.type": found}
        topics[name] = FoundTopic(topics[name].partitions, config)
    problems = {problem.what for problem in problems_of(topics, settings)}
    assert problems == (set() if is_right else {"message.timestamp.type"})


def test_an_imported_past_is_not_deleted_at_once():
    simulated = Settings(record_time=RecordTime.CREATE)
    assert creation_config(TOPICS["orders"], simulated)["retention.ms"] == "-1"
    assert "retention.ms" not in creation_config(TOPICS["orders"], Settings())


@pytest.mark.parametrize(
    ("bytes_", "is_right"),
    [("1048588", False), ("8388607", False), ("8388608", True), ("9000000", True)],
)
def test_control_takes_a_whole_set_of_definitions(bytes_, is_right):
    problems = list(problems_of(with_config(CONTROL, max_message_bytes=bytes_), SETTINGS))
    assert (problems == []) is is_right


@pytest.mark.parametrize(
    ("retention", "advice"), [("2592000000", 0), ("1000", 0), ("2592000001", 1), ("-1", 1)]
)
def test_outputs_that_are_kept_longer_than_30_days_are_an_advice(retention, advice):
    problems = list(problems_of(with_config("send-commands", retention_ms=retention), SETTINGS))
    assert [problem.is_advice for problem in problems] == [True] * advice
