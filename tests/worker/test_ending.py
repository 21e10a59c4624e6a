"""The end of a worker process, as far as it needs no broker (else: tests/broker)."""

import threading

from streams.worker.ending import still_running


def test_threads_that_hang_are_named_and_the_others_are_not() -> None:
    let_go = threading.Event()
    before = threading.Thread(target=let_go.wait, name="before")
    before.start()
    others = set(threading.enumerate())
    threads = [
        threading.Thread(target=let_go.wait, name="open_3"),
        threading.Thread(target=let_go.wait, name="daemon", daemon=True),
        threading.Thread(target=lambda: None, name="over"),
    ]
    for thread in threads:
        thread.start()
    assert still_running(others, 0.05) == ["open_3"]
    let_go.set()
    for thread in (before, *threads):
        thread.join()
    assert still_running(others, 0.05) == []


def test_threads_that_end_in_time_are_waited_for() -> None:
    others = set(threading.enumerate())
    let_go = threading.Event()
    thread = threading.Thread(target=let_go.wait)
    thread.start()
    threading.Timer(0.05, let_go.set).start()
    assert still_running(others, 20.0) == []
