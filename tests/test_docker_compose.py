"""docker-compose.yml says what the tests prove: the same broker, the same settings, free names."""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from streams.compiled import VARIABLE
from streams.settings import SETTINGS
from tests.harness.apache_kafka.broker import SETTINGS as BROKER_PROPERTIES
from tests.harness.apache_kafka.jars import kafka_version

ROOT = Path(__file__).parents[1]
COMPOSE = ROOT / "docker-compose.yml"

# Where a broker is and what it is called: no matter of taste, and other in the tests.
_OF_THE_PLACE = {
    "KAFKA_ADVERTISED_LISTENERS",
    "KAFKA_CONTROLLER_LISTENER_NAMES",
    "KAFKA_CONTROLLER_QUORUM_VOTERS",
    "KAFKA_INTER_BROKER_LISTENER_NAME",
    "KAFKA_LISTENERS",
    "KAFKA_LISTENER_SECURITY_PROTOCOL_MAP",
    "KAFKA_LOG_DIRS",
    "KAFKA_NODE_ID",
    "KAFKA_PROCESS_ROLES",
}


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    return YAML(typ="safe").load(COMPOSE)["services"]


@pytest.fixture(scope="module")
def brokers(services: dict[str, Any]) -> dict[str, Any]:
    return {name: service for name, service in services.items() if name.startswith("kafka")}


def by_default(value: object) -> str:
    """What a value is where no variable is set: `${NAME:-1}` is 1."""
    return re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", str(value))


def test_brokers_have_the_settings_of_the_tests_and_no_others(brokers):
    lines = BROKER_PROPERTIES.read_text().splitlines()
    properties = dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))
    expected = {
        "KAFKA_" + name.upper().replace(".", "_"): value for name, value in properties.items()
    }
    assert expected
    for service in brokers.values():
        settings = {
            name: by_default(value)
            for name, value in service["environment"].items()
            if name.startswith("KAFKA_") and name not in _OF_THE_PLACE
        }
        assert settings == expected


def test_brokers_are_the_version_of_the_tests(brokers):
    assert {service["image"] for service in brokers.values()} == {f"apache/kafka:{kafka_version()}"}


def test_there_is_one_broker_by_default_and_three_in_the_cluster(brokers):
    default = [name for name, service in brokers.items() if "profiles" not in service]
    cluster = [name for name, service in brokers.items() if service.get("profiles") == ["cluster"]]
    assert default == ["kafka"]
    assert len(cluster) == 2
    ids = [service["environment"]["KAFKA_NODE_ID"] for service in brokers.values()]
    assert sorted(ids) == ["1", "2", "3"]


def test_workers_can_be_many(services):
    worker = services["worker"]
    assert "container_name" not in worker
    assert all(":" not in str(port) for port in worker["ports"])
    named = YAML(typ="safe").load(COMPOSE)["volumes"]
    assert not [volume for volume in worker["volumes"] if volume.split(":")[0] in named]


def test_every_setting_of_sendflow_exists(services):
    variables = {"SENDFLOW_" + name.upper().replace(".", "_") for name in SETTINGS}
    for service in services.values():
        own = {name for name in service["environment"] if name.startswith("SENDFLOW_")}
        assert own <= variables
    in_image = set(re.findall(r"\bSENDFLOW_\w+", (ROOT / "Dockerfile").read_text()))
    assert in_image <= variables | {VARIABLE}


def test_everybody_waits_for_who_they_need(services):
    for name, service in services.items():
        for needed in service.get("depends_on", {}):
            assert needed in services, f"{name} waits for {needed}, which isn't there"
    assert services["worker"]["depends_on"]["topics"]["condition"] == (
        "service_completed_successfully"
    )


@pytest.mark.parametrize("profiles", [[], ["--profile", "cluster"]])
def test_docker_compose_accepts_the_file(profiles):
    docker = shutil.which("docker")
    if (
        docker is None
        or subprocess.run([docker, "compose", "version"], capture_output=True).returncode
    ):
        pytest.skip("there is no docker compose here")
    run = subprocess.run(
        [docker, "compose", "-f", COMPOSE, *profiles, "config", "--quiet"],
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stderr
