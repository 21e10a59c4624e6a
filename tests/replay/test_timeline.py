"""One customer's timeline, from the records of a shop that really decided."""

import json
from collections.abc import Iterator, Sequence

import msgspec
import pytest

from streams.contracts.backfill_requests import BackfillRequest, backfill_record
from streams.contracts.control import DefinitionsRecord, encode_definitions
from streams.contracts.decode import EventDecoder
from streams.contracts.encode import EffectEncoder, encode_event
from streams.contracts.wire import decode_any
from streams.engine import METRICS, Instant, topic_of
from streams.engine.values import CUSTOM_METRICS_TOPIC
from streams.kafka.topic_reader import TopicRecord
from streams.local import LocalParts, LocalTask
from streams.ports import CHANGELOG, Record, TaskSettings
from streams.programs import Programs
from streams.replay.history import history_of
from streams.replay.timeline import customer_timeline, flows_known
from streams.store.memory import MemoryStore

HOUR = 3_600_000
DAY = 24 * HOUR
BEGIN = 1_299_060_000_000  # Wed 2011-03-02 10:00 in London
SKEW = 20

CART = {
    "flow": "cart",
    "trigger": {"metric": "cart.updated", "where": {"total": {"gt": "0"}}},
    "exit_on": [{"metric": "order.placed"}],
    "steps": [{"wait": "4h", "id": "pause"}, {"send": "email", "template": "reminder"}],
}
THANKS = {
    "flow": "thanks",
    "trigger": {"metric": "order.placed"},
    "steps": [
        {"if": {"count": "order.placed", "equals": "1"}, "then": [{"exit": None, "id": "enough"}]},
        {"send": "email", "template": "again"},
    ],
}
SEARCH = {
    "flow": "search",
    "trigger": {"metric": "search.performed"},
    "steps": [{"send": "email", "template": "found-it"}],
}
CART_OF_A = {
    "cart_id": "c",
    "total": 900,
    "currency": "GBP",
    "items": [{"sku": "a", "quantity": 1, "unit_price": 900}],
}
DRAFT = {**SEARCH, "flow": "idea", "status": "draft"}


class Shop:
    """A task in one process, and its topics as a reader finds them."""

    def __init__(self) -> None:
        parts = LocalParts(MemoryStore, EventDecoder(), EffectEncoder(), Programs(), TaskSettings())
        self.local = LocalTask(parts)
        self._events = 0

    def publish(self, at: Instant, *flows: dict, segments: Sequence[dict] = (), **store) -> None:
        settings = {"timezone": "Europe/London", "currency": "GBP", **store}
        raw = {"flows": list(flows), "segments": list(segments), "store": settings}
        record = DefinitionsRecord(at, "v1", 1, "2026.1", json.dumps(raw), {})
        self.local.append("control", at, b"definitions", encode_definitions(record))

    def happens(self, at: Instant, metric: str, event_id: str | None = None, **fields) -> None:
        self._events += 1
        event = {"event_id": event_id or f"e{self._events}", "customer_id": "ada"}
        value = encode_event(metric, event | {"occurred_at": at} | fields)
        self.local.append(topic_of(metric), at, b"ada", value)

    def written(self, at: Instant, metric: str, **fields) -> None:
        """Appends an event in JSON as it is given, which encode_event might refuse."""
        self._events += 1
        common = {"event_id": f"e{self._events}", "customer_id": "ada", "occurred_at": at}
        value = json.dumps({"metric": metric, **common, **fields}).encode()
        topic = topic_of(metric) if metric in METRICS else CUSTOM_METRICS_TOPIC
        self.local.append(topic, at, b"ada", value)

    def customer(self, at: Instant, **fields) -> None:
        profile = {"email": "ada@example.com", "consent": ["email"], **fields}
        self.happens(at, "customer.updated", set=profile, unset=[])

    def cart(self, at: Instant, total: int = 5000) -> None:
        items = [{"sku": "a", "quantity": 1, "unit_price": total}]
        self.happens(at, "cart.updated", cart_id="c", total=total, currency="GBP", items=items)

    def order(self, at: Instant, number: str = "1", event_id: str | None = None) -> None:
        fields = {"order_id": number, "total": 1250, "currency": "GBP", "items": [], "tags": []}
        self.happens(at, "order.placed", event_id, **fields)

    def search(self, at: Instant) -> None:
        self.happens(at, "search.performed", query="lamp", results=3, filters={})

    def reported(self, at: Instant, metric: str, send_id: str, **fields) -> None:
        self.happens(at, metric, send_id=send_id, channel="email", **fields)

    def until(self, wall: Instant) -> None:
        self.local.advance(wall + SKEW)
        self.local.commit(wall + SKEW)

    def found(self) -> Iterator[TopicRecord]:
        for topic, log in self.local.logs.items():
            for record in log:
                yield TopicRecord(topic, 0, record)
        for offset, output in enumerate(self.local.output):
            yield TopicRecord(output.topic, 0, Record(0, offset, output.key, output.value))
        state = self.local.task.state_of("ada")
        yield TopicRecord(CHANGELOG, 0, Record(0, 0, b"ada", state))

    def explained(self, flow: str | None = None):
        return customer_timeline(history_of("ada", self.found()), flow)


@pytest.fixture
def shop() -> Shop:
    shop = Shop()
    shop.publish(BEGIN - 2 * DAY, CART, THANKS, SEARCH, DRAFT)
    shop.customer(BEGIN - DAY)
    return shop


def texts(timeline, *kinds):
    return [line.text for line in timeline.lines if line.kind in kinds]


def test_a_sent_mail_is_shown_with_its_address_and_its_trigger(shop):
    shop.cart(BEGIN)
    shop.until(BEGIN + DAY)
    assert texts(shop.explained(), "decision") == [
        "entered: cart.updated",
        "reminder: sent reminder to ada@example.com by email, trigger at Wed 2011-03-02 10:00:00",
        "ended: all steps done",
    ]


def test_a_mail_that_was_not_sent_is_shown_with_the_exit_event(shop):
    shop.cart(BEGIN)
    shop.order(BEGIN + HOUR)
    shop.until(BEGIN + DAY)
    timeline = shop.explained("cart")
    assert texts(timeline, "event") == [
        "cart.updated c: 50.00 GBP, 1 item",
        "order.placed 1: 12.50 GBP, 0 items",
    ]
    assert texts(timeline, "decision")[-1] == (
        "exited by order.placed at Wed 2011-03-02 11:00:00; "
        "next step was due Wed 2011-03-02 14:00:00"
    )
    assert timeline.outcomes == {"cart": {"entered": 1, "exited exit_on": 1}}


def test_a_branch_is_shown_with_the_condition_as_it_was_written(shop):
    shop.order(BEGIN)
    shop.order(BEGIN + HOUR, "2")
    shop.until(BEGIN + DAY)
    branches = [
        text for text in texts(shop.explained("thanks"), "decision") if text.startswith("steps[0]")
    ]
    assert branches == [
        "steps[0]: 'count order.placed equals 1' holds (count order.placed 1): 'then'",
        "steps[0]: 'count order.placed equals 1' does not hold (count order.placed 2): 'else'",
    ]


def test_decisions_stand_behind_what_led_to_them(shop):
    shop.cart(BEGIN)
    shop.order(BEGIN)
    shop.until(BEGIN + DAY)
    kinds = [(line.kind, line.flow) for line in shop.explained().lines if line.at == BEGIN]
    # orders come before carts of the same millisecond (SEMANTICS 5.3)
    assert kinds == [
        ("event", None),
        ("decision", "thanks"),
        ("decision", "thanks"),
        ("decision", "thanks"),
        ("event", None),
        ("decision", "cart"),
    ]


def test_a_flow_that_never_spoke_says_why(shop):
    shop.cart(BEGIN, total=0)
    shop.until(BEGIN + DAY)
    silences = {silence.flow: silence.text for silence in shop.explained().silences}
    assert silences == {
        "cart": 'no entries: 1 cart.updated, none matches where {"total":{"gt":"0"}}',
        "thanks": "no entries: no order.placed from this customer",
        "search": "no entries: no search.performed from this customer",
        "idea": "no entries: status draft",
    }


def test_an_event_from_before_the_flow_was_published_began_nothing():
    shop = Shop()
    shop.search(BEGIN)
    shop.publish(BEGIN + HOUR, SEARCH)
    shop.until(BEGIN + DAY)
    [silence] = shop.explained().silences
    assert "every search.performed predates publication" in silence.text


def test_history_and_machines_began_nothing(shop):
    """8.10, 3.8: such events leave no decision."""
    shop.publish(BEGIN - DAY, THANKS, {**SEARCH, "trigger": {"metric": "message.opened"}})
    shop.order(BEGIN)
    shop.local.logs["orders"][-1].headers = (("sendflow-history", b"1"),)
    shop.reported(BEGIN, "message.opened", "x", machine=True)
    shop.until(BEGIN + DAY)
    thanks, opened = shop.explained().silences
    assert thanks.text == (
        "no entries: every order.placed is history (imported), which triggers nothing"
    )
    assert opened.text == "no entries: every message.opened is of a machine, which triggers nothing"


def test_a_flow_that_was_left_out_is_named_with_those_that_are_there(shop):
    shop.publish(BEGIN - DAY, THANKS, SEARCH)
    shop.until(BEGIN)
    [silence] = shop.explained("cart").silences
    assert silence.text == "not published any more; published: thanks, search"


def test_known_flows_are_those_that_were_ever_published_or_decided(shop):
    shop.publish(BEGIN - DAY, THANKS)
    shop.until(BEGIN)
    history = history_of("ada", shop.found())
    assert flows_known(history) == {"cart", "thanks", "search", "idea"}
    shop.order(BEGIN)
    shop.until(BEGIN + DAY)
    history = history_of("ada", (one for one in shop.found() if one.topic != "control"))
    assert flows_known(history) == {"thanks"}


def test_an_event_that_came_twice_says_so(shop):
    shop.order(BEGIN, event_id="same")
    shop.order(BEGIN + HOUR, event_id="same")
    shop.until(BEGIN + DAY)
    first, second = (text for text in texts(shop.explained(), "event") if "order" in text)
    assert "again" not in first
    assert second.endswith("(duplicate event_id: no effect)")


def test_a_late_event_stands_where_it_was_processed(shop):
    shop.until(BEGIN + HOUR)
    shop.order(BEGIN)
    shop.until(BEGIN + 2 * HOUR)
    [line] = [line for line in shop.explained().lines if line.text.startswith("order.placed 1")]
    assert line.at >= BEGIN + HOUR
    assert line.text.endswith("(occurred Wed 2011-03-02 10:00:00) (late: processed at this time)")


def test_a_dead_letter_of_the_customer_is_shown(shop):
    shop.local.append("orders", BEGIN, b"ada", b"rubbish")
    shop.until(BEGIN + DAY)
    [text] = texts(shop.explained(), "dead_letter")
    assert text.startswith("dead letter orders[0]@0: the value begins with 72 75")


def test_a_patch_that_was_refused_in_part_is_shown_as_it_was_applied(shop):
    """8.4: the rest of the patch is the customer's profile, zone and newest words."""
    patch = {"email": "a@example.com", "birthday": "01/06/1990", "timezone": "Asia/Tokyo"}
    shop.written(BEGIN, "customer.updated", set={**patch, "consent": "email, SMS"})
    stale = {"occurred_at": BEGIN - HOUR, "set": {"email": "old@example.com"}}
    shop.written(BEGIN + HOUR, "customer.updated", **stale)
    shop.until(BEGIN + DAY)
    timeline = shop.explained()
    assert timeline.timezone == "Asia/Tokyo"
    applied, late = [line for line in timeline.lines if line.kind == "event"][1:]
    assert applied.data["set"] == {
        "email": "a@example.com",
        "timezone": "Asia/Tokyo",
        "consent": ["email", "sms"],
    }
    assert "(not changed: email (newer value of" in late.text
    [letter] = texts(timeline, "dead_letter")
    assert "partly_refused: field 'set.birthday' is '01/06/1990'" in letter


def test_words_of_closed_lists_are_shown_as_they_were_taken(shop):
    """8.1: a worker reads them without regard to case and blanks around."""
    report = {"send_id": "x", "channel": " Email", "kind": "Permanent"}
    shop.written(BEGIN, "message.bounced", **report)
    shop.until(BEGIN + DAY)
    line = [line for line in shop.explained().lines if line.kind == "event"][-1]
    assert (line.data["channel"], line.data["kind"]) == ("email", "hard")


def test_times_are_the_customers_own_by_default(shop):
    assert shop.explained().timezone == "Europe/London"
    shop.customer(BEGIN, timezone="Asia/Tokyo")
    assert shop.explained().timezone == "Asia/Tokyo"
    assert shop.explained().lines[-1].when == "Wed 2011-03-02 19:00:00"
    history = history_of("ada", shop.found())
    assert customer_timeline(history, zone="America/New_York").timezone == "America/New_York"
    shop.happens(BEGIN + 1, "customer.updated", set={}, unset=["timezone"])
    assert shop.explained().timezone == "Europe/London"


def test_other_customers_are_none_of_its_business(shop):
    shop.cart(BEGIN)
    shop.until(BEGIN + DAY)
    history = history_of("bob", shop.found())
    assert (history.events, history.decisions, history.commands) == ([], [], [])
    assert [published.version for published in history.publications] == ["v1"]


def test_dropped_events_are_shown_without_a_flow():
    shop = Shop()
    where = {"name": {"contains": "x"}}
    asks = {"count": "view.item", "where": where, "at_least": "1"}
    shop.publish(BEGIN - 2 * DAY, {**THANKS, "filter": asks})
    for nth in range(5_000):
        shop.happens(BEGIN + nth, "view.item", sku="A", name="a long name " + "x" * 40)
    shop.order(BEGIN + HOUR)
    shop.until(BEGIN + DAY)
    timeline = shop.explained()
    forgot, begins, *_ = texts(timeline, "decision")
    assert forgot.startswith("oldest events dropped (")
    assert "; history is incomplete before " in begins
    assert list(timeline.outcomes) == ["thanks"]
    assert forgot not in texts(shop.explained("thanks"), "decision")


@pytest.mark.parametrize("is_json", [False, True])
def test_a_backfilled_customer_is_shown_with_event_and_step(is_json):
    shop = Shop()
    shop.customer(BEGIN - DAY)
    shop.cart(BEGIN)
    shop.publish(BEGIN + HOUR, CART)
    cart = shop.local.logs["carts"][0]
    request = BackfillRequest(
        "ada", "cart", BEGIN + 2 * HOUR, "eve", "carts", cart.time, cart.value or b""
    )
    value = backfill_record(request).value
    if is_json:
        _, event = decode_any(cart.value or b"")
        given = {**msgspec.structs.asdict(request), "event": {"metric": "cart.updated", **event}}
        value = json.dumps(given).encode()
    shop.local.append("backfills", BEGIN + 2 * HOUR, b"ada", value)
    shop.until(BEGIN + DAY)
    for timeline in (shop.explained(), shop.explained("cart")):
        assert texts(timeline, "event")[-1] == (
            "backfill into cart by eve, event of carts at Wed 2011-03-02 10:00:00"
        )
        assert texts(timeline, "decision")[0] == (
            "entered by backfill (eve): cart.updated at Wed 2011-03-02 10:00:00; "
            "waiting at pause until Wed 2011-03-02 14:00:00"
        )
        json.dumps(msgspec.to_builtins(timeline))  # nothing in it that --json couldn't show
    assert texts(shop.explained("cart"), "event")[0].startswith("cart.updated")


def test_a_waiting_customer_is_shown_with_the_step_and_the_end_of_the_wait(shop):
    shop.cart(BEGIN)
    shop.until(BEGIN + HOUR)
    (waiting,) = shop.explained().waiting
    assert (waiting.flow, waiting.step, waiting.until) == ("cart", "pause", BEGIN + 4 * HOUR)
    assert waiting.text == (
        "now: waits at pause until Wed 2011-03-02 14:00:00, "
        "in the flow since Wed 2011-03-02 10:00:00"
    )
    assert shop.explained("thanks").waiting == []
    shop.until(BEGIN + DAY)
    assert shop.explained().waiting == []


def test_a_report_names_its_message(shop):
    shop.cart(BEGIN)
    shop.until(BEGIN + 5 * HOUR)
    (sent,) = [line.data for line in shop.explained().lines if "sent reminder" in line.text]
    shop.reported(BEGIN + 6 * HOUR, "message.opened", sent["evidence"]["send_id"], machine=True)
    shop.reported(BEGIN + 7 * HOUR, "message.clicked", "another", url="https://example.com/a")
    shop.until(BEGIN + DAY)
    assert texts(shop.explained(), "event")[-2:] == [
        "message.opened reminder of cart by email (by a machine)",
        "message.clicked send_id another by email (https://example.com/a)",
    ]


def test_events_without_an_effect_say_so(shop):
    shop.customer(BEGIN, first_name="Ada")
    shop.happens(BEGIN + HOUR, "cart.updated", cart_id="c", total=100, currency="CHF", items=[])
    shop.order(BEGIN + 2 * HOUR)
    shop.order(BEGIN + 3 * HOUR)
    stale = {"email": "old@example.com", "plan": "paid"}
    refund = {"order_id": "1", "amount": 100, "currency": "GBP", "items": [], "refund_id": "r"}
    for nth in (1, 2):
        shop.happens(BEGIN + 3 * HOUR + nth, "order.refunded", **refund)
    shop.happens(
        BEGIN + 4 * HOUR, "customer.updated", occurred_at=BEGIN - HOUR, set=stale, unset=[]
    )
    shop.until(BEGIN + DAY)
    events = texts(shop.explained(), "event")
    assert events[-6].endswith("(no rate for CHF in store.yaml: not in sums and comparisons)")
    assert not events[-5].endswith(")")
    assert events[-4].endswith("(known order: corrected, not counted again)")
    assert not events[-3].endswith(")")
    assert events[-2].endswith("(known refund_id: no effect)")
    assert events[-1].endswith("(not changed: email (newer value of Wed 2011-03-02 10:00:00))")


def test_rule_8_9_a_cart_told_after_its_order_says_so(shop):
    items = [{"sku": "a", "quantity": 1, "unit_price": 1250}]
    order = {"order_id": "1", "total": 1250, "currency": "GBP", "items": items, "tags": []}
    shop.happens(BEGIN, "order.placed", **order)
    shop.cart(BEGIN + 1000)
    shop.happens(BEGIN + 2000, "cart.updated", **{**CART_OF_A, "occurred_at": BEGIN + 500})
    shop.cart(BEGIN + HOUR)
    shop.until(BEGIN + DAY)
    late, stale, own = [text for text in texts(shop.explained(), "event") if "cart" in text]
    assert late.endswith(
        "(ordered at Wed 2011-03-02 10:00:00, told after its order: the cart is empty)"
    )
    assert stale.endswith("(older than the cart of Wed 2011-03-02 10:00:01: no effect)")
    assert not own.endswith(")")


@pytest.mark.parametrize("is_watched", [True, False])
def test_news_of_an_article_are_shown(shop, is_watched):
    sorry = {**SEARCH, "flow": "sorry", "trigger": {"metric": "product.sold_out"}}
    shop.publish(BEGIN - HOUR, sorry)
    if is_watched:
        shop.happens(BEGIN, "view.item", sku="a")
    told = {"sku": "a", "name": "Lamp", "stock": 0, "price": 900, "currency": "GBP", "items": []}
    shop.happens(BEGIN + HOUR, "product.sold_out", interest="viewed", **told)
    shop.until(BEGIN + DAY)
    timeline = shop.explained()
    assert texts(timeline, "event")[-1] == "product.sold_out Lamp: 0 in stock, 9.00 GBP (viewed)"
    assert ("entered: product.sold_out" in texts(timeline, "decision")) is is_watched


@pytest.mark.parametrize("paid", ["a lot", {"all": 1}, 10**13])
def test_an_event_of_the_shop_that_is_no_such_event_says_so(shop, paid):
    answered = {"metric": "survey.answered", "fields": {"paid": "money", "currency": "text"}}
    raw = {"metrics": [answered], "store": {"rates": {"EUR": "0.86"}}}
    record = DefinitionsRecord(BEGIN, "v1", 1, "2026.1", json.dumps(raw), {})
    shop.local.append("control", BEGIN, b"definitions", encode_definitions(record))
    for amount in (100, paid):
        shop.written(BEGIN, "survey.answered", fields={"paid": amount, "currency": "EUR"})
    good, refused = texts(shop.explained(), "event")[-2:]
    assert not good.endswith(")")
    assert "(refused: field 'paid' is " in refused


def test_rule_8_7_the_id_of_a_forgotten_event_is_no_duplicate():
    shop = Shop()
    shop.publish(BEGIN - 2 * DAY, SEARCH, history={"keep": "1d", "occurrences": "1"})
    shop.happens(BEGIN, "view.item", "same", sku="a")
    for nth in range(80):
        shop.happens(BEGIN + 2 * DAY + nth, "view.item", sku="b")
    shop.happens(BEGIN + 3 * DAY, "view.item", "same", sku="a")
    shop.happens(BEGIN + 3 * DAY + 1, "view.item", "same", sku="a")
    shop.until(BEGIN + 4 * DAY)
    *_, again, repeated = texts(shop.explained(), "event")
    assert not again.endswith(")")
    assert repeated.endswith("(duplicate event_id: no effect)")


def test_nothing_from_before_an_erasure_is_known(shop):
    shop.order(BEGIN, event_id="same")
    shop.happens(BEGIN + HOUR, "customer.erased")
    shop.order(BEGIN + 2 * HOUR, event_id="same")
    shop.until(BEGIN + DAY)
    assert texts(shop.explained(), "event")[-1].startswith("order.placed")
    assert not texts(shop.explained(), "event")[-1].endswith(")")


def test_a_record_that_cannot_be_decoded_is_a_line(shop):
    shop.cart(BEGIN)
    shop.until(BEGIN + HOUR)
    broken = TopicRecord("flow-decisions", 0, Record(BEGIN, 99, b"ada", b"\x07"))
    timeline = customer_timeline(history_of("ada", [*shop.found(), broken]))
    (line,) = texts(timeline, "unread")
    assert line.startswith("flow-decisions[0]@99 can't be decoded: ")
    assert "entered: cart.updated" in texts(timeline, "decision")


def test_a_webhook_is_counted_as_one(shop):
    calls = {
        "flow": "calls",
        "trigger": {"metric": "order.placed"},
        "steps": [{"webhook": "crm", "id": "tell"}],
    }
    shop.publish(BEGIN - HOUR, calls)
    shop.order(BEGIN)
    shop.until(BEGIN + HOUR)
    timeline = shop.explained("calls")
    assert "tell: webhook command crm" in texts(timeline, "decision")
    assert timeline.outcomes["calls"]["webhook"] == 1
    assert "sent" not in timeline.outcomes["calls"]


def test_rule_3_9_entering_and_leaving_a_followed_segment_are_lines(shop):
    fresh = {
        "segment": "fresh",
        "if": {"count": "order.placed", "in_last": "2d", "at_least": "1"},
        "follow": "true",
    }
    shop.publish(BEGIN - HOUR, THANKS, segments=[fresh])
    shop.order(BEGIN)
    shop.until(BEGIN + 3 * DAY)
    lines = [(line.kind, line.text) for line in shop.explained().lines]
    place = lines.index(("segment", "entered segment fresh"))
    assert lines[place - 1][0] == "event"
    assert lines[place + 1] == ("decision", "entered: order.placed")
    assert lines[-1] == ("segment", "left segment fresh by time alone")
    assert texts(shop.explained("thanks"), "segment") == []
