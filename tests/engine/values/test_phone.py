"""Phone numbers in E.164 (SEMANTICS 8.2)."""

import pytest

from streams.engine.values import as_e164, phone_country


@pytest.mark.parametrize(
    ("text", "country", "written"),
    [
        ("+447700900123", None, "+447700900123"),
        ("+44 (0)7700 900-123", None, "+447700900123"),
        ("'+447700900123", None, "+447700900123"),
        ("00447700900123", "GB", "+447700900123"),
        ("07700.900123", "GB", "+447700900123"),
        ("447700900123", "GB", "+447700900123"),
        ("447700900123.0", "GB", "+447700900123"),
        ("+447700900123", "DE", "+447700900123"),
        ("030 123456", "DE", "+4930123456"),
        ("(415) 555-2671", "US", "+14155552671"),
    ],
)
def test_a_number_that_can_be_read(text: str, country: str | None, written: str) -> None:
    assert as_e164(text, country) == written


@pytest.mark.parametrize(
    ("text", "country"),
    [
        ("07700 900123", None),
        ("12345", "GB"),
        ("4.47701E+11", "GB"),
        ("+44 call me", None),
        ("+4477009001234567", None),
        ("+999 123456789", None),
        ("", "GB"),
        ("0" * 1000, "GB"),
    ],
)
def test_one_that_can_not(text: str, country: str | None) -> None:
    assert as_e164(text, country) is None


def test_the_country_of_national_numbers() -> None:
    assert phone_country(None, "GB") == "GB"
    assert phone_country(" de ", "GB") == "DE"
    assert phone_country("UK") == "GB"
    assert phone_country("Narnia", 17, "FR") == "FR"
    assert phone_country("Narnia", None) is None
