"""The prefilter of a scan passes all customers whom the scan concerns, however little it reads."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from streams.engine.customer.situation import Situation
from streams.engine.customer.state import decode_state, encode_state
from streams.engine.deciding import Scan, Scanned, act, prefilter
from streams.engine.effects import Effects
from tests.harness.customer import flow, program_of, send
from tests.properties.test_truth_by_time import (
    DAY,
    FACTS,
    HOUR,
    SEGMENTS,
    History,
    histories,
    outside,
)

VALUED = {"value": "clv.historic", "above": "store_mean"}


@given(outside, histories(), st.integers(0, 5 * DAY // HOUR), st.sampled_from((None, 0, 1)))
def test_a_sieve_says_of_stored_bytes_what_the_audience_says_of_the_state(
    raw: dict[str, Any], history: History, hours: int, due_in: int | None
) -> None:
    """`due_in`: when the customer's own next timer is due, after the visit."""
    asking = flow(send(), name="asking")
    asking["trigger"] = {"schedule": "0 * * * *", "audience": raw}
    segments = [{"segment": name, "if": one} for name, one in SEGMENTS.items()]
    store = {"profile": {"seen": "moment"}}
    program = program_of(asking, flow(send(), name="other"), segments=segments, store=store)
    program = program.with_facts(FACTS)
    audience = program.flows["asking"].audience
    assert audience is not None
    assert audience.condition is not None

    state, now = history.state, history.end + hours * HOUR
    state.next_due = None if due_in is None else now + due_in
    stored, one = encode_state(state), Scan(now, ["asking"])
    may_concern = prefilter(program, one, now)
    assert may_concern is not None
    is_meant = audience.condition(Situation(state, now, FACTS))[0]
    assert may_concern(stored) == (is_meant or due_in == 0)
    if not may_concern(stored):
        assert not act(program, decode_state(stored), Scanned([one]), now, Effects())


@given(outside, histories(), st.integers(0, 5 * DAY // HOUR), st.floats(0, 20_000))
def test_a_fact_moves_nobody_whom_its_sieve_leaves_out(
    raw: dict[str, Any], history: History, hours: int, mean: float
) -> None:
    entering = flow(send(), name="entering")
    entering["trigger"] = {"segment": "asked"}
    segments = [{"segment": name, "if": one} for name, one in SEGMENTS.items()]
    segments.append({"segment": "asked", "if": {"any": [raw, VALUED]}})
    store = {"profile": {"seen": "moment"}}
    others = flow(send(), name="other"), flow(send(), name="asking")
    program = program_of(entering, *others, segments=segments, store=store).with_facts(FACTS)
    state = history.state
    state.journeys = []  # of no flow of these
    act(program, state, Scanned([Scan(history.end, of_facts=True)]), history.end, Effects())
    members = {name: one.is_member for name, one in state.memberships.items()}
    stored, now = encode_state(state), history.end + hours * HOUR
    program, one = program.with_facts({"clv.historic.mean": mean}), Scan(now, of_facts=True)
    may_concern = prefilter(program, one, now)
    assert may_concern is not None
    if not may_concern(stored):
        after, effects = decode_state(stored), Effects()
        act(program, after, Scanned([one]), now, effects)
        assert {name: one.is_member for name, one in after.memberships.items()} == members
        assert not effects.decisions
        assert not effects.commands
