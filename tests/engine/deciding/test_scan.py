from typing import Any

from streams.engine.customer.past import Past
from streams.engine.customer.state import encode_state, new_state
from streams.engine.deciding.scan import Scan, prefilter
from streams.engine.program import Program
from tests.harness.customer import MONDAY, flow, program_of, send

BUYERS = {"count": "order.placed", "at_least": "1"}


def daily(audience: Any, **keys: Any) -> dict[str, Any]:
    """A flow to this audience every day at nine."""
    scheduled = flow(send(), name="daily", **keys)
    scheduled["trigger"] = {"schedule": "0 9 * * *", "audience": audience}
    return scheduled


def is_let_through(program: Program, one: Scan, orders: int = 0, due: int | None = None) -> bool:
    state = new_state("ada")
    state.recent, state.next_due = {"order.placed": Past(total=orders)}, due
    may_concern = prefilter(program, one, MONDAY)
    return may_concern is None or may_concern(encode_state(state))


def test_only_the_audience_and_due_customers_pass_the_prefilter() -> None:
    program, at_nine = program_of(daily(BUYERS)), Scan(MONDAY, ["daily"])
    assert is_let_through(program, at_nine, orders=1)
    assert not is_let_through(program, at_nine)
    assert is_let_through(program, at_nine, due=MONDAY)
    assert not is_let_through(program, at_nine, due=MONDAY + 1)


def test_definitions_may_concern_everybody() -> None:
    assert is_let_through(program_of(daily(BUYERS)), Scan(MONDAY, ["daily"], of_definitions=True))


def test_facts_that_no_segment_and_no_wait_reads_concern_nobody() -> None:
    program, one = program_of(daily(BUYERS)), Scan(MONDAY, ["daily"], of_facts=True)
    assert not is_let_through(program, one)
    assert is_let_through(program, one, orders=1)  # for the audience


def test_so_does_a_schedule_for_everyone() -> None:
    everyone = {**daily("everyone"), "flow": "news"}
    program = program_of(daily(BUYERS), everyone)
    assert is_let_through(program, Scan(MONDAY, ["daily", "news"]))
    assert not is_let_through(program, Scan(MONDAY, ["daily"]))


def test_a_closed_flow_concerns_no_customer() -> None:
    program = program_of(daily(BUYERS, status="archived"))
    assert not is_let_through(program, Scan(MONDAY, ["daily", "left-out"]), orders=1)


def test_of_several_audiences_the_largest_part_is_decoded() -> None:
    named = {**daily({"profile": "first_name", "equals": "ada"}), "flow": "named"}
    program = program_of(named, daily(BUYERS))
    for names in (["named", "daily"], ["daily", "named"]):
        assert is_let_through(program, Scan(MONDAY, names), orders=1)
        assert not is_let_through(program, Scan(MONDAY, names))
