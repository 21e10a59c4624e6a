"""The Faust app of a worker: replaced parts, and settings for tasks."""

import functools
import os
import socket
import ssl
from collections.abc import Mapping
from typing import Any

import faust
from faust.types.auth import CredentialsT
from yarl import URL

from streams.engine import INPUTS
from streams.ports import CHANGELOG
from streams.settings import Protocol, Settings
from streams.worker.faust.agents import BatchTopic, add_agents
from streams.worker.faust.assignment import TaskTables
from streams.worker.faust.assignor import Assignor
from streams.worker.faust.customer_table import CustomersTable
from streams.worker.faust.input_topics import InputTopics
from streams.worker.faust.routes import OneHopRouter
from streams.worker.faust.transport import BatchTransport, Consumer
from streams.worker.fetching import FetchThread
from streams.worker.group import Feed, GroupMember, ProcessPlace


class WorkerApp(faust.App):
    """Faust's app, without files on disk."""

    mundane_level = "debug"
    customers: CustomersTable

    def _create_directories(self) -> None:
        """No-op: the tasks' stores have their own directories."""

    async def crashed_by(self) -> BaseException:
        """Waits until a part of the app has crashed and returns the cause."""
        await self._crashed.wait()
        return self.crash_reason or RuntimeError("Faust app crashed without an exception")

    async def _producer_flush(self, logger: Any) -> None:
        """No-op: Faust's producer sends nothing."""


def build_app(
    settings: Settings,
    records: FetchThread,
    member: GroupMember,
    shared: Mapping[str, Feed],
    place: ProcessPlace | None = None,
) -> WorkerApp:
    """Builds the app, with an agent per input topic and the table of customers. `shared`: see
    BatchTransport; `place`: see FaustGroup."""
    inputs = InputTopics({topic: settings.prefix + topic for topic in INPUTS}, settings.partitions)
    session = settings.session_timeout / 1000
    app = WorkerApp(
        settings.application,
        env={},  # no environment variables of Faust
        broker=[URL(f"aiokafka://{address}") for address in addresses(settings)],
        broker_credentials=credentials(settings),
        broker_client_id=f"{settings.application}-member-{os.getpid()}",
        consumer_group_instance_id=settings.instance,
        broker_session_timeout=session,
        broker_heartbeat_interval=session / 5,
        broker_request_timeout=max(30.0, 2 * session),
        broker_rebalance_timeout=60.0,
        web_bind=settings.web_host,
        web_port=settings.web_port,
        web_host=advertised_host(settings),
        web_transport="tcp://" if place is None else f"unix://{place.socket}",
        canonical_url=advertised_url(settings, place),
        web_tables_enabled=False,
        topic_allow_declare=False,
        topic_disable_leader=True,
        topic_partitions=settings.partitions,
        table_standby_replicas=0,
        stream_wait_empty=False,  # a batch is done when its transaction is committed
        reply_create_topic=False,
        worker_redirect_stdouts=False,
        Topic=BatchTopic,
        PartitionAssignor=Assignor,
        TableManager=functools.partial(TaskTables, member=member),
        Router=OneHopRouter,
    )
    app.transport = BatchTransport(app, records, inputs, shared, member.fail)
    add_agents(app, inputs, member.feed)
    changelog = app.topic(settings.prefix + CHANGELOG, key_type=bytes, value_type=bytes, acks=False)
    app.customers = CustomersTable(app, member, changelog_topic=changelog)
    app.tables.add(app.customers)

    async def on_revoked(*_: Any, **__: Any) -> None:
        consumer = app.consumer
        assert isinstance(consumer, Consumer)
        await (member.lost() if consumer.was_expelled else member.revoked())

    app.on_partitions_revoked.connect(on_revoked, weak=False)
    return app


def addresses(settings: Settings) -> list[str]:
    """Brokers, each as host:port."""
    return [address.strip() for address in settings.brokers.split(",")]


def advertised_host(settings: Settings) -> str:
    """Host by which other workers reach this worker's port."""
    if settings.web_address is not None:
        return settings.web_address
    if settings.web_host not in ("0.0.0.0", "::", ""):
        return settings.web_host
    name = socket.gethostname()
    try:
        socket.getaddrinfo(name, None)
    except OSError:
        return "127.0.0.1"
    return name


def advertised_url(settings: Settings, place: ProcessPlace | None) -> str:
    """Address by which other workers, and other processes of this one, reach this process."""
    worker = f"http://{advertised_host(settings)}:{settings.web_port}"
    return worker if place is None else f"{worker}{place.path}"


def credentials(settings: Settings) -> CredentialsT | None:
    """TLS and SASL credentials for Faust."""
    security = settings.security
    context: ssl.SSLContext | None = None
    if security.protocol in (Protocol.SSL, Protocol.SASL_SSL):
        context = ssl.create_default_context(cafile=security.ca_file)
        if security.certificate_file is not None:
            context.load_cert_chain(
                security.certificate_file, security.key_file, security.key_password
            )
    if security.protocol in (Protocol.SASL_PLAINTEXT, Protocol.SASL_SSL):
        return faust.SASLCredentials(
            mechanism=security.mechanism,
            username=security.username,
            password=security.password,
            ssl_context=context,
        )
    return None if context is None else faust.SSLCredentials(context)
