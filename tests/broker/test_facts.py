"""The facts of each day are written once, whoever is killed on the way, and they are the sums of
what the tasks told."""

from pathlib import Path

import pytest

from streams.contracts.control import read_fact
from streams.contracts.partition_facts import PARTITION_FACTS, read_report
from streams.demo.workers import Worker
from streams.embedded.broker_process import BrokerProcess
from streams.ports import CONTROL, ArticleReport, DayReport
from streams.runtime.day_facts import DayFact, ReportAggregator
from tests.harness.topics import records_of
from tests.harness.year_run import PARTITIONS, YearRun

pytestmark = pytest.mark.slow


def owner_of_task_0(*workers: Worker) -> Worker:
    """Where the facts are added up."""
    for worker in workers:
        if any(task.partition == 0 for task in worker.tasks()):
            return worker
    raise AssertionError("task 0 lives nowhere")


def test_each_day_is_written_once_though_the_agents_worker_is_killed_again_and_again(
    broker: BrokerProcess, topic_prefix: str, tmp_path: Path
) -> None:
    with YearRun(broker, topic_prefix, tmp_path / "run") as run:
        workers = {name: run.start(name) for name in ("first", "second")}
        run.wait_for_tasks(workers["first"], PARTITIONS // 2)
        run.write(1.0)
        for share in (0.2, 0.4, 0.6):
            run.wait_for(share, *workers.values())
            killed = owner_of_task_0(*workers.values())
            killed.kill()
            name = next(name for name, worker in workers.items() if worker is killed)
            workers[name] = run.start(name)
            run.wait_for_tasks(workers[name], PARTITIONS // 2)
        run.finish(*workers.values())
        control, told = (
            [found.record for found in records_of(run.settings, topic)]
            for topic in (CONTROL, PARTITION_FACTS)
        )

    written: list[DayFact] = []
    for record in control:
        fact = read_fact(record)
        if fact is not None:
            assert record.time == fact.day_end
            written.append(fact)
    adding = ReportAggregator(PARTITIONS)
    expected: list[DayFact] = []
    seen: set[tuple[int, int]] = set()
    for record in told:
        report = read_report(record.value or b"")
        if isinstance(report, ArticleReport):
            adding.add_articles(report)
            continue
        assert isinstance(report, DayReport)
        assert (report.partition, report.day_end) not in seen, "a task told of a day twice"
        seen.add((report.partition, report.day_end))
        adding.add(report)
        expected += adding.complete()
    assert len(expected) > 150
    assert written == expected
