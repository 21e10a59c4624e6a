"""Renewal of an idle store on closing: it was at the end of its changelog all the time.

A store's age counts from the last moment at which it provably held all committed changes, and a
store older than delete.retention.ms is rebuilt (PITFALLS 42). A task that was idle for days renews
its store on closing; otherwise a plain restart would restore everything.
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
    """Renews the store of one task."""

    delete_retention: int  # of the changelog, in ms
    read_end: Callable[[], int]  # end offset of the changelog; blocks briefly, raises any error
    clock: Callable[[], Instant]

    def renew(self, store: Store) -> bool:
        """Writes the present time into the store; returns True if it did. Only where no commit, by
        a later owner of the task above all, is missing in the store:

            offset of the store, after a commit    ──► last record, marker     end = offset + 1
            offset of the store, after a restore   ──► the end                 end = offset
            another owner's commit                 ──► one record at least, and a marker
        """
        now = self.clock()  # before the request: the end covers every earlier commit
        offset, written_at = store.changelog_offset(), store.written_at()
        if offset is None or written_at is None:
            return False
        if now - written_at <= self.delete_retention * RENEW_AT_FRACTION:
            return False
        try:
            end = self.read_end()
        except Exception as error:
            logger.warning("cannot read the end offset of the changelog: %s", error)
            return False  # at worst, a restore follows
        if end > offset + 1:
            return False
        store.write(StoreBatch({}, offset, now))
        return True
