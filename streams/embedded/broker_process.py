"""Brokers of one node as child processes. The embedded one is a small binary with Kafka's protocol,
behind a gateway that corrects its responses; for the demo and the tests.

It keeps its data in memory and saves it periodically and on a clean stop: data after a kill -9 may
be seconds old. Apache Kafka is the reference; the embedded broker needs no installation.
"""

import contextlib
import importlib.util
import platform
import random
import socket
import struct
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

from streams.embedded.child_process import ChildProcess
from streams.embedded.sessions import SessionWatch
from streams.errors import Refused

HOST = "127.0.0.1"

# Below the ephemeral port range (32768 on Linux, 49152 on macOS): the port of a restarted broker is
# still free.
_PORTS = range(20_000, 32_000)
_ATTEMPTS_TO_FIND_A_PORT = 5
_STOP_WITHIN = 60.0

_ANOTHER_WAY = (
    "run Apache Kafka with Docker Compose instead: `docker compose up -d kafka`, then "
    "`--brokers localhost:9092`"
)


class BrokerProcess:
    """A broker of one node as a child process, on its own port; also a context manager.

    Data and port stay: `start` after `stop` or `kill` continues with both.
    """

    def __init__(
        self,
        kind: Literal["embedded", "kafka"],
        data_dir: Path,
        command: Callable[[int], Sequence[str | Path]],
        port: int | None = None,
        start_within: float = 20.0,
        log: str = "broker.log",
    ) -> None:
        """`command` returns the command line for a port. Without a `port` a free one is chosen.

        `start_within`: seconds until it must respond; `log`: name of a file in `data_dir`.
        """
        self.kind = kind
        self.data_dir = data_dir
        self._log = data_dir / log
        self._command = command
        self._port = port
        self._start_within = start_within
        self._process: ChildProcess | None = None

    def start(self) -> str:
        """Starts it, waits until it responds and returns the bootstrap address.

        Raises Refused if the port is in use or the binary can't run here, and TimeoutError.
        """
        if self._process is not None and self._process.is_running():
            raise RuntimeError(f"the broker at {self.bootstrap} is already running")
        self.data_dir.mkdir(parents=True, exist_ok=True)
        if self._port is not None:
            self._start_on(self._port)
            return self.bootstrap
        for attempt in range(1, _ATTEMPTS_TO_FIND_A_PORT + 1):
            port = free_port()
            try:
                self._start_on(port)
            except PortTaken:
                if attempt == _ATTEMPTS_TO_FIND_A_PORT:
                    raise
            else:
                self._port = port
                break
        return self.bootstrap

    @property
    def log(self) -> Path:
        """File with its output."""
        return self._log

    @property
    def bootstrap(self) -> str:
        """Address for `bootstrap.servers`; the same after a restart."""
        if self._port is None:
            raise RuntimeError("the broker has not been started")
        return f"{HOST}:{self._port}"

    @property
    def port(self) -> int:
        """Port of `bootstrap`."""
        return int(self.bootstrap.rpartition(":")[2])

    def is_running(self) -> bool:
        """True while the process exists, paused or not."""
        return self._process is not None and self._process.is_running()

    def stop(self) -> None:
        """Stops it cleanly, with all data saved; a no-op after its end."""
        if self._process is not None:
            self._process.terminate(_STOP_WITHIN)

    def kill(self) -> None:
        """Ends it with SIGKILL."""
        if self._process is not None:
            self._process.kill()

    def pause(self) -> None:
        """SIGSTOP: connections stay open without responses until `resume`."""
        self._running().pause()

    def resume(self) -> None:
        """SIGCONT: ends `pause`."""
        self._running().resume()

    def restart(self) -> str:
        """Stops and starts it with the same data and port; returns the bootstrap address."""
        self.stop()
        return self.start()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def _running(self) -> ChildProcess:
        if self._process is None:
            raise RuntimeError("the broker has not been started")
        return self._process

    def _start_on(self, port: int) -> None:
        if not _is_free(port):
            raise _taken(port)
        try:
            process = ChildProcess(self._command(port), self._log)
        except OSError as error:
            raise Refused(
                f"the {self.kind} broker cannot run on {_this_platform()} ({error}); {_ANOTHER_WAY}"
            ) from error
        self._process = process
        try:
            self._wait_until_it_answers(process, port)
        except BaseException:
            process.kill()  # after an interrupt too: leaves no process
            raise

    def _wait_until_it_answers(self, process: ChildProcess, port: int) -> None:
        deadline = time.monotonic() + self._start_within
        while not answers(HOST, port):
            if process.exit_status() is not None:
                if "already in use" in process.log_tail():
                    raise PortTaken(f"port {port} is in use; choose another")
                raise Refused(
                    f"the {self.kind} broker exited on start ({_this_platform()}, status "
                    f"{process.exit_status()}):\n{process.log_tail()}\n"
                    f"If it has no build for this platform, {_ANOTHER_WAY}"
                )
            if time.monotonic() > deadline:
                raise TimeoutError(
                    f"the {self.kind} broker at {HOST}:{port} is not ready after "
                    f"{self._start_within:g} s:\n{process.log_tail()}"
                )
            time.sleep(0.02)


class EmbeddedBroker(BrokerProcess):
    """noida-db with only its Kafka service and its data in `data_dir`, behind the gateway
    (gateway.py) and with sessions for group members (sessions.py).

    Raises Refused if noida-db has no build for this platform or is not installed.
    """

    def __init__(self, data_dir: Path, port: int | None = None) -> None:
        binary = _binary()

        def engine(on_port: int) -> Sequence[str | Path]:
            options = ["--only", "kafka", "--kafka-port", str(on_port), "--host", HOST]
            return [binary, "start", *options, "--data-dir", data_dir]

        def gateway(on_port: int) -> Sequence[str | Path]:
            return [
                sys.executable,
                "-m",
                "streams.embedded.gateway",
                str(on_port),
                str(self._engine.port),
            ]

        super().__init__("embedded", data_dir, gateway, port, log="gateway.log")
        self._engine = BrokerProcess("embedded", data_dir, engine)
        self._sessions: SessionWatch | None = None

    def start(self) -> str:
        """Starts the binary, the gateway and the watch over sessions (see BrokerProcess)."""
        if self.is_running():
            raise RuntimeError(f"the broker at {self.bootstrap} is already running")
        self._end_gateway()
        if self._port is not None and not _is_free(self._port):
            raise _taken(self._port)
        if not self._engine.is_running():
            self._engine.start()
        try:
            address = super().start()
        except BaseException:
            self._engine.stop()
            raise
        self._sessions = SessionWatch(HOST, self.port)
        return address

    def is_running(self) -> bool:
        """True while both processes exist, paused or not."""
        return self._engine.is_running() and super().is_running()

    @property
    def log(self) -> Path:
        """File with the output of the binary, or of the gateway if that alone has ended."""
        return super().log if self._engine.is_running() else self._engine.log

    def stop(self) -> None:
        """Stops both processes cleanly, with all data saved."""
        self._end_gateway()
        self._engine.stop()

    def kill(self) -> None:
        """Ends both processes with SIGKILL."""
        self._end_gateway()
        self._engine.kill()

    def pause(self) -> None:
        """SIGSTOP to the binary: connections stay open without responses until `resume`."""
        self._engine.pause()

    def resume(self) -> None:
        """SIGCONT to the binary: ends `pause`."""
        self._engine.resume()

    def _end_gateway(self) -> None:
        if self._sessions is not None:
            self._sessions.close()
            self._sessions = None
        super().kill()


class PortTaken(Refused):
    """The port is in use by another process."""


def _taken(port: int) -> PortTaken:
    return PortTaken(f"port {port} is in use; stop the other process or choose another port")


def free_port() -> int:
    """A free port, chosen at random below the ephemeral range. Raises Refused if none is free."""
    for port in random.sample(_PORTS, k=len(_PORTS)):
        if _is_free(port):
            return port
    raise Refused(f"no free port in {_PORTS.start}–{_PORTS.stop - 1}")


def answers(host: str, port: int, within: float = 2.0) -> bool:
    """True if a broker at host:port answers Kafka's ApiVersions request in `within` seconds."""
    correlation = 1
    request = struct.pack(">hhih", 18, 0, correlation, -1)  # key, version, correlation, no name
    with contextlib.suppress(OSError), socket.create_connection((host, port), within) as connection:
        connection.sendall(struct.pack(">i", len(request)) + request)
        answer = connection.recv(8, socket.MSG_WAITALL)
        return len(answer) == 8 and struct.unpack(">ii", answer)[1] == correlation
    return False


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        # Like brokers: a port with connections in TIME_WAIT counts as free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
        return True


def _binary() -> Path:
    package = importlib.util.find_spec("noida_db")
    if package is None or package.origin is None:
        raise Refused(
            f"embedded broker not installed: run `pip install 'sendflow[demo]'` (Linux and macOS "
            f"on x86-64 and ARM; this is {_this_platform()}), or {_ANOTHER_WAY}"
        )
    binary = Path(package.origin).with_name("noida-db")
    if not binary.is_file():
        raise Refused(
            f"the embedded broker has no build for {_this_platform()} ({binary} is missing); "
            f"{_ANOTHER_WAY}"
        )
    if not binary.stat().st_mode & 0o100:
        binary.chmod(0o755)
    return binary


def _this_platform() -> str:
    return f"{platform.system()} {platform.machine()}"
