"""Ticks: records without a value that say that all before their time has been written to a
partition (DESIGN 5.7). The last ones of an import, the end ticks, say up to when time goes."""

from streams.ports import Record

TICK_HEADER = "sendflow-tick"
"""The name of the header that makes a record a tick."""


def is_tick(record: Record) -> bool:
    """Is a record without a value a tick?"""
    return bool(record.headers) and any(name == TICK_HEADER for name, _ in record.headers or ())
