"""Sets of definitions and histories of customers, drawn by hypothesis: triggers x steps x
conditions, as a shop might write them, and what might happen to its customers."""

from typing import Any

import msgspec
from hypothesis import strategies as st

from streams.engine.compiling.check import read_definitions
from streams.engine.compiling.definition import Definitions
from tests.harness.customer import DAY, EVERYWHERE, HOUR, MINUTE, MONDAY
from tests.properties.test_engine import CHANNELS, DATA, IDS
from tests.properties.test_truth_by_time import conditions as conditions_over_time

FLOWS = ("f0", "f1", "f2")
SEGMENTS = ("s0", "s1")
CUSTOMERS = ("ada", "bob")
TOPICS = ("offers", "news")
METRICS = ("order.placed", "search.performed", "view.item", "cart.updated")

SOME_MESSAGE = "some-message"
"""In place of a message of the flow, until its messages are drawn."""

Raw = dict[str, Any]

durations = st.sampled_from(["1s", "90m", "4h", "1d", "3d"])
countries = st.sampled_from(["GB", "DE"])
days_to_come = st.sampled_from(["2026-03-04", "2026-03-10"])
outside = st.one_of(
    conditions_over_time,
    st.builds(lambda channel: {"consent": channel}, CHANNELS),
    st.builds(lambda country: {"profile": "country", "equals": country}, countries),
    st.builds(
        lambda value, amount: {"value": value, "gt": amount},
        st.just("clv.historic"),
        st.sampled_from(["0", "50"]),
    ),
    st.builds(lambda flow: {"in_flow": flow}, st.sampled_from(FLOWS)),
    st.builds(lambda flow, d: {"in_flow": flow, "within": d}, st.sampled_from(FLOWS), durations),
)
"""What may be asked anywhere."""
conditions = st.one_of(
    outside,
    st.builds(lambda segment: {"segment": segment}, st.sampled_from(SEGMENTS)),
    st.builds(lambda inner: {"not": inner}, outside),
    st.just({"trigger": "total", "gt": "50"}),
    st.just({"count": "order.placed", "since": "flow_start", "equals": "0"}),
    st.builds(lambda told: {told: SOME_MESSAGE}, st.sampled_from(["sent", "skipped"])),
)
events = st.one_of(
    st.builds(lambda metric: {"metric": metric}, st.sampled_from(METRICS)),
    st.just({"metric": "order.placed", "where": {"total": {"gt": "50"}}}),
    st.just({"metric": "order.cancelled", "where": {"order_id": "$trigger.order_id"}}),
)


# ── Steps ─────────────────────────────────────────────────────────────────────────────────────────


def _wait() -> st.SearchStrategy[Raw]:
    clocks = st.sampled_from(["00:00", "09:00", "23:30"])
    days = st.sampled_from(["1d", "2d"])
    missing = st.sampled_from([{}, {"if_missing": "exit"}, {"if_missing": "4h"}])
    return st.one_of(
        st.builds(lambda d: {"wait": d}, durations),
        st.builds(lambda d, at: {"wait": d, "at": at}, days, clocks),
        st.builds(lambda d: {"wait": d, "only_on": ["mon", "thu"]}, durations),
        st.builds(lambda at: {"wait": {"until": at}}, clocks),
        st.just({"wait": {"window": ["14:00", "16:00"]}}),
        st.builds(_until_a_field, st.sampled_from(["birthday", "seen"]), missing),
    )


def _until_a_field(field: str, missing: Raw) -> Raw:
    return {"wait": {"until": f"$profile.{field}", "offset": "-1d", **missing}}


def _send() -> st.SearchStrategy[Raw]:
    optional: dict[str, st.SearchStrategy[Any]] = {
        "smart_sending": st.sampled_from(["true", "false"]),
        "status": st.sampled_from(["draft", "live", "manual"]),
        "only_if": conditions,
        "quiet_hours": st.sampled_from(["true", "false"]),
        "expires": durations,
        "items": st.sampled_from(["cart", "viewed"]),
        "when_busy": st.sampled_from(["skip", "wait"]),
        "transactional": st.sampled_from(["true", "false"]),
        "topic": st.sampled_from(TOPICS),
    }
    channels = st.sampled_from(["email", "sms", "push", "web"])
    return st.fixed_dictionaries({"send": channels}, optional=optional)


def _leaves() -> st.SearchStrategy[Raw]:
    return st.one_of(
        _send(),
        _send(),
        _wait(),
        st.builds(lambda country: {"update_profile": {"country": country}}, countries),
        st.builds(lambda day: {"update_profile": {"birthday": day}}, days_to_come),
        st.just({"webhook": "crm"}),
        st.just({"exit": None}),
    )


def _with_ways(inner: st.SearchStrategy[Raw]) -> st.SearchStrategy[Raw]:
    ways = st.lists(inner, min_size=1, max_size=2)
    return st.one_of(
        st.builds(lambda c, a, b: {"if": c, "then": a, "else": b}, conditions, ways, ways),
        st.builds(
            lambda c, d, a, b: {
                "branch": [{"when": c, "then": a}, {"when": d, "then": b}],
                "else": a,
            },
            conditions,
            conditions,
            ways,
            ways,
        ),
        st.builds(
            lambda fresh, a, b: {
                "sample": {"a": "40", "b": "60"},
                "paths": {"a": a, "b": b},
                "fresh": fresh,
            },
            st.sampled_from(["true", "false"]),
            ways,
            ways,
        ),
        st.builds(
            lambda awaited, d, a, b: {"wait_for": awaited, "timeout": d, "then": a, "else": b},
            st.one_of(events, conditions),
            durations,
            ways,
            ways,
        ),
    )


steps = st.lists(st.recursive(_leaves(), _with_ways, max_leaves=4), min_size=1, max_size=4)


def numbered(raw: Any, number: list[int]) -> Any:
    """A copy of steps with a template or an id of its own for each."""
    if isinstance(raw, list):
        return [numbered(one, number) for one in raw]
    if not isinstance(raw, dict):
        return raw
    copy = {key: numbered(value, number) for key, value in raw.items()}
    number[0] += 1
    if "send" in raw:
        copy["template"] = f"t{number[0]}"
    elif raw.keys() & {"sample", "wait_for"} or "wait" in raw:
        copy["id"] = f"i{number[0]}"
    return copy


def messages_in(raw: Any) -> list[str]:
    """The templates in a flow."""
    parts = raw.values() if isinstance(raw, dict) else raw if isinstance(raw, list) else ()
    found = [template for part in parts for template in messages_in(part)]
    return [*found, raw["template"]] if isinstance(raw, dict) and "template" in raw else found


def with_message(raw: Any, template: str) -> Any:
    """A copy of a flow that asks about the message `template` where it asks about some message."""
    if isinstance(raw, list):
        return [with_message(one, template) for one in raw]
    if isinstance(raw, dict):
        return {key: with_message(value, template) for key, value in raw.items()}
    return template if raw == SOME_MESSAGE else raw


# ── Sets ──────────────────────────────────────────────────────────────────────────────────────────

triggers = st.one_of(
    st.builds(lambda metric: {"metric": metric}, st.sampled_from(METRICS)),
    st.builds(lambda metric: {"metric": metric}, st.sampled_from(METRICS)),
    st.just({"metric": "order.placed", "where": {"total": {"gt": "50"}}}),
    st.builds(lambda segment: {"segment": segment}, st.sampled_from(SEGMENTS)),
    st.just({"date": "profile.birthday", "yearly": "true", "offset": "-1d", "at": "09:00"}),
    st.builds(
        lambda date, late: {"date": date, "offset": "-3d", "late": late},
        st.sampled_from(["profile.birthday", "profile.seen"]),
        st.sampled_from(["skip", "enter"]),
    ),
    st.sampled_from(
        [
            {"date": "order.first", "monthly": "true", "at": "09:00"},
            {"date": "order.last", "offset": "1d"},
        ]
    ),
    st.builds(lambda c: {"schedule": "0 9 * * *", "audience": c}, outside),
    st.builds(lambda c: {"once": "2026-03-04 12:00", "audience": c}, outside),
    st.just({"once": "on_publish", "audience": "everyone"}),
)


@st.composite
def flows(draw: st.DrawFn, name: str) -> Raw:
    trigger = draw(triggers)
    flow: Raw = {"flow": name, "trigger": trigger, "steps": numbered(draw(steps), [0])}
    optional: dict[str, st.SearchStrategy[Any]] = {
        "re_entry": st.sampled_from(["always", "never", {"after": "1d"}]),
        "priority": st.sampled_from(["10", "60"]),
        "filter": conditions,
        "exit_on": st.lists(events, min_size=1, max_size=2),
        "transactional": st.sampled_from(["true", "false"]),
        "status": st.sampled_from(["live", "live", "paused"]),
    }
    flow |= draw(st.fixed_dictionaries({}, optional=optional))
    if trigger.get("metric") in ("order.placed", "cart.updated") and draw(st.booleans()):
        flow["re_entry"] = "restart"
    if trigger.get("metric") == "order.placed" and draw(st.booleans()):
        flow["key"] = "order_id"
    if trigger.get("metric") in ("order.placed", "cart.updated") and draw(st.booleans()):
        flow |= {"each": "items", "key": "$item.sku"}
    messages: list[str] = messages_in(flow)
    return with_message(flow, draw(st.sampled_from(messages))) if messages else flow


@st.composite
def any_sets(draw: st.DrawFn) -> Raw:
    return {
        "flows": [draw(flows(name)) for name in FLOWS],
        "segments": [{"segment": name, "if": draw(outside)} for name in SEGMENTS],
        "store": {
            "profile": {"seen": "moment"},
            "rates": {"EUR": "0.86"},
            "caps": [{"at_most": "3", "in": "7d"}, {"at_most": "1", "in": "calendar_day"}],
            "topics": list(TOPICS),
            "quiet_days": {"sms": ["sun", "mon"]},
            "quiet_dates": {"email": ["2026-03-04"]},
            "profile_grace": draw(st.sampled_from(["0s", "2m", "4h"])),
        },
    }


def accepted(raw: Raw) -> Raw:
    """What `read_definitions` takes of a set: a plain flow and a plain segment stand in for those
    that it refuses, so that others may name them."""
    read = read_definitions(raw)
    if isinstance(read, Definitions):
        return raw
    refused = {problem.path[:2] for problem in read}
    flows = [
        _plain_flow(flow["flow"]) if ("flows", number) in refused else flow
        for number, flow in enumerate(raw["flows"])
    ]
    segments = [
        {**segment, "if": {"consent": "email"}} if ("segments", number) in refused else segment
        for number, segment in enumerate(raw["segments"])
    ]
    raw = {**raw, "flows": flows, "segments": segments}
    read = read_definitions(raw)
    assert isinstance(read, Definitions), [(one.path, one.sentence()) for one in read]
    return raw


def _plain_flow(name: str) -> Raw:
    steps = [{"wait": "1d", "id": "i"}, {"send": "email", "template": "t"}]
    return {"flow": name, "trigger": {"metric": "order.placed"}, "steps": steps}


sets = any_sets().map(accepted)
"""Sets that can be published."""


# ── Histories ─────────────────────────────────────────────────────────────────────────────────────

_SEARCH = st.fixed_dictionaries(
    {
        "query": st.sampled_from(["lamp", "hat"]),
        "filters": st.just({}),
        "results": st.just(1),
    }
)
_DATES = st.fixed_dictionaries(
    {},
    optional={
        "birthday": days_to_come,
        "seen": st.sampled_from([MONDAY + 2 * DAY, MONDAY + 9 * DAY]),
        "timezone": st.sampled_from(["Asia/Tokyo", "Europe/London"]),
    },
)
_PATCH = st.one_of(
    DATA["customer.updated"],
    st.builds(lambda fields: {"set": fields, "unset": []}, _DATES),
    st.just({"set": {}, "unset": ["birthday", "seen"]}),
)
_DATA = {**DATA, "search.performed": _SEARCH, "customer.updated": _PATCH}
_DATA |= {
    metric: st.builds(lambda data, topic: {**data, "topic": topic}, _DATA[metric], topics)
    for topics in [st.sampled_from([None, *TOPICS])]
    for metric in ("customer.subscribed", "customer.unsubscribed")
}
_OFTEN = METRICS * 4
_MESSAGE = st.fixed_dictionaries({"send_id": IDS, "channel": CHANNELS})


class Happening(msgspec.Struct, frozen=True):
    """One event of a customer, at its record time."""

    at: int
    customer: str
    metric: str
    fields: Raw


@st.composite
def histories(draw: st.DrawFn) -> list[Happening]:
    """In order of time; what happened may have happened earlier, and may be reported twice."""
    at = MONDAY
    reachable = {"set": {**EVERYWHERE, "birthday": "1990-03-05"}, "unset": []}
    found = []
    for name in CUSTOMERS:  # told of before anything happens, or later
        told = at + draw(st.sampled_from([0, 0, 0, MINUTE, 2 * HOUR]))
        found.append(_happening(told, name, "customer.updated", "first", told, reachable))
    for number in range(draw(st.integers(1, 14))):
        at += draw(st.sampled_from([0, 1, MINUTE, HOUR, 4 * HOUR, DAY - 1, DAY, 3 * DAY]))
        metric = draw(st.sampled_from((*_OFTEN, *sorted(_DATA))))
        event_id = draw(st.sampled_from([f"e{number}"] * 4 + ["again"]))
        earlier = draw(st.sampled_from([0, 0, 0, 1, HOUR, 5 * HOUR]))
        customer = draw(st.sampled_from(CUSTOMERS))
        data = draw(_DATA[metric])
        found.append(_happening(at, customer, metric, event_id, at - earlier, data))
    return sorted(found, key=lambda one: one.at)


def _happening(
    at: int, customer: str, metric: str, event_id: str, occurred_at: int, data: Raw
) -> Happening:
    fields = {"event_id": event_id, "customer_id": customer, "occurred_at": occurred_at, **data}
    return Happening(at, customer, metric, fields)
