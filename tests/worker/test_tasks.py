"""The tasks of one worker, on brokers in memory: real tasks, real threads, a real loop."""

import asyncio

import pytest

from streams.engine import Event, act
from streams.errors import Aborted, OutcomeUnknown, Refused, StoreUnusable
from streams.runtime.lifecycle import TaskState
from streams.worker.group import NotHere
from streams.worker.slot import Opening
from streams.worker.tasks import ranges
from tests.harness.memory_cluster import Gate, MemoryCluster, until, worker_on


@pytest.fixture
def cluster() -> MemoryCluster:
    cluster = MemoryCluster()
    cluster.register(*(f"c{number}" for number in range(20)))
    return cluster


def all_thanked(cluster: MemoryCluster) -> bool:
    """One command for each order, and one only."""
    assert len(cluster.thanked()) <= cluster.number, "a command came twice"
    return len(cluster.thanked()) == cluster.number


async def test_what_is_assigned_is_opened_decided_and_committed(cluster):
    for number in range(20):
        cluster.order(f"c{number}")
    async with worker_on(cluster) as worker:
        await worker.tasks.assigned({0, 1}, 1)
        await until(lambda: all_thanked(cluster))
    assert sorted(cluster.closed) == [0, 1]


async def test_a_query_is_answered_by_the_task_that_has_the_customer(cluster):
    customer, other = cluster.customer_of(0), cluster.customer_of(1)
    cluster.order(customer)
    async with worker_on(cluster) as worker:
        with pytest.raises(NotHere):
            worker.tasks.state_of(customer)
        await worker.tasks.assigned({0}, 1)
        await until(lambda: all_thanked(cluster))
        assert worker.tasks.state_of(customer) is not None
        with pytest.raises(NotHere):
            worker.tasks.state_of(other)


async def test_the_group_learns_the_committed_positions(cluster, monkeypatch):
    monkeypatch.setattr("streams.worker.tasks.POSITIONS_INTERVAL", 0.01)
    cluster.order(cluster.customer_of(1))
    async with worker_on(cluster) as worker:
        await worker.tasks.assigned({1}, 1)
        await until(lambda: worker.positions.get(("orders", 1)) == 1)


# ── Rebalances ────────────────────────────────────────────────────────────────────────────────────


async def test_a_task_that_stays_goes_on_and_one_that_goes_is_closed(cluster):
    async with worker_on(cluster) as worker:
        await worker.tasks.assigned({0, 1}, 1)
        cluster.order(cluster.customer_of(0))
        cluster.order(cluster.customer_of(1))
        await until(lambda: all_thanked(cluster))
        await worker.tasks.revoked()
        await worker.tasks.assigned({1}, 2)
        await until(lambda: cluster.closed == [0])
        assert cluster.opened.count(1) == 1
        cluster.order(cluster.customer_of(1))
        await until(lambda: all_thanked(cluster))


@pytest.mark.parametrize(("generation", "was_expelled"), [(3, False), (2, True)])
async def test_a_task_that_another_could_have_owned_meanwhile_restarts(
    cluster, generation, was_expelled
):
    async with worker_on(cluster) as worker:
        await worker.tasks.assigned({1}, 1)
        await until(lambda: cluster.opened == [1])
        await (worker.tasks.lost() if was_expelled else worker.tasks.revoked())
        await worker.tasks.assigned({1}, generation)
        cluster.order(cluster.customer_of(1))
        await until(lambda: all_thanked(cluster))
        assert cluster.opened == [1, 1]


async def test_pitfall_31_what_is_decided_is_committed_before_a_rebalance(cluster):
    gate = Gate()
    async with worker_on(cluster) as worker:
        await worker.tasks.assigned({1}, 1)
        cluster.on_commit = lambda partition: gate.pass_()
        cluster.order(cluster.customer_of(1))
        await asyncio.to_thread(gate.waiting.wait, 10)
        settling = asyncio.create_task(worker.tasks.revoked())
        cluster.on_commit = lambda partition: None
        gate.open()
        await settling
        assert all_thanked(cluster)


async def test_pitfall_35_thrown_out_it_commits_nothing(cluster):
    async with worker_on(cluster) as worker:
        await worker.tasks.assigned({1}, 1)
        await until(lambda: any(slot.runs for slot in worker.tasks.slots()))
        await worker.tasks.lost()
        cluster.order(cluster.customer_of(1))
        commits: list[int] = []
        cluster.on_commit = commits.append
        await asyncio.sleep(0.1)  # time in which it would have
        assert commits == []


async def test_pitfall_32_a_commit_that_hangs_doesnt_hold_the_rebalance_up(cluster):
    gate = Gate()
    async with worker_on(cluster, revoke_budget=0.05) as worker:
        await worker.tasks.assigned({1}, 1)
        cluster.on_commit = lambda partition: gate.pass_()
        cluster.order(cluster.customer_of(1))
        await asyncio.to_thread(gate.waiting.wait, 10)
        await worker.tasks.revoked()
        assert cluster.thanked() == []
        gate.open()


async def test_batches_that_were_fetched_and_never_fed_are_fetched_again(
    cluster: MemoryCluster,
) -> None:
    async with worker_on(cluster) as worker:
        await worker.tasks.assigned({1}, 1)
        await until(lambda: any(slot.runs for slot in worker.tasks.slots()))
        worker.feeds = False  # as Faust does with batches of an old generation
        cluster.order(cluster.customer_of(1))
        await until(lambda: worker.consumer.next.get(("orders", 1)) == 1)
        await worker.tasks.revoked()
        worker.feeds = True
        cluster.order(cluster.customer_of(1))  # doesn't follow what was fed: isn't fed either
        await until(lambda: worker.consumer.next.get(("orders", 1)) == 2)
        assert cluster.thanked() == []
        await worker.tasks.assigned({1}, 2)
        await until(lambda: all_thanked(cluster))


async def test_a_task_that_is_taken_away_while_it_opens_is_closed(cluster):
    gate = Gate()
    cluster.on_open = lambda opening: gate.pass_()
    async with worker_on(cluster) as worker:
        await worker.tasks.assigned({1}, 1)
        await asyncio.to_thread(gate.waiting.wait, 10)
        await worker.tasks.assigned(set(), 2)
        gate.open()
        await until(lambda: cluster.closed == [1])
        assert worker.consumer.next.keys() == {("control", 0)}


async def test_a_worker_that_stops_takes_no_task_any_more(cluster: MemoryCluster) -> None:
    """The group may still assign one until it's told that we leave; opening it would fence whoever
    comes after us."""
    async with worker_on(cluster) as worker:
        await worker.tasks.assigned({0}, 1)
        await until(lambda: any(slot.runs for slot in worker.tasks.slots()))
        await worker.tasks.stop(5.0)
        await worker.tasks.assigned({0, 1}, 2)
        assert list(worker.tasks.slots()) == []
        assert cluster.opened == [0]


# ── Failures ──────────────────────────────────────────────────────────────────────────────────────


class FailsOnce:
    """The first commit raises."""

    def __init__(self, error: Exception) -> None:
        self.error: Exception | None = error

    def __call__(self, partition: int) -> None:
        if self.error is not None:
            error, self.error = self.error, None
            raise error


@pytest.mark.parametrize("error", [Aborted("no"), OutcomeUnknown("?"), RuntimeError("a bug")])
async def test_after_a_failure_the_task_starts_from_what_was_committed(cluster, error):
    cluster.on_commit = FailsOnce(error)
    async with worker_on(cluster) as worker:
        await worker.tasks.assigned({0, 1}, 1)
        for number in range(20):
            cluster.order(f"c{number}")
        await until(lambda: all_thanked(cluster))
        assert sorted(cluster.opened) in ([0, 0, 1], [0, 1, 1])


async def test_applied_commits_are_no_failures_without_a_confirmation(cluster):
    def lose_the_answer(partition: int) -> None:
        raise OutcomeUnknown("the broker is slow")

    customer = cluster.customer_of(1)
    async with worker_on(cluster, failures_allowed=2) as worker:
        cluster.on_committed = lose_the_answer
        await worker.tasks.assigned({1}, 1)
        for _ in range(8):
            before = len(cluster.opened)
            cluster.order(customer)
            await until(lambda: all_thanked(cluster))
            await until(lambda n=before: len(cluster.opened) > n)  # type: ignore[misc]
        assert not worker.tasks.failure.done()
        cluster.on_committed = lambda partition: None
        cluster.order(customer)
        await until(lambda: all_thanked(cluster))


async def test_commits_without_an_answer_that_were_not_applied_end_the_worker(cluster):
    def lose_the_request(partition: int) -> None:
        raise OutcomeUnknown("the broker is slow")

    cluster.on_commit = lose_the_request
    async with worker_on(cluster, failures_allowed=2) as worker:
        await worker.tasks.assigned({1}, 1)
        cluster.order(cluster.customer_of(1))
        await asyncio.wait_for(worker.tasks.failure, 10)
    assert cluster.opened == [1] * 3


async def test_a_store_that_cant_be_trusted_is_set_aside(cluster):
    openings: list[Opening] = []
    cluster.on_open = openings.append
    cluster.on_commit = FailsOnce(StoreUnusable("damaged"))
    async with worker_on(cluster) as worker:
        await worker.tasks.assigned({1}, 1)
        cluster.order(cluster.customer_of(1))
        await until(lambda: all_thanked(cluster))
        assert [opening.is_store_unusable for opening in openings] == [False, True]


async def test_pitfall_12_a_fenced_task_writes_nothing_and_comes_back_if_still_owned(cluster):
    async with worker_on(cluster) as worker:
        await worker.tasks.assigned({1}, 1)
        await until(lambda: any(slot.runs for slot in worker.tasks.slots()))
        fenced = next(iter(worker.tasks.slots()))
        cluster.owners[1] = object()  # somebody else was opened after us
        cluster.order(cluster.customer_of(1))
        await until(lambda: fenced.state is TaskState.CLOSED)
        assert cluster.thanked() == []
        await until(lambda: all_thanked(cluster))
        assert cluster.opened == [1, 1]


async def test_pitfall_66_one_task_fails_and_the_others_go_on(cluster):
    def fail(partition: int) -> None:
        if partition == 0:
            raise Aborted("again and again")

    cluster.on_commit = fail
    async with worker_on(cluster, failures_allowed=2) as worker:
        await worker.tasks.assigned({0, 1}, 1)
        cluster.order(cluster.customer_of(0))
        cluster.order(cluster.customer_of(1))
        await until(lambda: cluster.thanked() == [cluster.customer_of(1)])
        error = await asyncio.wait_for(worker.tasks.failure, 10)
        assert str(error) == "again and again"


async def test_what_only_the_user_can_mend_ends_the_worker(cluster):
    def refuse(opening: Opening) -> None:
        raise Refused("a state of a newer version")

    cluster.on_open = refuse
    async with worker_on(cluster) as worker:
        await worker.tasks.assigned({1}, 1)
        error = await asyncio.wait_for(worker.tasks.failure, 10)
        assert isinstance(error, Refused)


async def test_pitfall_64_when_no_broker_answers_any_more_the_worker_ends(cluster, monkeypatch):
    monkeypatch.setattr("streams.worker.end_offsets.RETRY_REQUEST_AFTER", 0.01)
    async with worker_on(cluster, broker_patience=0.1) as worker:
        await worker.tasks.assigned({1}, 1)
        cluster.order(cluster.customer_of(1))
        await until(lambda: all_thanked(cluster))
        worker.tasks._end_offsets._read_end_offsets = lambda keys: {}
        error = await asyncio.wait_for(worker.tasks.failure, 10)
        assert isinstance(error, Refused)


async def test_pitfall_61_a_record_at_which_deciding_fails_becomes_a_dead_letter(
    cluster, monkeypatch
):
    poison = cluster.customer_of(1)

    def act_badly(program, state, cause, now, effects):
        if isinstance(cause, Event) and cause.event_id == "order.placed-1":
            raise ZeroDivisionError("a bug")
        return act(program, state, cause, now, effects)

    monkeypatch.setattr("streams.runtime.acting.act", act_badly)
    cluster.order(poison)
    cluster.order(poison)
    async with worker_on(cluster) as worker:
        await worker.tasks.assigned({1}, 1)
        await until(lambda: cluster.dead_letters() == 1 and len(cluster.thanked()) == 1)


async def test_pitfall_61_a_set_at_which_our_code_fails_ends_no_worker(cluster, monkeypatch):
    from streams.runtime.scans import Scans

    def fail(scans, before, program, now):
        if program.version == "v2":
            raise ZeroDivisionError("a bug")
        on_publish(scans, before, program, now)

    on_publish = Scans.on_publish
    monkeypatch.setattr(Scans, "on_publish", fail)
    async with worker_on(cluster, failures_allowed=1) as worker:
        await worker.tasks.assigned({0, 1}, 1)
        await until(lambda: sum(slot.runs for slot in worker.tasks.slots()) == 2)
        cluster.publish()
        cluster.order(cluster.customer_of(0))
        cluster.order(cluster.customer_of(1))
        await until(lambda: all_thanked(cluster))
        assert cluster.dead_letters() == 2  # one for each task
        assert {slot.task.program.version for slot in worker.tasks.slots()} == {"v1"}


# ── The loop ──────────────────────────────────────────────────────────────────────────────────────


async def test_pitfall_67_a_commit_that_hangs_blocks_neither_the_loop_nor_the_others(cluster):
    gate = Gate()
    cluster.on_commit = lambda partition: gate.pass_() if partition == 0 else None
    async with worker_on(cluster) as worker:
        await worker.tasks.assigned({0, 1}, 1)
        cluster.order(cluster.customer_of(0))
        await asyncio.to_thread(gate.waiting.wait, 10)
        # While one commit hangs, the other task decides and commits, and its own decides ahead.
        for _ in range(5):
            cluster.order(cluster.customer_of(1))
        await until(lambda: len(cluster.thanked()) == 5)
        for _ in range(3):
            cluster.order(cluster.customer_of(0))
        await until(lambda: worker.tasks.slots()[0].task.uncommitted >= 3)
        gate.open()
        await until(lambda: all_thanked(cluster))


async def test_a_task_whose_commits_are_slow_doesnt_decide_ahead_without_end(cluster):
    gate = Gate()
    async with worker_on(cluster, decide_ahead=5) as worker:
        await worker.tasks.assigned({0}, 1)
        await until(lambda: any(slot.runs for slot in worker.tasks.slots()))
        cluster.on_commit = lambda partition: gate.pass_()
        cluster.order(cluster.customer_of(0))
        await asyncio.to_thread(gate.waiting.wait, 10)
        slot = worker.tasks.slots()[0]
        for _ in range(30):
            cluster.order(cluster.customer_of(0))
            await until(lambda: slot.fed["orders"] == cluster.number)
        assert 0 < slot.task.uncommitted < 20
        cluster.on_commit = lambda partition: None
        gate.open()
        await until(lambda: all_thanked(cluster))


async def test_an_input_that_is_far_ahead_is_paused_and_resumed(cluster, monkeypatch):
    monkeypatch.setattr("streams.worker.slot.HIGH_RECORDS", 8)
    ends, known = cluster.ends, asyncio.Event()
    async with worker_on(cluster) as worker:
        # Nothing is decided while the ends aren't known: the buffers fill.
        worker.tasks._end_offsets._read_end_offsets = lambda keys: (
            ends(keys) if known.is_set() else {}
        )
        await worker.tasks.assigned({0}, 1)
        await until(lambda: any(slot.runs for slot in worker.tasks.slots()))
        for _ in range(12):
            cluster.order(cluster.customer_of(0))
        await until(lambda: ("orders", 0) in worker.consumer.paused)
        known.set()
        await until(lambda: not worker.consumer.paused)
        await until(lambda: all_thanked(cluster))


async def test_stopping_is_over_in_time_even_if_a_commit_hangs(cluster):
    gate = Gate()
    async with worker_on(cluster) as worker:
        await worker.tasks.assigned({1}, 1)
        cluster.on_commit = lambda partition: gate.pass_()
        cluster.order(cluster.customer_of(1))
        await asyncio.to_thread(gate.waiting.wait, 10)
        await asyncio.wait_for(worker.tasks.stop(0.2), 5)
        gate.open()


def test_numbers_are_shown_as_ranges():
    assert ranges([]) == "none"
    assert ranges([4]) == "4"
    assert ranges([7, 0, 1, 2]) == "0-2, 7"
