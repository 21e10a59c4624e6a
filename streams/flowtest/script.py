"""The script of a case, as input records."""

import contextlib
import hashlib
import itertools
from collections.abc import Iterator
from importlib.metadata import version as installed_version
from typing import Any

import msgspec

from streams.contracts.backfill_requests import BackfillRequest, backfill_record
from streams.contracts.control import (
    DefinitionsRecord,
    FactsRecord,
    changed_articles_record,
    encode_definitions,
    encode_facts,
    fact_record,
    model_record,
)
from streams.contracts.coupon_codes import coupon_record, inline_codes
from streams.contracts.coupon_moves import coupon_facts_record
from streams.contracts.encode import REVIEW_REQUESTS, SEND_COMMANDS, encode_event
from streams.contracts.fields import FieldsRead, WrongEvent, all_fields
from streams.contracts.review_answers import DROP, SEND, review_record
from streams.engine import Definitions, Instant, Program, Review, compile_program, successors
from streams.engine.compiling import Successors, read_definitions
from streams.engine.customer import VALUES, stand_in_fact, value_of_fact
from streams.engine.deciding import in_order, is_fit, metrics_of
from streams.engine.language import UNREADABLE, Reading, describe, read
from streams.engine.values import (
    DAY,
    PRODUCT_METRICS,
    PRODUCT_UPDATED,
    FieldType,
    Path,
    Problem,
    left_fact,
    next_midnight,
    parse_amount,
    parse_number,
    to_date,
    unknown_name,
)
from streams.flowtest.cases import Case, RawSet, as_raw
from streams.flowtest.events import (
    EventMaker,
    MessageNotFound,
    SentMessage,
    WrongCase,
    no_moment,
    unknown_entry,
)
from streams.flowtest.models import read_model
from streams.flowtest.world import FACTS_KEPT, CaseOutputs, InputRecord, World
from streams.ports import CONTROL, CouponFacts, OutputRecord
from streams.programs import SEMANTICS, Programs
from streams.runtime.day_facts import DayFact

LONGEST_RUN = 400 * DAY
"""A case without `until` runs on until nothing is due, at most for so long after its last entry."""

NOT_EVENTS = ("publish", "facts", "model", "crash", "values", "backfill", "review")
"""Entries of `events` that are no events."""

_COUPON_KEY = "flow test"
"""Fixed, so that generated codes are the same in every run."""


def read_chosen(raw: dict[str, Any], left_out: frozenset[str]) -> Definitions | list[Problem]:
    """A set, without those of the flows left out that don't fit it; or its problems."""
    definitions = read_definitions(raw)
    if isinstance(definitions, Definitions) or not left_out:
        return definitions
    flows = raw["flows"]
    unfit = {
        int(problem.path[1])
        for problem in definitions
        if problem.path[:1] == ("flows",) and len(problem.path) > 1
    }
    kept = [
        flow
        for number, flow in enumerate(flows)
        if number not in unfit or flow.get("flow") not in left_out
    ]
    return definitions if len(kept) == len(flows) else read_definitions({**raw, "flows": kept})


class Script:
    """The records of one case. The first run makes them, because `message.opened` refers to a
    command sent before; the other runs read them."""

    def __init__(self, case: Case, definitions: Definitions) -> None:
        self._case = case
        self._definitions = definitions
        self._maker = EventMaker(definitions)
        self.records: list[InputRecord] = []
        self._sets: list[Definitions] = []
        self._programs: list[Program] = []
        self._control = Programs(FACTS_KEPT)  # as in a worker: one for all tasks
        self._successors: Successors = {}
        self._settled: Instant = 0
        self._given: set[str] = set()  # store facts that the case gives
        self._put_in_force(definitions)
        self._problems: list[Problem] = []
        moments = [self._moment_of(number) for number in range(len(case.events))]
        if moments and all(at is None for at in moments):
            raise WrongCase(self._problems)  # no times to run the entries at
        last = max((at for at in moments if at is not None), default=0)
        self._entries = sorted(
            (last if at is None else at, number) for number, at in enumerate(moments)
        )
        until = None if case.until is None else self._maker.placed(case.until)
        self._runs_on = until is None
        self.until = max(last, until) if until is not None else last
        if until is not None and until < last:
            self._problems.append(Problem(("until",), "until: is before the last event"))

    def play(self) -> CaseOutputs:
        """Runs the case moment by moment and keeps its records. Raises WrongCase."""
        world = World(all_fields, self._control)
        first = min((at for at, _ in self._entries), default=self.until)
        for customer in self._case.customers:
            with self._collected():
                self._introduce(world, customer, first - 1)
        self._publish(world, self._definitions, first)
        self._tell_of_first_codes(world, first)
        for at, entries in itertools.groupby(self._entries, key=lambda pair: pair[0]):
            self._settle(world, at)
            self._feed_back(world, at)
            for _, number in entries:
                with self._collected():
                    self._enter(world, at, number)
            world.settle(at + 1)
            self._feed_back(world, at + 1)
        if self._runs_on:
            self.until = self._settled_for_good(world)
        self._settle(world, self.until + 1)
        if self._problems:
            raise WrongCase(self._problems)
        return world.outputs()

    def _settled_for_good(self, world: World) -> Instant:
        """Runs on after the last entry, moment by moment, until nothing is due. Returns the last
        moment."""
        now, end = self.until, self.until + LONGEST_RUN
        while (due := self._next_due(world)) is not None and due <= end:
            now = max(now, due)
            self._settle(world, now + 1)
            self._feed_back(world, now + 1)
        return now

    def _next_due(self, world: World) -> Instant | None:
        """The next timer or schedule, or the next midnight whose facts are read."""
        due = world.local.task.next_due
        if any(program.facts_read for program in self._programs):
            midnight = next_midnight(self._settled)
            return midnight if due is None else min(due, midnight)
        return due

    def _moment_of(self, number: int) -> Instant | None:
        text = self._case.events[number].get("at")
        at = self._maker.moment(text)
        if at is None:
            self._problems.append(no_moment(("events", number, "at"), text))
        return at

    @contextlib.contextmanager
    def _collected(self) -> Iterator[None]:
        """Collects the problems of entries. A missing message may only follow from one before."""
        try:
            yield
        except MessageNotFound as wrong:
            if not self._problems:
                self._problems += wrong.problems
        except WrongCase as wrong:
            self._problems += wrong.problems

    def _introduce(self, world: World, customer: str, at: Instant) -> None:
        path = ("customers", customer)
        event = self._maker.profile(customer, self._case.customers[customer], at, path)
        self._write(world, "customer.updated", event, at, path)

    def _settle(self, world: World, until: Instant) -> None:
        """Advances to `until`. If definitions read store facts, those of each day come at its end;
        `facts` of the case are kept."""
        if any(program.facts_read for program in self._programs):
            first = max(self._settled, min(record.time for record in self.records))
            for midnight in range(first - first % DAY + DAY, until + 1, DAY):
                self._settle_reports(world, midnight)
                world.settle(midnight)
                for fact in world.local.new_facts():
                    self._add_day(world, fact)
                world.settle(min(midnight + 1, until))
            self._settle_reports(world, until)
        self._settled = until
        world.settle(until)

    def _settle_reports(self, world: World, until: Instant) -> None:
        """Advances over the reports that are due before `until`. They are facts a millisecond
        later."""
        while (due := world.local.task.reports_due) < until:
            world.settle(due + 1)
            changed = world.local.new_articles()
            if changed:
                self._add_fact(world, changed_articles_record(changed), due + 1)
            self._tell_of_coupons(world, due + 1)

    def _tell_of_first_codes(self, world: World, at: Instant) -> None:
        """The codes in the definitions were there before the case."""
        pools = self._definitions.coupons
        left = {pool.coupons: len(pool.codes) for pool in pools if pool.codes}
        if left and self._programs[-1].facts_read:
            self._add_fact(world, coupon_facts_record(CouponFacts(left, [])), at)

    def _tell_of_coupons(self, world: World, at: Instant) -> None:
        """The codes left in pools become facts, unless the case gives them."""
        told = world.local.new_coupon_facts(at)
        left = {} if told is None else told.left
        told_here = {
            pool: number for pool, number in left.items() if left_fact(pool) not in self._given
        }
        if told_here:
            self._add_fact(world, coupon_facts_record(CouponFacts(told_here, [])), at)

    def _add_fact(self, world: World, record: OutputRecord, at: Instant) -> None:
        assert record.key is not None
        assert record.value is not None
        self._add(world, InputRecord(CONTROL, at, record.key, record.value))

    def _add_day(self, world: World, fact: DayFact) -> None:
        given = {name: value for name, value in fact.values.items() if name not in self._given}
        record = fact_record(msgspec.structs.replace(fact, values=given))
        self._add_fact(world, record, fact.day_end)

    def _feed_back(self, world: World, at: Instant) -> None:
        """Appends records that tasks write for each other, and facts of coupon pools, once they are
        committed: a millisecond later if nothing comes between."""
        for one in world.local.take_new_internal():
            assert one.key is not None
            self._add(world, InputRecord(one.topic, at, one.key, one.value or b""))
        if any(program.facts_read for program in self._programs):
            self._tell_of_coupons(world, at)

    def replay(self, *, restores: bool) -> CaseOutputs:
        """Runs the same records again, restored after each moment or in one batch."""
        world = World(all_fields if restores else self._fields_read(), self._control)
        if restores:
            for at, written in itertools.groupby(self.records, key=lambda record: record.time):
                world.settle(at)
                for record in written:
                    world.add(record)
                world.settle(at + 1)
                world.local.restart(keep_store=False)
        else:
            for record in self.records:
                if record.topic is not None:
                    world.add(record)
        world.settle(self.until + 1)
        return world.outputs()

    def _fields_read(self) -> FieldsRead:
        """The fields that any of the case's definitions read."""
        programs = self._programs

        def fields(metric: str) -> frozenset[str] | None:
            return frozenset().union(*(program.fields_read(metric) for program in programs))

        return fields

    def _enter(self, world: World, at: Instant, number: int) -> None:
        entry = self._case.events[number]
        path: Path = ("events", number)
        metric = self._maker.metric_of(entry)
        if metric is not None:
            path = (*path, metric)

            def find(customer: str, template: str) -> SentMessage:
                return world.newest(SEND_COMMANDS, customer, template, (*path, "template"))

            event = self._maker.event(metric, entry[metric], at, path, find)
            self._write(world, metric, event, at, path)
        elif PRODUCT_UPDATED in entry:
            path = (*path, PRODUCT_UPDATED)
            product = self._maker.product(entry[PRODUCT_UPDATED], at, path)
            self._write(world, PRODUCT_UPDATED, product, at, path)
        elif "publish" in entry:
            self._publish_again(world, entry["publish"], at, (*path, "publish"))
        elif "facts" in entry:
            self._facts(world, entry["facts"], at, (*path, "facts"))
        elif "model" in entry:
            self._model(world, entry["model"], at, (*path, "model"))
        elif "values" in entry:
            self._values(world, entry["values"], at, (*path, "values"))
        elif "review" in entry:
            self._review(world, entry["review"], at, (*path, "review"))
        elif "crash" in entry:
            self._add(world, InputRecord(None, at))
        elif "backfill" in entry:
            self._backfill(world, entry["backfill"], at, (*path, "backfill"))
        else:
            raise WrongCase([unknown_entry(entry, path, NOT_EVENTS)])

    def _publish_again(self, world: World, given: Any, at: Instant, path: Path) -> None:
        reading = Reading()
        parts = read(given, RawSet, path, reading)
        if parts is UNREADABLE or reading.problems:
            raise WrongCase(reading.problems)
        raw = {**self._sets[-1].raw, **as_raw(parts)}
        raw["store"] = {**self._sets[-1].raw["store"], **(parts.store or {})}
        definitions = read_chosen(raw, self._case.left_out)
        if not isinstance(definitions, Definitions):
            # a part kept from the set before does not fit the new ones
            raise WrongCase([problem.under(path) for problem in definitions])
        self._successors = successors(self._sets[-1], definitions, self._successors)
        self._put_in_force(definitions)
        self._maker.use_definitions(definitions)
        self._publish(world, definitions, at)

    def _put_in_force(self, definitions: Definitions) -> None:
        self._sets.append(definitions)
        self._programs.append(compile_program(definitions, version=""))

    def _publish(self, world: World, definitions: Definitions, at: Instant) -> None:
        text = msgspec.json.encode(definitions.raw, order="deterministic")
        record = DefinitionsRecord(
            published_at=at,
            version=hashlib.blake2b(text, digest_size=8).hexdigest(),
            semantics=SEMANTICS[-1],
            tzdata=installed_version("tzdata"),
            definitions=text.decode(),
            successors=self._successors,
            coupon_key=_COUPON_KEY,
        )
        self._add(world, InputRecord(CONTROL, at, b"definitions", encode_definitions(record)))
        for code in inline_codes(definitions.coupons, at):
            loaded = coupon_record(code)
            assert loaded.key is not None
            assert loaded.value is not None
            self._add(world, InputRecord(loaded.topic, at, loaded.key, loaded.value))

    def _facts(self, world: World, given: Any, at: Instant, path: Path) -> None:
        """Store facts; money in major units, as in all definitions."""
        values = {
            name: self._number(text, (*path, name), is_money=_is_money(name))
            for name, text in _mapping(given, path).items()
        }
        self._given |= values.keys()
        self._add_facts(world, values, at)

    def _model(self, world: World, given: Any, at: Instant, path: Path) -> None:
        """A purchase model; gamma in major units, as all money in definitions."""
        record = model_record(read_model(given, self._definitions.store.currency, path), at)
        assert record.key is not None
        assert record.value is not None
        self._add(world, InputRecord(CONTROL, at, record.key, record.value))

    def _values(self, world: World, given: Any, at: Instant, path: Path) -> None:
        """Values that replace those of the purchase model."""
        values = {}
        for customer, of_customer in _mapping(given, path).items():
            for name, text in _mapping(of_customer, (*path, customer)).items():
                here = (*path, customer, name)
                if name not in VALUES:
                    raise WrongCase([unknown_name(here, "value", name, VALUES, at_key=True)])
                value = self._value(text, VALUES[name], here)
                values[stand_in_fact(customer, name)] = value
        self._add_facts(world, values, at)

    def _value(self, text: Any, kind: FieldType, path: Path) -> float:
        if kind is not FieldType.MOMENT:
            return self._number(text, path, is_money=kind is FieldType.MONEY)
        moment = self._maker.moment(text)
        if moment is None:
            raise WrongCase([no_moment(path, text)])
        return float(moment)

    def _review(self, world: World, given: Any, at: Instant, path: Path) -> None:
        """A review of the newest request of a customer and template."""
        said = _mapping(given, path)
        verdicts = [verdict for verdict in (SEND, DROP) if verdict in said]
        unknown = said.keys() - {SEND, DROP, "customer", "by"}
        if len(verdicts) != 1 or unknown or not isinstance(said.get("customer"), str):
            message = (
                "review: expected {send: TEMPLATE, customer: ada} or {drop: TEMPLATE, customer: "
                f"ada}}, found {given!r}"
            )
            raise WrongCase([Problem(path, message)])
        customer, template = said["customer"], said[verdicts[0]]
        request = world.newest(REVIEW_REQUESTS, customer, template, (*path, verdicts[0]))
        review = Review(request.send_id, customer, verdicts[0] == SEND, said.get("by"), at)
        record = review_record(review)
        assert record.key is not None
        assert record.value is not None
        self._add(world, InputRecord(record.topic, at, record.key, record.value))

    def _backfill(self, world: World, given: Any, at: Instant, path: Path) -> None:
        """Backfill requests for all events so far that would have started the flow."""
        program = self._programs[-1]
        flow = program.flows.get(given) if isinstance(given, str) else None
        if flow is None:
            raise WrongCase([unknown_name(path, "flow", str(given), program.flows)])
        if not is_fit(program, flow):
            message = f"backfill: {given} is not live or has no metric trigger"
            raise WrongCase([Problem(path, message)])
        topics = {program.on_metric[metric].metric.topic for metric in metrics_of(program, flow)}
        events = [record for record in self.records if record.topic in topics]
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
            self._add(world, InputRecord(record.topic, at, record.key, record.value))

    def _number(self, text: Any, path: Path, *, is_money: bool) -> float:
        currency = self._definitions.store.currency
        number = None
        if isinstance(text, str):
            number = parse_amount(text, currency) if is_money else parse_number(text)
        if number is None:
            message = f"{path[-1]}: expected a number, found {describe(text)}"
            raise WrongCase([Problem(path, message)])
        return float(number)

    def _add_facts(self, world: World, values: dict[str, float], at: Instant) -> None:
        day = to_date(at, self._definitions.store.zone()).isoformat()
        self._add(world, InputRecord(CONTROL, at, b"facts", encode_facts(FactsRecord(day, values))))

    def _write(
        self, world: World, metric: str, event: dict[str, Any], at: Instant, path: Path
    ) -> None:
        if metric == PRODUCT_UPDATED:
            topic, key = PRODUCT_METRICS[metric].topic, event["sku"]
        else:
            topic, key = self._maker.topic_of(metric), event["customer_id"]
        try:
            value = encode_event(metric, event, self._maker.metrics, self._maker.door)
        except WrongEvent as error:
            place = path if error.field is None else (*path, error.field)
            raise WrongCase([Problem(place, f"{metric}: {error}")]) from error
        self._add(world, InputRecord(topic, at, key.encode(), value))

    def _add(self, world: World, record: InputRecord) -> None:
        self.records.append(record)
        world.add(record)


def _is_money(fact: str) -> bool:
    """True if a store fact is an amount."""
    return VALUES.get(value_of_fact(fact)) is FieldType.MONEY


def _mapping(raw: Any, path: Path) -> dict[str, Any]:
    if not isinstance(raw, dict):
        message = f"{path[-1]}: expected a mapping, found {describe(raw)}"
        raise WrongCase([Problem(path, message)])
    return raw
