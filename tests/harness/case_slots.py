"""Cases of flow tests, one after another in one shop's simulated time, so that one worker can run
them all. Each gets a stretch of days, customers and flows of its own:

    slot       1                        2
    days       |-----------------|-----||--------|-----|
    control    e d      (p)             e d
    inputs      c e e      e             c e

`e` an empty set, which ends what the case before left; `d` the case's definitions, `p` another set
that it publishes; `c` its customers, a millisecond before them. Only days are shifted: clock times
stay as they are written.
"""

import datetime
import re
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from streams.contracts.control import DefinitionsRecord, encode_definitions
from streams.engine import BETWEEN_TASKS, Instant
from streams.flowtest.cases import Case, Expect
from streams.flowtest.run import Ran, play_case
from streams.flowtest.world import CaseOutputs, InputRecord
from streams.ports import CONTROL
from streams.programs import SEMANTICS

DAY: Instant = 24 * 3_600_000
AFTERWARDS = 3 * DAY
"""So long after the last that a case is known to bring it is still looked at what comes."""

_DATE = re.compile(r"(\d{4}-\d\d-\d\d)(.*)", re.DOTALL)
_FLOW = ("flow", "in_flow", "backfill")
_MOMENTS = ("decided_at", "requested_at", "at", "occurred_at")
_BY_CUSTOMER = ("values",)
_NO_FLOWS = "{}"


class Slot(msgspec.Struct, frozen=True):
    """A case at its place: renamed and shifted, run in memory as well."""

    case: Case
    ran: Ran
    ends: Instant

    def customers(self) -> set[str]:
        """Those of the case, as the records have them."""
        apart = {None, CONTROL, *BETWEEN_TASKS}
        return {one.key.decode() for one in self.ran.records if one.topic not in apart}

    def records(self) -> Iterator[InputRecord]:
        """What the case is made of, and the empty set before it; a worker writes itself what tasks
        write for each other."""
        first = self.ran.records[0].time
        yield InputRecord(CONTROL, first - 1, b"definitions", _empty_set(first - 1))
        given = [one for one in self.ran.records if one.topic not in BETWEEN_TASKS]
        yield from sorted(given, key=lambda one: one.time)

    def expected(self) -> dict[str, dict[str, list[Any]]]:
        """By customer, what the case brings up to its end, as the run in memory has it."""
        return by_customer(self.ran.outputs, self.ends)


def by_customer(outputs: CaseOutputs, until: Instant) -> dict[str, dict[str, list[Any]]]:
    """By customer, what was put out up to `until`, each kind in its order."""
    found: dict[str, dict[str, list[Any]]] = {}
    for kind, entries in outputs.by_kind().items():
        for entry in entries:
            if kind != "dead letter" and moment_of(entry) <= until:
                found.setdefault(entry["customer_id"], {}).setdefault(kind, []).append(entry)
    return found


def moment_of(entry: dict[str, Any]) -> Instant:
    """When something was decided."""
    moment: Instant = next(entry[name] for name in _MOMENTS if name in entry)
    return moment


def in_slots(cases: Iterable[Case]) -> list[Slot]:
    """The cases one after another, in order of time. Those in which a zone is named come last,
    nearest to their own dates: its clocks are to go forward when the case says so."""
    ordered = sorted(cases, key=lambda case: "timezone" not in str(case.customers))
    slots: list[Slot] = []
    begins: Instant | None = None
    for number, case in enumerate(ordered):
        ran = _run(case)
        first, ends = ran.records[0].time, _end_of(ran)
        # A schedule may name days of the week.
        step = 7 if "schedule" in str(case.definitions) else 1
        shift = 0 if begins is None else -(-(ends + DAY - begins) // (step * DAY)) * step
        moved = _moved(case, f"c{number}-", -shift)
        slots.append(Slot(moved, _run(moved), ends - shift * DAY))
        begins = first - shift * DAY
    return slots[::-1]


def _run(case: Case) -> Ran:
    ran = play_case(case)  # the other ways are those of tests/cases
    assert isinstance(ran, Ran), case.name
    return ran


def _end_of(ran: Ran) -> Instant:
    """The last record or output of the run in memory, and a while after it."""
    last_record = max(one.time for one in ran.records)
    kinds = ran.outputs.by_kind().items()
    moments = [moment_of(one) for kind, ones in kinds if kind != "dead letter" for one in ones]
    return min(ran.until, max([last_record, *moments]) + AFTERWARDS)


def _empty_set(at: Instant) -> bytes:
    record = DefinitionsRecord(at, "empty", SEMANTICS[-1], "none", _NO_FLOWS, {})
    return encode_definitions(record)


# ── A case at another place ───────────────────────────────────────────────────────────────────────


def _moved(case: Case, prefix: str, days: int) -> Case:
    """The same case `days` later, with names of its own for customers and flows."""
    move = _Move(prefix, days)
    expect = {name: getattr(case.expect, name) for name in Expect.__struct_fields__}
    profile = expect.pop("profile")
    until = case.until
    if until is not None:
        later = until.wall + datetime.timedelta(days)
        until = msgspec.structs.replace(until, wall=later)
    return msgspec.structs.replace(
        case,
        definitions=move(case.definitions),
        customers={prefix + name: fields for name, fields in case.customers.items()},
        events=move(case.events),
        until=until,
        expect=Expect(
            **move(expect),
            profile=profile and {prefix + name: fields for name, fields in profile.items()},
        ),
        left_out=frozenset(prefix + flow for flow in case.left_out),
    )


class _Move(msgspec.Struct):
    """What is done to plain data."""

    prefix: str
    days: int

    def __call__(self, raw: Any) -> Any:
        if isinstance(raw, dict):
            return {key: self._value(key, value) for key, value in raw.items()}
        if isinstance(raw, list):
            return [self(one) for one in raw]
        return self._text(raw) if isinstance(raw, str) else raw

    def _value(self, key: str, value: Any) -> Any:
        if key == "customer" or (key in _FLOW and isinstance(value, str)):
            return self.prefix + value
        if key in _BY_CUSTOMER and isinstance(value, dict):
            return {self.prefix + name: self(inner) for name, inner in value.items()}
        return self(value)

    def _text(self, text: str) -> str:
        found = _DATE.fullmatch(text)
        if found is None:
            return text
        day = datetime.date.fromisoformat(found[1]) + datetime.timedelta(self.days)
        return day.isoformat() + found[2]
