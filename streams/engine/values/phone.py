"""Phone numbers in E.164 (SEMANTICS 8.2)."""

import re
from functools import lru_cache
from typing import Any

from phonenumbers import (
    SUPPORTED_REGIONS,
    NumberParseException,
    PhoneNumberFormat,
    ValidationResult,
    format_number,
    is_possible_number_with_reason,
    parse,
)

E164 = re.compile(r"\+[1-9][0-9]{6,14}")

_AS_WRITTEN = re.compile(r"'?\s*[+(]?[\d\s()./\-\u2010-\u2015]+")
_OF_A_SPREADSHEET = re.compile(r"'?(\+?\d{7,})\.0")
_LONGEST = 40
_ALSO_CALLED = {"UK": "GB"}


def phone_country(*countries: Any) -> str | None:
    """The ISO 3166-1 code of the first of `countries` that is one; None if none is."""
    for country in countries:
        if isinstance(country, str):
            code = country.strip().upper()
            code = _ALSO_CALLED.get(code, code)
            if code in SUPPORTED_REGIONS:
                return code
    return None


@lru_cache(maxsize=4096)
def as_e164(text: str, country: str | None) -> str | None:
    """`+447700900123` for `07700 900123` of GB; None if it can't be read as a phone number. The
    length is checked, not whether the number was assigned: numbering plans change more often than
    this code. `country`: of `phone_country`."""
    if found := _OF_A_SPREADSHEET.fullmatch(text):
        text = found[1]
    if len(text) > _LONGEST or not _AS_WRITTEN.fullmatch(text):
        return None
    try:
        number = parse(text, country)
    except NumberParseException:
        return None
    if is_possible_number_with_reason(number) != ValidationResult.IS_POSSIBLE:
        return None
    written = format_number(number, PhoneNumberFormat.E164)
    return written if E164.fullmatch(written) else None
