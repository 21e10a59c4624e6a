"""Addresses as they are kept, recognised and compared (SEMANTICS 8.2)."""

import pytest

from streams.engine.customer.addresses import as_compared, as_kept, is_well_formed


@pytest.mark.parametrize(
    ("channel", "address"),
    [
        ("email", "ada@example.com"),
        ("email", "ada.l+shop@mail.example.co.uk"),
        ("email", "ünï@exämple.com"),
        ("sms", "+447700900123"),
        ("push", "c2VjcmV0:token"),
        ("web", "customer-17"),
    ],
)
def test_what_an_address_looks_like(channel: str, address: str) -> None:
    assert is_well_formed(channel, address)


@pytest.mark.parametrize(
    ("channel", "address"),
    [
        ("email", "ada"),
        ("email", "ada@"),
        ("email", "@example.com"),
        ("email", "ada@example"),
        ("email", "ada@example..com"),
        ("email", "ada@@example.com"),
        ("email", "ada lovelace@example.com"),
        ("email", "ada@example.com, bob@example.com"),
        ("email", "a" * 250 + "@example.com"),
        ("email", 17),
        ("sms", "12345"),
        ("sms", "07700900123"),
        ("sms", "+44 7700 900123"),
        ("sms", "+4477009001234567"),
        ("sms", "+44 call me"),
        ("sms", "٠٧٧٠٠٩٠٠١٢٣"),
        ("push", "two tokens"),
    ],
)
def test_what_it_does_not_look_like(channel: str, address: object) -> None:
    assert not is_well_formed(channel, address)


@pytest.mark.parametrize(
    ("channel", "given", "kept"),
    [
        ("email", " Ada@Example.com\t", "Ada@Example.com"),
        ("sms", " 07700 900123 ", "+447700900123"),
        ("sms", " call me ", "call me"),
        ("sms", "", ""),
        ("push", " t0ken ", "t0ken"),
    ],
)
def test_how_it_is_kept(channel: str, given: str, kept: str) -> None:
    assert as_kept(channel, given, "GB") == kept


@pytest.mark.parametrize(
    ("channel", "one", "other", "is_same"),
    [
        ("email", "Ada@Example.com", " ada@example.COM", True),
        ("email", "ada@example.com", "ada@example.org", False),
        ("sms", "07700 900123", "+447700900123", True),
        ("sms", "0044 7700 900123", "+44 (0)7700 900123", True),
        ("sms", "07700 900123", "+447700900124", False),
        ("push", "token", "TOKEN", False),
    ],
)
def test_how_it_is_compared(channel: str, one: str, other: str, is_same: bool) -> None:
    assert (as_compared(channel, one, "GB") == as_compared(channel, other, "GB")) is is_same
