"""What a case says, as records of the inputs."""

import hashlib
import itertools
from collections.abc import Sequence
from importlib.metadata import version as installed_version
from typing import Any

import msgspec

from streams.contracts.backfills import BackfillRequest, backfill_record
from streams.contracts.control import (
    DefinitionsRecord,
    FactsRecord,
    encode_definitions,
    encode_facts,
    fact_record,
)
from streams.contracts.coupons import coupon_record, inline_codes
from streams.contracts.encode import REVIEW_REQUESTS, encode_event
from streams.contracts.fields import FieldsRead, all_fields
from streams.contracts.reviews import DROP, SEND, review_record
from streams.engine import Definitions, Instant, Program, Review, compile_program, successors
from streams.engine.backfill import in_order, is_fit, metrics_of
from streams.engine.calendar import to_date
from streams.engine.check import read_definitions
from streams.engine.duration import DAY
from streams.engine.event import PRODUCT_METRICS, PRODUCT_UPDATED, FieldType
from streams.engine.money import parse_amount
from streams.engine.problem import Problem, path_text
from streams.engine.reading import UNREADABLE, Reading, read
from streams.engine.scalars import parse_number
from streams.engine.successor import Successors
from streams.engine.value import VALUES, stand_in_fact
from streams.flowtest.cases import Case, RawSet, as_raw
from streams.flowtest.events import EventMaker, WrongCase, unknown_entry
from streams.flowtest.world import Outcome, World, Written
from streams.ports import CONTROL
from streams.programs import SEMANTICS
from streams.runtime.facts import DayFact

NOT_EVENTS = ("publish", "facts", "crash", "values", "backfill", "review")
"""What a case may say beside events."""

_COUPON_KEY = "flow test"
"""Codes made by rule are the same in every run."""


class Script:
    """The records of one case. The first run writes them, because a `message.opened` names a
    command that must have been sent; the other runs read them."""

    def __init__(self, case: Case, definitions: Definitions) -> None:
        self._case = case
        self._definitions = definitions
        self._maker = EventMaker(definitions)
        self.written: list[Written] = []
        self._sets: list[Definitions] = []
        self._programs: list[Program] = []
        self._successors: Successors = {}
        self._settled: Instant = 0
        self._given: set[str] = set()  # store facts that the case gives
        self._put_in_force(definitions)
        moments = [self._maker.moment(entry.get("at")) for entry in case.events]
        self._entries = sorted(zip(moments, case.events, strict=True), key=lambda pair: pair[0])
        until = None if case.until is None else self._maker.placed(case.until)
        last = max(moments, default=0)
        self._until = max(last, until) if until is not None else last
        if until is not None and until < last:
            raise WrongCase("until: comes before the last event")

    def play(self) -> Outcome:
        """Runs the case moment by moment and writes its records down."""
        world = World(all_fields)
        first = min((at for at, _ in self._entries), default=self._until)
        for customer, fields in self._case.customers.items():
            event = self._maker.profile(customer, fields, first - 1)
            self._write(world, "customers", first - 1, customer, "customer.updated", event)
        self._publish(world, self._definitions, self._case.definitions, first)
        for at, entries in itertools.groupby(self._entries, key=lambda pair: pair[0]):
            self._settle(world, at)
            self._hand_over(world, at)
            for _, entry in entries:
                self._enter(world, at, entry)
            world.settle(at + 1)
            self._hand_over(world, at + 1)
        self._settle(world, self._until + 1)
        return world.outcome()

    def _settle(self, world: World, until: Instant) -> None:
        """All that is due before `until` happens. Where somebody asks for store facts, those of
        each day come at its end; what the case gives by `facts` stays as it is."""
        if any(program.facts_read for program in self._programs):
            first = max(self._settled, min(record.time for record in self.written))
            for midnight in range(first - first % DAY + DAY, until + 1, DAY):
                world.settle(midnight)
                for fact in world.local.new_facts():
                    self._add_day(world, fact)
        self._settled = until
        world.settle(until)

    def _add_day(self, world: World, fact: DayFact) -> None:
        given = {name: value for name, value in fact.values.items() if name not in self._given}
        record = fact_record(msgspec.structs.replace(fact, values=given), is_simulated=True)
        assert record.key is not None
        assert record.value is not None
        self._add(world, Written(CONTROL, fact.day_end, record.key, record.value))

    def _hand_over(self, world: World, at: Instant) -> None:
        """What tasks write for each other is read as soon as it's committed: a millisecond later,
        where there is nothing between."""
        for one in world.local.take_between_tasks():
            assert one.key is not None
            self._add(world, Written(one.topic, at, one.key, one.value or b""))

    def replay(self, *, restores: bool) -> Outcome:
        """Runs the same records again."""
        world = World(all_fields if restores else self._fields_read())
        if restores:
            for at, written in itertools.groupby(self.written, key=lambda record: record.time):
                world.settle(at)
                for record in written:
                    world.add(record)
                world.settle(at + 1)
                world.local.restart(keep_store=False)
        else:
            for record in self.written:
                if record.topic is not None:
                    world.add(record)
        world.settle(self._until + 1)
        return world.outcome()

    def _fields_read(self) -> FieldsRead:
        """Those that any of the case's definitions read."""
        programs = self._programs

        def fields(metric: str) -> frozenset[str] | None:
            return frozenset().union(*(program.fields_read(metric) for program in programs))

        return fields

    def _enter(self, world: World, at: Instant, entry: dict[str, Any]) -> None:
        metric = self._maker.metric_of(entry)
        if metric is not None:
            event = self._maker.event(metric, entry[metric], at, world.newest_command)
            topic = self._maker.topic_of(metric)
            self._write(world, topic, at, event["customer_id"], metric, event)
        elif PRODUCT_UPDATED in entry:
            product = self._maker.product(entry[PRODUCT_UPDATED], at)
            topic = PRODUCT_METRICS[PRODUCT_UPDATED].topic
            self._write(world, topic, at, product["sku"], PRODUCT_UPDATED, product)
        elif "publish" in entry:
            self._publish_again(world, entry["publish"], at)
        elif "facts" in entry:
            self._facts(world, entry["facts"], at)
        elif "values" in entry:
            self._values(world, entry["values"], at)
        elif "review" in entry:
            self._review(world, entry["review"], at)
        elif "crash" in entry:
            self._add(world, Written(None, at))
        elif "backfill" in entry:
            self._backfill(world, entry["backfill"], at)
        else:
            raise unknown_entry(entry, NOT_EVENTS)

    def _publish_again(self, world: World, given: Any, at: Instant) -> None:
        reading = Reading()
        parts = read(given, RawSet, (), reading)
        if parts is UNREADABLE or reading.problems:
            raise WrongCase(f"publish: {_sentences(reading.problems)}")
        raw = {**self._sets[-1].raw, **as_raw(parts)}
        raw["store"] = {**self._sets[-1].raw["store"], **(parts.store or {})}
        definitions = read_definitions(raw)
        if not isinstance(definitions, Definitions):
            raise WrongCase(f"publish: {_sentences(definitions)}")
        self._successors = successors(self._sets[-1], definitions, self._successors)
        self._put_in_force(definitions)
        self._maker.know(definitions)
        self._publish(world, definitions, raw, at)

    def _put_in_force(self, definitions: Definitions) -> None:
        self._sets.append(definitions)
        self._programs.append(compile_program(definitions, version=""))

    def _publish(
        self, world: World, definitions: Definitions, raw: dict[str, Any], at: Instant
    ) -> None:
        text = msgspec.json.encode(raw, order="deterministic")
        record = DefinitionsRecord(
            published_at=at,
            version=hashlib.blake2b(text, digest_size=8).hexdigest(),
            semantics=SEMANTICS[-1],
            tzdata=installed_version("tzdata"),
            definitions=text.decode(),
            successors=self._successors,
            coupon_key=_COUPON_KEY,
        )
        self._add(world, Written(CONTROL, at, b"definitions", encode_definitions(record)))
        for code in inline_codes(definitions.coupons, at):
            loaded = coupon_record(code)
            assert loaded.key is not None
            assert loaded.value is not None
            self._add(world, Written(loaded.topic, at, loaded.key, loaded.value))

    def _facts(self, world: World, given: Any, at: Instant) -> None:
        """Store facts: money in major units, as elsewhere."""
        values = {
            name: self._number(name, text, is_money=name.startswith("clv."))
            for name, text in _mapping(given, "facts").items()
        }
        self._given |= values.keys()
        self._add_facts(world, values, at)

    def _values(self, world: World, given: Any, at: Instant) -> None:
        """Values that stand in for those of the purchase model."""
        values = {}
        for customer, of_customer in _mapping(given, "values").items():
            for name, text in _mapping(of_customer, f"values: {customer}").items():
                if name not in VALUES:
                    raise WrongCase(f"values: unknown value {name!r} ({', '.join(VALUES)})")
                kind = VALUES[name]
                values[stand_in_fact(customer, name)] = (
                    float(self._maker.moment(text))
                    if kind is FieldType.MOMENT
                    else self._number(name, text, is_money=kind is FieldType.MONEY)
                )
        self._add_facts(world, values, at)

    def _review(self, world: World, given: Any, at: Instant) -> None:
        """What a person says of the newest request of a customer and template."""
        said = _mapping(given, "review")
        verdicts = [verdict for verdict in (SEND, DROP) if verdict in said]
        unknown = said.keys() - {SEND, DROP, "customer", "by"}
        if len(verdicts) != 1 or unknown or not isinstance(said.get("customer"), str):
            raise WrongCase(
                "review: expected {send: TEMPLATE, customer: ada} or {drop: TEMPLATE, customer: "
                f"ada}}, found {given!r}"
            )
        customer, template = said["customer"], said[verdicts[0]]
        request = world.newest(REVIEW_REQUESTS, customer, template)
        review = Review(request.send_id, customer, verdicts[0] == SEND, said.get("by"), at)
        record = review_record(review)
        assert record.key is not None
        assert record.value is not None
        self._add(world, Written(record.topic, at, record.key, record.value))

    def _backfill(self, world: World, given: Any, at: Instant) -> None:
        """All customers whose events would have started the flow, as far as the case has told."""
        program = self._programs[-1]
        flow = program.flows.get(given) if isinstance(given, str) else None
        if flow is None:
            names = ", ".join(program.flows) or "none"
            raise WrongCase(f"backfill: {given!r} is no flow; there are: {names}")
        if not is_fit(program, flow):
            raise WrongCase(f"backfill: {given} isn't live, or no event starts it")
        topics = {program.on_metric[metric].metric.topic for metric in metrics_of(program, flow)}
        events = [record for record in self.written if record.topic in topics]
        for event in in_order(flow, events):
            assert event.topic is not None
            request = BackfillRequest(
                customer_id=event.key.decode(),
                flow=flow.flow,
                at=at,
                by=None,
                topic=event.topic,
                recorded_at=event.time,
                event=event.value,
            )
            record = backfill_record(request)
            assert record.key is not None
            assert record.value is not None
            self._add(world, Written(record.topic, at, record.key, record.value))

    def _number(self, name: str, text: Any, *, is_money: bool) -> float:
        currency = self._definitions.store.currency
        number = None
        if isinstance(text, str):
            number = parse_amount(text, currency) if is_money else parse_number(text)
        if number is None:
            raise WrongCase(f"{name}: expected a number, found {text!r}")
        return float(number)

    def _add_facts(self, world: World, values: dict[str, float], at: Instant) -> None:
        day = to_date(at, self._definitions.store.zone()).isoformat()
        self._add(world, Written(CONTROL, at, b"facts", encode_facts(FactsRecord(day, values))))

    def _write(
        self,
        world: World,
        topic: str,
        at: Instant,
        key: str,
        metric: str,
        event: dict[str, Any],
    ) -> None:
        try:
            value = encode_event(metric, event, self._maker.metrics)
        except ValueError as error:
            raise WrongCase(f"{metric}: {error}") from error
        self._add(world, Written(topic, at, key.encode(), value))

    def _add(self, world: World, record: Written) -> None:
        self.written.append(record)
        world.add(record)


def _mapping(raw: Any, what: str) -> dict[str, Any]:
    if not isinstance(raw, dict):
        raise WrongCase(f"{what}: expected a mapping, found {raw!r}")
    return raw


def _sentences(problems: Sequence[Problem]) -> str:
    return "; ".join(f"{path_text(one.path)}: {one.sentence()}" for one in problems)
