"""The header `traceparent` of W3C Trace Context: a command carries that of the record whose event
triggered the journey, so that a trace spans its waits (DESIGN 7)."""

import re

from streams.ports import Headers

TRACEPARENT = "traceparent"

_WELL_FORMED = re.compile(
    rb"(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(?:-[!-~]{1,64})?"
)
"""Later versions may append fields; ff is not a version."""


def traceparent_in(headers: Headers) -> str | None:
    """Returns the value of the first such header; None if there is none, or it is malformed and, by
    the standard, ignored."""
    for name, value in headers:
        if name == TRACEPARENT:
            return value.decode() if value and _WELL_FORMED.fullmatch(value) else None
    return None


def trace_headers(traceparent: str | None) -> Headers | None:
    """Returns the headers of a command."""
    return None if traceparent is None else [(TRACEPARENT, traceparent.encode())]
