"""Options of librdkafka from the settings, TLS and SASL included."""

from typing import Any

from streams.settings import Settings

Options = dict[str, Any]

MAX_RECORD_BYTES = 1_000_000
"""Maximum size of a produced record: below 1,048,588, the default limit of brokers."""

RETRY_AFTER_MS = 2_000
"""Delay of librdkafka before a retry of a request, ± 20 % (see producer.END_WITHIN)."""


def connection_options(settings: Settings, client: str) -> Options:
    """Connection options of every client. `client`: its name in the brokers' logs."""
    security = settings.security
    options = {
        "bootstrap.servers": settings.brokers,
        "client.id": f"{settings.application}-{client}",
        "security.protocol": security.protocol.value,
        "ssl.ca.location": _text(security.ca_file),
        "ssl.certificate.location": _text(security.certificate_file),
        "ssl.key.location": _text(security.key_file),
        "ssl.key.password": security.key_password,
        "sasl.mechanism": security.mechanism,
        "sasl.username": security.username,
        "sasl.password": security.password,
    }
    return {name: value for name, value in options.items() if value is not None}


def consumer_options(settings: Settings, client: str) -> Options:
    """Options of a consumer of committed records."""
    return {
        **connection_options(settings, client),
        "group.id": _group(settings),
        "isolation.level": "read_committed",
        "enable.auto.commit": False,
        "enable.auto.offset.store": False,
        "auto.offset.reset": "error",  # never a silent reset (PITFALLS 48, 49)
        "enable.partition.eof": True,
        "fetch.wait.max.ms": 100,  # the maximum delay of a newly assigned partition
        "fetch.queue.backoff.ms": 20,  # the default, a second, leaves gaps in catch-up
        "queued.max.messages.kbytes": 16_384,  # seconds of catch-up
        # noida-db answers with all of a partition, whatever is asked for: more than the default,
        # 100 MB, of a year's changelog.
        "receive.message.max.bytes": 1_000_000_000,
    }


def offsets_options(settings: Settings, client: str) -> Options:
    """Options of a client for end offsets: the high watermark, since an open transaction may hide
    records older than the request (DESIGN 5.2)."""
    return {
        **connection_options(settings, client),
        "group.id": _group(settings),
        "isolation.level": "read_uncommitted",
        "enable.auto.commit": False,
    }


def producer_options(settings: Settings, transactional_id: str) -> Options:
    """Options of the transactional producer of one task (DESIGN 4)."""
    return {
        **connection_options(settings, transactional_id),
        "transactional.id": transactional_id,
        "transaction.timeout.ms": settings.transaction_timeout,
        "enable.idempotence": True,
        "acks": "all",
        "compression.type": "lz4",
        "linger.ms": 5,
        "message.max.bytes": MAX_RECORD_BYTES,
        "partitioner": "murmur2_random",
        "retry.backoff.ms": RETRY_AFTER_MS,
        "retry.backoff.max.ms": RETRY_AFTER_MS,
    }


def _group(settings: Settings) -> str:
    """Required by librdkafka. No client joins it, and no offset is committed to it."""
    return f"{settings.application}-reader"


def _text(path: object) -> str | None:
    return None if path is None else str(path)
