"""Several Apache Kafka brokers on one machine, for what a single one can't do: replicate."""

from pathlib import Path

from streams.embedded.broker_process import HOST, free_port
from tests.harness.apache_kafka.broker import KafkaBroker

_PATIENT = {
    # Who is stopped stays a follower, in sync as far as the leader knows, for longer than any test.
    "broker.session.timeout.ms": "120000",
    "replica.lag.time.max.ms": "120000",
}


def cluster_of(number: int, folder: Path) -> list[KafkaBroker]:
    """So many brokers, none of them started. The first is the controller, too: start it first, and
    pause or stop any of the others."""
    ports = [free_port() for _ in range(number + 1)]
    controller = ports.pop()
    brokers = []
    for node, port in enumerate(ports, start=1):
        own = {
            **_PATIENT,
            "node.id": str(node),
            "controller.quorum.voters": f"1@{HOST}:{controller}",
        }
        if node == 1:
            inside = f"CONTROLLER://{HOST}:{controller}"
            own["listeners"] = f"PLAINTEXT://{HOST}:{port},{inside}"
        else:
            own["process.roles"] = "broker"
            own["listeners"] = f"PLAINTEXT://{HOST}:{port}"
        brokers.append(KafkaBroker(folder / f"broker-{node}", port, heap="384m", settings=own))
    return brokers
