import os
import signal
import sys

import pytest

from streams.kafka.deferred_signals import signals_deferred


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_is_handled_when_the_client_is_built(number: signal.Signals) -> None:
    before = signal.signal(number, lambda *_: sys.exit("stopped"))
    reached = []

    def build() -> None:
        with signals_deferred():
            os.kill(os.getpid(), number)
            reached.append(str(number))  # checks for signals, as a constructor does

    try:
        with pytest.raises(SystemExit, match="stopped"):
            build()
    finally:
        signal.signal(number, before)
    assert reached
    assert number not in signal.pthread_sigmask(signal.SIG_BLOCK, ())
