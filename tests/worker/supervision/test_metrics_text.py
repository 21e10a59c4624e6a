"""The texts of several processes as one, which Prometheus can read."""

import re

from prometheus_client import generate_latest
from prometheus_client.parser import text_string_to_metric_families

from streams.metrics import LoopMeasures, TaskMeasures, registry_of
from streams.worker.supervision.metrics_text import merged_metrics, process_metrics


def text_of(partition: int, commands: int, topic: str = "orders") -> str:
    measures = TaskMeasures(
        partition=partition,
        behind=1,
        buffered={topic: 1},
        lag={topic: 1},
        counts={"commands": commands},
        commits=1,
        commit_seconds=0.5,
        failures=0,
    )
    return generate_latest(registry_of(lambda: [measures], LoopMeasures)).decode()


def test_every_sample_is_there_with_its_process_and_its_value() -> None:
    texts = {1: text_of(0, 5), 2: text_of(3, 7)}
    found = {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(merged_metrics(texts, []).decode())
        for sample in family.samples
    }
    expected = {
        (sample.name, frozenset({**sample.labels, "process": str(number)}.items())): sample.value
        for number, text in texts.items()
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }
    assert found == expected
    assert found["sendflow_commands_total", frozenset({("process", "2"), ("task", "3")})] == 7


def test_the_samples_of_a_metric_stand_together_under_one_heading() -> None:
    lines = merged_metrics({1: text_of(0, 5), 2: text_of(3, 7)}, []).decode().splitlines()
    headings = [line.split()[2] for line in lines if line.startswith("# TYPE")]
    assert len(headings) == len(set(headings))
    at = lines.index("# TYPE sendflow_commands_total counter")
    assert [re.split("[{ ]", line)[0] for line in lines[at + 1 : at + 3]] == [
        "sendflow_commands_total"
    ] * 2


def test_names_that_need_escaping_survive() -> None:
    text = merged_metrics({1: text_of(0, 1, topic='a"b\\c\nd')}, []).decode()
    assert 'topic="a\\"b\\\\c\\nd"' in text


def test_the_supervisors_own_metrics() -> None:
    text = merged_metrics({}, process_metrics({1: 1, 2: 4}, running=[2])).decode()
    assert 'sendflow_process_up{process="1"} 0.0' in text
    assert 'sendflow_process_up{process="2"} 1.0' in text
    assert 'sendflow_process_starts_total{process="2"} 4.0' in text
