"""Past events of one metric and customer, oldest first, packed: most are never read again, and
each would be several objects to decode, keep and encode.

    times   8 bytes for each event: `at` (42 bits), sequence number of processing (22 bits)
    data    the fields that conditions read, packed; empty as long as no event has any
    ids     5 bytes of each event's id (SEMANTICS 8.7); zeros where a state of format 2 had none
"""

import struct
from bisect import bisect_right
from collections.abc import Iterator
from typing import Any, overload

import msgspec

from streams.engine.values import (
    ID_HASH,
    NO_RATE_KEY,
    Instant,
    is_among,
    pack_fields,
    unpack_fields,
)

_RECORD = struct.Struct(">Q")  # big-endian: in the order of their bytes
_SIZE = _RECORD.size
_pack = _RECORD.pack
_unpack_from = _RECORD.unpack_from
_FOR_SEQUENCE = 22
SEQUENCES = 1 << _FOR_SEQUENCE
"""Sequence numbers are kept modulo this: only the order of events of one millisecond depends on
them, and which are a customer's last."""
_LATEST = (1 << 64 - _FOR_SEQUENCE) - 1
"""In 2109. Events have moments from 1990 on."""

NO_ID = bytes(ID_HASH)
"""The id of an event whose id isn't known."""


class Occurrence(msgspec.Struct, array_like=True, gc=False):
    """One remembered event: its time, its sequence number of processing, and the fields that
    conditions in force read (None: none of them).

    Money in `data` is in minor units of the store's currency, converted when the event was
    processed; a field without a rate is missing (FLOWS "Money").
    """

    at: Instant
    sequence: int
    data: dict[str, Any] | None = None
    no_rate: str | None = None  # the currency of its amounts, if there was no rate for it


class Past(msgspec.Struct, array_like=True):
    """A sequence of Occurrence in order of `at`, then of processing."""

    times: bytes = b""
    data: list[bytes | None] = []
    since: Instant = 0  # complete from here on: forgotten events are older
    total: int = 0  # events over all time, forgotten ones too
    ids: bytes = b""

    def __len__(self) -> int:
        return len(self.times) // _SIZE

    @overload
    def __getitem__(self, place: int) -> Occurrence: ...
    @overload
    def __getitem__(self, place: slice) -> list[Occurrence]: ...
    def __getitem__(self, place: int | slice) -> Occurrence | list[Occurrence]:
        if isinstance(place, slice):
            start, stop, step = place.indices(len(self))
            if step != 1:
                return [self[one] for one in range(start, stop, step)]
            return list(Past(self.times[start * _SIZE : stop * _SIZE], self.data[start:stop]))
        number = len(self)
        if place < 0:
            place += number
        if not 0 <= place < number:
            raise IndexError(place)
        record = _unpack_from(self.times, place * _SIZE)[0]
        at, sequence = record >> _FOR_SEQUENCE, record & (SEQUENCES - 1)
        packed = self.data[place] if self.data else None
        if packed is None:
            return Occurrence(at, sequence)
        fields = unpack_fields(packed)
        return Occurrence(at, sequence, fields, fields.pop(NO_RATE_KEY, None))

    def __iter__(self) -> Iterator[Occurrence]:
        records = _RECORD.iter_unpack(self.times)
        if not self.data:
            for (record,) in records:
                yield Occurrence(record >> _FOR_SEQUENCE, record & (SEQUENCES - 1))
            return
        for (record,), packed in zip(records, self.data, strict=True):
            at, sequence = record >> _FOR_SEQUENCE, record & (SEQUENCES - 1)
            if packed is None:
                yield Occurrence(at, sequence)
            else:
                fields = unpack_fields(packed)
                yield Occurrence(at, sequence, fields, fields.pop(NO_RATE_KEY, None))

    def at(self, place: int) -> Instant:
        """The time of the event at `place`, counted from the end if negative."""
        start = place * _SIZE if place >= 0 else len(self.times) + place * _SIZE
        record: int = _unpack_from(self.times, start)[0]
        return record >> _FOR_SEQUENCE

    def after(self, limit: Instant) -> list[Occurrence]:
        """The events later than `limit`; no others are unpacked."""
        if not self.times or self.at(-1) <= limit:  # true of most customers
            return []
        if self.at(0) > limit:  # of most others
            return list(self)
        return self[bisect_right(range(len(self)), limit, key=self.at) :]

    def add(
        self,
        at: Instant,
        sequence: int,
        data: dict[str, Any] | None,
        no_rate: str | None = None,
        id_: bytes = NO_ID,
    ) -> None:
        """Remembers an event, the newest in order of processing; `id_` is its `id_hash`."""
        self.total += 1
        packed = _packed(data, no_rate) if data or no_rate else None
        self._insert(_record(at, sequence), id_, packed)

    def correct(
        self, sequence: int, at: Instant, data: dict[str, Any] | None, no_rate: str | None
    ) -> None:
        """Replaces time and fields of the event with this sequence number, if it is remembered."""
        place = self.place_of(sequence)
        if place is None:
            return
        times, ids, id_ = self.times, self.ids, self.id_at(place)
        self.times = times[: place * _SIZE] + times[(place + 1) * _SIZE :]
        self.ids = ids[: place * ID_HASH] + ids[(place + 1) * ID_HASH :]
        if self.data:
            del self.data[place]
        packed = _packed(data, no_rate) if data or no_rate else None
        self._insert(_record(at, sequence), id_, packed)

    def forget_first(self, number: int) -> None:
        """Forgets the `number` oldest events."""
        if number:
            self.since = max(self.since, self.at(number - 1) + 1)
        self.times = self.times[number * _SIZE :]
        self.ids = self.ids[number * ID_HASH :]
        del self.data[:number]

    def has(self, id_: bytes) -> bool:
        """True if an event with this `id_hash` is remembered."""
        return id_ in self.ids and is_among(id_, self.ids)

    def place_of(self, sequence: int) -> int | None:
        """The place of the event with this sequence number."""
        sequence %= SEQUENCES
        for place in range(len(self) - 1, -1, -1):
            if self.sequence_at(place) == sequence:
                return place
        return None

    def place_of_id(self, id_: bytes) -> int | None:
        """The place of the event with this `id_hash`; None if it isn't remembered."""
        start = self.ids.find(id_)
        while start >= 0 and start % ID_HASH:  # it spans two ids
            start = self.ids.find(id_, start + 1)
        return None if start < 0 else start // ID_HASH

    def sequence_at(self, place: int) -> int:
        """The sequence number of the event at `place`, modulo SEQUENCES."""
        record: int = _unpack_from(self.times, place * _SIZE)[0]
        return record & (SEQUENCES - 1)

    def id_at(self, place: int) -> bytes:
        """The `id_hash` of the event at `place`."""
        return self.ids[place * ID_HASH : (place + 1) * ID_HASH]

    def size(self) -> int:
        """Approximate bytes in the state."""
        packed = sum(len(one or b"") + 2 for one in self.data)
        return len(self.times) + len(self.ids) + packed

    def _insert(self, record: bytes, id_: bytes, packed: bytes | None) -> None:
        times = self.times
        if not times or times[-_SIZE:] <= record:
            self.times = times + record
            self.ids += id_
            if self.data or packed:
                self._pad(len(times) // _SIZE)
                self.data.append(packed)
            return
        place = len(self)
        while place and times[(place - 1) * _SIZE : place * _SIZE] > record:
            place -= 1
        if self.data or packed:
            self._pad(len(self))
            self.data.insert(place, packed)
        self.times = times[: place * _SIZE] + record + times[place * _SIZE :]
        self.ids = self.ids[: place * ID_HASH] + id_ + self.ids[place * ID_HASH :]

    def _pad(self, number: int) -> None:
        """Fills in for events that were remembered before conditions read fields."""
        while len(self.data) < number:
            self.data.append(None)


def remember_first(
    at: Instant,
    sequence: int,
    data: dict[str, Any] | None,
    no_rate: str | None = None,
    id_: bytes = NO_ID,
) -> Past:
    """The past of a metric after its first event."""
    packed = _packed(data, no_rate) if data or no_rate else None
    return Past(_record(at, sequence), [] if packed is None else [packed], total=1, ids=id_)


def _record(at: Instant, sequence: int) -> bytes:
    return _pack(min(max(at, 0), _LATEST) << _FOR_SEQUENCE | sequence % SEQUENCES)


def _packed(data: dict[str, Any] | None, no_rate: str | None) -> bytes:
    if no_rate is not None:
        data = {NO_RATE_KEY: no_rate, **(data or {})}
    return pack_fields(data or {})
