"""Dates and moments as tables have them."""

from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from streams.files.row_context import RowContext, Unfit
from streams.files.written_moments import read_date, read_moment

IN_LONDON = RowContext(ZoneInfo("Europe/London"), "GBP")


@pytest.mark.parametrize(
    ("value", "how"),
    [
        (date(19, 6, 1), ""),  # of a year that was cut off
        (datetime(19, 6, 1, 23, tzinfo=UTC), ""),
        (" 0019-06-01 ", ""),
        ("01/06/0019", "%d/%m/%Y"),
    ],
)
def test_a_date_has_four_digits_of_a_year(value: Any, how: str) -> None:
    assert read_date(value, how, IN_LONDON) == "0019-06-01"


def test_a_time_without_an_offset_is_in_the_zone_of_the_file() -> None:
    noon = datetime(2026, 7, 1, 11, tzinfo=UTC)
    for value in (noon, datetime(2026, 7, 1, 12), "2026-07-01T12:00", "2026-07-01 11:00 UTC"):  # noqa: DTZ001
        assert read_moment(value, "", IN_LONDON) == noon.timestamp() * 1000
    assert read_moment(date(2026, 7, 2), "", IN_LONDON) - noon.timestamp() * 1000 == 12 * 3_600_000


def test_a_number_of_another_unit_is_refused_with_the_mapping_that_it_needs() -> None:
    with pytest.raises(Unfit) as refused:
        read_moment(1_782_903_600, "", IN_LONDON)
    assert "map it with ':s'" in refused.value.expected
    assert read_moment(1_782_903_600, "s", IN_LONDON) == 1_782_903_600_000
