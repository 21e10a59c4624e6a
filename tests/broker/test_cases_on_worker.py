"""The shop's flows (the cases F of SEMANTICS) and living with change (its section 6) on a real
worker: what a reader of committed records finds is, per customer, what the run in memory came to,
bit for bit, and that is what the case expects. Where a case says so, the worker is killed. They
share a shop and a worker; a case of recommendations has both to itself."""

import functools
import itertools
import re
from pathlib import Path
from typing import Any

import msgspec
import pytest

from streams.contracts.decisions import DECISIONS, read_decisions
from streams.contracts.encode import REVIEW_REQUESTS, SEGMENT_CHANGES, SEND_COMMANDS, WEBHOOKS
from streams.contracts.wire import decode_any
from streams.demo.workers import Worker, WorkerObserver, wait_until_decided
from streams.embedded.broker_process import BrokerProcess
from streams.engine import Instant
from streams.flowtest.cases import Case
from streams.flowtest.judging import differences
from streams.flowtest.world import CaseOutputs, InputRecord
from streams.importing.encoding import EventRecord
from streams.importing.writing import PastWriter
from streams.kafka.event_producer import EventProducer
from streams.ports import CONTROL, OutputRecord
from streams.settings import RecordTime
from tests.harness.case_slots import Slot, by_customer, in_slots
from tests.harness.cases import all_cases, name_of
from tests.harness.topics import create_all_topics, records_of, settings_for
from tests.harness.worker_process import WorkerProcess

pytestmark = [pytest.mark.slow, pytest.mark.smoke, pytest.mark.long]

PARTITIONS = 3
ByCustomer = dict[str, dict[str, list[Any]]]
OF_A_WORKER = re.compile(r".*?\b(F\d+|6\.[123]|M68|D1[6-9]|D29)\b")
"""Named so are the cases that a worker runs."""
OF_A_SHOP = re.compile(r".*?\bF89\b")
"""And so those that don't share a shop with others: what is recommended is learnt from all its
orders."""
OF_ALL_CASES = {"coupon", "variables", "items"}
"""In a command: what hangs on the other cases of the shop, where there are coupon codes (numbered
through) or recommendations."""


@functools.cache
def cases() -> list[Case]:
    """Those that share a shop. A purchase model would stay in force for the next ones."""
    named = [case for case in all_cases() if OF_A_WORKER.match(case.name)]
    named = [case for case in named if not any("model" in entry for entry in case.events)]
    return [case for case in named if not OF_A_SHOP.match(case.name)]


def cases_of_a_shop() -> list[Case]:
    """Those that have one to themselves."""
    return [case for case in all_cases() if OF_A_SHOP.match(case.name)]


class CasesRun:
    """Topics of its own, a worker, and the records of all cases in order of time."""

    def __init__(self, broker: BrokerProcess, prefix: str, folder: Path) -> None:
        self.settings = settings_for(
            broker,
            prefix,
            partitions=PARTITIONS,
            record_time=RecordTime.CREATE,
            session_timeout=6_000,
        )
        self._folder = folder
        self._worker: WorkerProcess | None = None

    def run(self, slots: list[Slot]) -> CaseOutputs:
        """All of them; what came out."""
        self._folder.mkdir(parents=True)
        create_all_topics(self.settings)
        records = [record for slot in slots for record in slot.records()]
        try:
            with EventProducer(self.settings) as producer:
                # All of `control` first: nobody says how far it has come.
                for record in records:
                    if record.topic == CONTROL:
                        producer.produce(_control(record))
                producer.flush()
                writer = PastWriter(producer.produce, PARTITIONS)
                events = [record for record in records if record.topic != CONTROL]
                for crash, batch in itertools.groupby(events, key=lambda one: one.topic is None):
                    for record in batch:
                        if crash:
                            writer.end(record.time)
                            producer.flush()
                            self._kill_at(record.time)
                        else:
                            writer.write(_event(record))
                writer.end(slots[-1].ends + 1)
            self._decide(slots[-1].ends + 1)
            return self._outputs()
        finally:
            if self._worker is not None:
                self._worker.end()

    def _kill_at(self, at: Instant) -> None:
        self._decide(at, stop=False)
        assert self._worker is not None
        self._worker.kill()

    def _decide(self, until: Instant, *, stop: bool = True) -> None:
        """Starts the worker and waits until all before `until` is decided."""
        worker = self._worker = WorkerProcess(self.settings, self._folder, "worker")
        observer = WorkerObserver(lambda clock: None, _no_worker_ends_by_itself)
        wait_until_decided([worker], PARTITIONS, until, observer)
        if stop:
            worker.request_stop()
            assert worker.wait_for_end() == 0, worker.log_tail()

    def _outputs(self) -> CaseOutputs:
        def values(topic: str) -> list[bytes]:
            return [found.record.value or b"" for found in records_of(self.settings, topic)]

        return CaseOutputs(
            commands=[decode_any(value)[1] for value in values(SEND_COMMANDS)],
            webhooks=[decode_any(value)[1] for value in values(WEBHOOKS)],
            reviews=[decode_any(value)[1] for value in values(REVIEW_REQUESTS)],
            decisions=[one for value in values(DECISIONS) for one in read_decisions(value)],
            dead_letters=[decode_any(value)[1]["reason"] for value in values("dead-letters")],
            interests=[decode_any(value)[1] for value in values("interests")],
            segment_changes=[decode_any(value)[1] for value in values(SEGMENT_CHANGES)],
            news=[decode_any(value)[1] for value in values("product-news")],
        )


def _no_worker_ends_by_itself(worker: Worker) -> None:
    raise worker.failure()


def _control(record: InputRecord) -> OutputRecord:
    return OutputRecord(CONTROL, record.key, record.value, partition=0, time=record.time)


def _event(record: InputRecord) -> EventRecord:
    assert record.topic is not None
    return EventRecord(record.time, record.topic, record.key.decode(), record.value)


@pytest.fixture(scope="module")
def slots() -> list[Slot]:
    return in_slots(cases())


@pytest.fixture(scope="module")
def outputs(
    broker: BrokerProcess, tmp_path_factory: pytest.TempPathFactory, slots: list[Slot]
) -> CaseOutputs:
    folder = tmp_path_factory.mktemp("cases")
    return CasesRun(broker, f"{folder.name}-{folder.parent.name}.", folder / "run").run(slots)


def test_the_run_on_a_worker_has_no_dead_letters(outputs: CaseOutputs) -> None:
    assert outputs.dead_letters == []


def test_all_cases_have_a_time_of_their_own(slots: list[Slot]) -> None:
    numbers = {found[1] for slot in slots if (found := OF_A_WORKER.match(slot.case.name))}
    assert {"F81", "F82", "F86", "F87", "F88", "F97", "6.1", "6.2"} <= numbers
    for one, following in itertools.pairwise(slots):
        assert one.ends < following.ran.records[0].time - 1


@pytest.mark.parametrize("number", range(len(cases())), ids=lambda n: name_of(cases()[n]))
def test_a_case_comes_to_the_same_on_a_worker(
    number: int, slots: list[Slot], outputs: CaseOutputs
) -> None:
    name = name_of(cases()[number])
    (slot,) = [slot for slot in slots if name_of(slot.case) == name]
    assert differences(slot.case, slot.ran) == []
    found = by_customer(outputs, slot.ends)
    ours = {customer: found[customer] for customer in slot.customers() if customer in found}
    expected = slot.expected()
    written = msgspec.json.encode(slot.case.definitions)
    if b'"recommend"' in written or b'"coupons": [{' in written or b'"coupons":[{' in written:
        ours, expected = of_the_case(ours), of_the_case(expected)
    assert ours == expected


@pytest.mark.parametrize("case", cases_of_a_shop(), ids=name_of)
def test_a_case_in_a_shop_of_its_own_comes_to_the_same_on_a_worker(
    case: Case, broker: BrokerProcess, topic_prefix: str, tmp_path: Path
) -> None:
    (slot,) = in_slots([case])
    assert differences(slot.case, slot.ran) == []
    outputs = CasesRun(broker, topic_prefix, tmp_path / "run").run([slot])
    assert outputs.dead_letters == []
    assert by_customer(outputs, slot.ends) == slot.expected()


def of_the_case(found: ByCustomer) -> ByCustomer:
    """Without what hangs on the other cases of the shop."""

    def own(kind: str, entry: dict[str, Any]) -> dict[str, Any]:
        if kind == "command":
            return {name: value for name, value in entry.items() if name not in OF_ALL_CASES}
        return {**entry, "evidence": {}} if entry.get("outcome") == "coupon" else entry

    return {
        customer: {kind: [own(kind, entry) for entry in entries] for kind, entries in kinds.items()}
        for customer, kinds in found.items()
    }
