"""Whatever happens, is published or crashes: by the records of `segment-changes`, a customer is a
member of a followed segment exactly if its condition, evaluated anew, holds (SEMANTICS 3.9)."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.contracts.control import DefinitionsRecord, decode_control
from streams.contracts.decode import EventDecoder
from streams.contracts.encode import EffectEncoder
from streams.engine import read_definitions
from streams.engine.compiling import Definitions
from streams.local import LocalParts, LocalTask
from streams.operations.members import CurrentProgram, members_in
from streams.ports import CONTROL, FIRST_CUSTOMER, TaskSettings
from streams.programs import Programs
from streams.store.memory import MemoryStore
from tests.harness.examples import examples
from tests.harness.local_shop import BEGIN, CART_FLOW, DAY, HOUR, SKEW, LocalShop

CUSTOMERS = ("ada", "bob", "cid", "dan")
VARIANTS: dict[str, tuple[Any, ...]] = {
    "fresh": (
        {"count": "order.placed", "in_last": "2d", "at_least": "1"},
        {"count": "order.placed", "on_day": "-1", "at_least": "1"},
    ),
    "quiet": (
        {"count": "cart.updated", "in_last": "3d", "equals": "0"},
        {"since_last": ["cart.updated", "order.placed"], "at_least": "36h"},
    ),
    "rich": (
        {"value": "clv.historic", "above": "store_mean"},
        {"value": "clv.historic", "below": "store_median"},
    ),
    "dear": (
        {"sum": "order.placed", "of": "total", "in_last": "4d", "at_least": "3"},
        {"sum": "order.placed", "of": "total", "at_least": "3"},
    ),
    "in-cart": ({"in_flow": "cart"}, {"in_flow": "cart", "within": "1d"}),
    "known": ({"profile": "email", "exists": "true"},),
    "both": ({"all": [{"segment": "fresh"}, {"not": {"segment": "rich"}}]},),
}
HELLO = {
    "flow": "hello",
    "trigger": {"segment": "fresh"},
    "steps": [{"update_profile": {"email": "new@example.com"}}],
}

customers = st.sampled_from(CUSTOMERS)
published = st.tuples(
    st.just("publish"),
    st.fixed_dictionaries(
        {name: st.sampled_from(range(len(ways))) for name, ways in VARIANTS.items()}
    ),
    st.sets(st.sampled_from(sorted(VARIANTS))),
    st.booleans(),
)
happenings = st.one_of(
    st.tuples(st.just("profile"), customers),
    st.tuples(st.just("cart"), customers),
    st.tuples(st.just("order"), customers, st.integers(0, 400)),
    st.tuples(st.just("order"), customers, st.integers(0, 400)),
    st.tuples(st.just("cancel"), customers),
    st.tuples(st.just("erased"), customers),
    st.tuples(st.just("facts"), st.integers(0, 600)),
)
moments = st.one_of(
    st.tuples(st.just("look")),
    st.tuples(st.just("pass"), st.sampled_from((SKEW, HOUR, 20 * HOUR, DAY, 3 * DAY - 1))),
    st.tuples(st.just("run"), st.integers(1, 4)),
    st.tuples(st.just("commit"), st.sampled_from(("whole", "without the store"))),
    st.tuples(st.just("crash"), st.booleans()),
)
stories = st.lists(st.one_of(happenings, happenings, moments, published), min_size=8, max_size=50)

Action = tuple[Any, ...]


class Story:
    """A shop to which everything happens, with the wall clock."""

    def __init__(self) -> None:
        parts = LocalParts(
            MemoryStore,
            EventDecoder(),
            EffectEncoder(),
            Programs(),
            TaskSettings(clock_skew=SKEW),
        )
        self.shop = LocalShop(LocalTask(parts))
        self.wall = BEGIN + 12 * HOUR
        self.tell(("publish", dict.fromkeys(VARIANTS, 0), set(VARIANTS), True))

    def tell(self, action: Action) -> None:
        shop = self.shop
        match action:
            case ("look",):
                self.look()
            case ("pass", duration):
                self.wall += duration
            case ("run", steps):
                for _ in range(steps):
                    shop.local.step(self.wall, 2)
            case ("commit", how):
                shop.local.commit(self.wall, with_store=how == "whole")
                if how != "whole":
                    shop.local.restart()
            case ("crash", keep_store):
                shop.local.restart(keep_store=keep_store)
            case _:
                self.wall += SKEW
                self.happens(self.wall, action)

    def happens(self, at: int, action: Action) -> None:
        shop = self.shop
        match action:
            case ("publish", ways, followed, with_flows):
                flows = [CART_FLOW, HELLO] if with_flows else [CART_FLOW]
                segments = {name: VARIANTS[name][way] for name, way in ways.items()}
                shop.publish(at, *flows, segments=segments, followed=followed)
            case ("profile", customer):
                shop.customer(at, customer)
            case ("cart", customer):
                shop.cart(at, customer)
            case ("order", customer, total):
                shop.order(at, customer, order_id="1" if total > 200 else f"{at}", total=total)
            case ("cancel", customer):
                shop.happens(at, "order.cancelled", customer, order_id="1")
            case ("erased", customer):
                shop.happens(at, "customer.erased", customer)
            case ("facts", mean):
                shop.facts(at, clv_historic_mean=mean, clv_historic_p50=mean)

    def look(self) -> None:
        """Compares the members by the topic with the conditions, once all is decided."""
        self.wall += HOUR  # past the chunks of a scan
        self.shop.until(self.wall)
        by_topic: dict[str, set[str]] = {name: set() for name in VARIANTS}
        for one in self.shop.outputs("segment-changes"):
            members = by_topic[one["segment"]]
            is_in = one["customer_id"] in members
            assert is_in == (one["change"] == "left"), f"told twice: {one}"
            (members.remove if is_in else members.add)(one["customer_id"])
        newest, followed = self.in_force()
        program = CurrentProgram(newest, "", self.shop.local.task.program.facts)
        states = [(k, v) for k, v in self.shop.local.store.items() if k >= FIRST_CUSTOMER]
        anew = members_in(states, program, followed, self.wall - 1)
        assert by_topic == {name: anew.get(name, set()) for name in VARIANTS}

    def in_force(self) -> tuple[Definitions, list[str]]:
        """The newest definitions, and the segments that they follow."""
        records = [decode_control(one.value or b"") for one in self.shop.local.logs[CONTROL]]
        newest = [one for one in records if isinstance(one, DefinitionsRecord)][-1]
        definitions = read_definitions(json.loads(newest.definitions))
        assert isinstance(definitions, Definitions)
        return definitions, [one.segment for one in definitions.segments if one.follow]


@examples(200)
@given(stories)
def test_members_by_the_topic_are_those_for_whom_the_condition_holds(story: list[Action]) -> None:
    told = Story()
    for action in story:
        told.tell(action)
    told.look()


def test_the_story_lets_customers_enter_and_leave_by_every_cause() -> None:
    """The property above is worth something: its stories have changes of each kind."""
    told = Story()
    ways = dict.fromkeys(VARIANTS, 0)
    for action in (
        ("profile", "ada"),
        ("cart", "ada"),
        ("order", "ada", 300),
        ("facts", 100),
        ("pass", 3 * DAY - 1),
        ("look",),
        ("publish", ways | {"fresh": 1}, {"fresh", "known", "quiet"}, True),
        ("erased", "ada"),
        ("look",),
    ):
        told.tell(action)
    causes = {one["cause"] for one in told.shop.outputs("segment-changes")}
    assert causes == {"event", "time", "facts", "definitions", "erased"}


@pytest.mark.parametrize("keep_store", [True, False])
def test_a_restore_tells_nothing_again(keep_store: bool) -> None:
    told = Story()
    for customer in CUSTOMERS:
        told.tell(("order", customer, 300))
    told.look()
    before = told.shop.outputs("segment-changes")
    told.shop.local.restart(keep_store=keep_store)
    told.look()
    assert told.shop.outputs("segment-changes")[: len(before)] == before
