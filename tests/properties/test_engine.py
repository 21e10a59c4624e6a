"""The engine is a function of its input: the same again, and the same whatever happens to memory
between two events (DESIGN 5.5)."""

from collections.abc import Callable
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from streams.engine import (
    DUE,
    CustomerState,
    Effects,
    Event,
    Program,
    act,
    decode_state,
    encode_state,
    new_state,
)
from streams.engine.customer.journey import JourneyState
from streams.engine.customer.past import Past
from tests.harness.customer import DAY, EVERYWHERE, HOUR, MONDAY, flow, program_of, send

SAME_ORDER = {"order_id": "$trigger.order_id"}
PROGRAM: Program = program_of(
    flow(
        {"wait": "4h", "id": "pause"},
        send("cart", items="cart", variables={"total": "$trigger.total"}),
        {"wait": "1d", "at": "10:00", "only_on": ["mon", "wed"], "id": "again"},
        send("cart-again", "sms"),
        on="cart.updated",
        name="cart",
        re_entry="restart",
        exit_on=[{"metric": "order.placed"}],
    ),
    flow(
        {
            "if": {"count": "order.placed", "equals": "1"},
            "then": [send("new")],
            "else": [send("returning")],
        },
        {
            "if": {"sum": "order.placed", "of": "total", "in_last": "2d", "gt": "100"},
            "then": [send("vip", smart_sending="false")],
        },
        {"wait": "30h", "id": "pause"},
        send("review", "push", items="trigger"),
        on="order.placed",
        name="thanks",
        key="order_id",
        re_entry={"after": "1d"},
        priority="60",
        filter={"not": {"profile": "country", "equals": "DE"}},
        exit_on=[{"metric": "order.cancelled", "where": SAME_ORDER}],
    ),
    flow(
        send("receipt", variables={"id": "$trigger.order_id"}),
        on="order.placed",
        name="receipt",
        transactional="true",
        re_entry="never",
        key="order_id",
    ),
    flow(
        {"wait": {"until": "09:00"}, "id": "morning"},
        send("seen", items="viewed", only_if={"since_last": "order.placed", "at_least": "1d"}),
        on="view.item",
        name="seen",
    ),
    flow(
        {
            "wait_for": {"metric": "order.refunded", "where": SAME_ORDER},
            "timeout": "2d",
            "id": "refunded",
            "then": [{"update_profile": {"country": "DE"}}, send("sorry", "web")],
        },
        {
            "wait_for": {"count": "view.item", "in_last": "1d", "equals": "0"},
            "timeout": "3d",
            "id": "quiet",
            "then": [send("still-there", "push", quiet_hours="false")],
            "else": [{"sample": {"a": "30", "b": "70"}, "id": "half", "fresh": "true"}],
        },
        send("done", "web", smart_sending="false"),
        on="order.placed",
        name="waits",
        priority="40",
    ),
    {
        "flow": "quiet",
        "trigger": {"segment": "quiet"},
        "re_entry": "always",
        "steps": [send("quiet", "sms"), {"update_profile": {"country": "GB"}}],
    },
    {
        "flow": "german",
        "trigger": {"segment": "german"},
        "re_entry": {"after": "1d"},
        "steps": [{"wait": "1h", "id": "pause"}, send("german", "web")],
    },
    {
        "flow": "birthday",
        "trigger": {"date": "profile.birthday", "yearly": "true", "offset": "-1d", "at": "09:00"},
        "steps": [send("birthday", "web")],
    },
    segments=[
        {"segment": "quiet", "if": {"count": "view.item", "in_last": "2d", "equals": "0"}},
        {"segment": "german", "if": {"profile": "country", "equals": "DE"}},
    ],
    store={"caps": [{"at_most": "3", "in": "7d"}], "rates": {"EUR": "0.86"}},
)

SKUS = st.sampled_from("ABC")
IDS = st.sampled_from(["1", "2", "3"])


def _items() -> st.SearchStrategy[list[dict[str, Any]]]:
    item = st.fixed_dictionaries(
        {"sku": SKUS, "quantity": st.integers(1, 3), "unit_price": st.integers(0, 9_000)}
    )
    return st.lists(item, max_size=2)


def _with_money(**fields: Any) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries(
        {
            **fields,
            "total": st.integers(0, 20_000),
            "currency": st.sampled_from(["GBP", "EUR", "SEK"]),
            "items": _items(),
        }
    )


CHANNELS = st.sampled_from(["email", "sms", "push"])
PATCH = st.fixed_dictionaries(
    {
        "set": st.fixed_dictionaries(
            {},
            optional={
                "email": st.sampled_from(["a@example.com", "b@example.com", "nobody"]),
                "phone": st.just("+447700900123"),
                "push_token": st.just("t"),
                "country": st.sampled_from(["GB", "DE"]),
                "birthday": st.sampled_from(["1990-03-05", "2000-02-29", "1980-03-31"]),
                "timezone": st.sampled_from(["Asia/Tokyo", "Europe/London", "nowhere"]),
                "consent": st.lists(CHANNELS, unique=True),
            },
        ),
        "unset": st.lists(st.sampled_from(["email", "country"]), unique=True),
    }
)
DATA: dict[str, st.SearchStrategy[dict[str, Any]]] = {
    "order.placed": _with_money(order_id=IDS, tags=st.just([])),
    "order.cancelled": st.fixed_dictionaries({"order_id": IDS}),
    "order.refunded": st.fixed_dictionaries(
        {
            "order_id": IDS,
            "amount": st.integers(0, 9_000),
            "currency": st.just("GBP"),
            "items": st.just([]),
        }
    ),
    "cart.updated": _with_money(cart_id=IDS),
    "view.item": st.fixed_dictionaries({"sku": SKUS}),
    "customer.updated": PATCH,
    "customer.subscribed": st.fixed_dictionaries({"channel": CHANNELS}),
    "customer.unsubscribed": st.fixed_dictionaries({"channel": CHANNELS}),
    "message.bounced": st.fixed_dictionaries(
        {"send_id": IDS, "channel": CHANNELS, "kind": st.sampled_from(["hard", "soft"])}
    ),
    "customer.erased": st.just({}),
}

OFTEN = ["order.placed", "cart.updated", "view.item"]


@st.composite
def histories(draw: st.DrawFn) -> list[tuple[int, Event]]:
    """Pairs (record time, event) of one customer, in order of record time; what happened may have
    happened earlier, and may be reported twice."""
    reachable = {"set": EVERYWHERE, "unset": []}
    at, history = MONDAY, [(MONDAY, Event("customer.updated", "first", "ada", MONDAY, reachable))]
    for number in range(draw(st.integers(1, 25))):
        at += draw(st.sampled_from([0, 1, HOUR, 4 * HOUR, 16 * HOUR, DAY]) | st.integers(0, DAY))
        metric = draw(st.sampled_from(OFTEN * 4 + sorted(DATA)))
        earlier = draw(st.sampled_from([0, 0, 0, 1, HOUR, 5 * HOUR, 3 * DAY]))
        event_id = draw(st.sampled_from([f"e{number}"] * 4 + ["again"]))
        history.append((at, Event(metric, event_id, "ada", at - earlier, draw(DATA[metric]))))
    return history


Between = Callable[[CustomerState], CustomerState]


def unchanged(state: CustomerState) -> CustomerState:
    return state


def restored(state: CustomerState) -> CustomerState:
    """As after a crash: nothing but the bytes is left."""
    return decode_state(encode_state(state))


def run(history: list[tuple[int, Event]], between: Between) -> tuple[bytes, Effects]:
    """All events and timers, with something done to the state after each."""
    state, effects = new_state("ada"), Effects()
    end = history[-1][0] + 9 * DAY
    for at, event in [*history, (end, None)]:
        while state.next_due is not None and state.next_due < at:
            act(PROGRAM, state, DUE, state.next_due, effects)
            state = between(state)
        if event is not None:
            act(PROGRAM, state, event, at, effects)
            state = between(state)
    return encode_state(state), effects


def same(one: tuple[bytes, Effects], other: tuple[bytes, Effects]) -> None:
    assert one[1].decisions == other[1].decisions
    assert one[1].commands == other[1].commands
    assert one[1].duplicates == other[1].duplicates
    assert one[0] == other[0]


@given(histories())
def test_the_same_input_gives_the_same_decisions_and_bytes(history: list) -> None:
    same(run(history, unchanged), run(history, unchanged))


@given(histories())
def test_a_restore_after_each_event_changes_nothing(history: list) -> None:
    same(run(history, unchanged), run(history, restored))


@given(histories())
def test_fields_that_nobody_reads_change_no_decision(history: list) -> None:
    pruned = [
        (at, Event(e.metric, e.event_id, e.customer_id, e.occurred_at, _only_read(e)))
        for at, e in history
    ]
    whole, read = run(history, unchanged), run(pruned, unchanged)
    assert whole[1].decisions == read[1].decisions
    assert whole[1].commands == read[1].commands


def _only_read(event: Event) -> dict[str, Any]:
    fields = PROGRAM.fields_read(event.metric)
    return {name: value for name, value in event.data.items() if name in fields}


@given(histories())
def test_what_always_holds(history: list) -> None:
    state, effects = new_state("ada"), Effects()
    for at, event in history:
        while state.next_due is not None and state.next_due < at:
            due = state.next_due
            act(PROGRAM, state, DUE, due, effects)
            _check(state, due + 1)
        act(PROGRAM, state, event, at, effects)
        _check(state, at)
    ids = [command.send_id for command in effects.commands]
    assert len(set(ids)) == len(ids)


def _check(state: CustomerState, at: int) -> None:
    due = [journey.due for journey in state.journeys if journey.due is not None]
    due += [one.changes_at for one in state.memberships.values() if one.changes_at is not None]
    due += state.occasions.values()
    assert state.next_due == min(due, default=None)
    assert state.next_due is None or state.next_due >= at
    for journey in state.journeys:
        assert journey.state in (JourneyState.WAITING, JourneyState.HELD)
        assert journey.step in PROGRAM.flows[journey.flow].steps
    for past in state.recent.values():
        assert isinstance(past, Past)
        times = [event.at for event in past]
        assert times == sorted(times)
    assert len(state.seen) <= 64 * 8
    assert all(state.suppressed.values())
    assert decode_state(encode_state(state)) == state
