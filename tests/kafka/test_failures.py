import pytest
from confluent_kafka import KafkaError, KafkaException

from streams.errors import Aborted, Fenced, OutcomeUnknown, Refused
from streams.kafka.failures import CODES, UNREACHABLE, error_of, kafka_error

KNOWN = {
    value for name, value in vars(KafkaError).items() if name.isupper() and isinstance(value, int)
}


def test_every_code_of_the_tables_is_one_of_librdkafka():
    assert set(CODES) <= KNOWN
    assert UNREACHABLE <= KNOWN
    assert not UNREACHABLE & set(CODES)


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (KafkaError(KafkaError._FENCED, fatal=True), Fenced),
        (KafkaError(KafkaError.INVALID_PRODUCER_EPOCH, txn_requires_abort=True), Fenced),
        (KafkaError(KafkaError.MSG_SIZE_TOO_LARGE, txn_requires_abort=True), Refused),
        (KafkaError(KafkaError.TOPIC_AUTHORIZATION_FAILED, fatal=True), Refused),
        (KafkaError(KafkaError._MSG_TIMED_OUT, txn_requires_abort=True), Aborted),
        (KafkaError(KafkaError._TIMED_OUT, retriable=True), OutcomeUnknown),
        (KafkaError(KafkaError.UNKNOWN), OutcomeUnknown),
    ],
    ids=lambda value: value.name() if isinstance(value, KafkaError) else value.__name__,
)
def test_the_most_specific_wins(error, expected):
    assert type(kafka_error(error, "task 3: committing")) is expected


def test_the_text_says_what_was_done_and_what_to_do():
    error = KafkaError(KafkaError.UNKNOWN_TOPIC_OR_PART, "no such topic")
    text = str(kafka_error(error, "orders[3]: reading"))
    assert text == (
        "orders[3]: reading: no such topic (UNKNOWN_TOPIC_OR_PART); "
        "`sendflow topics check` lists missing topics and how to fix them"
    )


def test_an_exception_without_an_error_inside_goes_on_as_it_is():
    with pytest.raises(KafkaException, match="something else"):
        error_of(KafkaException("something else"))
