"""Ticks: our punctuation, records without a value. All records of a partition before the time of
its tick have been written (DESIGN 5.7). The last ticks of an import mark the end of time."""

from streams.ports import Record

TICK_HEADER = "sendflow-tick"
"""Name of the header that marks a tick."""


def is_tick(record: Record) -> bool:
    """True if `record`, which has no value, is a tick."""
    return bool(record.headers) and any(name == TICK_HEADER for name, _ in record.headers or ())
