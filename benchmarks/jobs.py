"""The jobs of the comparison as processes, each in an environment of its own."""

import os
import shutil
import subprocess
import sys
import venv
from collections.abc import Callable
from pathlib import Path

import msgspec

from benchmarks.workload import PARTITIONS
from streams.embedded.broker_process import free_port

HERE = Path(__file__).parent
ROOT = HERE.parent
PEERS = HERE / "peers"
BUILT = ROOT / ".cache" / "benchmarks"


class Run(msgspec.Struct, frozen=True):
    """One run of one job: on which topics, under which name, with its files where."""

    bootstrap: str
    prefix: str
    group: str
    directory: Path

    def environment(self) -> dict[str, str]:
        """What the peers' jobs read."""
        return os.environ | {
            "BOOTSTRAP": self.bootstrap,
            "PREFIX": self.prefix,
            "GROUP": self.group,
            "STATE_DIR": str(self.directory / "state"),
            "SCHEMAS": str(ROOT / "schemas"),
        }


class Job(msgspec.Struct, frozen=True):
    """How one of the compared does the work."""

    name: str
    build: Callable[[], list[str]]
    """Makes what it needs, once; the command."""
    environment: Callable[[Run], dict[str, str]] = Run.environment
    flows: Path | None = None
    """What Sendflow decides by. Each set has topics of its own, with the same events."""

    @property
    def topics(self) -> str:
        """What its topics' names begin with, beside what those of a round begin with."""
        return "" if self.flows is None else f"{self.flows.name}-"

    def start(self, command: list[str], run: Run) -> subprocess.Popen[bytes]:
        """The job as a process, its output in a file of the run's directory."""
        run.directory.mkdir(parents=True, exist_ok=True)
        log = (run.directory / "log").open("wb")
        return subprocess.Popen(
            command,
            env=self.environment(run),
            cwd=run.directory,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
        )


def _sendflow() -> list[str]:
    return [sys.executable, "-m", "streams.cli.main", "worker"]


def _sendflow_environment(run: Run) -> dict[str, str]:
    return os.environ | {
        "SENDFLOW_BROKERS": run.bootstrap,
        "SENDFLOW_PREFIX": run.prefix,
        "SENDFLOW_APPLICATION": run.group,
        "SENDFLOW_DATA_DIR": str(run.directory / "state"),
        "SENDFLOW_PARTITIONS": str(PARTITIONS),
        "SENDFLOW_WEB_PORT": str(free_port()),
    }


def _python_of(peer: str) -> str:
    """The Python of the peer's own environment, made now if it isn't there."""
    python = BUILT / peer / "bin" / "python"
    if not python.exists():
        venv.create(BUILT / peer, with_pip=True)
        requirements = PEERS / peer / "requirements.txt"
        install = [python, "-m", "pip", "install", "--quiet", "-r", requirements]
        subprocess.run(install, check=True)
    return str(python)


def _quix_streams() -> list[str]:
    return [_python_of("quix_streams"), str(PEERS / "quix_streams" / "job.py")]


def _kafka_streams() -> list[str]:
    target = BUILT / "kafka-streams"
    jar = target / "kafka-streams-peer-1.jar"
    source = PEERS / "kafka_streams"
    if not jar.exists() or jar.stat().st_mtime < (source / "Job.java").stat().st_mtime:
        maven = ["mvn", "-q", "-B", "-f", str(source / "pom.xml"), f"-Dbuild.to={target}"]
        subprocess.run([*maven, "package"], check=True)
    return [
        "java",
        "-Xmx2g",
        "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
        "-cp",
        f"{jar}:{target}/jars/*",
        "Job",
    ]


def _kafka_streams_with_cache(run: Run) -> dict[str, str]:
    return run.environment() | {"CACHE_BYTES": str(64 * 1024 * 1024)}


def _plain_faust() -> list[str]:
    job = PEERS / "plain_faust" / "job.py"
    return [_python_of("plain_faust"), str(job), "worker", "-l", "warn"]


def has_java() -> bool:
    """Is there what Apache Kafka and Kafka Streams need?"""
    return shutil.which("java") is not None and shutil.which("mvn") is not None


SENDFLOW = Job("Sendflow", _sendflow, _sendflow_environment, ROOT / "flows")
SENDFLOW_SAME_JOB = Job(
    "Sendflow, the peers' job", _sendflow, _sendflow_environment, HERE / "same_job"
)
QUIX_STREAMS = Job("Quix Streams", _quix_streams)
KAFKA_STREAMS = Job("Kafka Streams", _kafka_streams)
KAFKA_STREAMS_CACHED = Job("Kafka Streams, record cache", _kafka_streams, _kafka_streams_with_cache)
PLAIN_FAUST = Job("plain Faust", _plain_faust)

JOBS = (
    SENDFLOW,
    SENDFLOW_SAME_JOB,
    QUIX_STREAMS,
    KAFKA_STREAMS,
    KAFKA_STREAMS_CACHED,
    PLAIN_FAUST,
)
