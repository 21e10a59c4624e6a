from typing import Any

from streams.engine import Outcome, Program, read_definitions
from streams.engine.customer.state import GivenCoupon
from tests.harness.code_source import ListedCodes
from tests.harness.customer import DAY, MONDAY, Customer, flow, program_of, send

TEN = {"coupons": "ten", "expires": "30d"}


def with_pool(*steps: Any, **keys: Any) -> Program:
    return program_of(flow(*steps, **keys), coupons=[TEN])


def test_the_code_is_held_until_it_expires() -> None:
    ada = Customer(with_pool({"assign_coupon": "ten"}, send()))
    ada.effects.codes = source = ListedCodes(ten=["A1", "A2"])
    ada.view(MONDAY)
    assert ada.state.coupons == {"ten": GivenCoupon("A1", MONDAY, MONDAY + 30 * DAY)}
    ada.view(MONDAY + 30 * DAY - 1)
    assert ada.state.coupons == {"ten": GivenCoupon("A1", MONDAY, MONDAY + 30 * DAY)}
    ada.view(MONDAY + 30 * DAY)
    held = GivenCoupon("A2", MONDAY + 30 * DAY, MONDAY + 60 * DAY)
    assert ada.state.coupons == {"ten": held}
    assert [command.coupon for command in ada.effects.commands] == [
        "A1",
        "A1",
    ]  # then Smart Sending
    assert source.codes == {"ten": []}
    assert [one.reason for one in ada.decisions(Outcome.COUPON)] == ["given", "kept", "given"]


def test_without_a_code_the_journey_goes_on() -> None:
    ada = Customer(with_pool({"assign_coupon": "ten"}, send()))
    ada.view(MONDAY)
    assert ada.outcomes() == ["entered", "coupon no_coupon", "sent", "exited finished"]
    assert ada.effects.commands[0].coupon is None
    assert ada.state.coupons == {}


def test_the_profile_filter_is_judged_before_it() -> None:
    german = {"not": {"profile": "country", "equals": "DE"}}
    steps = ({"wait": "1d", "id": "pause"}, {"assign_coupon": "ten", "id": "coupon"}, send())
    ada = Customer(with_pool(*steps, filter=german))
    ada.effects.codes = source = ListedCodes(ten=["A1"])
    ada.view(MONDAY)
    ada.event("customer.updated", MONDAY + 1, set={"country": "DE"}, unset=[])
    ada.until(MONDAY + DAY)
    assert [one.step for one in ada.decisions(Outcome.SKIPPED, "profile_filter")] == [
        "coupon",
        "hello",
    ]
    assert source.codes == {"ten": ["A1"]}


def test_of_many_coupons_only_the_valid_ones_are_kept() -> None:
    pools = [{"coupons": f"p{n}", "expires": "1d" if n % 2 else "90d"} for n in range(52)]
    steps = [{"assign_coupon": f"p{n}"} for n in range(52)]
    early, last = flow(*steps[:50], name="early"), flow(*steps[50:], name="last", on="view.list")
    ada = Customer(program_of(early, last, coupons=pools))
    ada.effects.codes = ListedCodes(**{f"p{n}": [f"C{n}"] for n in range(52)})
    ada.view(MONDAY)
    assert len(ada.state.coupons) == 50
    ada.event("view.list", MONDAY + 2 * DAY, category="c")
    assert sorted(ada.state.coupons) == sorted([f"p{n}" for n in range(0, 51, 2)] + ["p51"])


def test_a_pool_that_is_not_there_and_the_nearest_name() -> None:
    problems = read_definitions(
        {"flows": [flow({"assign_coupon": "win-bakc"})], "coupons": [TEN, {"coupons": "win-back"}]}
    )
    assert isinstance(problems, list)
    assert [problem.sentence() for problem in problems] == [
        "unknown coupon pool 'win-bakc': did you mean 'win-back'? (allowed: ten, win-back)"
    ]


def test_a_pool_that_cannot_be_read_is_there_all_the_same() -> None:
    problems = read_definitions(
        {"flows": [flow({"assign_coupon": "ten"})], "coupons": [{**TEN, "expires": "soon"}]}
    )
    assert isinstance(problems, list)
    assert [problem.path for problem in problems] == [("coupons", 0, "expires")]
