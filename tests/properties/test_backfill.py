"""Who is added to a flow afterwards stands where they would stand, had the flow been live all the
time (SEMANTICS 6.3): at the same step until the same moment, as long as what is judged hasn't
changed since."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from streams.engine import Backfill, Event, Instant, NotAdded, Placed, rehearse
from tests.harness.customer import DAY, EVERYWHERE, HOUR, MONDAY, Customer, flow, program_of, send
from tests.harness.examples import examples

TRIGGERED = MONDAY + 9 * HOUR
HOURS = st.integers(1, 72)

WAITS = st.one_of(
    st.builds(lambda hours: {"wait": f"{hours}h"}, HOURS),
    st.builds(
        lambda days, hour: {"wait": f"{days}d", "at": f"{hour:02}:00"},
        st.integers(1, 3),
        st.integers(0, 23),
    ),
    st.builds(
        lambda hours, day: {"wait": f"{hours}h", "only_on": [day]},
        HOURS,
        st.sampled_from(["mon", "wed", "sun"]),
    ),
    st.builds(lambda hour: {"wait": {"until": f"{hour:02}:00"}}, st.integers(0, 23)),
    st.builds(
        lambda hour: {"wait": {"window": [f"{hour:02}:00", f"{(hour + 5) % 24:02}:00"]}},
        st.integers(0, 23),
    ),
)
CONDITIONS = st.sampled_from(
    [
        {"profile": "country", "equals": "GB"},
        {"consent": "web"},
        {"trigger": "order_id", "equals": "1"},
        {"not": {"profile": "country", "equals": "GB"}},
    ]
)
EVENTS = st.sampled_from([{"metric": "view.item"}, {"metric": "view.item", "where": {"sku": "B"}}])


def choices(inner: st.SearchStrategy[list[Any]]) -> st.SearchStrategy[Any]:
    """Steps that hold others."""
    return st.one_of(
        st.builds(
            lambda condition, then, otherwise: {"if": condition, "then": then, "else": otherwise},
            CONDITIONS,
            inner,
            inner,
        ),
        st.builds(
            lambda condition, then, otherwise: {
                "branch": [{"when": condition, "then": then}],
                "else": otherwise,
            },
            CONDITIONS,
            inner,
            inner,
        ),
        st.builds(
            lambda a, b: {"sample": {"a": "50", "b": "50"}, "paths": {"a": a, "b": b}}, inner, inner
        ),
        st.builds(
            lambda awaited, since, hours, then, otherwise: {
                "wait_for": awaited,
                "since": since,
                "timeout": f"{hours}h",
                "then": then,
                "else": otherwise,
            },
            EVENTS,
            st.sampled_from(["arrival", "flow_start"]),
            HOURS,
            inner,
            inner,
        ),
        st.builds(
            lambda condition, hours, then, otherwise: {
                "wait_for": condition,
                "timeout": f"{hours}h",
                "then": then,
                "else": otherwise,
            },
            CONDITIONS,
            HOURS,
            inner,
            inner,
        ),
    )


STEPS = st.lists(
    st.recursive(
        WAITS | st.just({"send": "email"}),
        lambda one: choices(st.lists(one | st.just({"exit": None}), min_size=1, max_size=2)),
        max_leaves=6,
    ),
    min_size=1,
    max_size=4,
)


def named(steps: list[Any], place: str = "s") -> list[Any]:
    """The same steps, each with an id of its own."""
    result = []
    for number, step in enumerate(steps):
        here = f"{place}-{number}"
        copy = dict(step)
        for key in ("then", "else"):
            if key in copy:
                copy[key] = named(copy[key], f"{here}-{key}")
        if "branch" in copy:
            ways = copy["branch"]
            copy["branch"] = [{**way, "then": named(way["then"], f"{here}-b")} for way in ways]
        if "paths" in copy:
            copy["paths"] = {
                name: named(inner, f"{here}-{name}") for name, inner in copy["paths"].items()
            }
        if "send" in copy:
            copy = send(f"t-{here}", smart_sending="false")
        else:
            copy["id"] = here
        result.append(copy)
    return result


def ordered(steps: list[Any], status: str = "live") -> dict[str, Any]:
    """The flow."""
    ends = [{"metric": "view.item", "where": {"sku": "C"}}]
    return flow(*steps, on="order.placed", exit_on=ends, status=status)


def lived(
    status: str, steps: list[Any], views: list[tuple[Instant, str]], until: Instant
) -> Customer:
    """A customer who ordered at TRIGGERED and looked at things afterwards, up to `until`."""
    program = program_of(ordered(steps, status=status))
    ada = Customer(program, {**EVERYWHERE, "country": "GB"})
    ada.order(TRIGGERED, event_id="o")
    for at, sku in views:
        if at <= until:
            ada.event("view.item", at, sku=sku)
    ada.until(until)
    return ada


def edges_of(steps: list[Any], views: list[tuple[Instant, str]]) -> list[Instant]:
    """When a journey that nobody interrupts comes to anything."""
    live = lived("live", steps, views, TRIGGERED + 60 * DAY)
    moments = {decision.at for decision in live.effects.decisions}
    return sorted(moment for moment in moments if moment > TRIGGERED)


@examples(150)
@given(
    written=STEPS,
    views=st.lists(
        st.tuples(st.integers(0, 10 * 24), st.sampled_from("ABABABC")), max_size=4, unique=True
    ),
    which=st.integers(0, 20),
    off_by=st.sampled_from([-1, 0, 1]),
)
def test_6_3_the_place_is_that_of_a_journey_that_was_never_interrupted(
    written: list[Any], views: list[tuple[int, str]], which: int, off_by: int
) -> None:
    steps = [*named(written), send("last", smart_sending="false")]
    seen = sorted((TRIGGERED + hours * HOUR + 1, sku) for hours, sku in views)
    edges = [TRIGGERED, *edges_of(steps, seen)]
    now = max(edges[which % len(edges)] + off_by, TRIGGERED + 1)
    live = lived("live", steps, seen, now)
    ada = lived("draft", steps, seen, now)
    ada.program = program_of(ordered(steps), version="2")
    data = {"order_id": "1", "total": 10_000, "currency": "GBP", "items": [], "tags": []}
    event = Event("order.placed", "o", "ada", TRIGGERED, data)
    asked = Backfill("ada", "flow", now, None, event)
    found = rehearse(ada.program, ada.state, asked, now, ada.effects)
    if not live.state.journeys:
        assert isinstance(found, NotAdded)
        return
    journey = live.journey()
    assert journey.step is not None
    assert found == Placed(journey.step, journey.due)
    assert ada.journey().journey_id == journey.journey_id
    gone_out = len(live.effects.commands)
    live.until(now + 60 * DAY)
    ada.until(now + 60 * DAY)
    assert ada.sent() == live.sent()[gone_out:]
