"""Signals wait while a client is built or dropped. The exception of a handler that runs within a
constructor of confluent_kafka is lost, and a TypeError about the configuration is raised in its
place; one that runs within a destructor is lost, or breaks the next call of anything."""

import signal
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from types import FrameType

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGALRM)
"""Those that end a command; SIGALRM, because its handler raises a lost exception again."""


@contextmanager
def signals_deferred() -> Iterator[None]:
    """Holds back the handlers of SIGINT, SIGTERM and SIGALRM; one that is due is called at the end.

    The handlers are replaced, not the signals blocked: the kernel gives a blocked signal to another
    thread of the process, and Python then runs its handler in this one all the same. Handlers only
    ever run in the main thread; elsewhere there is nothing to hold back.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    came: dict[int, FrameType | None] = {}
    handlers = {
        int(number): handler
        for number in _SIGNALS
        if callable(handler := signal.getsignal(number))
        and not isinstance(handler, signal.Handlers)
    }
    with ExitStack() as restored:  # each of them, even if a handler raises in between
        for number, handler in handlers.items():
            restored.callback(signal.signal, number, handler)
            signal.signal(number, came.__setitem__)
        try:
            yield
        finally:
            restored.close()
            for number, frame in came.items():
                handlers[number](number, frame)
