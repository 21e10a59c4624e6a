"""Reads states of format 1, written before the totals of metrics moved into their pasts and patches
of the profile shared their time.

    format 1    profile, profile_at, ..., totals, recent: {metric: [times, data, since]}
    format 2    profile, patched_at, profile_at, ..., recent: {metric: [times, data, since, total]}
"""

from typing import Any

import msgspec

from streams.engine.values import Instant

FORMAT_1 = b"\x01"

_PROFILE, _PROFILE_AT, _TOTALS, _RECENT = 3, 4, 12, 13  # places of fields
_DEFAULTS: list[Any] = [None, None, 0, {}, {}, {}, {}, 0, 0, 0, None, None, {}, {}]
_DEFAULT_PAST: list[Any] = [b"", [], 0]

_decode = msgspec.msgpack.Decoder(list[Any]).decode


def fields_of_format_1(body: bytes) -> list[Any]:
    """The fields of a state of format 1, in the order of format 2. Raises msgspec.MsgspecError for
    bytes that aren't one."""
    fields = _decode(body)
    fields += _DEFAULTS[len(fields) :]
    profile, profile_at = fields[_PROFILE], fields[_PROFILE_AT]
    patched_at = _commonest([at for field, at in profile_at.items() if field in profile])
    own: dict[str, Instant | None] = {
        field: profile_at.get(field)
        for field in (*profile_at, *(field for field in profile if field not in profile_at))
        if field not in profile or profile_at.get(field) != patched_at
    }
    recent = {
        metric: [*past, *_DEFAULT_PAST[len(past) :], fields[_TOTALS].get(metric, 0)]
        for metric, past in fields[_RECENT].items()
    }
    return [
        *fields[:_PROFILE_AT],
        patched_at,
        own,
        *fields[_PROFILE_AT + 1 : _TOTALS],
        recent,
        *fields[_RECENT + 1 :],
    ]


def _commonest(times: list[Instant]) -> Instant:
    """The time that most fields share; 0 without any."""
    return max(times, key=times.count, default=0)
