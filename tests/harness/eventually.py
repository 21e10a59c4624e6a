"""Waiting for a condition with a deadline: never a sleep that hopes."""

import time
from collections.abc import Callable
from typing import TypeVar

Answer = TypeVar("Answer")

PATIENCE = 3
"""So many times as long as a test expects is waited before it fails: what a machine takes that is
slow and busy with other tests, too."""


def eventually(
    condition: Callable[[], Answer],
    within: float = 10.0,
    every: float = 0.05,
    message: str | Callable[[], str] = "",
) -> Answer:
    """Ask `condition` until its answer is true, and return that answer.

    `within` and `every` are seconds, the former on a machine with nothing else to do (PATIENCE); it
    is asked once more when the time is over. An
    AssertionError counts as "not yet". Otherwise fails with `message` (computed at the end where it
    is a function) and the last answer.
    """
    within *= PATIENCE
    deadline = time.monotonic() + within
    while True:
        over = time.monotonic() >= deadline
        problem: AssertionError | None = None
        answer: Answer | None = None
        try:
            answer = condition()
        except AssertionError as error:
            problem = error
        if answer:
            return answer
        if over:
            what = message() if callable(message) else message
            what = what or f"{getattr(condition, '__name__', 'the condition')} doesn't hold"
            last = f"it said: {problem}" if problem else f"last answer: {answer!r}"
            raise AssertionError(f"{what} (waited {within:g} s; {last})") from problem
        time.sleep(every)
