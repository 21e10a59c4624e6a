"""Flows of a date and waits until a date follow the date (SEMANTICS 1.14, 2.5, 2.10): the engine
against the rules, read slowly, for any sequence of patches."""

from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from streams.engine import decode_state, encode_state
from streams.engine.values import to_date, zone_named
from tests.harness.customer import DAY, EVERYWHERE, HOUR, MONDAY, Customer, program_of, send
from tests.harness.examples import examples

UTC = zone_named("UTC")
assert UTC is not None
STORE = {"profile": {"renewal_date": "date", "never_told": "date"}}
MOST = 30 * DAY

Patch = tuple[int, int | None]
"""The time of a patch, and the start of the day that it sets; None unsets it."""


Setter = tuple[str, int, int | None]
"""A flow that changes the date: its name, when, and as a patch does."""


class Rules(msgspec.Struct, frozen=True):
    """What a flow says about its date."""

    offset: int
    late: str = "skip"
    if_missing: int | str | None = None


@st.composite
def patches(draw: st.DrawFn) -> list[Patch]:
    """In order of time; several may come in one millisecond, and say the same again."""
    at, found = MONDAY, []
    for _ in range(draw(st.integers(1, 6))):
        at += draw(st.sampled_from([0, 1, HOUR, DAY - HOUR, DAY, 2 * DAY, 5 * DAY]))
        days = draw(st.none() | st.integers(0, 16))
        found.append((at, None if days is None else MONDAY + days * DAY))
    return found


setters = st.lists(
    st.tuples(
        st.sampled_from(["a", "z"]),  # before the flow that waits, and after it
        st.integers(0, 9).map(lambda days: MONDAY + days * DAY),
        st.none() | st.integers(0, 16).map(lambda days: MONDAY + days * DAY),
    ),
    max_size=2,
    unique_by=(lambda setter: setter[0], lambda setter: setter[1]),
)

rules = st.builds(
    Rules,
    st.sampled_from([-3 * DAY, 0, 2 * DAY]),
    st.sampled_from(["skip", "enter"]),
    st.sampled_from([None, "exit", 4 * HOUR]),
)


def sent(
    definition: dict[str, Any],
    history: list[Patch],
    searched_at: int | None,
    setting: list[Setter] | tuple[()] = (),
) -> list[Any]:
    """What the engine sends; the state goes through its bytes after every patch."""
    flows = [definition, *(_sets_at(*setter) for setter in setting)]
    ada = Customer(program_of(*flows, store=STORE), EVERYWHERE)
    ada.order(MONDAY - HOUR)
    happened: list[tuple[int, int | None, bool]] = [(at, day, False) for at, day in history]
    if searched_at is not None:
        happened.append((searched_at, None, True))
    for at, day, is_search in sorted(happened, key=lambda one: one[0]):
        if is_search:
            ada.event("search.performed", at, query="plan", filters={}, results=1)
        elif day is None:
            ada.event("customer.updated", at, set={}, unset=["renewal_date"])
        else:
            ada.event("customer.updated", at, set={"renewal_date": _written(day)}, unset=[])
        ada.state = decode_state(encode_state(ada.state))
    ada.until(MONDAY + MOST)
    return ada.sent()


def _sets_at(name: str, at: int, day: int | None) -> dict[str, Any]:
    value = "$profile.never_told" if day is None else _written(day)
    return {
        "flow": name,
        "trigger": {"metric": "order.placed"},
        "steps": [
            {"wait": {"until": f"{_written(at)} 00:00"}, "id": "pause"},
            {"update_profile": {"renewal_date": value}},
        ],
    }


def _written(day: int) -> str:
    assert UTC is not None
    return to_date(day, UTC).isoformat()


# ── A flow of the date ────────────────────────────────────────────────────────────────────────────


def of_date(rule: Rules, history: list[Patch]) -> list[tuple[int, str]]:
    """SEMANTICS 1.14, read slowly: each date lasts until the next patch that changes it."""
    found: list[tuple[int, str]] = []
    lasting: list[tuple[int, int | None]] = []  # changes alone
    for at, day in history:
        if day != (lasting[-1][1] if lasting else None):
            lasting.append((at, day))
    for number, (told, day) in enumerate(lasting):
        ends = lasting[number + 1][0] if number + 1 < len(lasting) else MONDAY + MOST + 1
        if day is None:
            continue
        enters = day + rule.offset
        if enters < told:
            if rule.late == "skip" or day <= told:
                continue
            enters = told
        found += [
            (due, template)
            for due, template in ((enters, "one"), (enters + 2 * DAY, "two"))
            if due < ends  # a record of that moment comes before its timers (5.2)
        ]
    return sorted(found)


@examples(300)
@given(rules, patches())
def test_1_14_a_flow_of_a_date_follows_it(rule: Rules, history: list[Patch]) -> None:
    trigger = {
        "date": "profile.renewal_date",
        "offset": f"{rule.offset // DAY}d",
        "late": rule.late,
    }
    steps = [
        send("one", smart_sending="false"),
        {"wait": "2d", "id": "pause"},
        send("two", smart_sending="false"),
    ]
    definition = {"flow": "dated", "trigger": trigger, "steps": steps}
    assert sent(definition, history, None) == of_date(rule, history)


# ── A wait until the date ─────────────────────────────────────────────────────────────────────────

RECORD, WAITS = "", "waits"
"""A record, and the flow that waits: in the order in which they come within one moment."""


def after_wait(
    rule: Rules, history: list[Patch], searched_at: int, setting: list[Setter]
) -> list[tuple[int, str]]:
    """SEMANTICS 2.5 and 2.10, read slowly: when the wait ends, if it does not end the journey.
    Journeys of a moment come after its records, in the order of their flows (5.2)."""
    told = [(at, RECORD, day) for at, day in history]
    told = sorted([*told, *((at, by, day) for by, at, day in setting)], key=lambda one: one[:2])
    searched = searched_at, RECORD
    day = next((day for *when, day in reversed(told) if (*when,) <= searched), None)
    changes = [(*searched, day), *(one for one in told if one[:2] > searched)]
    before: int | str | None = "not there yet"
    due: int | None = None
    for at, by, value in changes:
        if due is not None and (due, WAITS) < (at, by):
            break
        if value == before:
            continue
        before = value
        if value is not None:
            due = value + rule.offset
        elif rule.if_missing == "exit":
            return []
        else:
            due = at + (rule.if_missing or 0)  # type: ignore[operator]
        if due <= at:
            return [(at, "one")]
    assert due is not None
    return [(due, "one")]


@examples(300)
@given(rules, patches(), st.sampled_from([0, HOUR, DAY, 4 * DAY]), setters)
def test_2_10_a_wait_until_a_date_follows_it(
    rule: Rules, history: list[Patch], after: int, setting: list[Setter]
) -> None:
    searched_at = MONDAY + after
    until: dict[str, Any] = {"until": "$profile.renewal_date", "offset": f"{rule.offset // DAY}d"}
    if rule.if_missing is not None:
        until["if_missing"] = "exit" if rule.if_missing == "exit" else "4h"
    definition = {
        "flow": WAITS,
        "trigger": {"metric": "search.performed"},
        "steps": [{"wait": until, "id": "w"}, send("one", smart_sending="false")],
    }
    expected = after_wait(rule, history, searched_at, setting)
    assert sent(definition, history, searched_at, setting) == expected
