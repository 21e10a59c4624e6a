"""`sendflow demo` as a newcomer runs it: it ends, it ends well, and it leaves nothing behind."""

import json
import os
import pty
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest
from confluent_kafka.admin import AdminClient

from streams.embedded.broker_process import BrokerProcess
from tests.harness.eventually import eventually

pytestmark = pytest.mark.slow

COMMAND = [sys.executable, "-m", "streams.cli.main", "demo", "--partitions", "2"]
FEW, MORE = ("--one-in", "100"), ("--one-in", "20")
"""Customers: enough to see how a run goes, and enough for all flows to have something to decide."""
SMALL = ("--workers", "1", "--partitions", "1")
Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def start(tmp_path: Path) -> Start:
    """Starts a demo whose temporary files lie in a folder of its own."""

    def start(*options: str, **variables: str) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            [*COMMAND, *(FEW if "--one-in" not in options else ()), *options],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "TMPDIR": str(tmp_path), **variables},
        )

    return start


@pytest.fixture(autouse=True)
def _nothing_is_left(tmp_path: Path):
    yield
    eventually(lambda: not left_running(tmp_path), message=lambda: str(left_running(tmp_path)))
    left = [path.name for path in tmp_path.iterdir() if not path.name.startswith("kept")]
    assert left == []


def left_running(folder: Path) -> list[str]:
    """Processes that were told of this folder: workers by their variables, brokers by name."""
    listed = subprocess.run(
        ["ps", "axeww", "-o", "pid=,command="], capture_output=True, text=True, check=True
    )
    return [
        line[:200]
        for line in listed.stdout.splitlines()
        if str(folder) in line and not line.strip().startswith(f"{os.getpid()} ")
        if "sendflow-demo-" in line
    ]


def report_of(process: "subprocess.Popen[str]") -> dict:
    out, errors = process.communicate(timeout=250)
    assert process.returncode == 0, errors
    return json.loads(out)


@pytest.fixture(scope="module")
def first(broker: BrokerProcess) -> dict:
    """The report of a demo that nothing happened to."""
    ended = subprocess.run(
        [*COMMAND, *MORE, "--brokers", broker.bootstrap, "--json"], capture_output=True, text=True
    )
    assert ended.returncode == 0, ended.stderr
    return json.loads(ended.stdout)


@pytest.mark.smoke
@pytest.mark.long
def test_it_ends_with_all_that_was_decided(first: dict) -> None:
    assert first["commands"] > 4_000
    assert first["journeys"] > 4_000
    assert first["shop"]["lines_without_customer"] == 135_080
    assert first["outcome"]["dead_letters"] == first["outcome"]["late_records"] == 0


@pytest.mark.smoke
@pytest.mark.long
def test_customers_subscribe_and_fall_asleep_and_the_flows_for_them_act(first: dict) -> None:
    commands = first["outcome"]["commands"]
    for flow, channel in (
        ("welcome-email", "email"),
        ("welcome-sms", "sms"),
        ("welcome-push", "push"),
        ("reactivation", "email"),
        ("sunset", "email"),
    ):
        assert commands.get(f"{flow} {channel}", 0) > 10, flow
    # Nobody who sleeps is written to, until they order.
    assert first["outcome"]["not_entered"]["cart-recovery profile_filter"] > 0
    assert first["outcome"]["exited"]["awakening finished"] > 0


@pytest.mark.long
def test_a_second_one_with_a_killed_worker_ends_with_the_same_figures(
    broker: BrokerProcess, start: Start, tmp_path: Path, first: dict
) -> None:
    process = start(*MORE, "--brokers", broker.bootstrap, "--json")
    pid = eventually(lambda: worker_that_decides(tmp_path), within=60)
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    second = report_of(process)
    assert second["restarts"] == 1
    assert second["outcome"] == first["outcome"]
    assert second["timeline"] == first["timeline"]


@pytest.mark.smoke
@pytest.mark.long
def test_on_a_broker_of_others_it_leaves_no_topic(broker: BrokerProcess, first: dict) -> None:
    topics = AdminClient({"bootstrap.servers": broker.bootstrap}).list_topics(timeout=20).topics
    assert not [name for name in topics if name.startswith("demo-")]


def worker_that_decides(folder: Path) -> int | None:
    """The process id of a worker whose tasks are at work: its log says that definitions hold."""
    for log in folder.glob("sendflow-demo-*/worker-*.log"):
        if "are in force" in log.read_text():
            listed = subprocess.run(
                ["ps", "axeww", "-o", "pid=,command="], capture_output=True, text=True, check=True
            )
            data = f"SENDFLOW_DATA_DIR={log.with_suffix('')}"
            for line in listed.stdout.splitlines():
                if data in line and "streams.cli.main worker" in line:
                    return int(line.split()[0])
    return None


@pytest.mark.parametrize(
    ("number", "stage"),
    [
        (signal.SIGINT, "starting the broker"),
        (signal.SIGINT, "reading"),
        (signal.SIGINT, "writing"),
        pytest.param(signal.SIGINT, "deciding", marks=pytest.mark.long),
        (signal.SIGTERM, "deciding"),
    ],
)
def test_an_interrupt_at_any_stage_cleans_up(
    start: Start, number: signal.Signals, stage: str
) -> None:
    process = start()
    assert process.stderr is not None
    for line in process.stderr:
        if line.startswith(stage):
            break
    process.send_signal(number)
    _, errors = process.communicate(timeout=90)
    assert process.returncode == 128 + number, errors
    assert "Traceback" not in errors


class Kept(NamedTuple):
    """What a demo left that was told to keep its data, and what it showed on its terminal."""

    folder: Path
    shown: str


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Kept:
    """Of a demo on a terminal of 80 columns."""
    folder = tmp_path_factory.mktemp("kept")
    variables = {
        "TMPDIR": str(folder),
        "COLUMNS": "80",
        "LINES": "40",
        "TERM": "xterm",
        # Settings around it are none of its business.
        "SENDFLOW_BROKERS": "nowhere:1",
        "SENDFLOW_PREFIX": "x.",
    }
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(folder)
        os.environ.update(variables)
        os.execv(COMMAND[0], [*COMMAND, *FEW, *SMALL, "--keep", "kept"])
    shown = b""
    while True:
        try:
            part = os.read(terminal, 65_536)
        except OSError:  # Linux says so at the end
            break
        if not part:
            break
        shown += part
    os.close(terminal)
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown.decode())
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0, text
    eventually(lambda: not left_running(folder), message=lambda: str(left_running(folder)))
    assert [path.name for path in folder.iterdir()] == ["kept"]
    return Kept(folder / "kept", text)


def test_what_it_keeps_can_be_looked_at(kept: Kept) -> None:
    assert "sendflow broker --data-dir kept/broker" in kept.shown
    assert (kept.folder / "worker-1.log").is_file()
    customer = re.search(r"sendflow explain (\S+) --flow", kept.shown)
    assert customer is not None

    from streams.embedded.broker_process import EmbeddedBroker

    with EmbeddedBroker(kept.folder / "broker") as again:
        explained = subprocess.run(
            [sys.executable, "-m", "streams.cli.main", "explain", customer[1], "--json"],
            capture_output=True,
            text=True,
            env={**os.environ, "SENDFLOW_BROKERS": again.bootstrap},
            check=True,
        )
    assert json.loads(explained.stdout)["outcomes"]


def test_on_a_terminal_of_80_columns_nothing_is_cut(kept: Kept) -> None:
    lines = [part for line in kept.shown.split("\n") for part in line.split("\r")]
    assert max(map(len, lines)) <= 80
    assert "Send commands" in kept.shown
    assert "100 %" in kept.shown


def test_definitions_with_errors_are_told_and_nothing_is_left(start: Start, tmp_path: Path) -> None:
    flows = tmp_path / "kept-flows"
    flows.mkdir()
    (flows / "a.yaml").write_text("flow: a\ntriger: {metric: order.placed}\nsteps: []\n")
    process = start("--flows", str(flows))
    out, errors = process.communicate(timeout=180)
    assert process.returncode == 2
    assert "a.yaml:2:1: unknown key 'triger'" in errors
    assert out == ""


def test_a_worker_that_fails_ends_it_with_the_end_of_its_log(start: Start, tmp_path: Path) -> None:
    process = start()
    pid = eventually(lambda: worker_that_decides(tmp_path), within=60)
    assert pid is not None
    os.kill(pid, signal.SIGSEGV)
    _, errors = process.communicate(timeout=180)
    assert process.returncode == 1
    assert f"exited with status {-signal.SIGSEGV}; end of its log:" in errors
    assert "are in force" in errors
    [logs] = tmp_path.glob("sendflow-demo-logs-*")
    assert f"logs: {logs}" in errors
    assert {log.name for log in logs.iterdir()} >= {"worker-1.log", "worker-2.log"}
    shutil.rmtree(logs)


def test_without_a_broker_for_the_platform_it_offers_docker_compose(
    start: Start, tmp_path: Path
) -> None:
    package = tmp_path / "kept" / "noida_db"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    process = start(PYTHONPATH=str(package.parent))
    _, errors = process.communicate(timeout=180)
    assert process.returncode == 2
    assert "has no build for" in errors
    assert "docker compose up -d" in errors
    assert "Traceback" not in errors
