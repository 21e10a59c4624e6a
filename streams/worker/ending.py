"""The end of a process of a worker: its exit status, and threads that would delay it."""

import logging
import os
import threading
import time

logger = logging.getLogger(__name__)

STOPPED, FAILED, REFUSED = 0, 1, 2
"""Exit statuses of a worker, and of each of its processes. REFUSED: only the user can fix it;
raised as Refused."""

THREADS_WITHIN = 0.5
"""Seconds for threads to end after everything is closed."""


def still_running(others: set[threading.Thread], within: float) -> list[str]:
    """Names of the threads blocked in a call: the interpreter would wait for them, up to 15
    seconds. Their work is left to the next owner's fence, as after any exit; none of it was
    committed, or all of it. `others` are left out."""
    deadline = time.monotonic() + within
    names = []
    for thread in threading.enumerate():
        if thread.daemon or thread in others:
            continue
        thread.join(max(0.0, deadline - time.monotonic()))
        if thread.is_alive():
            names.append(thread.name)
    return names


def exit_past_hanging_threads(others: set[threading.Thread], status: int) -> None:
    """Ends the process here if threads beside `others` are still blocked after THREADS_WITHIN."""
    if hanging := still_running(others, THREADS_WITHIN):
        logger.warning("exiting while threads are still blocked: %s", ", ".join(hanging))
        exit_now(status)


def exit_now(status: int) -> None:
    """Ends the process without waiting for blocked threads."""
    logging.shutdown()
    os._exit(status)
