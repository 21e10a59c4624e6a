"""Signals wait while a client is built: the exception of a handler that runs within a constructor
of confluent_kafka is lost, and a TypeError about the configuration is raised in its place."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager

_SIGNALS = {signal.SIGINT, signal.SIGTERM}


@contextmanager
def signals_deferred() -> Iterator[None]:
    """Blocks SIGINT and SIGTERM in this thread; one that came meanwhile is handled at the end."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
