"""The owner of task 0 fits the model anew, in a process of its own. tests/broker/test_model.py does
so on a broker."""

import asyncio
import sys
from pathlib import Path

import msgspec

from streams.settings import Settings
from streams.worker import refit_agent
from streams.worker.refit_agent import RefitAgent, settings_in, settings_line


def test_settings_reach_the_process():
    settings = Settings(prefix="a.", refit=7 * 86_400_000)
    assert settings_in(settings_line(settings)) == settings


async def test_without_the_setting_there_is_no_agent():
    agent = RefitAgent(Settings())
    agent.set_owner(True)
    assert agent._running is None


def number_of_runs(file: Path) -> int:
    return len(file.read_text()) if file.exists() else 0


async def test_a_killed_process_is_followed_by_another(monkeypatch, tmp_path):
    runs = tmp_path / "runs"
    code = f"import os; open({str(runs)!r}, 'a').write('x'); os.kill(os.getpid(), 9)"
    monkeypatch.setattr(refit_agent, "REFIT_COMMAND", (sys.executable, "-c", code))
    agent = RefitAgent(msgspec.structs.replace(Settings(), refit=10))
    agent.set_owner(True)
    for _ in range(600):
        await asyncio.sleep(0.1)
        if number_of_runs(runs) >= 2:
            break
    assert number_of_runs(runs) >= 2
    agent.set_owner(False)
    assert agent._running is None


async def test_without_the_extra_the_log_says_so_at_once_and_no_process_starts(
    monkeypatch, tmp_path
):
    told: list[str] = []
    runs = tmp_path / "runs"
    code = f"open({str(runs)!r}, 'a').write('x')"
    monkeypatch.setattr(refit_agent, "REFIT_COMMAND", (sys.executable, "-c", code))
    monkeypatch.setattr(refit_agent, "find_spec", lambda name: None)
    monkeypatch.setattr(
        refit_agent.logger, "error", lambda text, *values: told.append(text % values)
    )
    agent = RefitAgent(msgspec.structs.replace(Settings(), refit=1))
    agent.set_owner(True)
    agent.set_owner(True)  # as at every rebalance
    running = agent._running
    assert running is not None
    await asyncio.wait_for(running, 10)
    agent.set_owner(True)
    assert agent._running is running
    assert not runs.exists()
    [line] = told
    assert "needs numpy and scipy: pip install 'sendflow[value]'" in line
    agent.set_owner(False)
