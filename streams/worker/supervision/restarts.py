"""The reaction to a process that ended by itself.

    refused                       ──► the worker ends: a restart would be refused again
    for the 6th time in a row     ──► the worker ends: its own supervisor decides
    else, even with status 0      ──► start it again, after 1, 2, 4, 8, 16 s

A process that ran for a minute begins a new row.
"""

import signal

import msgspec

from streams.worker.ending import FAILED, REFUSED, STOPPED


class RestartPolicy(msgspec.Struct, frozen=True):
    """Times in seconds."""

    first_delay: float = 1.0  # doubled with each further failure
    stable_after: float = 60.0
    restarts_allowed: int = 5  # in a row


class Restart(msgspec.Struct, frozen=True):
    """The process is started again after `delay` seconds."""

    delay: float
    failures: int  # in a row, with this one


class GiveUp(msgspec.Struct, frozen=True):
    """The worker ends with this status."""

    exit_status: int


def reaction_to(
    exit_status: int, ran_for: float, failures: int, policy: RestartPolicy
) -> Restart | GiveUp:
    """The reaction to a process that ended after `ran_for` seconds, with `failures` in a row before
    it. `exit_status` is negative for a signal."""
    if exit_status == REFUSED:
        return GiveUp(REFUSED)
    if ran_for >= policy.stable_after:
        failures = 0
    if failures >= policy.restarts_allowed:
        return GiveUp(FAILED)
    return Restart(policy.first_delay * 2.0**failures, failures + 1)


def end_text(exit_status: int) -> str:
    """An end in words: "exited with status 1", "was killed by SIGKILL"."""
    if exit_status >= 0:
        return f"exited with status {exit_status}"
    try:
        name = signal.Signals(-exit_status).name
    except ValueError:  # a real-time signal
        name = f"signal {-exit_status}"
    return f"was killed by {name}"


def status_of_stop(exit_statuses: list[int]) -> int:
    """The exit status of a worker that was told to stop, from those of its processes. One that was
    still importing ends by SIGTERM itself."""
    fine = {STOPPED, REFUSED, -signal.SIGTERM}
    if not fine.issuperset(exit_statuses):
        return FAILED
    return REFUSED if REFUSED in exit_statuses else STOPPED
