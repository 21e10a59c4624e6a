"""The tree of commands: help, exit statuses, mistakes without a traceback."""

import json
import os
import subprocess
import sys
import time
from typing import get_type_hints

import pytest
import typer
from rich.text import Text

from streams.cli.main import GROUPS, TOP_LEVEL, help_of, run
from streams.compiled import form
from streams.errors import OutcomeUnknown, Refused

ALL = [
    *([name] for name in TOP_LEVEL),
    *([group, name] for group, (_, commands) in GROUPS.items() for name in commands),
]


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch, tmp_path):
    for name in list(os.environ):
        if name.startswith("SENDFLOW_"):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


def in_process(*arguments):
    """A real process, as a user starts it: status, output, errors."""
    ended = subprocess.run(
        [sys.executable, "-m", "streams.cli.main", *arguments],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    return ended.returncode, ended.stdout, ended.stderr


@pytest.mark.parametrize("command", ALL, ids=" ".join)
def test_every_command_has_help_with_an_example(command, capsys):
    assert run([*command, "--help"]) == 0
    text = capsys.readouterr().out
    assert "Example: " in text
    assert f"sendflow {' '.join(command)}" in text


@pytest.mark.parametrize("command", ALL, ids=" ".join)
def test_help_of_options_loses_nothing_as_markup(command):
    """`[value]` in a help text is a style to Rich, which drops it unless it is escaped."""
    functions = TOP_LEVEL if len(command) == 1 else GROUPS[command[0]][1]
    for annotation in get_type_hints(functions[command[-1]], include_extras=True).values():
        for option in getattr(annotation, "__metadata__", ()):
            text = option.help or ""
            assert Text.from_markup(text).plain == text.replace("\\[", "["), text


def test_help_names_every_command(capsys):
    assert run(["--help"]) == 0
    text = capsys.readouterr().out
    for name in (*TOP_LEVEL, *GROUPS):
        assert f" {name} " in text


def test_help_imports_nothing_that_takes_time():
    script = (
        "import sys\n"
        "import streams.cli.main\n"
        "streams.cli.main.build_cli()\n"
        "heavy = {'confluent_kafka', 'faust', 'fastavro', 'rocksdict', 'pyarrow', 'ruamel'}\n"
        "print(sorted((heavy | {'rich'}) & set(sys.modules)))\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert ended.stdout == "[]\n"


def test_the_version_is_that_of_the_package():
    from importlib.metadata import version

    assert in_process("--version") == (0, f"sendflow {version('sendflow')} ({form()})\n", "")


def test_without_a_command_it_shows_what_there_is(capsys):
    assert run([]) == 2
    assert "explain" in "".join(capsys.readouterr())


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["exlpain"], "exlpain"),
        (["config", "--colour"], "--colour"),
        (["explain"], "give either CUSTOMER or --email ADDRESS"),
        (["tail", "orders", "--limit", "0"], "greater than or equal to 1"),
        (["config", "--config", "missing.toml"], "missing.toml: cannot read"),
        (["config", "--brokers", "nowhere"], "brokers: 'nowhere', expected host:port"),
        (["explain", "ada", "--since", "yesterday"], "--since is 'yesterday', expected a time"),
        (["flows", "check", "missing"], "no such folder"),
        (["flows", "publish", "missing", "--yes"], "no such folder"),
        (["import", "missing.csv", "--as", "order.placed"], "missing.csv: cannot read"),
        (["import", "a.csv", "b.csv", "c.csv", "--as", "a", "--as", "b"], "given 2 times for 3"),
    ],
)
def test_a_mistake_is_told_in_a_sentence_with_status_2(arguments, says):
    status, out, errors = in_process(*arguments)
    assert status == 2
    assert says in errors
    assert "Traceback" not in errors
    assert out == ""


def test_a_broker_that_is_not_there_is_named_and_given_up(monkeypatch):
    monkeypatch.setenv("SENDFLOW_BROKER_TIMEOUT", "200ms")
    status, _, errors = in_process("tail", "orders", "--brokers", "localhost:1")
    assert status == 2
    assert "no broker reachable at localhost:1" in errors
    assert "SENDFLOW_BROKERS" in errors


def test_settings_tell_where_they_come_from(monkeypatch, tmp_path):
    (tmp_path / "sendflow.toml").write_text('prefix = "shop."\nclock_skew = "50ms"\n')
    monkeypatch.setenv("SENDFLOW_PARTITIONS", "3")
    monkeypatch.setenv("SENDFLOW_SECURITY_PASSWORD", "hush")
    status, out, _ = in_process("config", "--brokers", "kafka:9092", "--json")
    assert status == 0
    settings = json.loads(out)
    assert settings["brokers"] == {"value": "kafka:9092", "origin": "--brokers"}
    assert settings["partitions"] == {"value": "3", "origin": "SENDFLOW_PARTITIONS"}
    assert settings["prefix"] == {"value": "shop.", "origin": "sendflow.toml"}
    assert settings["max_idle"]["origin"] == "default"
    assert "hush" not in out


def test_a_table_is_plain_where_nobody_looks():
    status, out, errors = in_process("config")
    assert status == 0
    assert "\x1b" not in out + errors
    assert out.splitlines()[0].split() == ["setting", "value", "from"]


@pytest.mark.parametrize("signal_number", [2, 15])
def test_an_interrupt_ends_a_command_and_what_it_started(signal_number, tmp_path):
    process = subprocess.Popen(
        [sys.executable, "-m", "streams.cli.main", "broker", "--port", str(_free_port())],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=tmp_path,
    )
    assert process.stdout is not None
    line = process.stdout.readline()
    assert "listening on" in line
    port = int(line.split(";")[0].rsplit(":", 1)[1])
    process.send_signal(signal_number)
    _, errors = process.communicate(timeout=20)
    assert process.returncode == 128 + signal_number
    assert errors == ""
    deadline = time.monotonic() + 10
    while _answers(port):
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.mark.parametrize("number", [2, 15])
def test_a_worker_that_is_stopped_before_it_has_begun_has_stopped(number: int) -> None:
    script = (
        "import os, sys\n"
        "from streams.cli import main, options\n"
        f"options.settings_from_options = lambda *a, **k: os.kill(os.getpid(), {number})\n"
        "sys.argv = ['sendflow', 'worker']\n"
        "main.main()\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=30, check=False
    )
    assert (ended.returncode, ended.stderr) == (0, "")


def _free_port() -> int:
    from streams.embedded.broker_process import free_port

    return free_port()


def _answers(port: int) -> bool:
    from streams.embedded.broker_process import HOST, answers

    return answers(HOST, port, within=0.5)


def test_paragraphs_of_help_are_lines_of_any_width():
    def command() -> None:
        """One
        paragraph.

        \b
        Example: kept
          as it is
        """

    assert help_of(command) == "One paragraph.\n\n\b\nExample: kept\n  as it is"


def test_statuses_are_those_of_the_design(monkeypatch, capsys):
    def not_so() -> None:
        """Isn't so."""
        raise typer.Exit(1)

    def refused() -> None:
        """Refuses."""
        raise Refused("put it right")

    monkeypatch.setitem(TOP_LEVEL, "not-so", not_so)

    def unanswered() -> None:
        """Asks in vain."""
        raise OutcomeUnknown("asking for orders: timed out")

    monkeypatch.setitem(TOP_LEVEL, "refused", refused)
    monkeypatch.setitem(TOP_LEVEL, "unanswered", unanswered)
    assert run(["not-so"]) == 1
    assert run(["refused"]) == 2
    assert capsys.readouterr().err == "put it right\n"
    assert run(["unanswered"]) == 1
    assert capsys.readouterr().err == "asking for orders: timed out\n"
