"""The address on the message's channel: present and well-formed (SEMANTICS 4.5)."""

import re
from typing import Any

from streams.engine.customer import ADDRESS_FIELDS, Journey
from streams.engine.program import Turn
from streams.engine.sending.message import Message, SendingRule, Verdict, skip

_EMAIL = re.compile(r"[^@\s<>,;]+@[^@\s<>,;.]+(\.[^@\s<>,;.]+)+")
_PHONE = re.compile(r"\+?[ ()./-]*(\d[ ()./-]*){6,15}", re.ASCII)
_TOKEN = re.compile(r"\S{1,4096}")
_LONGEST_EMAIL = 254  # RFC 5321, a path without its brackets

_WELL_FORMED = {"email": _EMAIL, "sms": _PHONE, "push": _TOKEN, "web": _TOKEN}
VISITOR = "anon:"
"""Prefix of the ids of anonymous visitors, who cannot receive messages (DESIGN 7)."""


def compile(message: Message) -> SendingRule | None:  # noqa: A001 - same name in each
    """Skips customers without an address, and malformed addresses."""
    channel = message.channel
    field = ADDRESS_FIELDS.get(channel)

    def judge(turn: Turn, journey: Journey) -> Verdict | None:
        state = turn.state
        address = state.customer_id if field is None else state.profile.get(field)
        if not address or state.customer_id.startswith(VISITOR):
            return skip("no_recipient", {"channel": channel, "field": field or "customer_id"})
        if not is_well_formed(channel, address):
            found = {"channel": channel, "field": field or "customer_id", "found": address}
            return skip("bad_recipient", found)
        return None

    return judge


def is_well_formed(channel: str, address: Any) -> bool:
    """True if `address` has the form of an address on `channel`."""
    if not isinstance(address, str) or (len(address) > _LONGEST_EMAIL and channel == "email"):
        return False
    return _WELL_FORMED[channel].fullmatch(address) is not None
