"""A process that has imported all that a worker needs, and forks itself for each that is started.

    pytest ── a request over a socket ──► server ── fork ──► the command, as if just started
       ▲                                    │
       └── a pipe per child: how it stopped, went on, ended ─┘

It only imports and never starts a thread, opens a client or a store: what is forked is as good as
new. A child has a session, an environment, a directory and a log of its own, and dies by SIGKILL,
sleeps by SIGSTOP and stops by SIGTERM as any process does. Requests come from `forked.py`.
"""

import gc
import importlib
import json
import os
import select
import signal
import socket
import sys
import time
from contextlib import suppress
from typing import Any, NamedTuple

IMPORTED = ("streams.cli.main", "streams.worker.process", "streams.worker.logs")
"""What a worker imports, with everything that these need."""


class Request(NamedTuple):
    """What is to be run: `main()` of a module, and where."""

    module: str
    arguments: list[str]
    environment: dict[str, str]
    directory: str
    log: str


class Server:
    """Forks for each request, and tells each child's ends and stops."""

    def __init__(self, requests: socket.socket) -> None:
        self._requests = requests
        self._reports: dict[int, int] = {}  # by process id, the writing end of its pipe
        self._wakes, self._wakened = os.pipe()
        for end in (self._wakes, self._wakened):
            os.set_blocking(end, False)

    def serve(self) -> Request | None:
        """Answers until nobody asks any more; None then. In a child, returns what it is to run."""
        signal.signal(signal.SIGCHLD, lambda number, frame: None)
        signal.set_wakeup_fd(self._wakened, warn_on_full_buffer=False)
        while True:
            ends: list[Any] = [self._requests, self._wakes]
            readable, _, _ = select.select(ends, [], [])
            if self._wakes in readable:
                with suppress(BlockingIOError):
                    os.read(self._wakes, 4096)
                self._report()
            if self._requests in readable:
                message, descriptors, _, _ = socket.recv_fds(self._requests, 1 << 16, 1)
                if not message:
                    return None
                while not message.endswith(b"\n"):
                    message += self._requests.recv(1 << 16)
                request = Request(**json.loads(message))
                if self._fork(request, descriptors[0]):
                    return request

    def _fork(self, request: Request, report: int) -> bool:
        """Whether this is the child."""
        child = os.fork()
        if child == 0:
            self._forget()
            os.close(report)
            _become(request)
            return True
        self._reports[child] = report
        os.write(report, f"{child}\n".encode())
        return False

    def _forget(self) -> None:
        """In a child: what belongs to the server."""
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        for descriptor in (self._wakes, self._wakened, *self._reports.values()):
            os.close(descriptor)
        self._requests.close()

    def _report(self) -> None:
        """Of each child that has changed: its status as the system encodes it."""
        while self._reports:
            try:
                child, status = os.waitpid(-1, os.WNOHANG | os.WUNTRACED)
            except ChildProcessError:
                return
            if child == 0:
                return
            with suppress(BrokenPipeError):  # nobody wants to know any more
                os.write(self._reports[child], f"{status}\n".encode())
            if not os.WIFSTOPPED(status):
                os.close(self._reports.pop(child))


def _become(request: Request) -> None:
    """A process like one that was started by itself."""
    os.setsid()
    nothing = os.open(os.devnull, os.O_RDONLY)
    log = os.open(request.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    for descriptor, standard in ((nothing, 0), (log, 1), (log, 2)):
        os.dup2(descriptor, standard)
    os.close(nothing)
    os.close(log)
    os.environ.clear()
    os.environ.update(request.environment)
    time.tzset()
    os.chdir(request.directory)
    sys.argv = [request.module, *request.arguments]


def main() -> Any:
    """Serves on the socket whose descriptor is the argument; a child runs its command."""
    for name in IMPORTED:
        importlib.import_module(name)
    gc.collect()
    gc.freeze()  # a child's collector needn't touch what it shares with us
    request = Server(socket.socket(fileno=int(sys.argv[1]))).serve()
    return None if request is None else importlib.import_module(request.module).main()


if __name__ == "__main__":
    main()
