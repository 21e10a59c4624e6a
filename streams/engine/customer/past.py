"""Past events of one metric and customer, oldest first, packed: most are never read again, and
each would be several objects to decode, keep and encode.

    times   8 bytes `at`, 4 bytes sequence number of processing; repeated for each event
    data    the fields that conditions read, packed; empty as long as no event has any
"""

import struct
from bisect import bisect_right
from collections.abc import Iterator
from typing import Any, overload

import msgspec

from streams.engine.values import NO_RATE_KEY, Instant, pack_fields, unpack_fields

_RECORD = struct.Struct("<qI")
_SIZE = _RECORD.size
_pack = _RECORD.pack
_unpack_from = _RECORD.unpack_from


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
        at, sequence = _unpack_from(self.times, place * _SIZE)
        packed = self.data[place] if self.data else None
        if packed is None:
            return Occurrence(at, sequence)
        fields = unpack_fields(packed)
        return Occurrence(at, sequence, fields, fields.pop(NO_RATE_KEY, None))

    def __iter__(self) -> Iterator[Occurrence]:
        records = _RECORD.iter_unpack(self.times)
        if not self.data:
            for at, sequence in records:
                yield Occurrence(at, sequence)
            return
        for (at, sequence), packed in zip(records, self.data, strict=True):
            if packed is None:
                yield Occurrence(at, sequence)
            else:
                fields = unpack_fields(packed)
                yield Occurrence(at, sequence, fields, fields.pop(NO_RATE_KEY, None))

    def at(self, place: int) -> Instant:
        """The time of the event at `place`, counted from the end if negative."""
        start = place * _SIZE if place >= 0 else len(self.times) + place * _SIZE
        at: Instant = _unpack_from(self.times, start)[0]
        return at

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
    ) -> None:
        """Remembers an event, the newest in order of processing."""
        self.total += 1
        packed = _packed(data, no_rate) if data or no_rate else None
        times = self.times
        record = _pack(at, sequence)
        if not times or self.at(-1) <= at:
            self.times = times + record
            if self.data or packed:
                self._pad(len(times) // _SIZE)
                self.data.append(packed)
            return
        place = len(self)
        while place and self.at(place - 1) > at:
            place -= 1
        if self.data or packed:
            self._pad(len(self))
            self.data.insert(place, packed)
        self.times = times[: place * _SIZE] + record + times[place * _SIZE :]

    def forget_first(self, number: int) -> None:
        """Forgets the `number` oldest events."""
        if number:
            self.since = max(self.since, self.at(number - 1) + 1)
        self.times = self.times[number * _SIZE :]
        del self.data[:number]

    def size(self) -> int:
        """Approximate bytes in the state."""
        return len(self.times) + sum(len(packed or b"") + 2 for packed in self.data)

    def _pad(self, number: int) -> None:
        """Fills in for events that were remembered before conditions read fields."""
        while len(self.data) < number:
            self.data.append(None)


def remember_first(
    at: Instant, sequence: int, data: dict[str, Any] | None, no_rate: str | None = None
) -> Past:
    """The past of a metric after its first event."""
    packed = _packed(data, no_rate) if data or no_rate else None
    return Past(_pack(at, sequence), [] if packed is None else [packed], total=1)


def _packed(data: dict[str, Any] | None, no_rate: str | None) -> bytes:
    if no_rate is not None:
        data = {NO_RATE_KEY: no_rate, **(data or {})}
    return pack_fields(data or {})
