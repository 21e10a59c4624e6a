"""Messages awaiting review, and reviews of them: the topics `send-review` and `reviews`, for
`sendflow review`."""

from collections.abc import Iterable
from typing import Any

from streams.contracts.encode import REVIEW_REQUESTS
from streams.contracts.review_answers import REVIEWS, review_record
from streams.contracts.wire import Decode
from streams.engine import Review
from streams.errors import Refused
from streams.kafka.event_producer import EventProducer
from streams.kafka.topic_reader import TopicReader
from streams.settings import RecordTime, Settings


def open_requests(settings: Settings, decode: Decode) -> list[dict[str, Any]]:
    """Requests without a review, each with the fields of a `ReviewRequest`, oldest first. Raises
    Refused."""
    with TopicReader(settings, "review") as reader:
        answered = {
            decode(found.record.value)[1].get("send_id")
            for found in reader.read(reader.starts(reader.partition_ids(REVIEWS)))
            if found.record.value is not None  # else a tick
        }
        requests = [
            decode(found.record.value)[1]
            for found in reader.read(reader.starts(reader.partition_ids(REVIEW_REQUESTS)))
            if found.record.value is not None
        ]
    waiting = [request for request in requests if request["send_id"] not in answered]
    return sorted(waiting, key=lambda request: (request["requested_at"], request["send_id"]))


def write_reviews(settings: Settings, reviews: Iterable[Review]) -> None:
    """Writes reviews. Raises Refused."""
    if settings.record_time is RecordTime.CREATE:
        raise Refused(
            "not available with simulated time (record_time = create): time does not advance "
            "after the import"
        )
    with EventProducer(settings, "review") as producer:
        for review in reviews:
            producer.produce(review_record(review))
