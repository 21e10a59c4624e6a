from streams.engine import Definitions, Outcome, read_definitions
from tests.harness.customer import HOUR, MINUTE, MONDAY, Customer, flow, program_of, send

BOUGHT = {"count": "order.placed", "at_least": "1"}
SPLIT = {"if": BOUGHT, "then": [send("bought")], "else": [send("not-bought")]}
WAIT = {"wait": "4h", "id": "pause"}


def test_s43_judged_after_the_wait_above_it() -> None:
    ada = Customer(program_of(flow(WAIT, SPLIT)))
    ada.view(MONDAY)
    ada.order(MONDAY + 2 * HOUR)
    ada.until(MONDAY + 4 * HOUR)
    assert ada.sent() == [(MONDAY + 4 * HOUR, "bought")]


def test_s43_the_same_split_before_the_wait() -> None:
    ada = Customer(program_of(flow(SPLIT, WAIT, send("later"))))
    ada.view(MONDAY)
    ada.order(MONDAY + 2 * HOUR)
    ada.until(MONDAY + 4 * HOUR)
    assert ada.sent()[0] == (MONDAY, "not-bought")


def test_s44_never_judged_again() -> None:
    steps = ({"if": BOUGHT, "then": [send("bought")], "else": [WAIT, send("not-bought")]},)
    ada = Customer(program_of(flow(*steps)))
    ada.view(MONDAY)
    ada.order(MONDAY + 5 * MINUTE)
    ada.until(MONDAY + 4 * HOUR)
    assert ada.sent() == [(MONDAY + 4 * HOUR, "not-bought")]


def test_s45_the_triggering_event_counts() -> None:
    first = {"if": {"count": "order.placed", "equals": "1"}, "then": [send("first")]}
    ada = Customer(program_of(flow(first, on="order.placed")))
    ada.order(MONDAY, "1")
    ada.order(MONDAY + HOUR, "2")
    assert ada.sent() == [(MONDAY, "first")]


def test_both_ways_lead_on_unless_one_exits() -> None:
    split = {"if": BOUGHT, "then": ["exit"], "else": [send("not-bought")]}
    program = program_of(flow(split, send("after", smart_sending="false")))
    ada = Customer(program)
    ada.view(MONDAY)
    assert [template for _, template in ada.sent()] == ["not-bought", "after"]
    bob = Customer(program)
    bob.order(MONDAY)
    bob.view(MONDAY + HOUR)
    assert bob.outcomes() == ["entered", "branch then", "exited exit"]


def test_the_decision_shows_what_was_compared() -> None:
    ada = Customer(program_of(flow(SPLIT)))
    ada.order(MONDAY)
    ada.view(MONDAY)
    (branch,) = ada.decisions(Outcome.BRANCH)
    assert (branch.step, branch.reason) == ("steps[0]", "then")
    assert branch.evidence == {"count order.placed": 1}


def test_an_if_without_steps_is_refused() -> None:
    problems = read_definitions({"flows": [flow({"if": BOUGHT})]})
    assert not isinstance(problems, Definitions)
    assert "no steps" in problems[0].sentence()


def test_evidence_names_every_currency_without_a_rate() -> None:
    spent = {"if": {"sum": "order.placed", "of": "total", "at_least": "0"}, "then": [send()]}
    ada = Customer(program_of(flow(spent, on="order.placed")))
    ada.order(MONDAY, "1", currency="SEK")
    ada.order(MONDAY + HOUR, "2", currency="NOK")
    first, second = ada.decisions(Outcome.BRANCH)
    assert first.evidence["no_rate"] == ["SEK"]
    assert second.evidence["no_rate"] == ["NOK", "SEK"]
