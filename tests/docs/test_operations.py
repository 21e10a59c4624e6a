"""docs/operations.md holds what the code holds: settings, metrics, topics, and what workers say."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest
from prometheus_client import generate_latest

from streams.kafka.topics import TOPICS
from streams.metrics import LoopMeasures, TaskMeasures, registry_of
from streams.settings import load_settings, setting_rows
from streams.worker.supervision.metrics_text import merged_metrics, process_metrics

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "operations.md").read_text()


def table(heading: str) -> list[list[str]]:
    """The rows of the table that begins with this heading, as their cells."""
    _, _, after = PAGE.partition(f"| {heading} |")
    rows = after.partition("\n\n")[0].splitlines()[2:]
    assert rows, f"there is no table that begins with {heading!r}"
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]


def test_every_setting_is_there_with_its_default() -> None:
    told = {row[0].strip("`"): row[1].strip("`") for row in table("setting")}
    assert told == {name: value for name, value, _ in setting_rows(load_settings(None, {}))}


def test_every_metric_is_there() -> None:
    measures = TaskMeasures(
        partition=0,
        behind=1,
        buffered={"orders": 1},
        lag={"orders": 1},
        counts={},
        commits=1,
        commit_seconds=1.0,
        failures=0,
    )
    text = generate_latest(registry_of(lambda: [measures], LoopMeasures)).decode()
    ours = re.findall(r"^# HELP (sendflow_\w+)", text, re.MULTILINE)
    told = [re.findall(r"`(\w+)`", row[0])[0] for row in table("metric (label `task`)")]
    assert told == ours


def test_every_metric_of_several_processes_is_there() -> None:
    text = merged_metrics({}, process_metrics({1: 1}, running=[1])).decode()
    ours = re.findall(r"^# HELP (sendflow_\w+)", text, re.MULTILINE)
    rows = table("metric of a worker of several processes (label `process`)")
    assert [re.findall(r"`(\w+)`", row[0])[0] for row in rows] == ours


def test_every_topic_is_there_with_what_it_must_be() -> None:
    rows = table("topic")
    told = {name: row[2] for row in rows for name in re.findall(r"`([\w-]+)`", row[0])}
    assert told.keys() == TOPICS.keys()
    for name, spec in TOPICS.items():
        for key, value in {**spec.config, **spec.suggested}.items():
            if key != "cleanup.policy" or name != "control":  # "the same" as the inputs
                assert f"`{key}={value}`" in told[name], name


@cache
def messages() -> list[str]:
    """Every text of the code, with … in the place of what is filled in."""
    found = []
    for path in (ROOT / "streams").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.append(re.sub(r"%[.\d]*[a-z]", "…", node.value))
            elif isinstance(node, ast.JoinedStr):
                parts = [p.value if isinstance(p, ast.Constant) else "…" for p in node.values]
                found.append("".join(map(str, parts)))
    return found


SAID = [text for row in table("message") for text in re.findall(r"`([^`]+)`", row[0])]
MENTIONED = [
    "free disk space and restart",
    "restoring: changelog offset … of …",
    "another worker owns this task",
]


@pytest.mark.parametrize("text", [*SAID, *MENTIONED])
def test_what_workers_are_said_to_say_is_in_the_code(text: str) -> None:
    if text == "…: … is …, expected …; …":
        text = "…:… …, expected …; …"  # TopicProblem puts "is" before what it found
    parts = [re.escape(part) for part in text.split("…")]
    pattern = re.compile(".*".join(parts), re.DOTALL)
    assert any(pattern.search(message) for message in messages())
