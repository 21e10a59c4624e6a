"""A worker of several processes is one worker: it decides, shows, stops and dies as one."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from streams.contracts.control import DefinitionsRecord, encode_definitions
from streams.embedded.broker_process import BrokerProcess
from streams.kafka.event_producer import EventProducer
from streams.operations.publish import published_sets
from streams.ports import CONTROL, OutputRecord
from streams.programs import SEMANTICS
from tests.harness.events import now
from tests.harness.eventually import eventually
from tests.harness.worker_process import WorkerProcess
from tests.harness.worker_shop import Shop

CUSTOMERS = 40
STARTS_WITHIN = 60.0
"""Seconds: each process imports all that a worker needs."""


@pytest.fixture
def shop(broker: BrokerProcess, topic_prefix: str, tmp_path: Path) -> Iterator[Shop]:
    with Shop(broker, topic_prefix, tmp_path / "shop") as shop:
        shop.create_topics()
        shop.publish()
        shop.register(CUSTOMERS)
        yield shop


def start(shop: Shop, processes: int = 2, *options: str) -> WorkerProcess:
    """A worker of so many processes; all tasks run, each process has some."""
    worker = shop.start("one", "--processes", str(processes), *options)
    wait_until_shared(worker, processes)
    return worker


def wait_until_shared(worker: WorkerProcess, processes: int) -> None:
    def is_shared() -> bool:
        assert worker.is_running()
        return len(worker.running()) == 4 and len(set(owners(worker).values())) == processes

    eventually(is_shared, within=STARTS_WITHIN, message=worker.log_tail)


def status(worker: WorkerProcess) -> dict[str, Any]:
    answer: dict[str, Any] = worker.ask("/status")[1]
    return answer


def owners(worker: WorkerProcess) -> dict[int, int]:
    """By running task, the number of its process."""
    tasks = status(worker)["tasks"]
    return {task["partition"]: task["process"] for task in tasks if task["state"] == "running"}


def pids(worker: WorkerProcess) -> dict[int, int]:
    """By number, the process id of each process that runs."""
    processes = status(worker)["processes"]
    return {one["process"]: one["pid"] for one in processes if one["pid"] is not None}


def samples(worker: WorkerProcess, name: str) -> dict[tuple[str, ...], float]:
    """By process and task, the samples of a metric."""
    return {
        tuple(sample.labels[label] for label in ("process", "task") if label in sample.labels): (
            sample.value
        )
        for family in text_string_to_metric_families(worker.ask("/metrics")[1])
        for sample in family.samples
        if sample.name == name
    }


def ends(worker: WorkerProcess) -> str:
    """The lines of its log that may tell how a process ended."""
    lines = worker.log.read_text().splitlines()
    return "\n".join(line for line in lines if " DEBUG " not in line)


def exists(pid: int) -> bool:
    """True while the process runs; one that ended and that nobody waited for is gone, too."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"


@pytest.mark.smoke
def test_processes_share_the_tasks_and_one_port_answers_for_all(shop: Shop) -> None:
    shop.forks = False  # the command itself, as a user starts it
    worker = start(shop)
    shop.order(CUSTOMERS)
    shop.wait_for_all(worker.log_tail)
    for customer in (f"c{number}" for number in range(8)):
        code, answer = worker.ask(f"/customers/{customer}")
        assert code == 200, answer
        assert (answer["customer_id"], answer["orders"]) == (customer, 1)
        for process in (1, 2):  # a query may come to the wrong one
            assert worker.ask(f"/processes/{process}/customers/{customer}") == (200, answer)
    assert worker.ask("/customers/nobody")[0] == 404
    assert worker.ask("/processes/3/status")[0] == 404
    assert worker.ask("/health") == (
        200,
        {"status": "ok", "is_ready": True, "tasks": 4, "running": 4},
    )
    assert [one["state"] for one in status(worker)["processes"]] == ["running", "running"]
    commands = samples(worker, "sendflow_commands_total")
    assert set(commands) == {(str(process), str(task)) for task, process in owners(worker).items()}
    assert sum(commands.values()) == CUSTOMERS
    assert samples(worker, "sendflow_process_up") == {("1",): 1.0, ("2",): 1.0}
    assert set(samples(worker, "process_resident_memory_bytes")) == {("1",), ("2",)}
    log = worker.log.read_text()
    for process in (1, 2):
        assert f"worker.tasks[{process}]: generation" in log
    children = pids(worker)
    assert worker.stop() == 0
    assert not any(exists(pid) for pid in children.values())


def test_a_process_that_was_killed_comes_back_and_nothing_is_lost_or_twice(shop: Shop) -> None:
    worker = start(shop)
    before = pids(worker)
    shop.order(CUSTOMERS, each=20)
    eventually(lambda: len(shop.commands()) > 100, within=30, message=worker.log_tail)
    os.kill(before[1], signal.SIGKILL)
    shop.order(CUSTOMERS)
    worker.wait_for_log("starting it again in 1 s")
    again = eventually(lambda: pids(worker).get(1))
    assert again is not None
    os.kill(again, signal.SIGKILL)
    worker.wait_for_log("starting it again in 2 s")
    shop.wait_for_all(worker.log_tail)
    wait_until_shared(worker, 2)
    after = pids(worker)
    assert after[1] != before[1]
    assert after[2] == before[2]
    starts = samples(worker, "sendflow_process_starts_total")
    assert starts == {("1",): 3.0, ("2",): 1.0}, ends(worker)
    assert worker.ask("/health")[1]["is_ready"]
    assert worker.stop() == 0


def test_a_task_that_moves_between_processes_is_not_restored(shop: Shop) -> None:
    worker = start(shop)
    shop.order(CUSTOMERS)
    shop.wait_for_all(worker.log_tail)
    os.kill(pids(worker)[1], signal.SIGTERM)  # its tasks go to process 2, and some return
    eventually(lambda: owners(worker) == dict.fromkeys(range(4), 2), within=30, every=0.01)
    wait_until_shared(worker, 2)
    shop.order(CUSTOMERS)
    shop.wait_for_all(worker.log_tail)
    for customer in range(CUSTOMERS):
        assert worker.ask(f"/customers/c{customer}")[1]["orders"] == 2
    log = worker.log.read_text()
    assert log.count("assigned -> restoring") > 4
    assert "restored" not in log
    assert "is locked" not in log
    assert worker.stop() == 0


def test_a_worker_of_processes_publishes_once(shop: Shop) -> None:
    before = len(published_sets(shop.settings))
    flow = shop.flows / "thanks.yaml"
    flow.write_text(flow.read_text().replace("thanks}", "many-thanks}"))
    worker = start(shop, 2, "--flows", str(shop.flows))
    assert len(published_sets(shop.settings)) == before + 1
    assert worker.stop() == 0


def test_all_stop_in_time_while_deciding_where_every_process_gets_the_signal(shop: Shop) -> None:
    """As systemd sends it; the supervisor sends it, too, and the second one changes nothing."""
    worker = start(shop)
    children = pids(worker)
    shop.order(CUSTOMERS, each=40)
    eventually(lambda: len(shop.commands()) > 100, within=30, message=worker.log_tail)
    worker.process.signal(signal.SIGTERM)
    for pid in children.values():
        os.kill(pid, signal.SIGTERM)
    assert worker.wait() == 0
    assert not any(exists(pid) for pid in children.values())
    worker = start(shop)
    shop.wait_for_all(worker.log_tail)
    worker.process.signal(signal.SIGINT)  # Ctrl-C reaches the supervisor alone
    assert worker.wait() == 0


def test_workers_of_several_processes_and_of_one_answer_for_each_other(shop: Shop) -> None:
    one = start(shop)
    two = shop.start("two")
    shop.order(CUSTOMERS)

    def all_share() -> bool:
        shares = [*owners(one).values()].count(1), [*owners(one).values()].count(2)
        return sorted([*shares, len(two.running())]) == [1, 1, 2]

    eventually(all_share, within=STARTS_WITHIN, message=one.log_tail)
    shop.wait_for_all(one.log_tail)
    for customer in (f"c{number}" for number in range(8)):
        answers = {
            str(worker.ask(f"{path}/customers/{customer}"))
            for worker, path in ((one, ""), (one, "/processes/2"), (two, ""))
        }
        assert len(answers) == 1
        assert f"'customer_id': '{customer}'" in answers.pop()
    assert (one.stop(), two.stop()) == (0, 0)


def test_a_process_that_hangs_is_told_by_health_and_killed_at_the_stop(shop: Shop) -> None:
    worker = start(shop)
    hanging = pids(worker)[2]
    os.kill(hanging, signal.SIGSTOP)
    eventually(lambda: worker.ask("/health")[0] == 503, within=20)
    assert worker.stop() == 1
    assert not exists(hanging)


def test_a_second_signal_ends_all_at_once(shop: Shop) -> None:
    worker = start(shop)
    children = pids(worker)
    os.kill(children[2], signal.SIGSTOP)  # the stop would take its time
    worker.process.signal(signal.SIGTERM)
    worker.wait_for_log("SIGTERM received: stopping all processes")
    worker.process.signal(signal.SIGTERM)
    assert worker.wait() == 1
    eventually(lambda: not any(exists(pid) for pid in children.values()))


def test_no_process_outlives_a_supervisor_that_was_killed(shop: Shop) -> None:
    worker = start(shop)
    children = pids(worker)
    shop.order(CUSTOMERS, each=10)
    worker.kill()
    worker = start(shop)  # it takes the port and waits for the stores' locks
    eventually(lambda: not any(exists(pid) for pid in children.values()), within=12)
    shop.wait_for_all(worker.log_tail)
    assert worker.stop() == 0


def test_what_only_the_user_can_fix_ends_all_processes(shop: Shop) -> None:
    worker = start(shop)
    newer = DefinitionsRecord(now(), "newer", SEMANTICS[-1] + 1, "none", "{}", {})
    record = OutputRecord(CONTROL, b"definitions", encode_definitions(newer), partition=0)
    with EventProducer(shop.settings) as producer:
        producer.produce(record)
    assert worker.process.wait(20) == 2
    log = worker.log.read_text()
    assert "upgrade sendflow" in log
    assert "exited with status 2" in log
    assert "starting it again" not in log


def test_a_mistake_is_told_once_before_any_process_starts(shop: Shop) -> None:
    worker = shop.start("one", "--processes", "2", SENDFLOW_PARTITIONS="3")
    assert worker.process.wait(20) == 2
    log = worker.log.read_text()
    assert log.count(f"{shop.settings.prefix}orders: partitions is 4, expected 3") == 1
    assert "process 1 started" not in log
