"""A store that had nothing to write is as new as one that had: it saw its changelog end all along.

Its age says how long ago that was for certain, and one older than the changelog keeps what was
deleted is rebuilt (PITFALLS 42). So a task that was quiet for days renews its store when it's
closed, or a plain restart would restore everything.
"""

import logging
from collections.abc import Callable

import msgspec

from streams.engine import Instant
from streams.ports import Store, StoreBatch

logger = logging.getLogger(__name__)

RENEW_AT_FRACTION = 1 / 24
"""A store is renewed from this fraction of its maximum age on: an hour of a day. A store that is
written all the time needs no request to a broker."""


class Renewal(msgspec.Struct, frozen=True):
    """What it takes to renew the store of one task."""

    delete_retention: int  # ms that the changelog keeps what was deleted
    ask_end: Callable[[], int]  # where the changelog ends; blocks for a moment, raises anything
    clock: Callable[[], Instant]

    def renew(self, store: Store) -> bool:
        """Whether the store was written anew with the present time. It's only if nobody, a later
        owner of the task least of all, has committed anything that it lacks:

            offset of the store, after a commit    ──► last record, marker     end = offset + 1
            offset of the store, after a restore   ──► the end                 end = offset
            another owner's commit                 ──► one record at least, and a marker
        """
        now = self.clock()  # before the question: what is there by now is what was written before
        offset, written_at = store.changelog_offset(), store.written_at()
        if offset is None or written_at is None:
            return False
        if now - written_at <= self.delete_retention * RENEW_AT_FRACTION:
            return False
        try:
            end = self.ask_end()
        except Exception as error:
            logger.warning("cannot read the end offset of the changelog: %s", error)
            return False  # the worst that comes of it is a restore
        if end > offset + 1:
            return False
        store.write(StoreBatch({}, offset, now))
        return True
