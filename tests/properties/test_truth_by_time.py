"""DESIGN 5.8, by brute force: between two moments the truth of a condition changes only at one that
was announced, and it is what a naive reading of SEMANTICS 3 says."""

import datetime
from fractions import Fraction
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from streams.engine.compiling.check import examine
from streams.engine.compiling.definition import Definitions
from streams.engine.conditions import compile_condition
from streams.engine.customer.past import Past
from streams.engine.customer.situation import Situation
from streams.engine.customer.state import CustomerState, Journey
from streams.engine.values.calendar import start_of_day, to_date, zone_named
from tests.harness.examples import examples

SECOND = 1_000
HOUR = 3_600 * SECOND
DAY = 24 * HOUR

CHANNELS = ("email", "sms")
METRICS = ("order.placed", "search.performed")
ZONES = ("UTC", "Europe/London", "America/New_York")
DURATIONS = {"1s": SECOND, "90m": 90 * 60 * SECOND, "1d": DAY, "3d": 3 * DAY, "7d": 7 * DAY}

# The night in which London's clocks go forward lies in the middle.
START = 1_774_569_600_000  # 2026-03-27 00:00 UTC
HISTORY = 5 * DAY


class Standing(msgspec.Struct):
    """What else is true of a customer, whatever time it is."""

    consent: list[str]
    suppressed: list[str]
    revenue: int
    entries: list[int]  # into the flow `other`, how long after START (ms), by key
    is_in: bool  # that flow
    trigger_total: int  # of the journey that asks
    started: int  # when that began, how long after START (ms)


class History:
    """What happened to a customer, as plain lists."""

    def __init__(
        self,
        events: list[tuple[str, int, int]],
        zone: str,
        birthday: str,
        standing: Standing,
    ) -> None:
        """`events`: metric, how long after START (ms), total."""
        self.zone = zone
        self.standing = standing
        self.events = [
            (metric, START + after, number, total)
            for number, (metric, after, total) in enumerate(sorted(events, key=lambda e: e[1]))
        ]
        self.state = CustomerState("ada")
        self.state.profile = {"timezone": zone, "birthday": birthday, "seen": START + DAY}
        for metric, at, sequence, total in self.events:
            past = self.state.recent.setdefault(metric, Past())
            past.add(at, sequence, {"total": total})
        self.state.profile["consent"] = standing.consent
        self.state.profile["email"] = "ada@example.com"
        self.state.suppressed = {channel: ["unsubscribed"] for channel in standing.suppressed}
        self.state.revenue = standing.revenue
        keyed = {str(key): START + after for key, after in enumerate(standing.entries)}
        self.state.entries = {"other": keyed} if keyed else {}
        data = msgspec.msgpack.encode({"total": standing.trigger_total})
        started = START + standing.started
        self.asking = Journey("asking", "a", started, started, 2, "order.placed", "e", data)
        self.state.journeys = [self.asking]
        if standing.is_in:
            self.state.journeys.append(Journey("other", "o", START, START, 0))

    @property
    def end(self) -> int:
        entries = [START + after for after in self.standing.entries]
        return max([at for _, at, _, _ in self.events] + entries, default=START)

    def of(self, metric: str) -> list[tuple[int, int]]:
        """(at, total) of every event of the metric."""
        return [(at, total) for one, at, _, total in self.events if one == metric]


@st.composite
def histories(draw: st.DrawFn) -> History:
    """Events on a coarse grid with a millisecond more or less, so that edges meet."""
    after = st.builds(
        lambda hours, more: min(max(hours * HOUR + more, 0), HISTORY),
        st.integers(0, HISTORY // HOUR),
        st.sampled_from((-1, 0, 1)),
    )
    event = st.tuples(st.sampled_from(METRICS), after, st.sampled_from((0, 50, 100, 101)))
    return History(
        draw(st.lists(event, max_size=7)),
        draw(st.sampled_from(ZONES)),
        draw(st.sampled_from(("2026-03-25", "2026-03-28", "2026-04-02"))),
        Standing(
            draw(st.lists(st.sampled_from(CHANNELS), unique=True)),
            draw(st.lists(st.sampled_from(CHANNELS), unique=True, max_size=1)),
            draw(st.sampled_from((0, 100, 101))),
            draw(st.lists(after, max_size=2)),
            draw(st.booleans()),
            draw(st.sampled_from((0, 50, 100, 101))),
            draw(after),
        ),
    )


def numbers(low: int, high: int) -> st.SearchStrategy[dict[str, Any]]:
    one = st.integers(low, high).map(str)
    simple = st.sampled_from(("equals", "not_equals", "gt", "at_least", "lt", "at_most"))
    return st.one_of(
        st.builds(lambda name, value: {name: value}, simple, one),
        st.builds(lambda a, b: {"between": sorted([a, b], key=int)}, one, one),
    )


durations = st.sampled_from(sorted(DURATIONS))
timeframes = st.one_of(
    st.builds(lambda d: {"in_last": d}, durations),
    st.builds(lambda day: {"on_day": str(day)}, st.integers(-3, 0)),
    st.just({}),
    st.just({"during": ["2026-03-28", "2026-03-29"]}),
    st.just({"since": {"last": "search.performed"}}),
)
wheres = st.sampled_from(({}, {"where": {"total": {"gt": "0.50"}}}))

# Money is written in major units: 100 minor units are 1.00.
leaves = st.one_of(
    st.builds(
        lambda m, f, w, c: {"count": m, **f, **(w if m == "order.placed" else {}), **c},
        st.sampled_from(METRICS),
        timeframes,
        wheres,
        numbers(0, 4),
    ),
    st.builds(
        lambda key, f, w, c: {key: "order.placed", "of": "total", **f, **w, **c},
        st.sampled_from(("sum", "average", "distinct")),
        timeframes,
        wheres,
        numbers(0, 4),
    ),
    st.builds(
        lambda m, name, d: {"since_last": m, name: d},
        st.one_of(st.sampled_from(METRICS), st.just(list(METRICS))),
        st.sampled_from(("at_least", "gt", "at_most", "lt", "equals")),
        durations,
    ),
    st.builds(
        lambda d, e: {
            "since_last": "order.placed",
            "between": sorted((d, e), key=DURATIONS.__getitem__),
        },
        durations,
        durations,
    ),
    st.builds(
        lambda name, days: {"profile": "birthday", name: f"{days}d"},
        st.sampled_from(("before", "after")),
        st.integers(-4, 4),
    ),
    st.builds(
        lambda name, d, sign: {"profile": "seen", name: sign + d},
        st.sampled_from(("before", "after")),
        durations,
        st.sampled_from(("", "-")),
    ),
)


def mixed(parts: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[dict[str, Any]]:
    """`all`, `any` and `not` of them, nested."""
    return st.recursive(
        parts,
        lambda inner: st.one_of(
            st.builds(lambda parts: {"all": parts}, st.lists(inner, min_size=1, max_size=3)),
            st.builds(lambda parts: {"any": parts}, st.lists(inner, min_size=1, max_size=3)),
            st.builds(lambda part: {"not": part}, inner),
        ),
        max_leaves=4,
    )


conditions = mixed(leaves)
"""Of what may be asked of any customer, whatever flows and segments there are."""

SEGMENTS: dict[str, dict[str, Any]] = {
    "recent": {"count": "order.placed", "in_last": "3d", "at_least": "1"},
    "silent": {"all": [{"not": {"segment": "recent"}}, {"consent": "email"}]},
    "entered": {"in_flow": "other", "within": "1d"},
}
leaves_outside = st.one_of(
    leaves,
    st.just({"in_flow": "other"}),
    st.builds(lambda d: {"in_flow": "other", "within": d}, durations),
    st.builds(lambda flow: {"in_flow": flow}, st.just("asking")),
    st.builds(lambda channel: {"consent": channel}, st.sampled_from(CHANNELS)),
    st.builds(lambda segment: {"segment": segment}, st.sampled_from(sorted(SEGMENTS))),
    st.builds(lambda c: {"value": "clv.historic", **c}, numbers(0, 2)),
    st.builds(
        lambda c: {"value": "clv.historic", "below": c}, st.sampled_from(("1", "store_mean"))
    ),
)
outside = mixed(leaves_outside)
"""Of all that may be asked where there is no journey."""
leaves_inside = st.one_of(
    leaves_outside,
    st.builds(lambda c: {"trigger": "total", **c}, numbers(0, 2)),
    st.builds(
        lambda w, c: {"count": "order.placed", "since": "flow_start", **w, **c},
        wheres,
        numbers(0, 3),
    ),
)
inside = mixed(leaves_inside)
"""Of all that a flow may ask."""
MEAN = 100.5
FACTS = {"clv.historic.mean": MEAN}


def compiled(raw: dict[str, Any]) -> Any:
    steps = [{"send": "email", "template": "t"}]
    trigger = {"metric": "order.placed"}
    definitions, problems = examine(
        {
            "flows": [
                {"flow": "asking", "trigger": trigger, "filter": raw, "steps": steps},
                {"flow": "other", "trigger": trigger, "steps": steps},
            ],
            "segments": [{"segment": name, "if": one} for name, one in SEGMENTS.items()],
            "store": {"profile": {"seen": "moment"}},
        }
    )
    assert problems == [], [problem.sentence() for problem in problems]
    assert isinstance(definitions, Definitions)
    flow = definitions.flows[0]
    assert flow.filter is not None
    return compile_condition(flow.filter, definitions.scope(flow))


def situation_of(history: History) -> Situation:
    return Situation(history.state, history.end, FACTS, history.asking)


def naive(raw: dict[str, Any], history: History, now: int) -> bool:
    """SEMANTICS 3, read slowly."""
    if "all" in raw:
        return all(naive(part, history, now) for part in raw["all"])
    if "any" in raw:
        return any(naive(part, history, now) for part in raw["any"])
    if "not" in raw:
        return not naive(raw["not"], history, now)
    if "since_last" in raw:
        return naive_since_last(raw, history, now)
    if "profile" in raw:
        return naive_profile(raw, history, now)
    if not raw.keys() & {"count", "sum", "average", "distinct"}:
        return naive_standing(raw, history, now)
    metric = raw.get("count") or "order.placed"
    events = [e for e in history.events if e[0] == metric]
    if "where" in raw:
        events = [e for e in events if e[3] > 50]
    events = [e for e in events if in_timeframe(raw, e, history, now)]
    if "count" in raw:
        return passes(raw, len(events), 1)
    if "distinct" in raw:
        return passes(raw, len({e[3] for e in events}), 1)
    if "average" in raw:
        return bool(events) and passes(
            raw, round(Fraction(sum(e[3] for e in events), len(events))), 100
        )
    return passes(raw, sum(e[3] for e in events), 100)


def in_timeframe(
    raw: dict[str, Any], event: tuple[str, int, int, int], history: History, now: int
) -> bool:
    at = event[1]
    if "in_last" in raw:
        return now - DURATIONS[raw["in_last"]] < at <= now
    if "on_day" in raw:
        zone = zone_named(history.zone)
        assert zone is not None
        return to_date(at, zone) == to_date(now, zone) + datetime.timedelta(int(raw["on_day"]))
    if "during" in raw:
        utc = zone_named("UTC")
        assert utc is not None
        return raw["during"][0] <= to_date(at, utc).isoformat() <= raw["during"][1]
    if raw.get("since") == "flow_start":
        started = START + history.standing.started
        is_of_another = event[0] != history.asking.trigger_metric
        is_after_it = is_of_another or event[2] > history.asking.sequence
        return at > started or (at == started and is_after_it)
    if "since" in raw:
        searches = [(e[1], e[2]) for e in history.events if e[0] == "search.performed"]
        return not searches or (event[1], event[2]) > max(searches)
    return True


def passes(raw: dict[str, Any], number: int, unit: int) -> bool:
    if "between" in raw:
        low, high = (int(text) * unit for text in raw["between"])
        return low <= number <= high
    tests = {
        "equals": lambda a, b: a == b,
        "not_equals": lambda a, b: a != b,
        "gt": lambda a, b: a > b,
        "at_least": lambda a, b: a >= b,
        "lt": lambda a, b: a < b,
        "at_most": lambda a, b: a <= b,
    }
    name = next(name for name in tests if name in raw)
    return tests[name](number, int(raw[name]) * unit)


def naive_since_last(raw: dict[str, Any], history: History, now: int) -> bool:
    metrics = raw["since_last"] if isinstance(raw["since_last"], list) else [raw["since_last"]]
    times = [at for metric in metrics for at, _ in history.of(metric)]
    if not times:
        return False
    ago = now - max(times)
    if "between" in raw:
        return DURATIONS[raw["between"][0]] <= ago <= DURATIONS[raw["between"][1]]
    name = next(name for name in ("at_least", "gt", "at_most", "lt", "equals") if name in raw)
    length = DURATIONS[raw[name]]
    return {
        "at_least": ago >= length,
        "gt": ago > length,
        "at_most": ago <= length,
        "lt": ago < length,
        "equals": ago == length,
    }[name]


def naive_profile(raw: dict[str, Any], history: History, now: int) -> bool:
    name = "before" if "before" in raw else "after"
    text = raw[name]
    if raw["profile"] == "seen":
        sign = -1 if text.startswith("-") else 1
        edge = now + sign * DURATIONS[text.lstrip("-")]
        seen = START + DAY
        return seen < edge if name == "before" else seen > edge
    zone = zone_named(history.zone)
    assert zone is not None
    birthday = datetime.date.fromisoformat(history.state.profile["birthday"])
    edge_day = to_date(now, zone) + datetime.timedelta(int(text[:-1]))
    return birthday < edge_day if name == "before" else birthday > edge_day


def naive_standing(raw: dict[str, Any], history: History, now: int) -> bool:
    standing = history.standing
    if "segment" in raw:
        return naive(SEGMENTS[raw["segment"]], history, now)
    if "consent" in raw:
        channel = raw["consent"]
        return channel in standing.consent and channel not in standing.suppressed
    if "in_flow" in raw:
        if raw["in_flow"] == "asking":
            return False  # the journey that asks doesn't count
        if "within" not in raw:
            return standing.is_in
        entries = [START + after for after in standing.entries]
        if standing.is_in:
            entries.append(START)
        return any(now < entered + DURATIONS[raw["within"]] for entered in entries)
    if "below" in raw:
        below = MEAN if raw["below"] == "store_mean" else 100
        return standing.revenue < below
    number = standing.revenue if "value" in raw else standing.trigger_total
    return passes(raw, number, 100)


def interesting_moments(history: History) -> list[int]:
    """Every moment at which anything could change, with its neighbours."""
    end = history.end
    zone = zone_named(history.zone)
    assert zone is not None
    edges = {START + DAY + sign * length for length in DURATIONS.values() for sign in (-1, 1)}
    entries = [START, *(START + after for after in history.standing.entries)]
    for at in [*entries, *(at for _, at, _, _ in history.events)]:
        edges |= {at + length for length in DURATIONS.values()}
    day = to_date(end, zone)
    edges |= {start_of_day(day + datetime.timedelta(n), zone) for n in range(16)}
    moments = {edge + more for edge in edges for more in (-1, 0, 1, 2)}
    return sorted(moment for moment in moments if moment >= end)


@examples(400)
@given(histories(), inside)
def test_truth_changes_only_at_an_announced_moment(history: History, raw: dict[str, Any]) -> None:
    condition = compiled(raw)
    situation = situation_of(history)
    holds, announced = condition(situation)
    for moment in interesting_moments(history):
        situation.now = moment
        now_holds, now_announced = condition(situation)
        assert now_holds == naive(raw, history, moment)
        if announced is None or moment < announced:
            assert now_holds == holds, f"changed at {moment}, announced was {announced}"
        else:
            holds = now_holds
        assert now_announced is None or now_announced > moment, "asked again for the same moment"
        announced = now_announced


@examples(100)
@given(histories(), leaves_inside.filter(lambda raw: "segment" not in raw))
def test_a_single_condition_announces_the_very_moment(
    history: History, raw: dict[str, Any]
) -> None:
    """Nobody is woken for nothing: at what a plain condition announces, it does change."""
    condition = compiled(raw)
    situation = situation_of(history)
    for _ in range(20):
        holds, announced = condition(situation)
        if announced is None:
            return
        situation.now = announced - 1
        assert condition(situation)[0] == holds
        situation.now = announced
        assert condition(situation)[0] != holds


def test_since_flow_start_looks_at_what_came_after_the_trigger() -> None:
    """S, 1.9: later than the trigger, or of its moment and of another metric or processed later."""
    definitions, problems = examine(
        {
            "flows": [
                {
                    "flow": "f",
                    "trigger": {"metric": "order.placed"},
                    "filter": {"count": "order.placed", "since": "flow_start", "equals": "1"},
                    "steps": [{"send": "email", "template": "t"}],
                }
            ]
        }
    )
    assert not problems
    assert definitions is not None
    flow = definitions.flows[0]
    assert flow.filter is not None
    condition = compile_condition(flow.filter, definitions.scope(flow))
    state = CustomerState("ada")
    journey = Journey("f", "j", 10, 10, 3, trigger_metric="order.placed")
    of_another = Journey("f", "j", 10, 10, 3, trigger_metric="cart.updated")
    past = state.recent["order.placed"] = Past()
    for at, sequence, own, another in (
        (9, 2, False, False),
        (10, 3, False, True),
        (10, 4, True, False),
        (11, 5, False, False),
    ):
        past.add(at, sequence, None)
        assert condition(Situation(state, 20, journey=journey)) == (own, None)
        assert condition(Situation(state, 20, journey=of_another)) == (another, None)
    assert condition(Situation(state, 20)) == (False, None)
