"""Waiting for the workers of the demo."""

from typing import cast

from streams.demo.workers import Worker, WorkerObserver, WorkerStatus, wait_until_decided

END = 1_000


class Told:
    """A worker that says of its tasks what it was given, one answer after the other; None: it has
    ended."""

    def __init__(self, *answers: dict[int, int] | None) -> None:
        self.answers = list(answers)
        self.asked = 0

    def tasks(self) -> list[WorkerStatus]:
        self.asked += 1
        clocks = self.answers[min(self.asked, len(self.answers)) - 1] or {}
        return [WorkerStatus(partition, "running", clock) for partition, clock in clocks.items()]

    def is_running(self) -> bool:
        return self.answers[min(self.asked, len(self.answers)) - 1] is not None


def test_what_a_killed_worker_said_of_its_tasks_is_no_proof(monkeypatch) -> None:
    monkeypatch.setattr("streams.demo.workers._POLL", 0)
    one = Told({0: END}, None, {}, {0: END - 1}, {0: END})
    two = Told({1: END - 1}, {1: END})
    ended: list[Worker] = []
    workers = [cast(Worker, one), cast(Worker, two)]
    wait_until_decided(workers, 2, END, WorkerObserver(lambda clock: None, ended.append))
    assert ended == workers[:1]
    assert one.asked == 5
