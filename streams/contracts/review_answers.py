"""Verdicts of reviewers on messages that await review: the topic `reviews`."""

from typing import Any

from streams.contracts.fields import WrongEvent, typed
from streams.contracts.moments import moment_problem
from streams.contracts.shipped import encode_fields
from streams.engine import Review
from streams.engine.values import Field, FieldType
from streams.ports import OutputRecord, Record

REVIEWS = "reviews"
SEND, DROP = "send", "drop"

_FIELDS = {
    "send_id": Field(FieldType.TEXT),
    "customer_id": Field(FieldType.TEXT),
    "verdict": Field(FieldType.TEXT),
    "by": Field(FieldType.TEXT, is_optional=True),
    "at": Field(FieldType.MOMENT),
}


class ReviewReader:
    """Reads the fields of the schema, decoded from Avro or JSON."""

    name = "Review"
    topic = REVIEWS

    def read(self, fields: dict[str, Any], record: Record) -> Review:
        """Returns the review. Raises WrongEvent."""
        given = typed(_FIELDS, fields)
        if given["verdict"] not in (SEND, DROP):
            raise WrongEvent(f"field 'verdict' is {given['verdict']!r}, expected {SEND} or {DROP}")
        if problem := moment_problem(given["at"], "at"):
            raise WrongEvent(problem)
        is_approved = given["verdict"] == SEND
        return Review(given["send_id"], given["customer_id"], is_approved, given["by"], given["at"])


def review_record(review: Review) -> OutputRecord:
    """Returns the record of a review; the key is the customer id."""
    fields = {
        "send_id": review.send_id,
        "customer_id": review.customer_id,
        "verdict": SEND if review.is_approved else DROP,
        "by": review.by,
        "at": review.at,
    }
    return OutputRecord(
        REVIEWS, review.customer_id.encode(), encode_fields(ReviewReader.name, fields)
    )
