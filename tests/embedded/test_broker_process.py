"""The embedded broker as a process: it starts, keeps its data, and leaves nothing running."""

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient, NewTopic

from streams.embedded import broker_process as embedded
from streams.embedded.broker_process import HOST, EmbeddedBroker, PortTaken, answers
from streams.errors import Refused
from tests.harness.eventually import eventually


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_two_brokers_run_side_by_side(tmp_path):
    with EmbeddedBroker(tmp_path / "a") as one, EmbeddedBroker(tmp_path / "b") as two:
        assert one.bootstrap != two.bootstrap
        assert answers(HOST, one.port)
        assert answers(HOST, two.port)
    assert not one.is_running()
    assert not answers(HOST, one.port)


def test_data_and_port_outlive_a_stop(tmp_path):
    broker = EmbeddedBroker(tmp_path)
    first = broker.start()
    admin = AdminClient({"bootstrap.servers": first})
    admin.create_topics([NewTopic("kept", 3, 1)])["kept"].result()
    producer = Producer({"bootstrap.servers": first})
    producer.produce("kept", b"value", partition=2)
    assert producer.flush(10) == 0
    assert broker.restart() == first
    assert len(admin.list_topics(timeout=10).topics["kept"].partitions) == 3
    broker.stop()


def test_a_taken_port_is_refused_when_it_was_asked_for(tmp_path):
    with socket.create_server((HOST, 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(PortTaken, match=f"port {port} is in use"):
            EmbeddedBroker(tmp_path, port).start()


def test_another_port_is_taken_when_the_first_is_lost_to_someone_else(tmp_path, monkeypatch):
    with socket.create_server((HOST, 0)) as taken:
        lost, free = taken.getsockname()[1], embedded.free_port()
        ports = iter([embedded.free_port(), lost, free])  # the first is the engine's
        monkeypatch.setattr(embedded, "free_port", lambda: next(ports))
        # The check before the start found the port free: the binary itself must fail.
        monkeypatch.setattr(embedded, "_is_free", lambda port: True)
        with EmbeddedBroker(tmp_path) as broker:
            assert broker.port == free


def test_a_platform_without_a_build_is_told_of_docker_compose(tmp_path, monkeypatch):
    for name, content in (("missing", None), ("not-a-program", b"\x00\x01")):
        package = tmp_path / name / "noida_db"
        package.mkdir(parents=True)
        (package / "__init__.py").touch()
        if content is not None:
            (package / "noida-db").write_bytes(content)
        monkeypatch.syspath_prepend(tmp_path / name)
        with pytest.raises(Refused, match="docker compose up"):
            EmbeddedBroker(tmp_path / "data").start()


def test_a_binary_that_ends_at_once_shows_what_it_said(tmp_path, monkeypatch):
    package = tmp_path / "noida_db"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "noida-db").write_text("#!/bin/sh\necho wrong C library; exit 3\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(Refused, match=r"(?s)status 3.*wrong C library.*docker compose"):
        EmbeddedBroker(tmp_path / "data").start()


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_the_broker_dies_with_the_process_that_started_it(tmp_path: Path, how: signal.Signals):
    script = (
        "import pathlib, sys, time\n"
        "from streams.embedded.broker_process import EmbeddedBroker\n"
        "with EmbeddedBroker(pathlib.Path(sys.argv[1])) as broker:\n"
        "    for process in (broker._process, broker._engine._process):\n"
        "        print(process.pid, process._guard.pid, end=' ')\n"
        "    print(flush=True)\n"
        "    time.sleep(60)\n"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", script, tmp_path], stdout=subprocess.PIPE, text=True
    )
    assert parent.stdout is not None
    pids = [int(pid) for pid in parent.stdout.readline().split()]
    assert len(pids) == 4
    parent.send_signal(how)
    parent.wait(20)
    parent.stdout.close()
    eventually(
        lambda: not any(is_alive(pid) for pid in pids), message="a process or its guard lives on"
    )


@pytest.mark.parametrize("part", ["engine", "gateway"])
def test_one_of_its_two_processes_ends_and_it_is_started_again(tmp_path: Path, part: str):
    broker = EmbeddedBroker(tmp_path)
    address = broker.start()
    process = broker._engine._process if part == "engine" else broker._process
    assert process is not None
    process.kill()
    assert not broker.is_running()
    assert broker.log.name == {"engine": "broker.log", "gateway": "gateway.log"}[part]
    with broker:
        assert broker.bootstrap == address
        assert broker.is_running()
        assert answers(HOST, broker.port)


def test_a_paused_broker_keeps_connections_and_answers_after_it_is_resumed(tmp_path):
    with EmbeddedBroker(tmp_path) as broker:
        broker.pause()
        assert not answers(HOST, broker.port, within=0.2)
        assert broker.is_running()
        broker.resume()
        assert answers(HOST, broker.port)
        broker.pause()  # a paused one can be stopped as well
    assert not broker.is_running()
