"""Signals to a supervisor."""

import signal
import threading
from pathlib import Path

import pytest

from streams.settings import Settings
from streams.worker.supervision import supervisor as module
from streams.worker.supervision.supervisor import Supervisor


@pytest.fixture
def exits(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The exit statuses of this process, had it ended; no deadline runs."""
    exits: list[int] = []
    monkeypatch.setattr(module, "exit_now", exits.append)
    monkeypatch.setattr(threading.Timer, "start", lambda timer: None)
    return exits


def test_the_second_signal_kills(exits: list[int], tmp_path: Path) -> None:
    supervisor = Supervisor(Settings(), 2, None, tmp_path / "sockets")
    supervisor._on_signal(signal.SIGTERM)
    assert exits == []
    supervisor._on_signal(signal.SIGTERM)
    assert exits == [1]


def test_the_first_signal_kills_nothing_after_a_process_was_given_up(
    exits: list[int], tmp_path: Path
) -> None:
    """The others are ending their transactions, and the exit status says why."""
    supervisor = Supervisor(Settings(), 2, None, tmp_path / "sockets")
    supervisor._begin_end()  # as after a process that was refused
    supervisor._on_signal(signal.SIGTERM)
    assert exits == []
    supervisor._on_signal(signal.SIGTERM)
    assert exits == [1]
