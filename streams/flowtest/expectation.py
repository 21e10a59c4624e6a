"""Checks the names in `expect`: an unknown one can never be met, or always is."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from streams.engine.compiling import Definitions
from streams.engine.effects import REASONS, Outcome
from streams.engine.values import CHANNELS, Problem, nearest_name, parse_boolean, unknown_name
from streams.flowtest.cases import Case, Expect
from streams.flowtest.entries import (
    COMMAND_ENTRIES,
    DECISION_ENTRIES,
    REVIEW_ENTRIES,
    WEBHOOK_ENTRIES,
)
from streams.flowtest.events import EventMaker, WrongCase

LISTS = {
    "commands": COMMAND_ENTRIES,
    "webhooks": WEBHOOK_ENTRIES,
    "reviews": REVIEW_ENTRIES,
    "decisions": DECISION_ENTRIES,
    "decisions_exactly": DECISION_ENTRIES,
}
"""Lists in `expect`."""

_OUTCOMES = {outcome.value: reasons for outcome, reasons in REASONS.items()}


def unknown_fields(expect: Expect) -> Iterator[Problem]:
    """Problems of fields that no entry of their list has."""
    for name, kind in LISTS.items():
        for number, entry in enumerate(getattr(expect, name) or ()):
            for field in entry:
                if field not in kind.fields:
                    path = ("expect", name, number, field)
                    yield unknown_name(path, "field", field, kind.fields, at_key=True)


def unknown_names(case: Case) -> Iterator[Problem]:
    """Problems of customers, flows, channels, outcomes and reasons that the case can't have."""
    known: dict[str, tuple[str, Iterable[str]]] = {
        "customer": ("customer", {*case.customers, *_customers_in(case.events)}),
        "flow": ("flow", set(_flows_in(case))),
        "channel": ("channel", CHANNELS),
        "outcome": ("outcome", _OUTCOMES),
    }
    for name in LISTS:
        for number, entry in enumerate(getattr(case.expect, name) or ()):
            for field, (kind, names) in known.items():
                given = entry.get(field)
                if isinstance(given, str) and given not in names:
                    yield unknown_name(("expect", name, number, field), kind, given, names)
            yield from _unknown_reason(case, entry, ("expect", name, number, "reason"))
    yield from _misspelt_customers(case)
    customers = known["customer"][1]
    for part in ("profile", "segments"):
        for customer in getattr(case.expect, part) or ():
            if customer not in customers:
                path = ("expect", part, customer)
                yield unknown_name(path, "customer", customer, customers, at_key=True)


def _misspelt_customers(case: Case) -> Iterator[Problem]:
    """Problems of customers in events who are not among those of the case, while one of nearly the
    same name is and has no event. Others are new customers."""
    idle = case.customers.keys() - set(_customers_in(case.events))
    for number, event in enumerate(case.events):
        for name, fields in event.items():
            customer = fields.get("customer") if isinstance(fields, dict) else None
            if not isinstance(customer, str) or customer in case.customers:
                continue
            if nearest_name(customer, idle) is not None:
                path = ("events", number, name, "customer")
                yield unknown_name(path, "customer", customer, case.customers)


def _unknown_reason(
    case: Case, entry: Mapping[str, Any], path: tuple[str | int, ...]
) -> Iterator[Problem]:
    reason, outcome = entry.get("reason"), entry.get("outcome")
    if not reason or not isinstance(reason, str):
        return
    if isinstance(outcome, str) and outcome not in _OUTCOMES:
        return  # told already
    kind = "reason"
    known = {one for reasons in _OUTCOMES.values() for one in reasons}
    if isinstance(outcome, str):
        kind, known = f"reason of {outcome}", set(_OUTCOMES[outcome])
    if outcome in (None, Outcome.BRANCH.value):
        known |= set(_paths_in(case.definitions)) | set(_paths_in(case.events))
    if reason not in known:
        yield unknown_name(path, kind, reason, known)


def wrong_profiles(expect: Expect, definitions: Definitions) -> Iterator[Problem]:
    """Problems of unknown profile fields, and of values of the wrong type."""
    known = definitions.scope().profile
    maker = EventMaker(definitions)
    for customer, fields in (expect.profile or {}).items():
        for name, wanted in fields.items():
            path = ("expect", "profile", customer, name)
            if name not in known:
                yield unknown_name(path, "profile field", name, known, at_key=True)
                continue
            try:
                maker.value(wanted, known[name], path, definitions.store.currency)
            except WrongCase as wrong:
                yield from wrong.problems


def wrong_memberships(expect: Expect, definitions: Definitions) -> Iterator[Problem]:
    """Problems of unknown segments, and of values but true and false."""
    known = definitions.scope().segments
    for customer, segments in (expect.segments or {}).items():
        for name, wanted in segments.items():
            path = ("expect", "segments", customer, name)
            if name not in known:
                yield unknown_name(path, "segment", name, known, at_key=True)
            elif parse_boolean(str(wanted)) is None:
                yield Problem(path, f"expected true or false, found {wanted!r}")


def _customers_in(events: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    for event in events:
        for fields in event.values():
            customer = fields.get("customer") if isinstance(fields, dict) else None
            if isinstance(customer, str):
                yield customer


def _flows_in(case: Case) -> Iterator[str]:
    published = [one.get("publish") for one in case.events]
    for part in (case.definitions, *published):
        for flow in (part.get("flows") or ()) if isinstance(part, dict) else ():
            if isinstance(flow, dict) and isinstance(flow.get("flow"), str):
                yield flow["flow"]


def _paths_in(raw: Any) -> Iterator[str]:
    """Yields the names of the paths of all samples in raw data."""
    if isinstance(raw, dict):
        paths = raw.get("sample")
        if isinstance(paths, dict):
            yield from paths
        for value in raw.values():
            yield from _paths_in(value)
    elif isinstance(raw, list):
        for value in raw:
            yield from _paths_in(value)
