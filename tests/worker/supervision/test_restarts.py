import signal

import pytest

from streams.worker.ending import FAILED, REFUSED, STOPPED
from streams.worker.supervision.restarts import (
    GiveUp,
    Restart,
    RestartPolicy,
    end_text,
    reaction_to,
    status_of_stop,
)

POLICY = RestartPolicy()
KILLED = -signal.SIGKILL


@pytest.mark.parametrize("status", [STOPPED, FAILED, KILLED])
def test_a_process_that_keeps_failing_is_started_again_ever_later_and_then_given_up(
    status: int,
) -> None:
    failures, delays = 0, []
    while isinstance(reaction := reaction_to(status, 59.9, failures, POLICY), Restart):
        delays.append(reaction.delay)
        failures = reaction.failures
    assert delays == [1, 2, 4, 8, 16]
    assert reaction == GiveUp(FAILED)


def test_a_process_that_ran_for_a_while_begins_a_new_row() -> None:
    assert reaction_to(KILLED, 60.0, 5, POLICY) == Restart(1.0, failures=1)
    assert reaction_to(KILLED, 59.9, 5, POLICY) == GiveUp(FAILED)


def test_what_only_the_user_can_fix_is_never_started_again() -> None:
    assert reaction_to(REFUSED, 3600.0, 0, POLICY) == GiveUp(REFUSED)


@pytest.mark.parametrize(
    ("status", "text"),
    [
        (1, "exited with status 1"),
        (KILLED, "was killed by SIGKILL"),
        (-64, "was killed by SIGRTMAX"),
        (-99, "was killed by signal 99"),
    ],
)
def test_an_end_in_words(status: int, text: str) -> None:
    assert end_text(status) == text


@pytest.mark.parametrize(
    ("statuses", "expected"),
    [
        ([], STOPPED),
        ([STOPPED, STOPPED], STOPPED),
        ([STOPPED, -signal.SIGTERM], STOPPED),  # it was still importing
        ([STOPPED, FAILED], FAILED),
        ([REFUSED, KILLED], FAILED),  # it took too long
        ([STOPPED, REFUSED], REFUSED),
    ],
)
def test_the_exit_status_of_a_stop(statuses: list[int], expected: int) -> None:
    assert status_of_stop(statuses) == expected
