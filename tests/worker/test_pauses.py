"""How long the event loop was held up."""

import asyncio
import selectors
from typing import Any

import pytest

from streams.worker.pauses import Pauses, PauseSelector, measured_loop


class Clock:
    """Seconds, moved by hand."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_the_longest_pause_stays_and_the_recent_one_is_forgotten() -> None:
    clock = Clock()
    pauses = Pauses(clock)
    assert pauses.measures().longest_pause_at is None
    pauses.add(0.5)
    pauses.add(0.1)
    first = pauses.measures()
    assert (first.longest_pause, first.recent_pause) == (0.5, 0.5)
    assert first.longest_pause_at is not None
    clock.now += 60
    pauses.add(0.2)
    assert pauses.measures().recent_pause == 0.5  # of the minute before
    clock.now += 60
    assert pauses.measures().recent_pause == 0.2
    assert pauses.measures().longest_pause == 0.5
    assert pauses.measures().longest_pause_at == first.longest_pause_at


def test_after_two_silent_minutes_nothing_is_recent() -> None:
    clock = Clock()
    pauses = Pauses(clock)
    pauses.add(0.5)
    clock.now += 121
    assert pauses.measures().recent_pause == 0.0


def test_a_loop_that_is_held_up_says_so_and_waiting_is_no_pause(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = Clock()
    selector, pauses = PauseSelector(clock), Pauses(clock)
    real_select = selectors.DefaultSelector.select

    def wait(*arguments: Any) -> Any:
        clock.now += 7
        return real_select(*arguments)

    monkeypatch.setattr(selectors.DefaultSelector, "select", wait)

    async def work() -> None:
        clock.now += 5  # before measuring begins
        selector.begin(pauses)
        await asyncio.sleep(0)
        assert pauses.measures().longest_pause == 0
        clock.now += 0.5
        await asyncio.sleep(0)
        assert pauses.measures().longest_pause == 0.5

    with asyncio.Runner(loop_factory=lambda: measured_loop(selector)) as runner:
        runner.run(work())
