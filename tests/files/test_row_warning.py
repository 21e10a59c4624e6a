"""Rows that are imported with a warning."""

from typing import Any

import pytest

from streams.files.row_warning import warnings_about


def warning(metric: str = "customer.updated", **fields: Any) -> str | None:
    found = next(warnings_about({"metric": metric, **fields}, "people.csv", 3), None)
    return None if found is None else str(found)


@pytest.mark.parametrize("zone", ["Europe/Londn", "+01:00", "../etc/passwd", "", 7])
def test_an_unknown_zone(zone: Any) -> None:
    said = warning(set={"timezone": zone}, unset=[])
    assert said is not None
    assert said.startswith(f"people.csv, row 3: field 'set.timezone' is {zone!r}, expected a time")


@pytest.mark.parametrize("patch", [{"timezone": "Europe/London"}, {"timezone": "UTC"}, {}])
def test_a_zone_that_is_one_and_none_at_all(patch: dict[str, Any]) -> None:
    assert warning(set=patch, unset=[]) is None


def test_other_events_have_none() -> None:
    assert warning("order.placed", order_id="1") is None
