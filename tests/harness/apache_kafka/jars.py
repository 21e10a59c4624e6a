"""The jars of Apache Kafka, fetched once by Maven and kept in the user's cache."""

import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path
from xml.etree import ElementTree

from streams.errors import Refused

_POM = Path(__file__).with_name("pom.xml")
_INSTALL = "on Debian and Ubuntu: apt-get install openjdk-17-jre-headless maven"
_OLDEST_JAVA = 17
_FETCH_WITHIN = 600.0


def kafka_version() -> str:
    """The version of Apache Kafka that pom.xml names."""
    names = {"m": "http://maven.apache.org/POM/4.0.0"}
    version = ElementTree.parse(_POM).findtext("m:properties/m:kafka.version", namespaces=names)
    if version is None:
        raise ValueError(f"{_POM} names no kafka.version")
    return version


def java() -> str:
    """The path of a Java that runs Apache Kafka. Raises Refused where there is none."""
    home = os.environ.get("JAVA_HOME")
    program = shutil.which("java", path=f"{home}/bin" if home else None)
    if program is None:
        raise Refused(
            f"Apache Kafka needs Java {_OLDEST_JAVA} or later, none was found; {_INSTALL}"
        )
    said = subprocess.run([program, "-version"], capture_output=True, text=True, check=True).stderr
    found = re.search(r'version "(\d+)', said)
    if found is None or int(found[1]) < _OLDEST_JAVA:
        raise Refused(
            f"Apache Kafka needs Java {_OLDEST_JAVA} or later, "
            f"{program} is {said.splitlines()[0]}; {_INSTALL}, or set JAVA_HOME"
        )
    return program


def kafka_jars() -> Path:
    """The folder with the jars, fetched now if it isn't there. Raises Refused without Maven."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    jars = cache / "sendflow" / f"apache-kafka-{kafka_version()}"
    if jars.is_dir():
        return jars
    maven = shutil.which("mvn")
    if maven is None:
        raise Refused(f"Apache Kafka's jars are fetched by Maven, and there is no mvn; {_INSTALL}")
    jars.parent.mkdir(parents=True, exist_ok=True)
    # Fetched beside and renamed: the folder is there whole or not at all, whoever else fetches too.
    with tempfile.TemporaryDirectory(dir=jars.parent, ignore_cleanup_errors=True) as unfinished:
        fetched = Path(unfinished) / "jars"
        goal = ["dependency:copy-dependencies", f"-DoutputDirectory={fetched}"]
        run = subprocess.run(
            [maven, "-q", "-B", "-f", _POM, *goal, "-DincludeScope=runtime"],
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            timeout=_FETCH_WITHIN,
        )
        if run.returncode != 0:
            raise Refused(f"Maven couldn't fetch Apache Kafka:\n{run.stdout}{run.stderr}")
        try:
            fetched.rename(jars)
        except OSError:
            if not jars.is_dir():
                raise
    return jars


if __name__ == "__main__":
    # Before tests run in parallel: fetched once, and no test waits for it.
    java()
    kafka_jars()
