"""Loaded codes on their way between tasks: whoever is killed, each is in one place, and no two
customers get one."""

import random
from collections import Counter
from collections.abc import Sequence
from itertools import count
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from streams.contracts.coupon_codes import SEPARATOR, coupon_record
from streams.contracts.coupon_moves import COUPON_MOVES, coupon_facts_record, key_beginning
from streams.contracts.decode import EventDecoder
from streams.contracts.encode import EffectEncoder
from streams.contracts.partition_facts import PARTITION_FACTS, read_report
from streams.contracts.wire import decode_any
from streams.engine import Instant
from streams.kafka.partition import key_in, partition_of
from streams.local import LocalParts, LocalTask
from streams.ports import CONTROL, CouponCode, CouponFacts, CouponReport, TaskSettings
from streams.programs import Programs
from streams.runtime.coupon_balance import CouponBalance
from streams.runtime.coupon_book import POOL, PoolState, decode_pool
from streams.store.memory import MemoryStore
from tests.harness.examples import examples
from tests.harness.local_shop import BEGIN, DAY, HOUR, SKEW, LocalShop

from .replayed import replayed
from .test_news_in_simulated_time import Cluster, customer, events_of, order

PARTITIONS = 3
MINUTE = 60_000
TEN = {"coupons": "ten", "low": "9"}
GIFT: dict[str, Any] = {
    "flow": "gift",
    "trigger": {"metric": "cart.updated"},
    "steps": [{"send": "email", "template": "gift", "coupon": "ten", "smart_sending": "false"}],
}
GIFT_FOR_ORDERS = {**GIFT, "trigger": {"metric": "order.placed"}}
WAITING = b"\0coupon\0"


class Shop:
    """Three tasks, what they write for each other, and the agent that reads their reports."""

    def __init__(self, pools: Sequence[dict[str, Any]] = (TEN,)) -> None:
        parts = LocalParts(
            MemoryStore,
            EventDecoder(),
            EffectEncoder(),
            Programs(),
            TaskSettings(clock_skew=SKEW),
        )
        self.parts = [
            msgspec.structs.replace(parts, partition=number) for number in range(PARTITIONS)
        ]
        self.tasks = [LocalShop(LocalTask(of_task)) for of_task in self.parts]
        self.control: list[CouponFacts] = []
        self.reports: list[CouponReport] = []
        self._read = [0] * PARTITIONS
        self.loaded: list[str] = []
        self._numbers = count(1)
        for task in self.tasks:
            if pools:
                task.publish(BEGIN, GIFT, coupons=list(pools))
        self.open_agent()

    def load(self, at: Instant, partition: int, number: int) -> None:
        """Codes that belong into a partition."""
        for _ in range(number):
            code = self._code_of(partition)
            self.loaded.append(code)
            record = coupon_record(CouponCode("ten", code, None, at))
            self.tasks[partition].local.append("coupons", at, record.key, record.value)

    def _code_of(self, partition: int) -> str:
        codes = (f"C{number}" for number in self._numbers)
        return next(
            code
            for code in codes
            if partition_of(f"ten{SEPARATOR}{code}".encode(), PARTITIONS) == partition
        )

    def asks(self, at: Instant, partition: int, name: str) -> None:
        """A new customer does what the flow gives a code for."""
        self.tasks[partition].customer(at, name)
        self.tasks[partition].cart(at, name)

    # ── What the worker and the agent do ──────────────────────────────────────────────────────

    def commit(self, number: int, wall: Instant, *, with_store: bool = True) -> None:
        """What one task has decided is there for the others."""
        local = self.tasks[number].local
        local.commit(wall, with_store=with_store)
        if not with_store:
            local.restart()
        for record in local.take_new_internal():
            assert record.key is not None
            receiver = partition_of(record.key, PARTITIONS)
            self.tasks[receiver].local.append(record.topic, wall, record.key, record.value)
        for record in local.output[self._read[number] :]:
            if record.topic == PARTITION_FACTS:
                report = read_report(record.value or b"")
                if isinstance(report, CouponReport):
                    self.reports.append(report)
        self._read[number] = len(local.output)

    def open_agent(self) -> None:
        """A new agent, as after a crash or a change of owner: it reads all topics again."""
        self.agent = CouponBalance(
            PARTITIONS, lambda number: key_in(number, PARTITIONS, key_beginning(number))
        )
        for facts in self.control:
            self.agent.recall(facts)
        self.agent_read = 0

    def agent_decides(self, wall: Instant, reports: int = 1 << 30) -> None:
        """The agent reads further reports, and writes what follows from them."""
        for report in self.reports[self.agent_read :][:reports]:
            self.agent.add(report)
            self.agent_read += 1
        told = self.agent.due(wall)
        if told is not None:
            self.control.append(told)
            record = coupon_facts_record(told)
            for task in self.tasks:
                task.local.append(CONTROL, wall, record.key, record.value)

    def until(self, wall: Instant) -> None:
        """Everything before `wall` happens, with what follows from it."""
        for _ in range(40):
            before = self._progress()
            for number, task in enumerate(self.tasks):
                task.local.advance(wall + SKEW)
                self.commit(number, wall)
            self.agent_decides(wall)
            if self._progress() == before:
                return
            wall += 1
        raise AssertionError("the codes move for ever")

    def _progress(self) -> tuple[int, int, int]:
        moves = sum(len(task.local.logs[COUPON_MOVES]) for task in self.tasks)
        return moves, len(self.control), len(self.reports)

    # ── What is there ─────────────────────────────────────────────────────────────────────────

    def given(self) -> list[tuple[str, str]]:
        return [
            (one["customer_id"], one["coupon"])
            for task in self.tasks
            for one in task.outputs("send-commands")
        ]

    def left(self, partition: int) -> list[str]:
        items = self.tasks[partition].local.store.items()
        return [value.decode() for key, value in items if key.startswith(WAITING)]

    def state(self, partition: int) -> PoolState:
        stored = self.tasks[partition].local.store.get(POOL + b"ten")
        return PoolState() if stored is None else decode_pool(stored)

    def in_transit(self) -> list[str]:
        """Codes of records that the receivers haven't committed yet."""
        codes = []
        for number, task in enumerate(self.tasks):
            for record in task.local.logs[COUPON_MOVES]:
                fields = decode_any(record.value or b"")[1]
                if fields["number"] > self.state(number).received:
                    codes += fields["codes"]
        return codes

    def check(self) -> None:
        """Each loaded code is in one place, and each that was given with one customer."""
        given = self.given()
        left = [code for number in range(PARTITIONS) for code in self.left(number)]
        places = Counter([code for _, code in given]) + Counter(left) + Counter(self.in_transit())
        assert places == Counter(self.in_inputs())
        for number in range(PARTITIONS):
            assert self.state(number).left == len(self.left(number))

    def in_inputs(self) -> list[str]:
        """The loaded codes that tasks have committed."""
        known = b"\0known\0ten\0"
        return [
            key[len(known) :].decode()
            for task in self.tasks
            for key, _ in task.local.store.items()
            if key.startswith(known)
        ]


def test_a_task_that_runs_low_gets_codes_before_it_has_none() -> None:
    shop = Shop()
    for number in range(PARTITIONS):
        shop.load(BEGIN + 1, number, 10)
    shop.until(BEGIN + HOUR)
    for customer_number in range(24):
        at = BEGIN + HOUR + customer_number * MINUTE
        shop.asks(at, 0, f"c{customer_number}")
        shop.until(at + 1_000)
    assert len(shop.given()) == 24  # 10 were its own
    shop.check()
    counts = sum((task.local.task.counts for task in shop.tasks), Counter())
    assert counts["coupons_missing"] == 0
    assert counts["coupons_moved_in"] == counts["coupons_moved_out"] >= 14
    assert [facts.left for facts in shop.control if facts.left][-1] == {"ten": 6}


def test_a_task_without_any_code_asks_for_some() -> None:
    shop = Shop()
    shop.load(BEGIN + 1, 1, 40)
    shop.until(BEGIN + 10_000)
    shop.asks(BEGIN + 20_000, 0, "ada")  # in vain: nobody knew that it has none
    shop.until(BEGIN + 20_001)
    shop.asks(BEGIN + 21_000, 0, "bob")
    shop.until(BEGIN + 21_001)
    assert [name for name, _ in shop.given()] == ["bob"]
    assert shop.left(2) == []
    shop.check()


def test_a_minute_after_codes_were_loaded_all_tasks_have_some() -> None:
    shop = Shop()
    shop.load(BEGIN + 1, 1, 40)
    shop.until(BEGIN + 2)
    shop.until(BEGIN + MINUTE)
    assert shop.left(0) == shop.left(2) == []
    shop.until(BEGIN + MINUTE + 1_000)
    assert min(len(shop.left(number)) for number in range(PARTITIONS)) >= 10
    assert [facts.left for facts in shop.control if facts.left] == [{"ten": 40}]
    shop.check()


def test_a_giver_whose_codes_are_given_meanwhile_hands_out_fewer_or_none() -> None:
    shop = Shop()
    shop.load(BEGIN + 1, 0, 2)
    shop.load(BEGIN + 1, 1, 8)
    shop.load(BEGIN + 1, 2, 2)
    at = BEGIN + MINUTE
    for number in range(PARTITIONS):
        shop.tasks[number].local.advance(at)
        shop.commit(number, at)
    for name in range(8):  # known to the task before the order
        shop.asks(at + 1, 1, f"c{name}")
    shop.agent_decides(at + 2)
    (move,) = [move for facts in shop.control for move in facts.moves][:1]
    assert (move.giver, move.codes) == (1, 3)
    shop.until(at + MINUTE)
    assert len(shop.given()) == 8
    moved = [
        decode_any(record.value or b"")[1]
        for task in shop.tasks
        for record in task.local.logs[COUPON_MOVES]
    ]
    assert moved[0]["codes"] == []
    assert shop.state(move.receiver).received >= move.number  # it may ask again
    shop.check()


def test_a_code_that_has_moved_is_still_a_duplicate_where_it_was_loaded_also_after_it_is_back() -> (
    None
):
    shop = Shop()
    shop.load(BEGIN + 1, 0, 12)
    shop.until(BEGIN + HOUR)
    shop.load(BEGIN + HOUR, 1, 1)  # task 1 is known from now on
    shop.until(BEGIN + 2 * HOUR)
    assert shop.state(1).moved_in > 0
    for code in shop.loaded[:12]:
        shop.tasks[0].load(BEGIN + 3 * HOUR, "ten", code)
    shop.until(BEGIN + 4 * HOUR)
    assert shop.state(0).duplicates == 12
    for number in range(12):
        shop.asks(BEGIN + 5 * HOUR + number * MINUTE, 0, f"c{number}")
        shop.until(BEGIN + 5 * HOUR + number * MINUTE + 1_000)
    assert shop.state(0).moved_in > 0  # some came back
    for code in shop.loaded[:12]:
        shop.tasks[0].load(BEGIN + 6 * HOUR, "ten", code)
    shop.until(BEGIN + 7 * HOUR)
    assert shop.state(0).duplicates == 24
    shop.check()


def test_an_order_for_a_pool_that_was_removed_meanwhile_loses_nothing() -> None:
    shop = Shop()
    shop.load(BEGIN + 1, 0, 12)
    shop.load(BEGIN + 1, 1, 1)
    shop.load(BEGIN + 1, 2, 6)
    for number in range(PARTITIONS):
        shop.tasks[number].local.advance(BEGIN + HOUR)
        shop.commit(number, BEGIN + HOUR)
    for task in shop.tasks:
        task.publish(BEGIN + HOUR + 1, {**GIFT, "steps": [{"exit": {"reason": "no gifts"}}]})
    shop.agent_decides(BEGIN + HOUR + 2)
    shop.until(BEGIN + 2 * HOUR)
    assert shop.state(1).moved_in > 0
    shop.check()
    orders = sum(len(facts.moves) for facts in shop.control)
    shop.load(BEGIN + 3 * HOUR, 0, 40)
    shop.until(BEGIN + 4 * HOUR)
    assert sum(len(facts.moves) for facts in shop.control) == orders  # no more


def test_codes_that_were_loaded_before_their_pool_is_published_are_shared_at_once() -> None:
    shop = Shop(pools=())
    shop.load(BEGIN + 1, 1, 40)
    shop.until(BEGIN + HOUR)
    assert shop.control == []
    for task in shop.tasks:
        task.publish(BEGIN + 2 * HOUR, GIFT, coupons=[TEN])
    shop.until(BEGIN + 2 * HOUR + 1)
    shop.until(BEGIN + 2 * HOUR + 2 * MINUTE)
    assert min(len(shop.left(number)) for number in range(PARTITIONS)) >= 10
    assert [facts.left for facts in shop.control if facts.left] == [{"ten": 40}]
    shop.check()


def test_a_record_with_codes_that_comes_twice_is_taken_once() -> None:
    shop = Shop()
    shop.load(BEGIN + 1, 0, 12)
    shop.load(BEGIN + 1, 1, 1)
    shop.load(BEGIN + 1, 2, 6)
    shop.until(BEGIN + HOUR)
    local = shop.tasks[1].local
    before = shop.state(1)
    assert before.moved_in > 0
    for record in list(local.logs[COUPON_MOVES]):
        local.append(COUPON_MOVES, BEGIN + 2 * HOUR, record.key, record.value)
    shop.until(BEGIN + 3 * HOUR)
    assert shop.state(1).left == before.left
    shop.check()


@examples(60)
@given(seed=st.integers(0, 2**32), steps=st.integers(20, 160))
def test_over_crashes_no_code_is_lost_and_none_goes_to_two_customers(seed: int, steps: int) -> None:
    chance = random.Random(seed)
    shop = Shop()
    at = BEGIN + 1
    for number in range(PARTITIONS):
        shop.load(at, number, chance.randrange(12))
    asked = 0
    for _ in range(steps):
        at += chance.choice((1, 200, 3_000, 40_000))
        number = chance.randrange(PARTITIONS)
        task = shop.tasks[number].local
        match chance.randrange(9):
            case 0:
                shop.load(at, number, chance.randrange(6))
            case 1 | 2:
                for _ in range(chance.randrange(5)):
                    asked += 1
                    shop.asks(at, number if chance.random() < 0.5 else 0, f"c{asked}")
            case 3 | 4:
                task.advance(at)
            case 5:
                shop.commit(number, at, with_store=chance.random() < 0.7)
            case 6:
                task.restart(keep_store=chance.random() < 0.5)
            case 7:
                shop.agent_decides(at, chance.randrange(4))
            case 8:
                shop.open_agent()
    shop.until(at + HOUR)
    shop.check()
    assert shop.in_transit() == []
    assert sorted(shop.in_inputs()) == sorted(shop.loaded)
    given = [code for _, code in shop.given()]
    assert len(set(given)) == len(given)
    numbers = [move.number for facts in shop.control for move in facts.moves]
    assert numbers == list(range(1, len(numbers) + 1))
    for of_task, parts in zip(shop.tasks, shop.parts, strict=True):
        again = LocalShop(replayed(of_task.local, parts))
        for topic in ("send-commands", "flow-decisions", COUPON_MOVES):
            assert again.outputs(topic) == of_task.outputs(topic)
        assert again.local.store.get(POOL + b"ten") == of_task.local.store.get(POOL + b"ten")


# ── Simulated time ────────────────────────────────────────────────────────────────────────────────


def past_shop(seed: int | None, days: int = 20) -> Cluster:
    """All codes are loaded in task 0, and all customers are in task 1; with a seed, the tasks run
    by turns and are killed."""

    def in_task(partition: int, key: str, names: str) -> list[str]:
        found = (f"{names}{number}" for number in range(10_000))
        return [name for name in found if partition_of(f"{key}{name}".encode(), 2) == partition]

    people = in_task(1, "", "c")[: 2 * days]
    codes = [CouponCode("ten", code, None, BEGIN - DAY) for code in in_task(0, "ten\x1f", "C")[:30]]
    happened = []
    for number, name in enumerate(people):
        at = BEGIN + number * DAY // 2 + HOUR
        happened += [customer(at, name), order(at + 1, name, "lamp")]
    cluster = Cluster(
        events_of(*happened), BEGIN + (days + 2) * DAY, [GIFT_FOR_ORDERS], [TEN], codes
    )
    if seed is not None:
        chance = random.Random(seed)
        for _ in range(chance.randrange(2_000)):
            number = chance.randrange(2)
            match chance.randrange(12):
                case 0:
                    cluster.commit(number, with_store=chance.random() < 0.7)
                case 1:
                    cluster.crash(number, keep_store=chance.random() < 0.5)
                case 2 | 3:
                    cluster.add_up()
                case 4 | 5:
                    cluster.learns_ends(number)
                case _:
                    cluster.step(number, chance.randrange(1, 40))
    cluster.finish()
    return cluster


def gifts(cluster: Cluster) -> list[tuple[str, str, Instant]]:
    return [
        (one["customer_id"], one["coupon"], one["decided_at"])
        for shop in cluster.shops
        for one in shop.outputs("send-commands")
    ]


def test_in_simulated_time_codes_move_from_day_to_day() -> None:
    given = gifts(past_shop(None))
    assert BEGIN + DAY < given[0][2] < BEGIN + 4 * DAY
    assert len(given) == len({code for _, code, _ in given})
    assert len(given) > 20


@examples(10)
@given(seed=st.integers(0, 2**32))
def test_in_simulated_time_the_codes_are_the_same_whoever_runs_ahead_or_is_killed(
    seed: int,
) -> None:
    assert gifts(past_shop(seed)) == gifts(past_shop(None))
