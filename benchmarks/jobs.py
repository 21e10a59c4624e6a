"""The jobs of the comparison as processes, each in an environment of its own."""

import os
import shutil
import subprocess
import sys
import venv
from collections.abc import Callable, Iterator
from contextlib import contextmanager
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
    web_port: int = msgspec.field(default_factory=free_port)

    @staticmethod
    def of(job: "Job", bootstrap: str, prefix: str, number: int, directory: Path) -> "Run":
        """A run with a name of its own, that begins with the prefix: so do the names of what the
        job adds for itself."""
        group = f"{prefix}{job.short_name}-{number}"
        return Run(bootstrap, prefix, group, directory / group)

    def environment(self) -> dict[str, str]:
        """What the peers' jobs read."""
        return os.environ | {
            "BOOTSTRAP": self.bootstrap,
            "PREFIX": self.prefix,
            "GROUP": self.group,
            "STATE_DIR": str(self.directory / "state"),
            "SCHEMAS": str(ROOT / "schemas"),
        }

    @property
    def log(self) -> Path:
        """What the job prints."""
        return self.directory / "log"


class Job(msgspec.Struct, frozen=True):
    """How one of the compared does the work."""

    name: str
    build: Callable[[], list[str]]
    """Makes what it needs, once; the command."""
    environment: Callable[[Run], dict[str, str]] = Run.environment
    flows: Path | None = None
    """The set that Sendflow decides by; its topics hold it and the customers' profiles."""
    settings: dict[str, str] = {}
    """Variables of its environment that differ from the defaults."""

    @property
    def short_name(self) -> str:
        """Letters and digits alone, for names of groups and topics."""
        return "".join(sign for sign in self.name.lower() if sign.isalnum())

    @contextmanager
    def running(self, command: list[str], run: Run) -> Iterator[subprocess.Popen[bytes]]:
        """The job as a process, its output in a file of the run's directory. A RuntimeError in the
        block gets the end of that file as a note."""
        run.directory.mkdir(parents=True, exist_ok=True)
        with run.log.open("wb") as log:
            process = subprocess.Popen(
                command,
                env=self.environment(run) | self.settings,
                cwd=run.directory,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        try:
            yield process
        except RuntimeError as error:
            error.add_note(run.log.read_text(errors="replace")[-4000:])
            raise
        finally:
            process.terminate()
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _sendflow() -> list[str]:
    return [sys.executable, "-m", "streams.cli.main", "worker"]


def _sendflow_in_two_processes() -> list[str]:
    return [*_sendflow(), "--processes", "2"]


def sendflow_environment(run: Run) -> dict[str, str]:
    """Sendflow's settings for a run."""
    return os.environ | {
        "SENDFLOW_BROKERS": run.bootstrap,
        "SENDFLOW_PREFIX": run.prefix,
        "SENDFLOW_APPLICATION": run.group,
        "SENDFLOW_DATA_DIR": str(run.directory / "state"),
        "SENDFLOW_PARTITIONS": str(PARTITIONS),
        "SENDFLOW_WEB_PORT": str(run.web_port),
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


def _plain_faust() -> list[str]:
    job = PEERS / "plain_faust" / "job.py"
    return [_python_of("plain_faust"), str(job), "worker", "-l", "warn"]


def has_java() -> bool:
    """Is there what Apache Kafka and Kafka Streams need?"""
    return shutil.which("java") is not None and shutil.which("mvn") is not None


def can_run(job: Job) -> bool:
    """Can it run on this machine?"""
    return has_java() or job.build is not _kafka_streams


def sendflow_of(tree: Path, ours: Job) -> Job:
    """What `ours` does, by the Sendflow of another checkout, installed there (`make install`)."""
    command = [str(tree.resolve() / ".venv" / "bin" / "python"), *_sendflow()[1:]]
    return Job(f"{ours.name}, of {tree}", lambda: command, sendflow_environment, ours.flows)


def opponent_of(job: Job) -> Job:
    """The Sendflow that a job is compared with: the one that does the same."""
    return SENDFLOW if job.flows == SENDFLOW.flows else SENDFLOW_SAME_JOB


SAME_JOB = HERE / "same_job"
SENDFLOW = Job("Sendflow, all flows", _sendflow, sendflow_environment, ROOT / "flows")
SENDFLOW_SAME_JOB = Job("Sendflow", _sendflow, sendflow_environment, SAME_JOB)
SENDFLOW_TWO_PROCESSES = Job(
    "Sendflow, two processes", _sendflow_in_two_processes, sendflow_environment, SAME_JOB
)
QUIX_STREAMS = Job("Quix Streams", _quix_streams)
QUIX_STREAMS_DEFAULT = Job(
    "Quix Streams, commits every 5 s", _quix_streams, settings={"COMMIT_INTERVAL_MS": "5000"}
)
KAFKA_STREAMS = Job("Kafka Streams", _kafka_streams)
KAFKA_STREAMS_CACHED = Job(
    "Kafka Streams, record cache", _kafka_streams, settings={"CACHE_BYTES": str(64 * 1024 * 1024)}
)
PLAIN_FAUST = Job("plain Faust (at least once)", _plain_faust)
