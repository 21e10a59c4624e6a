"""Settings to the options of librdkafka, TLS and SASL too."""

from typing import Any

from streams.settings import Settings

Options = dict[str, Any]

MAX_RECORD_BYTES = 1_000_000
"""The largest record that is produced: below 1,048,588, which brokers take by themselves."""

RETRY_AFTER_MS = 2_000
"""How long librdkafka waits before it sends a request again, ± 20 % (see producer.END_WITHIN)."""


def connection_options(settings: Settings, client: str) -> Options:
    """What every client needs to reach the brokers. `client` names it in the brokers' logs."""
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


def positions_group(settings: Settings) -> str:
    """The consumer group in which positions are noted, for lag monitoring only (DESIGN 4.1). It
    isn't that of the workers: Kafka takes positions from an outsider only where nobody joined."""
    return f"{settings.application}-positions"


def consumer_options(settings: Settings, client: str) -> Options:
    """For reading committed records of assigned partitions."""
    return {
        **connection_options(settings, client),
        "group.id": positions_group(settings),  # librdkafka wants one, and never joins it
        "isolation.level": "read_committed",
        "enable.auto.commit": False,
        "enable.auto.offset.store": False,
        "auto.offset.reset": "error",  # never a silent reset (PITFALLS 48, 49)
        "enable.partition.eof": True,
        "fetch.wait.max.ms": 100,  # a partition that is assigned now waits no longer than this
        "fetch.queue.backoff.ms": 20,  # the default, a second, leaves gaps in catch-up
        "queued.max.messages.kbytes": 65_536,
    }


def offsets_options(settings: Settings, client: str) -> Options:
    """For asking where partitions end: the high watermark, since an open transaction may hide
    records that are older than the cut (DESIGN 5.2)."""
    return {
        **connection_options(settings, client),
        "group.id": positions_group(settings),
        "isolation.level": "read_uncommitted",
        "enable.auto.commit": False,
    }


def producer_options(settings: Settings, transactional_id: str) -> Options:
    """For one task's transactions (DESIGN 4)."""
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


def _text(path: object) -> str | None:
    return None if path is None else str(path)
