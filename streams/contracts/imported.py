"""The header `sendflow-history`: the record's event is part of an imported history, which changes
state and triggers nothing, whatever its age (SEMANTICS 8.10)."""

from streams.ports import Headers

HISTORY = "sendflow-history"

HISTORY_HEADERS: Headers = [(HISTORY, b"")]
"""The headers of such a record."""


def is_history(headers: Headers) -> bool:
    """True if the headers of a record mark its event as history; the value plays no part."""
    return any(name == HISTORY for name, _ in headers)
