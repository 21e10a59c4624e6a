"""What the demo reads off the decisions of low-clv."""

import subprocess
import sys
from typing import Any

from streams.demo.low_clv import (
    BOUGHT,
    COUPON_MAIL,
    LEFT,
    REMINDED,
    REMINDER,
    Example,
    LowClvTally,
    story_of,
)
from streams.replay.timeline import Line, Timeline


def decision(customer: str, outcome: str, at: int = 0, **fields: Any) -> dict[str, Any]:
    return {
        "flow": "low-clv",
        "customer_id": customer,
        "journey_id": f"journey of {customer}",
        "outcome": outcome,
        "reason": "",
        "step": None,
        "at": at,
        "evidence": {},
        **fields,
    }


def week(
    customer: str, at: int, *, is_member: bool, orders: int, is_mailed: bool = True
) -> list[dict[str, Any]]:
    """The decisions about a customer who enters at `at`."""
    is_reminded = is_member and not orders
    evidence = {"segment low-clv": is_member, "count order.placed": orders}
    told = [decision(customer, "entered", at)]
    if is_mailed:
        told.append(decision(customer, "sent", at, step=COUPON_MAIL))
    reason = "then" if is_reminded else "else"
    told.append(decision(customer, "branch", at + 7, reason=reason, evidence=evidence))
    if is_reminded:
        told.append(decision(customer, "sent", at + 7, step=REMINDER))
    return told


def tally_of(*weeks: list[dict[str, Any]]) -> LowClvTally:
    tally = LowClvTally()
    for one in weeks:
        for told in one:
            tally.add(told)
    return tally


def test_each_week_is_counted_by_how_it_ended() -> None:
    counts = tally_of(
        week("a", 10, is_member=True, orders=0),
        week("b", 10, is_member=True, orders=0, is_mailed=False),
        week("c", 10, is_member=True, orders=2),
        week("d", 10, is_member=False, orders=1),
        week("e", 10, is_member=False, orders=0),
        [decision("f", "entered", flow="sunset")],
    ).counts()
    assert (counts.entered, counts.mailed, counts.reminded) == (5, 4, 2)
    assert (counts.bought, counts.left) == (1, 2)


def test_examples_got_the_mail_and_are_the_first_whatever_the_order_of_the_partitions() -> None:
    weeks = [
        week("a", 10, is_member=True, orders=0, is_mailed=False),
        week("b", 30, is_member=True, orders=0),
        week("c", 20, is_member=True, orders=0),
        week("d", 10, is_member=False, orders=3),
        week("e", 90, is_member=False, orders=0),
    ]
    for order in (weeks, weeks[::-1]):
        assert tally_of(*order).counts().examples == {
            REMINDED: Example("c", "journey of c"),
            LEFT: Example("e", "journey of e"),  # without an order: the facts alone did it
        }


def test_a_story_has_the_decisions_of_its_journey_and_the_orders_in_between() -> None:
    def line(at: int, kind: str, text: str, **data: Any) -> Line:
        flow = "low-clv" if kind == "decision" else None
        return Line(at=at, when=str(at), kind=kind, flow=flow, text=text, data=data)

    def decided(at: int, text: str, journey: str = "second", outcome: str = "sent") -> Line:
        return line(at, "decision", text, journey_id=journey, outcome=outcome)

    lines = [
        decided(1, "of another journey", "first"),
        line(2, "event", "too early", metric="order.placed"),
        decided(3, "entered"),
        line(4, "event", "viewed", metric="view.item"),
        line(5, "event", "ordered", metric="order.placed"),
        decided(6, "no reminder", outcome="branch"),
        decided(6, "ended", outcome="exited"),
        line(7, "event", "too late", metric="order.placed"),
    ]
    story = story_of(BOUGHT, Example("ada", "second"), Timeline("ada", "UTC", lines, [], [], {}))
    assert [one.text for one in story.lines] == ["entered", "ordered", "no reminder"]


def test_without_numpy_the_demo_has_no_model_and_says_so() -> None:
    program = (
        "import sys\n"
        "from types import SimpleNamespace\n"
        "sys.modules['numpy'] = None\n"
        "from streams.cli.demo import _show_low_clv\n"
        "from streams.demo.low_clv import LowClvTally\n"
        "from streams.demo.purchase_model import fit_purchase_model\n"
        "from streams.demo.retail import Retail\n"
        "counts = SimpleNamespace(low_clv=LowClvTally().counts())\n"
        "model = fit_purchase_model(Retail())\n"
        "_show_low_clv(SimpleNamespace(counts=counts, model=model, stories=[]))\n"
    )
    shown = subprocess.check_output([sys.executable, "-c", program], text=True)
    assert "no purchase model" in shown
    assert "pip install 'sendflow[value]'" in shown
