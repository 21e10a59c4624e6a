"""The Apicurio registry in memory, on a free port; fetched once by Maven into the user's cache."""

import os
import shutil
import subprocess
import tarfile
import tempfile
import urllib.error
import urllib.request
from pathlib import Path

from streams.embedded.broker_process import HOST, free_port
from tests.harness.apache_kafka.jars import java
from tests.harness.eventually import eventually

_VERSION = "2.5.11.Final"
_COPY = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy"


class Apicurio:
    """A registry while it is entered; entering gives the address of its Confluent interface."""

    def __init__(self, log: Path) -> None:
        self._log = log

    def __enter__(self) -> str:
        port = free_port()
        url = f"http://{HOST}:{port}/apis/ccompat/v7"
        runner = _fetched() / f"apicurio-registry-app-{_VERSION}-runner.jar"
        settings = {"QUARKUS_HTTP_HOST": HOST, "QUARKUS_HTTP_PORT": str(port)}
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [java(), "-Xmx512m", "-jar", runner],
                env=os.environ | settings,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )

        def answers() -> bool:
            try:
                with urllib.request.urlopen(f"{url}/subjects", timeout=5):
                    return True
            except (urllib.error.URLError, OSError):
                return False

        try:
            eventually(answers, within=60, message=self._log.read_text)
        except AssertionError:
            self._process.kill()
            raise
        return url

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()


def _fetched() -> Path:
    """The folder with the registry, fetched now if it isn't there."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = cache / "sendflow" / f"apicurio-{_VERSION}"
    if folder.is_dir():
        return folder
    maven = shutil.which("mvn")
    assert maven is not None, "the registry is fetched by Maven, and there is no mvn"
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, ignore_cleanup_errors=True) as unfinished:
        artifact = f"io.apicurio:apicurio-registry-app:{_VERSION}:tar.gz:all"
        subprocess.run(
            [maven, "-q", "-B", _COPY, f"-Dartifact={artifact}", f"-DoutputDirectory={unfinished}"],
            check=True,
            stdin=subprocess.DEVNULL,
        )
        (archive,) = Path(unfinished).glob("*.tar.gz")
        with tarfile.open(archive) as packed:
            packed.extractall(Path(unfinished) / "registry", filter="data")
        (Path(unfinished) / "registry").rename(folder)
    return folder
