"""One Apache Kafka broker in KRaft mode, started from its published jars."""

import subprocess
from collections.abc import Sequence
from pathlib import Path

from streams.embedded.broker_process import HOST, BrokerProcess, free_port
from streams.errors import Refused
from tests.harness.apache_kafka.jars import java, kafka_jars

SETTINGS = Path(__file__).with_name("broker.properties")

# Any id will do, and a fixed one saves a JVM that makes one up.
_CLUSTER_ID = "c2VuZGZsb3ctdGVzdHMtMQ"

# For the speed of tests alone; everything else is in broker.properties.
_FOR_TESTS = {
    "group.initial.rebalance.delay.ms": "0",
    "offsets.topic.num.partitions": "4",
    "transaction.state.log.num.partitions": "4",
    "log.cleaner.backoff.ms": "1000",
    # How soon a transaction that took too long is noticed (default: 10 s).
    "transaction.abort.timed.out.transaction.cleanup.interval.ms": "500",
    # After a kill -9 the controller takes the broker back when this is over (default: 9 s).
    "broker.session.timeout.ms": "2000",
    "broker.heartbeat.interval.ms": "500",
    "controller.quorum.election.timeout.ms": "200",
    "controller.quorum.election.backoff.max.ms": "200",
}


_FOR_SHORT_RUNS = ("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xshare:auto")
"""The virtual machine compiles fast and not well: in minutes the better code of its second compiler
doesn't earn what making it takes."""


class KafkaBroker(BrokerProcess):
    """Apache Kafka of the version in pom.xml, broker and controller in one, data in `data_dir`.

    Constructing it fetches the jars if they aren't there, and raises Refused without Java or Maven.
    """

    def __init__(
        self,
        data_dir: Path,
        port: int | None = None,
        heap: str = "768m",
        settings: dict[str, str] | None = None,
    ) -> None:
        """`heap`: the JVM's -Xmx; `settings`: broker settings that this broker has beside."""
        self._java = [java(), *_FOR_SHORT_RUNS, f"-Xmx{heap}", "-cp", f"{kafka_jars()}/*"]
        self._settings = settings or {}
        super().__init__("kafka", data_dir, self._command_on, port, start_within=120.0)

    def _command_on(self, port: int) -> Sequence[str | Path]:
        properties = self.data_dir / "server.properties"
        properties.write_text(SETTINGS.read_text() + self._own_properties(port))
        if not (self.data_dir / "log" / "meta.properties").exists():
            self._format(properties)
        return [*self._java, "kafka.Kafka", properties]

    def _own_properties(self, port: int) -> str:
        controller = free_port()
        own = {
            "node.id": "1",
            "process.roles": "broker,controller",
            "listeners": f"PLAINTEXT://{HOST}:{port},CONTROLLER://{HOST}:{controller}",
            "controller.listener.names": "CONTROLLER",
            "controller.quorum.voters": f"1@{HOST}:{controller}",
            "log.dirs": str(self.data_dir / "log"),
            **_FOR_TESTS,
            **self._settings,
        }
        return "".join(f"{name}={value}\n" for name, value in own.items())

    def _format(self, properties: Path) -> None:
        tool: list[str | Path] = [
            "kafka.tools.StorageTool",
            "format",
            "-t",
            _CLUSTER_ID,
            "-c",
            properties,
        ]
        run = subprocess.run(
            [*self._java, *tool], capture_output=True, text=True, stdin=subprocess.DEVNULL
        )
        if run.returncode != 0:
            raise Refused(f"the data of Apache Kafka can't be formatted:\n{run.stdout}{run.stderr}")
