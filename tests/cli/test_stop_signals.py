"""A signal ends a command even where its exception gets lost; see the module."""

import subprocess
import sys

import pytest

PRELUDE = """
import os, signal, sys, time
from streams.cli import main

class Finalized:
    def __del__(self):  # drops exceptions
        os.kill(os.getpid(), NUMBER)
        for _ in range(1_000):
            str(self)

def lose_it():
    Finalized()

def run(command):
    main.TOP_LEVEL["x"] = command
    sys.argv = ["sendflow", "x"]
    main.main()
"""
LOST_BEFORE_A_WAIT = """
def command():
    "Waits."
    lose_it()
    try:
        time.sleep(20)
        print("went on")
    finally:
        time.sleep(1.2)  # long enough for another one
        print("cleaned up")

run(command)
"""
LOST_IN_THE_END = """
def command():
    "Ends."
    lose_it()

run(command)
"""
ENDS_IN_TIME = """
def command():
    "Waits."
    try:
        os.kill(os.getpid(), NUMBER)
        time.sleep(20)
        print("went on")
    finally:
        time.sleep(1.2)
        print("cleaned up")

run(command)
"""


def ended(script: str, number: int) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-c", PRELUDE.replace("NUMBER", str(number)) + script],
        capture_output=True,
        text=True,
        timeout=40,
        check=False,
    )


@pytest.mark.parametrize("number", [2, 15])
@pytest.mark.parametrize("script", [LOST_BEFORE_A_WAIT, ENDS_IN_TIME], ids=["lost", "kept"])
def test_a_command_cleans_up_once(script: str, number: int) -> None:
    process = ended(script.replace("NUMBER", str(number)), number)
    assert (process.returncode, process.stdout) == (128 + number, "cleaned up\n")


def test_a_signal_that_is_lost_at_the_end_is_in_the_status() -> None:
    assert ended(LOST_IN_THE_END, 15).returncode == 143


def test_a_worker_that_loses_one_before_it_starts_does_not_start() -> None:
    script = """
import streams.worker.logs
streams.worker.logs.log_plainly = lambda level: lose_it()
sys.argv = ["sendflow", "worker", "--brokers", "127.0.0.1:1"]
main.main()
"""
    process = ended(script, 15)
    assert process.returncode == 0
    assert "no broker reachable" not in process.stderr
