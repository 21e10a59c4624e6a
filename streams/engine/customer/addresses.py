"""Addresses: how they are kept, recognised and compared (SEMANTICS 8.2).

field        kept as                                     compared
email        given, without blanks around                without case
phone        E.164; a number that can't be read: given   as E.164
push_token   given, without blanks around                as kept
"""

import re
from typing import Any

from streams.engine.values import E164, as_e164

ADDRESS_FIELDS = {"email": "email", "sms": "phone", "push": "push_token"}
"""Channel -> profile field of the address. A web message is addressed to the customer id, which the
shop's page knows."""

CHANNEL_OF_FIELD = {field: channel for channel, field in ADDRESS_FIELDS.items()}

_EMAIL = re.compile(r"[^@\s<>,;]+@[^@\s<>,;.]+(\.[^@\s<>,;.]+)+")
_TOKEN = re.compile(r"\S{1,4096}")
_LONGEST_EMAIL = 254  # RFC 5321, a path without its brackets

_WELL_FORMED = {"email": _EMAIL, "sms": E164, "push": _TOKEN, "web": _TOKEN}


def is_well_formed(channel: str, address: Any) -> bool:
    """True if `address` has the form of an address on `channel`."""
    if not isinstance(address, str) or (len(address) > _LONGEST_EMAIL and channel == "email"):
        return False
    return _WELL_FORMED[channel].fullmatch(address) is not None


def as_kept(channel: str, address: str, country: str | None) -> str:
    """The address as a profile keeps it. A national phone number is one of `country` (of
    `phone_country`)."""
    address = address.strip()
    if channel != "sms" or not address:
        return address
    return as_e164(address, country) or address


def as_compared(channel: str, address: str, country: str | None) -> str:
    """The same text for all ways to write one address."""
    kept = as_kept(channel, address, country)
    return kept.casefold() if channel == "email" else kept
