"""Whatever happens while the customers of a task are valued, and wherever it crashes: each report
holds every customer as of its midnight (DESIGN 5.11)."""

import zoneinfo
from collections.abc import Iterator
from typing import Any
from unittest import mock

from hypothesis import given
from hypothesis import strategies as st

from streams import task as task_module
from streams.contracts.control import model_record
from streams.contracts.decode import EventDecoder
from streams.contracts.encode import EffectEncoder
from streams.contracts.partition_facts import PARTITION_FACTS, read_report
from streams.engine import decode_state, read_definitions
from streams.engine.compiling import Definitions
from streams.engine.customer import MODEL
from streams.engine.forecast import Part, PurchaseModel
from streams.engine.values import Distribution, day_number
from streams.local import LocalParts, LocalTask
from streams.operations.members import CurrentProgram, members_in
from streams.ports import CONTROL, FIRST_CUSTOMER, DayReport, TaskSettings
from streams.programs import Programs
from streams.runtime.valuation import values_at
from streams.store.memory import MemoryStore
from tests.harness.local_shop import BEGIN, DAY, HOUR, SKEW, LocalShop

CUSTOMERS = ("ada", "bob", "cid", "dan", "eve", "fay")
ORDER_IDS = ("1", "2", "3")
UTC = zoneinfo.ZoneInfo("UTC")

customers = st.sampled_from(CUSTOMERS)
order_ids = st.sampled_from(ORDER_IDS)
happenings = st.one_of(
    st.tuples(st.just("profile"), customers),
    st.tuples(st.just("cart"), customers),
    st.tuples(st.just("order"), customers, order_ids, st.integers(0, 400)),
    st.tuples(st.just("refund"), customers, order_ids, st.integers(0, 400)),
    st.tuples(st.just("cancel"), customers, order_ids),
    st.tuples(st.just("erased"), customers),
    st.tuples(st.just("model"), st.sampled_from((0, 1))),
)
MODELS = (
    PurchaseModel("bg", (Part("bg_nbd", (0.243, 30.898, 0.793, 2.426)),), (6.25, 3.74, 1544.0)),
    PurchaseModel("both", (Part("mbg_nbd", (0.525, 43.281, 0.891, 1.614)), Part("window_before"))),
)
moments = st.one_of(
    st.tuples(st.just("run"), st.integers(1, 4)),
    st.tuples(st.just("commit"), st.sampled_from(("whole", "without the store"))),
    st.tuples(st.just("crash"), st.booleans()),
    st.tuples(st.just("pass"), st.sampled_from((1, SKEW, HOUR, 20 * HOUR, 3 * DAY))),
    st.tuples(st.just("midnight")),
)
stories = st.lists(st.one_of(happenings, happenings, moments), min_size=10, max_size=60)

SEGMENTS = {
    "buyers": {"count": "order.placed", "at_least": "1"},
    "fresh": {"count": "order.placed", "in_last": "36h", "at_least": "1"},
    "rich": {"value": "clv.historic", "above": "200"},
}

Action = tuple[Any, ...]


def new_shop() -> LocalShop:
    settings = TaskSettings(clock_skew=SKEW)
    return LocalShop(
        LocalTask(LocalParts(MemoryStore, EventDecoder(), EffectEncoder(), Programs(), settings))
    )


class Story:
    """A shop to which everything happens, with the wall clock."""

    def __init__(self) -> None:
        self.shop = new_shop()
        self.wall = BEGIN + 12 * HOUR
        self.shop.publish(self.wall, segments=SEGMENTS, followed=SEGMENTS)
        for customer in CUSTOMERS[::2]:  # there from the start
            self.shop.order(self.wall, customer, order_id="9", total=100)
        self.run(9)

    def tell(self, action: Action) -> None:
        match action:
            case ("run", steps):
                self.run(steps)
            case ("commit", how):
                self.shop.local.commit(self.wall, with_store=how == "whole")
                if how != "whole":
                    self.shop.local.restart()
            case ("crash", keep_store):
                self.shop.local.restart(keep_store=keep_store)
            case ("pass", duration):
                self.wall += duration
            case ("midnight",):
                self.wall += DAY - self.wall % DAY + SKEW
                self.run(1)
            case _:
                self.wall += SKEW
                happens(self.shop, self.wall, action)

    def run(self, steps: int) -> None:
        for _ in range(steps):
            self.shop.local.step(self.wall, 2)

    def end(self) -> list[DayReport]:
        """The reports, once the last midnight has passed."""
        self.wall += DAY
        self.shop.until(self.wall)
        return [
            report
            for record in self.shop.local.output
            if record.topic == PARTITION_FACTS
            and isinstance(report := read_report(record.value or b""), DayReport)
        ]


def happens(shop: LocalShop, at: int, action: Action) -> None:
    match action:
        case ("profile", customer):
            shop.customer(at, customer)
        case ("cart", customer):
            shop.cart(at, customer)
        case ("order", customer, order_id, total):
            shop.order(at, customer, order_id=order_id, total=total)
        case ("refund", customer, order_id, amount):
            refund = {"order_id": order_id, "amount": amount, "currency": "GBP", "items": []}
            shop.happens(at, "order.refunded", customer, **refund)
        case ("cancel", customer, order_id):
            cancelled = {"order_id": order_id, "amount": None, "currency": None}
            shop.happens(at, "order.cancelled", customer, **cancelled)
        case ("model", number):
            record = model_record(MODELS[number])
            shop.local.append(CONTROL, at, record.key, record.value)
        case ("erased", customer):
            shop.happens(at, "customer.erased", customer)


def definitions() -> Definitions:
    found = read_definitions(
        {"segments": [{"segment": name, "if": if_} for name, if_ in SEGMENTS.items()]}
    )
    assert isinstance(found, Definitions)
    return found


def expected(log: LocalTask, midnights: list[int]) -> Iterator[DayReport]:
    """What is known of all customers at each midnight, of a task that did everything at once."""
    plain = new_shop()
    for midnight in midnights:
        for topic, records in log.logs.items():
            for record in records[len(plain.local.logs[topic]) :]:
                if record.time < midnight:
                    plain.local.append(topic, record.time, record.key, record.value)
        plain.until(midnight)
        states = [
            decode_state(value) for key, value in plain.local.store.items() if key >= FIRST_CUSTOMER
        ]
        buyers = [state for state in states if state.orders]
        values: dict[str, Distribution] = {}
        model = plain.local.task.program.facts.get(MODEL)
        for state in buyers:
            for name, value in values_at(day_number(midnight, UTC), state, model, UTC).items():
                values.setdefault(name, Distribution()).add(value)
        compact = {name: one.compact() for name, one in values.items()}
        program = CurrentProgram(definitions(), "", plain.local.task.program.facts)
        members = members_in(
            (row for row in plain.local.store.items() if row[0] >= FIRST_CUSTOMER),
            program,
            SEGMENTS,
            midnight - 1,
        )
        sizes = {name: len(found) for name, found in members.items() if found}
        yield DayReport(0, midnight, len(states), len(buyers), compact, segments=sizes)


@given(stories)
def test_each_report_is_as_of_its_midnight_whatever_happens_meanwhile(
    actions: list[Action],
) -> None:
    with mock.patch.object(task_module, "PER_SLICE", 1), mock.patch.object(task_module, "PAGE", 1):
        story = Story()
        for action in actions:
            story.tell(action)
        reports = story.end()
    midnights = [report.day_end for report in reports]
    assert midnights == sorted(set(midnights))
    assert midnights[-1] == story.wall - story.wall % DAY
    assert reports == list(expected(story.shop.local, midnights))
