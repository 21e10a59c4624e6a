"""librdkafka's errors, sorted by the reaction of the caller. A table entry wins over flags."""

from confluent_kafka import KafkaError, KafkaException

from streams.errors import Aborted, Fenced, OutcomeUnknown, Refused, SendflowError

_CREATE = "`sendflow topics check` lists missing topics and how to fix them"
_PERMIT = "ask the cluster's administrator for the ACL"
_LOG_IN = "check security.protocol, security.mechanism, security.username and the password"
_SMALLER = "raise max.message.bytes of the topic, or find the cause of the large record"

CODES: dict[int, tuple[type[SendflowError], str]] = {
    # Another producer with the same transactional id was opened after this one.
    KafkaError._FENCED: (Fenced, "fenced: another worker owns this task"),
    KafkaError.PRODUCER_FENCED: (Fenced, "fenced: another worker owns this task"),
    KafkaError.INVALID_PRODUCER_EPOCH: (Fenced, "fenced: another worker owns this task"),
    # A retry does not help.
    KafkaError.UNKNOWN_TOPIC_OR_PART: (Refused, _CREATE),
    KafkaError._UNKNOWN_TOPIC: (Refused, _CREATE),
    KafkaError._UNKNOWN_PARTITION: (Refused, _CREATE),
    KafkaError.MSG_SIZE_TOO_LARGE: (Refused, _SMALLER),
    KafkaError.RECORD_LIST_TOO_LARGE: (Refused, _SMALLER),
    KafkaError.INVALID_TRANSACTION_TIMEOUT: (
        Refused,
        "transaction_timeout is above what the brokers allow (transaction.max.timeout.ms)",
    ),
    KafkaError.TOPIC_AUTHORIZATION_FAILED: (Refused, _PERMIT),
    KafkaError.GROUP_AUTHORIZATION_FAILED: (Refused, _PERMIT),
    KafkaError.CLUSTER_AUTHORIZATION_FAILED: (Refused, _PERMIT),
    KafkaError.TRANSACTIONAL_ID_AUTHORIZATION_FAILED: (Refused, _PERMIT),
    KafkaError.SASL_AUTHENTICATION_FAILED: (Refused, _LOG_IN),
    KafkaError.UNSUPPORTED_SASL_MECHANISM: (Refused, _LOG_IN),
    KafkaError._AUTHENTICATION: (Refused, _LOG_IN),
    KafkaError._SSL: (Refused, "check security.ca_file and the other security files"),
    KafkaError.POLICY_VIOLATION: (Refused, "rejected by a broker policy"),
    KafkaError.UNSUPPORTED_VERSION: (Refused, "Apache Kafka 2.5 or later is needed"),
    KafkaError._UNSUPPORTED_FEATURE: (Refused, "Apache Kafka 2.5 or later is needed"),
    # The producer is unusable, and the outcome of the transaction is unknown.
    KafkaError.INVALID_TXN_STATE: (OutcomeUnknown, ""),
    KafkaError.INVALID_PRODUCER_ID_MAPPING: (OutcomeUnknown, ""),
    KafkaError.UNKNOWN_PRODUCER_ID: (OutcomeUnknown, ""),
}

UNREACHABLE = frozenset(
    {
        KafkaError._ALL_BROKERS_DOWN,
        KafkaError._RESOLVE,
        KafkaError._TIMED_OUT,
        KafkaError._TRANSPORT,
        KafkaError.REQUEST_TIMED_OUT,
        KafkaError.NETWORK_EXCEPTION,
        KafkaError.LEADER_NOT_AVAILABLE,
        KafkaError.NOT_LEADER_FOR_PARTITION,
        KafkaError.FENCED_LEADER_EPOCH,
        KafkaError.UNKNOWN_LEADER_EPOCH,
        KafkaError.OFFSET_NOT_AVAILABLE,
        KafkaError.KAFKA_STORAGE_ERROR,
        KafkaError.COORDINATOR_NOT_AVAILABLE,
        KafkaError.COORDINATOR_LOAD_IN_PROGRESS,
        KafkaError.NOT_COORDINATOR,
        KafkaError.NOT_CONTROLLER,
    }
)
"""No answer, or an answer from a broker that is not the leader: worth retries for `broker_timeout`.
(Not every call of librdkafka marks them as retriable.)"""


def error_of(exception: KafkaException) -> KafkaError:
    """The librdkafka error inside the exception."""
    error = exception.args[0]
    if not isinstance(error, KafkaError):
        raise exception
    return error


def kafka_error(error: KafkaError, doing: str) -> SendflowError:
    """Maps `error`, raised while `doing` ("task 3: committing"), to an error of this package."""
    reaction, advice = _reaction(error)
    text = f"{doing}: {error.str()} ({error.name()})"
    return reaction(f"{text}; {advice}" if advice else text)


def _reaction(error: KafkaError) -> tuple[type[SendflowError], str]:
    if error.code() in CODES:
        return CODES[error.code()]
    if error.txn_requires_abort():
        return Aborted, ""
    return OutcomeUnknown, ""  # fatal, timed out or unknown: no assumption holds
