"""Who hands codes to whom, and what is told of a pool: decided from the reports alone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.ports import CouponFacts, CouponReport, PoolReport
from streams.runtime.coupon_balance import KNOWN_AFTER, MOST_MOVED, CouponBalance

PARTITIONS = 4
HOUR = 3_600_000
NOON = 20_000 * 24 * HOUR + 12 * HOUR


class Agent:
    """An agent and what it told `control`."""

    def __init__(self, low: int | None = 8) -> None:
        self.low = low
        self.control: list[CouponFacts] = []
        self.reports: list[CouponReport] = []
        self.warned: list[tuple[str, int, int]] = []
        self.open()

    def open(self) -> None:
        """As after a restart: `control` first, then all reports from the beginning."""
        self.balance = CouponBalance(
            PARTITIONS, lambda number: b"to-%d" % number, lambda *of: self.warned.append(of)
        )
        for facts in self.control:
            self.balance.recall(facts)
        for report in self.reports:
            self.balance.add(report)

    def report(
        self,
        partition: int,
        left: int,
        *,
        at: int = 0,
        received: int = 0,
        handed: int = 0,
        loaded: int | None = None,
    ) -> None:
        has = left if loaded is None else loaded
        pool = PoolReport("ten", has, has - left, left, received, handed, self.low)
        report = CouponReport(partition, at, [pool])
        self.reports.append(report)
        self.balance.add(report)

    def all_report(self, *left: int, at: int = 0) -> None:
        for partition, number in enumerate(left):
            self.report(partition, number, at=at)

    def moves(self, now: int = 0) -> list[tuple[int, int, int]]:
        """(giver, receiver, codes) of the next orders."""
        facts = self.balance.due(now)
        if facts is None:
            return []
        self.control.append(facts)
        return [(move.giver, move.receiver, move.codes) for move in facts.moves]

    def told(self) -> int | None:
        facts = self.balance.due(0)
        return None if facts is None else facts.left.get("ten")


def test_the_richest_hands_half_of_the_difference_to_one_that_is_short() -> None:
    agent = Agent()
    agent.all_report(20, 12, 1, 7)
    assert agent.moves() == [(0, 2, 9)]
    (facts,) = agent.control
    (move,) = facts.moves
    assert (move.number, move.pool, move.key) == (1, "ten", b"to-2")


def test_several_are_short_at_once_the_poorest_first() -> None:
    agent = Agent()
    agent.all_report(40, 20, 1, 0)
    assert agent.moves() == [(0, 3, 20), (0, 2, 9)]  # task 0 has 20 by then, as task 1


@pytest.mark.parametrize(
    ("left", "codes"),
    [((3, 3, 3, 3), None), ((4, 2, 2, 2), None), ((2, 1, 1, 0), 1), ((1, 1, 1, 0), None)],
)
def test_those_that_have_few_themselves_hand_over_only_what_they_have_twice(
    left: tuple[int, ...], codes: int | None
) -> None:
    agent = Agent(low=100)
    agent.all_report(*left)
    assert [move[2] for move in agent.moves()] == ([] if codes is None else [codes])


def test_a_large_pool_is_balanced_long_before_it_runs_low() -> None:
    agent = Agent(low=1)
    agent.all_report(4_000, 4_000, 3_000, 600)
    assert agent.moves() == [(0, 3, MOST_MOVED)]


def test_who_waits_for_codes_gets_no_second_order() -> None:
    agent = Agent()
    agent.all_report(20, 12, 0, 7)
    assert agent.moves() == [(0, 2, 10)]
    agent.report(2, 0)  # asks again
    assert agent.moves() == []
    agent.report(0, 10, handed=1, loaded=20)
    assert agent.moves() == []
    agent.report(2, 1, received=1)  # the giver had only one left
    assert agent.moves() == [(1, 2, 5)]


def test_what_is_ordered_and_not_handed_out_yet_is_not_promised_again() -> None:
    agent = Agent()
    agent.all_report(20, 8, 0, 8)
    assert agent.moves() == [(0, 2, 10)]
    agent.report(3, 0)
    assert agent.moves() == [(0, 3, 5)]  # of the ten that are left
    agent.report(0, 5, handed=2, loaded=20)
    agent.report(1, 0)
    assert agent.moves() == [(0, 1, 2)]


def test_a_restarted_agent_orders_nothing_twice() -> None:
    agent = Agent()
    agent.all_report(20, 12, 0, 7)
    assert agent.moves() == [(0, 2, 10)]
    agent.open()
    assert agent.moves() == []
    agent.report(2, 1, received=1)
    agent.open()
    assert agent.moves() == [(0, 2, 9)]
    assert [move.number for facts in agent.control for move in facts.moves] == [1, 2]


def test_a_pool_that_is_removed_moves_no_more_and_goes_on_when_it_is_back() -> None:
    agent = Agent(low=None)
    agent.all_report(20, 0, 0, 0)
    assert agent.moves() == []
    assert agent.told() is None
    agent.low = 8
    agent.report(1, 0, at=1)
    assert len(agent.moves()) == 3


def test_tasks_that_have_not_reported_a_pool_are_waited_for() -> None:
    agent = Agent()
    agent.report(0, 40)
    agent.report(1, 0)  # asks
    assert agent.moves(NOON) == [(0, 1, 20)]
    assert agent.control[0].left == {}
    assert agent.moves(NOON + KNOWN_AFTER - 1) == []
    assert agent.moves(NOON + KNOWN_AFTER) == [(0, 2, 10), (0, 3, 5)]
    assert agent.control[1].left == {"ten": 40}


def test_a_task_that_catches_up_does_not_speak_for_the_others() -> None:
    agent = Agent(low=30)
    agent.report(0, 10, at=NOON - 12 * HOUR)
    assert agent.balance.due(NOON) is None
    agent.report(1, 40, at=NOON - 11 * HOUR)
    agent.report(2, 40, at=NOON - 11 * HOUR)
    assert agent.balance.due(NOON + 1_000) is None
    agent.report(3, 40, at=NOON - 11 * HOUR)
    facts = agent.balance.due(NOON + 2_000)
    assert facts is not None
    assert facts.left == {"ten": 130}
    assert agent.warned == []


def test_a_restarted_agent_knows_a_pool_that_was_told() -> None:
    agent = Agent()
    agent.report(0, 40)
    facts = agent.balance.close_day()
    assert facts is not None
    agent.control.append(CouponFacts(facts.left, []))
    agent.open()
    agent.report(0, 20, loaded=40)
    facts = agent.balance.due(NOON)
    assert facts is not None
    assert facts.left == {"ten": 20}


def test_at_the_end_of_a_day_all_have_reported() -> None:
    agent = Agent()
    agent.report(0, 40)
    assert agent.moves() == []
    facts = agent.balance.close_day()
    assert facts is not None
    assert facts.left == {"ten": 40}
    assert [move.receiver for move in facts.moves] == [1, 2, 3]


def test_reports_of_more_partitions_are_left_out() -> None:
    agent = Agent()
    agent.report(PARTITIONS, 40)
    assert agent.balance.close_day() is None


def test_codes_on_their_way_are_left() -> None:
    agent = Agent()
    agent.all_report(100, 100, 0, 100)
    assert len(agent.moves()) == 1
    assert agent.control[0].left == {"ten": 300}
    handed_out = PoolReport("ten", loaded=100, given=0, left=50, received=0, handed=1, low=8)
    agent.balance.add(CouponReport(0, 1, [handed_out]))
    assert agent.balance.close_day() is None  # still 300


@pytest.mark.parametrize(("left", "is_told"), [(81, False), (80, True), (120, True), (119, False)])
def test_less_than_a_twentieth_is_not_told_before_the_day_ends(left: int, is_told: bool) -> None:
    agent = Agent()
    agent.all_report(100, 100, 100, 100)
    assert agent.told() == 400
    agent.report(0, left)
    assert agent.told() == (300 + left if is_told else None)
    facts = agent.balance.close_day()
    assert (facts is None) == is_told
    assert facts is None or facts.left == {"ten": 300 + left}


def test_a_pool_that_runs_low_is_told_and_warned_of_once() -> None:
    agent = Agent(low=100)
    agent.all_report(25, 25, 25, 26)
    assert agent.told() == 101
    agent.report(3, 24)
    assert agent.moves() == []
    assert agent.control[-1].left == {"ten": 99}
    agent.report(0, 1)
    agent.open()
    assert agent.moves() != []
    assert agent.warned == [("ten", 99, 100)]


@given(
    left=st.lists(st.integers(0, 2_000), min_size=PARTITIONS, max_size=PARTITIONS),
    low=st.integers(1, 3_000),
)
def test_no_order_leaves_a_giver_poorer_than_the_receiver(left: list[int], low: int) -> None:
    agent = Agent(low)
    agent.all_report(*left)
    for giver, receiver, codes in agent.moves():
        assert 0 < codes <= MOST_MOVED
        left[giver] -= codes
        left[receiver] += codes
        assert left[giver] >= left[receiver]
