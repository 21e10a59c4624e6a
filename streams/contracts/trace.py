"""The header `traceparent` of W3C Trace Context: a command carries that of the record whose event
began the journey, so that a trace goes on through a wait (DESIGN 7)."""

import re

from streams.ports import Headers

TRACEPARENT = "traceparent"

_WELL_FORMED = re.compile(
    rb"(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(?:-[!-~]{1,64})?"
)
"""Versions to come may append to what there is today; ff is none."""


def traceparent_in(headers: Headers) -> str | None:
    """The value of the header; None where there is none, or one that can't be followed, which is
    ignored, as the standard asks for. The first counts."""
    for name, value in headers:
        if name == TRACEPARENT:
            return value.decode() if value and _WELL_FORMED.fullmatch(value) else None
    return None


def trace_headers(traceparent: str | None) -> Headers | None:
    """The headers of a command."""
    return None if traceparent is None else [(TRACEPARENT, traceparent.encode())]
