"""Rows as shops really have them (SEMANTICS 8): each is refused, told, or read as it is meant, with
the words of a worker."""

import csv
from pathlib import Path
from typing import Any

import pytest

from streams.contracts.decode import EventDecoder
from streams.engine import Event, topic_of
from streams.files.rejected_row import RejectedRow
from streams.files.row_warning import RowWarning, WarningKind
from streams.importing.reading import ImportReport, Judging, MappingOptions, file_as, read_events
from streams.ports import Record

NOON = 1_772_452_800_000  # 2026-03-02
HOUR = 3_600_000


class Rows:
    """An import of one row: the event that a worker makes of it, what was refused and told."""

    def __init__(
        self, folder: Path, metric: str, row: dict[str, str], *maps: str, **judging: Any
    ) -> None:
        path = folder / "rows.csv"
        with path.open("w", newline="") as file:
            writer = csv.DictWriter(file, row)
            writer.writeheader()
            writer.writerow(row)
        self.rejected: list[RejectedRow] = []
        self.warnings: list[RowWarning] = []
        report = ImportReport(lambda row, _: self.rejected.append(row), self.warnings.append)
        source = file_as(path, metric, MappingOptions(list(maps)))
        found = list(read_events([source], report, Judging(now=NOON, **judging)))
        self.event: Event | None = None
        for one in found:
            record = Record(NOON, 0, one.record.key.encode(), one.record.value)
            event = EventDecoder().decode(topic_of(metric), record)
            assert isinstance(event, Event), event  # a worker says the same
            self.event = event


ORDER = {
    "order_id": "1",
    "customer_id": "ada",
    "occurred_at": "2026-03-02T10:00:00Z",
    "total": "10.00",
    "currency": "GBP",
}


@pytest.mark.parametrize(
    ("occurred_at", "says"),
    [
        ("20240302101500", "a written time"),
        ("1709374500000000", "microseconds"),
        ("1989-12-31T23:59:59Z", "expected milliseconds since the epoch"),
        ("2026-03-03T12:00:00.001Z", "expected at most a day after the record's time"),
    ],
)
def test_d5_a_moment_of_another_form_is_refused(
    tmp_path: Path, occurred_at: str, says: str
) -> None:
    row = {**ORDER, "occurred_at": occurred_at}
    (rejected,) = Rows(tmp_path, "order.placed", row, "total=total:major").rejected
    assert rejected.field == "occurred_at"
    assert says in rejected.reason


def test_d5_23_hours_ahead_are_taken(tmp_path: Path) -> None:
    row = {**ORDER, "occurred_at": str(NOON + 23 * HOUR)}
    event = Rows(tmp_path, "order.placed", row, "total=total:major").event
    assert event is not None
    assert event.occurred_at == NOON + 23 * HOUR


@pytest.mark.parametrize(
    "customer", ["NA", "NULL", "nan", "undefined", "(not set)", "n/a", "0", "-1", "Guest"]
)
def test_d7_nobody_is_refused(tmp_path: Path, customer: str) -> None:
    row = {**ORDER, "customer_id": customer}
    imported = Rows(tmp_path, "order.placed", row, "total=total:major")
    assert imported.event is None
    (rejected,) = imported.rejected
    assert rejected.field == "customer_id"


@pytest.mark.parametrize(("customer", "meant"), [("17850.0", "17850"), (" ada ", "ada")])
def test_d7_an_id_that_a_table_has_changed_is_mended_and_told(
    tmp_path: Path, customer: str, meant: str
) -> None:
    row = {**ORDER, "customer_id": customer}
    imported = Rows(tmp_path, "order.placed", row, "total=total:major")
    assert imported.event is not None
    assert imported.event.customer_id == meant
    assert len(imported.warnings) == 1


def person(tmp_path: Path, field: str, how: str, value: str, **judging: Any) -> Rows:
    row = {"customer_id": "ada", "occurred_at": "2026-03-02T10:00:00Z", "value": value}
    return Rows(tmp_path, "customer.updated", row, f"set.{field}=value{how}", **judging)


@pytest.mark.parametrize(
    ("field", "how", "value", "meant"),
    [
        ("consent", "", "email", ["email"]),
        ("consent", "", "Email, SMS", ["email", "sms"]),
        ("consent", ":split", "Email,SMS", ["email", "sms"]),
        ("birthday", "", "1990-06-01T00:00:00Z", "1990-06-01"),
        ("birthday", "", "19900601", "1990-06-01"),
    ],
)
def test_d6_what_is_meant_is_read(
    tmp_path: Path, field: str, how: str, value: str, meant: Any
) -> None:
    event = person(tmp_path, field, how, value).event
    assert event is not None
    assert event.data["set"][field] == meant


@pytest.mark.parametrize(
    ("field", "how", "value"),
    [("consent", ":split", "yes"), ("birthday", "", "01/06/1990"), ("birthday", "", "1990")],
)
def test_d6_what_does_not_fit_is_refused(tmp_path: Path, field: str, how: str, value: str) -> None:
    (rejected,) = person(tmp_path, field, how, value).rejected
    assert rejected.field == f"set.{field}"


@pytest.mark.parametrize(
    ("field", "value"),
    [("email", "not an address"), ("phone", "4.47701E+11"), ("phone", "07700 900123")],
)
def test_an_address_that_is_none_is_told(tmp_path: Path, field: str, value: str) -> None:
    """SEMANTICS 8.2."""
    imported = person(tmp_path, field, "", value)
    assert imported.event is not None
    assert [one.kind for one in imported.warnings] == [WarningKind.BAD_ADDRESS]
    assert f"field 'set.{field}' is {value!r}" in imported.warnings[0].reason


@pytest.mark.parametrize(
    ("field", "value"),
    [("email", "ada@example.com "), ("phone", "'+447700900123"), ("phone", "07700 900123")],
)
def test_one_that_can_be_read_is_fine(tmp_path: Path, field: str, value: str) -> None:
    imported = person(tmp_path, field, "", value, country="GB")
    assert imported.event is not None
    assert WarningKind.BAD_ADDRESS not in [one.kind for one in imported.warnings]
