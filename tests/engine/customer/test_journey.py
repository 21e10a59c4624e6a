import importlib
import itertools

import pytest

from streams.engine.customer.journey import (
    SUCCESSORS,
    Journey,
    JourneyState,
    WrongMove,
    move,
)
from streams.engine.values.money import pack
from tests.harness.customer import DAY, HOUR, MONDAY, Customer, flow, program_of, send


def journey_in(state: JourneyState) -> Journey:
    return Journey("flow", "j", 0, 0, 0, state=state)


@pytest.mark.parametrize(
    ("before", "after"), list(itertools.product(JourneyState, JourneyState)), ids=lambda s: s.name
)
def test_a_journey_moves_only_along_the_arrows(before: JourneyState, after: JourneyState) -> None:
    journey = journey_in(before)
    if after in SUCCESSORS[before]:
        move(journey, after, "pause", 7)
        assert (journey.state, journey.step, journey.due) == (after, "pause", 7)
    else:
        with pytest.raises(WrongMove, match=f"from {before.name} to {after.name}"):
            move(journey, after)
        assert journey.state is before


def test_every_arrow_is_walked_by_some_journey(monkeypatch: pytest.MonkeyPatch) -> None:
    walked: set[tuple[JourneyState, JourneyState]] = set()

    def watched(journey: Journey, state: JourneyState, *where: object) -> None:
        walked.add((journey.state, state))
        move(journey, state, *where)  # type: ignore[arg-type]

    for module in ("program.walk", "deciding.change", "steps.wait", "steps.send"):
        imported = importlib.import_module(f"streams.engine.{module}")
        monkeypatch.setattr(imported, "move", watched)
    steps = (send("text", "sms"), {"wait": "1h", "id": "pause"}, send())
    held = program_of(flow(*steps, exit_on=[{"metric": "order.placed"}]))
    ada = Customer(held)
    ada.view(MONDAY)  # held until 08:00
    ada.order(MONDAY + HOUR)  # ended while held
    ada.view(MONDAY + 2 * HOUR)
    ada.until(MONDAY + 8 * HOUR)  # waits
    ada.order(MONDAY + 8 * HOUR, "2")  # ended while it waits
    ada.view(MONDAY + 9 * HOUR)
    ada.until(MONDAY + DAY)
    assert walked == {(one, other) for one in SUCCESSORS for other in SUCCESSORS[one]}


def test_the_triggers_data_is_packed() -> None:
    data = {"order_id": "17", "items": [{"sku": "A", "unit_price": 5}]}
    journey = Journey("flow", "j", 0, 0, 0, trigger=pack(data))
    assert journey.trigger_data() == data
    assert journey_in(JourneyState.RUNNING).trigger_data() == {}
