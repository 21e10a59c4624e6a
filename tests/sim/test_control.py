"""A record of `control` at which our code fails: what was in force stays so (PITFALLS 61)."""

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from streams.engine import Program
from streams.runtime.commit import POSITION_KEY, Position, decode_position
from streams.runtime.scans import Scans
from tests.harness.local_shop import BEGIN, CART_FLOW, DAY, HOUR, LocalShop

NOON = BEGIN + 12 * HOUR
WORSE = {**CART_FLOW, "steps": [{"send": "email", "template": "never-sent"}]}
BETTER = {**CART_FLOW, "steps": [{"send": "email", "template": "at-once"}]}


def in_publish(monkeypatch: pytest.MonkeyPatch, version: str) -> None:
    """It fails after the new set was taken for the one in force."""
    on_publish = Scans.on_publish

    def fail(self: Scans, before: Program, after: Program, now: int) -> None:
        if after.version == version:
            raise ZeroDivisionError("a bug")
        on_publish(self, before, after, now)

    monkeypatch.setattr(Scans, "on_publish", fail)


def in_with_facts(monkeypatch: pytest.MonkeyPatch, version: str) -> None:
    """It fails while the new set is being taken over."""
    with_facts = Program.with_facts

    def fail(self: Program, facts: Any) -> Program:
        if self.version == version:
            raise ZeroDivisionError("a bug")
        return with_facts(self, facts)

    monkeypatch.setattr(Program, "with_facts", fail)


Bug = Callable[[pytest.MonkeyPatch, str], None]


@pytest.fixture(params=[in_publish, in_with_facts])
def bug(request: pytest.FixtureRequest) -> Bug:
    found: Bug = request.param
    return found


def forget_the_poison(shop: LocalShop) -> None:
    """As a worker does that is started again."""
    shop.local._poisoned = frozenset()


def test_a_set_at_which_our_code_fails_is_a_dead_letter_and_the_one_before_decides(
    shop: LocalShop, bug: Bug, monkeypatch: pytest.MonkeyPatch
) -> None:
    bug(monkeypatch, f"v{NOON}")
    shop.customer(BEGIN, "ada")
    shop.publish(NOON, WORSE)
    shop.cart(NOON + 1, "ada")
    shop.until(NOON + DAY)
    (letter,) = shop.outputs("dead-letters")
    assert (letter["topic"], letter["offset"]) == ("control", 1)
    assert letter["reason"].startswith("applying these definitions failed")
    assert shop.local.task.program.version == f"v{BEGIN - 1}"
    assert shop.sent() == [("ada", "your-cart", NOON + 1 + 4 * HOUR)]


@pytest.mark.parametrize("keep_store", [True, False])
def test_after_a_restart_the_set_before_it_decides_still_even_if_the_bug_is_mended(
    shop: LocalShop, bug: Bug, keep_store: bool
) -> None:
    """Otherwise the decisions would depend on when a worker was started."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        bug(monkeypatch, f"v{NOON}")
        shop.customer(BEGIN, "ada")
        shop.publish(NOON, WORSE)
        shop.until(NOON + 1)
    forget_the_poison(shop)
    shop.local.restart(keep_store=keep_store)
    shop.cart(NOON + 2, "ada")
    shop.until(NOON + DAY)
    assert shop.sent() == [("ada", "your-cart", NOON + 2 + 4 * HOUR)]
    assert len(shop.outputs("dead-letters")) == 1


def test_the_next_set_is_in_force_as_ever(
    shop: LocalShop, bug: Bug, monkeypatch: pytest.MonkeyPatch
) -> None:
    bug(monkeypatch, f"v{NOON}")
    shop.customer(BEGIN, "ada")
    shop.publish(NOON, WORSE)
    shop.publish(NOON + HOUR, BETTER)
    shop.cart(NOON + 2 * HOUR, "ada")
    shop.until(NOON + DAY)
    assert shop.sent() == [("ada", "at-once", NOON + 2 * HOUR)]
    assert len(shop.outputs("dead-letters")) == 1


def test_facts_at_which_our_code_fails_are_a_dead_letter_too(
    shop: LocalShop, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(self: Program, facts: Any) -> Program:
        if facts.get("clv.total.mean") == 7.0:
            raise ZeroDivisionError("a bug")
        return with_facts(self, facts)

    with_facts = Program.with_facts
    monkeypatch.setattr(Program, "with_facts", fail)
    shop.facts(NOON, clv_total_mean=5.0)
    shop.facts(NOON + 1, clv_total_mean=7.0)
    shop.until(NOON + DAY)
    assert shop.local.task.program.facts == {"clv.total.mean": 5.0}
    assert len(shop.outputs("dead-letters")) == 1


def test_a_set_that_an_older_version_could_take_over_stops_no_newer_one(shop: LocalShop) -> None:
    """It was decided by already when the bug came: the task opens without it, once and for all."""
    shop.customer(BEGIN, "ada")
    shop.publish(NOON, WORSE)
    shop.until(NOON + 1)
    with pytest.MonkeyPatch.context() as monkeypatch:
        in_with_facts(monkeypatch, f"v{NOON}")
        shop.local.restart()
        shop.cart(NOON + 2, "ada")
        shop.until(NOON + DAY)
        assert shop.sent() == [("ada", "your-cart", NOON + 2 + 4 * HOUR)]
    forget_the_poison(shop)
    shop.local.restart()
    assert shop.local.task.program.version == "none"  # `control` is fed with the next step
    shop.cart(NOON + 2 * DAY, "ada")
    shop.until(NOON + 2 * DAY + 1)
    assert shop.local.task.program.version == f"v{BEGIN - 1}"


def test_a_position_of_before_can_be_read(shop: LocalShop) -> None:
    shop.customer(BEGIN, "ada")
    shop.until(NOON)
    stored = decode_position(shop.local.store.get(POSITION_KEY))
    assert stored is not None
    assert stored.rejected_offsets == []
    older = msgspec.msgpack.encode([stored.inputs, stored.clock, 3])
    assert decode_position(older) == Position(stored.inputs, stored.clock, 3)
