"""The HTTP server of a worker of several processes: one port that answers for all.

/health, /status, /metrics   all processes are asked, and their answers merged
/processes/N/…               process N, asked by operators and by other processes
anything else                a process that answers; one that isn't the owner of a customer
                             asks the owner (faust/routes.py), by /processes/N/… of its worker
"""

import asyncio
import errno
import json
from collections.abc import Callable, Sequence
from typing import Any

import msgspec
from aiohttp import ClientError, ClientSession, ClientTimeout, UnixConnector, web
from prometheus_client import CONTENT_TYPE_LATEST
from yarl import URL

from streams.settings import Settings
from streams.web.views import HealthStatus
from streams.worker.group import PROCESSES_PATH, port_in_use
from streams.worker.supervision.child import Child
from streams.worker.supervision.merging import merged_health, merged_status
from streams.worker.supervision.metrics_text import merged_metrics, process_metrics

ANSWER_WITHIN = 3.0
"""Seconds for the answer of a process; below the usual limits of liveness probes."""
CLOSE_WITHIN = 0.3
HOP_BY_HOP = {"connection", "keep-alive", "host", "transfer-encoding", "upgrade"}


class Reply(msgspec.Struct):
    """The answer of a process."""

    status: int
    content_type: str
    body: bytes

    def json(self) -> Any:
        """The content as plain data."""
        return json.loads(self.body)


class Replies(msgspec.Struct):
    """The answers of all processes that exist. `silent`: those that took the request and haven't
    answered; neither here nor there are those that don't serve HTTP yet."""

    answered: dict[int, Reply]
    silent: int

    def json(self) -> dict[int, Any]:
        """By process, the content as plain data."""
        return {number: reply.json() for number, reply in self.answered.items()}


class Front:
    """See the module."""

    def __init__(
        self, settings: Settings, children: Sequence[Child], is_stopping: Callable[[], bool]
    ) -> None:
        self._settings = settings
        self._children = children
        self._is_stopping = is_stopping
        self._sessions: dict[int, ClientSession] = {}
        self._runner: web.AppRunner | None = None

    async def open(self) -> None:
        """Listens on the web port. Raises Refused where it is in use."""
        app = web.Application()
        app.router.add_get("/health", self._health)
        app.router.add_get("/status", self._status)
        app.router.add_get("/metrics", self._metrics)
        app.router.add_get(PROCESSES_PATH + r"/{number:\d+}{path:/.*}", self._of_one)
        app.router.add_get("/{path:.*}", self._of_any)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=CLOSE_WITHIN)
        await self._runner.setup()
        host, port = self._settings.web_host, self._settings.web_port
        try:
            await web.TCPSite(self._runner, host, port).start()
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
            raise port_in_use(port) from error
        timeout = ClientTimeout(total=ANSWER_WITHIN)
        for child in self._children:
            connector = UnixConnector(str(child.socket))
            self._sessions[child.number] = ClientSession(connector=connector, timeout=timeout)

    async def close(self) -> None:
        """Stops listening."""
        for session in self._sessions.values():
            await session.close()
        if self._runner is not None:
            await self._runner.cleanup()

    # ── Answers of all ────────────────────────────────────────────────────────────────────────

    async def _health(self, request: web.Request) -> web.Response:
        replies = await self._ask_all("/health")
        health = merged_health(
            replies.json(),
            replies.silent,
            len(self._children),
            is_stopping=self._is_stopping(),
        )
        status = 200 if health.status is HealthStatus.OK else 503
        return web.json_response(msgspec.to_builtins(health), status=status)

    async def _status(self, request: web.Request) -> web.Response:
        replies = await self._ask_all("/status")
        processes = [child.view for child in self._children]
        application = self._settings.application
        return web.json_response(merged_status(replies.json(), processes, application))

    async def _metrics(self, request: web.Request) -> web.Response:
        replies = await self._ask_all("/metrics")
        texts = {number: reply.body.decode() for number, reply in replies.answered.items()}
        own = process_metrics(
            {child.number: child.starts for child in self._children},
            running={child.number for child in self._children if child.is_up},
        )
        body = merged_metrics(texts, own)
        return web.Response(body=body, headers={"Content-Type": CONTENT_TYPE_LATEST})

    async def _ask_all(self, path: str) -> Replies:
        children = [child for child in self._children if child.is_up]
        found = await asyncio.gather(
            *(self._ask(child, path) for child in children), return_exceptions=True
        )
        replies = Replies({}, silent=0)
        for child, reply in zip(children, found, strict=True):
            if isinstance(reply, Reply):
                replies.answered[child.number] = reply
            elif isinstance(reply, TimeoutError):
                replies.silent += 1
            elif not isinstance(reply, ClientError):
                raise reply
        return replies

    # ── Answers of one ────────────────────────────────────────────────────────────────────────

    async def _of_one(self, request: web.Request) -> web.Response:
        number = int(request.match_info["number"])
        child = next((child for child in self._children if child.number == number), None)
        if child is None:
            return _error(404, f"no process {number}: there are {len(self._children)}")
        path = request.raw_path.removeprefix(child.place.path)
        try:
            return _response(await self._ask(child, path, request))
        except (ClientError, TimeoutError):
            return _error(503, f"process {number} does not answer")

    async def _of_any(self, request: web.Request) -> web.Response:
        reply = None
        for child in self._children:
            if not child.is_up:
                continue
            try:
                reply = await self._ask(child, request.raw_path, request)
            except (ClientError, TimeoutError):
                continue
            if reply.status != 503:  # a process without an assignment yet knows no owners
                break
        return _error(503, "no process answers") if reply is None else _response(reply)

    async def _ask(self, child: Child, path: str, request: web.Request | None = None) -> Reply:
        """Raises ClientError where the process serves no HTTP, TimeoutError where it hangs."""
        headers = {} if request is None else _forwarded(request)
        url = URL(f"http://process{path}", encoded=True)
        async with self._sessions[child.number].get(url, headers=headers) as response:
            return Reply(response.status, response.content_type, await response.read())


def _forwarded(request: web.Request) -> dict[str, str]:
    return {
        name: value for name, value in request.headers.items() if name.lower() not in HOP_BY_HOP
    }


def _response(reply: Reply) -> web.Response:
    return web.Response(status=reply.status, body=reply.body, content_type=reply.content_type)


def _error(status: int, text: str) -> web.Response:
    return web.json_response({"error": text}, status=status)
