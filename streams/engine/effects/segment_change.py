"""The entering or leaving of a followed segment by a customer."""

from enum import Enum

import msgspec

from streams.engine.values import Instant


class MembershipChange(Enum):
    """Kind of a change, as written to `segment-changes`."""

    ENTERED = "entered"
    LEFT = "left"


class SegmentCause(Enum):
    """The cause of a change of membership, as written to `segment-changes`."""

    EVENT = "event"  # of the customer
    TIME = "time"  # alone, or a journey that went on by it
    FACTS = "facts"  # of the store
    DEFINITIONS = "definitions"  # published: an edit, or a segment followed from now on or no more
    REVIEW = "review"  # a journey that a review moved
    BACKFILL = "backfill"  # a journey that a backfill added
    ERASED = "erased"  # the customer


class SegmentChange(msgspec.Struct, gc=False):
    """A customer enters or leaves a followed segment (SEMANTICS 3.9). `event_id`: the customer's
    event that caused it."""

    customer_id: str
    segment: str
    version: str  # of the definitions in force
    change: MembershipChange
    at: Instant
    cause: SegmentCause
    event_id: str | None
