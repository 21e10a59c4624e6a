"""Whatever happens to the workers in the middle of the shop's year, the same commands come out: the
same ones, none missing, none twice, for a reader of committed records."""

from pathlib import Path

import pytest

from streams.contracts.wire import decode_any
from streams.embedded.broker_process import BrokerProcess
from tests.harness.year_run import PARTITIONS, Outputs, YearRun

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def undisturbed(broker: BrokerProcess, tmp_path_factory: pytest.TempPathFactory) -> Outputs:
    """What one worker makes of the year when nothing happens to it."""
    folder = tmp_path_factory.mktemp("undisturbed")
    # Processes of tests share the broker: the name of the folder alone is not this process's own.
    with YearRun(broker, f"{folder.name}-{folder.parent.name}.", folder / "run") as run:
        run.write(1.0)
        outputs = run.finish(run.start("worker"))
    assert outputs.number_of_commands() > 4_000
    assert outputs.dead_letters == 0
    return outputs


def assert_same(outputs: Outputs, expected: Outputs) -> None:
    """Bytes for bytes, in the same order within each partition."""
    send_ids = [
        decode_any(value)[1]["send_id"] for values in outputs.commands.values() for value in values
    ]
    assert len(set(send_ids)) == len(send_ids), "a command came twice"
    for partition in range(PARTITIONS):
        assert outputs.commands.get(partition) == expected.commands.get(partition)
        assert outputs.decisions.get(partition) == expected.decisions.get(partition)
    assert outputs.states == expected.states
    assert outputs.dead_letters == expected.dead_letters


def test_a_worker_is_killed_in_the_middle_of_the_import_and_started_again(
    broker: BrokerProcess, topic_prefix: str, tmp_path: Path, undisturbed: Outputs
) -> None:
    with YearRun(broker, topic_prefix, tmp_path / "run") as run:
        worker = run.start("worker")
        run.write(0.6)
        run.wait_for(0.2, worker)
        worker.kill()
        run.write(0.8)
        worker = run.start("worker")
        run.write(1.0)
        outputs = run.finish(worker)
    assert_same(outputs, undisturbed)


@pytest.mark.long
def test_a_worker_is_killed_while_the_other_goes_on_and_takes_over(
    broker: BrokerProcess, topic_prefix: str, tmp_path: Path, undisturbed: Outputs
) -> None:
    with YearRun(broker, topic_prefix, tmp_path / "run") as run:
        first, second = run.start("first"), run.start("second")
        run.wait_for_tasks(first, PARTITIONS // 2)
        run.wait_for_tasks(second, PARTITIONS // 2)
        run.write(0.6)
        run.wait_for(0.2, second)
        first.kill()
        run.write(1.0)
        outputs = run.finish(second)
    assert_same(outputs, undisturbed)


def test_a_worker_joins_and_another_leaves_while_they_share_the_load(
    broker: BrokerProcess, topic_prefix: str, tmp_path: Path, undisturbed: Outputs
) -> None:
    with YearRun(broker, topic_prefix, tmp_path / "run") as run:
        first = run.start("first")
        run.write(0.4)
        run.wait_for(0.1, first)
        second = run.start("second")
        run.wait_for_tasks(second, PARTITIONS // 2)
        run.wait_for_tasks(first, PARTITIONS // 2)
        run.write(0.7)
        run.wait_for(0.5, first)
        run.wait_for(0.5, second)
        assert first.stop() == 0
        run.write(1.0)
        outputs = run.finish(second)
    assert_same(outputs, undisturbed)
