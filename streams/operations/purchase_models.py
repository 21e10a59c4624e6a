"""Purchase models on `control`: one record puts one in force. A crash leaves it written or not."""

import msgspec

from streams.contracts.control import decode_control, model_record
from streams.engine import Instant
from streams.engine.forecast import PurchaseModel, problems_of_model
from streams.errors import Refused
from streams.kafka.event_producer import EventProducer
from streams.kafka.topic_reader import TopicReader
from streams.operations.members import clock_now
from streams.ports import CONTROL, MODEL_KEY
from streams.settings import RecordTime, Settings


class PublishedModel(msgspec.Struct, frozen=True):
    """A purchase model on `control`. `at`: its record time, from which it is in force."""

    at: Instant
    model: PurchaseModel


def newest_model(settings: Settings) -> PublishedModel | None:
    """The purchase model in force; None if none was published. Raises Refused."""
    newest: PublishedModel | None = None
    with TopicReader(settings, "model") as reader:
        for found in reader.read(reader.starts([(CONTROL, 0)])):
            if found.record.key == MODEL_KEY:
                model = decode_control(found.record.value or b"")
                if isinstance(model, PurchaseModel):
                    newest = PublishedModel(found.record.time, model)
    return newest


def publish_model(
    settings: Settings, model: PurchaseModel, now: Instant, at: Instant | None = None
) -> None:
    """Writes the model to `control`. `now`: wall time; `at`: record time, in simulated time only,
    where it is stream time if it isn't given. Raises Refused, also for a model that can't be used.
    """
    is_simulated = settings.record_time is RecordTime.CREATE
    if at is not None and not is_simulated:
        raise Refused("--at needs simulated time (record_time = create)")
    if at is not None and at > now:
        raise Refused("--at is in the future: simulated time ends at the wall clock")
    problems = list(problems_of_model(model))
    if problems:
        raise Refused(f"purchase model {model.id} is not published: {'; '.join(problems)}")
    if is_simulated and at is None:
        at = clock_now(settings, now)
    with EventProducer(settings, "model") as producer:
        producer.produce(model_record(model, at))
