import asyncio
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator

import pytest

from streams.kafka.admin import KafkaAdmin
from streams.kafka.deferred_signals import signals_deferred
from streams.kafka.topic_reader import TopicReader
from streams.settings import Settings

SIGNALS = [signal.SIGINT, signal.SIGTERM]


@pytest.fixture(params=SIGNALS)
def number(request: pytest.FixtureRequest) -> Iterator[signal.Signals]:
    """A signal whose handler raises, as those of the command line do."""
    before = signal.signal(request.param, lambda *_: sys.exit("stopped"))
    yield request.param
    signal.signal(request.param, before)


@pytest.fixture
def _another_thread() -> Iterator[None]:
    """A thread that blocks no signal, as those of some libraries."""
    end = threading.Event()
    thread = threading.Thread(target=end.wait)
    thread.start()
    yield
    end.set()
    thread.join()


def build_while(send: Callable[[], None], number: signal.Signals) -> list[str]:
    reached: list[str] = []
    handler = signal.getsignal(number)

    def build() -> None:
        with signals_deferred():
            send()
            for _ in range(1_000):
                reached.append(str(number))  # checks for signals, as a constructor does

    with pytest.raises(SystemExit, match="stopped"):
        build()
    assert signal.getsignal(number) is handler
    return reached


def test_a_signal_is_handled_when_the_client_is_built(number: signal.Signals) -> None:
    assert len(build_while(lambda: os.kill(os.getpid(), number), number)) == 1_000


@pytest.mark.usefixtures("_another_thread")
def test_also_one_that_the_kernel_gives_to_another_thread(number: signal.Signals) -> None:
    def send() -> None:
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {number})
        os.kill(os.getpid(), number)
        signal.pthread_sigmask(signal.SIG_SETMASK, before)

    assert len(build_while(send, number)) == 1_000


class Client:
    """A client in whose destructor a signal comes; Python drops what is raised there."""

    def __init__(self, number: int) -> None:
        self.number = number

    def __del__(self) -> None:
        os.kill(os.getpid(), self.number)
        for _ in range(1_000):
            str(self.number)


def test_a_signal_is_handled_when_the_clients_are_dropped(number: signal.Signals) -> None:
    settings = Settings(brokers="127.0.0.1:1")
    admin, reader = KafkaAdmin(settings), TopicReader(settings)
    admin._admin = Client(number)  # type: ignore[assignment]
    with pytest.raises(SystemExit, match="stopped"):
        admin.close()
    reader._metadata = Client(number)  # type: ignore[assignment]
    with pytest.raises(SystemExit, match="stopped"):
        reader.__exit__(None, None, None)


def test_the_handler_of_another_signal_is_put_back_too() -> None:
    def build() -> None:
        with signals_deferred():
            for one in SIGNALS:
                os.kill(os.getpid(), one)

    handlers = {one: signal.signal(one, lambda *_: sys.exit("stopped")) for one in SIGNALS}
    try:
        with pytest.raises(SystemExit):
            build()
        for one in SIGNALS:
            with pytest.raises(SystemExit):
                os.kill(os.getpid(), one)
    finally:
        for one, handler in handlers.items():
            signal.signal(one, handler)


def test_the_handler_of_an_event_loop_is_called_once() -> None:
    async def build() -> int:
        calls: list[int] = []
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGTERM, calls.append, 1)
        with signals_deferred():
            os.kill(os.getpid(), signal.SIGTERM)
        for _ in range(10):
            await asyncio.sleep(0)
        loop.remove_signal_handler(signal.SIGTERM)
        return len(calls)

    before = signal.getsignal(signal.SIGTERM)
    try:
        assert asyncio.run(build()) == 1
    finally:
        signal.signal(signal.SIGTERM, before)


def test_a_signal_that_is_not_ours_or_is_ignored_stays_so() -> None:
    before = signal.signal(signal.SIGTERM, signal.SIG_IGN)
    try:
        with signals_deferred():
            os.kill(os.getpid(), signal.SIGTERM)
        assert signal.getsignal(signal.SIGTERM) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGTERM, before)


def test_in_another_thread_nothing_is_held_back() -> None:
    ended: list[bool] = []

    def build() -> None:
        with signals_deferred():
            ended.append(True)

    thread = threading.Thread(target=build)
    thread.start()
    thread.join()
    assert ended == [True]
