"""The port that answers for all processes, whatever they do: here they are HTTP servers of the
test."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession, web

from streams.embedded.broker_process import HOST, free_port
from streams.errors import Refused
from streams.settings import Settings
from streams.worker.group import ProcessPlace
from streams.worker.supervision import front
from streams.worker.supervision.child import Child
from streams.worker.supervision.front import Front
from streams.worker.supervision.handover import Handover
from streams.worker.supervision.states import ProcessState

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
READY = {"status": "ok", "is_ready": True, "tasks": 1, "running": 1}


def answers(text: str, status: int = 200) -> Handler:
    """Tells who was asked for what."""

    async def handle(request: web.Request) -> web.StreamResponse:
        if request.path == "/health":
            return web.json_response(READY)
        return web.Response(text=f"{text} {request.raw_path}", status=status)

    return handle


async def hangs(request: web.Request) -> web.StreamResponse:
    """Never answers."""
    await asyncio.Event().wait()
    raise AssertionError


@asynccontextmanager
async def worker_of(folder: Path, *handlers: Handler | None) -> AsyncIterator[str]:
    """The address of a front with a process for each handler; None: one that doesn't serve HTTP
    yet."""
    settings = Settings(web_host=HOST, web_port=free_port())
    children = []
    async with AsyncExitStack() as stack:
        for number, handler in enumerate(handlers, 1):
            child = Child(Handover(settings, ProcessPlace(number, folder / str(number))))
            child.move(ProcessState.RUNNING)
            children.append(child)
            if handler is not None:
                app = web.Application()
                app.router.add_get("/{path:.*}", handler)
                runner = web.AppRunner(app, shutdown_timeout=0.1)
                await runner.setup()
                stack.push_async_callback(runner.cleanup)
                await web.UnixSite(runner, str(child.socket)).start()
        one = Front(settings, children, lambda: False)
        await one.open()
        stack.push_async_callback(one.close)
        yield f"http://{HOST}:{settings.web_port}"


async def ask(url: str) -> tuple[int, str]:
    async with ClientSession() as session, session.get(url) as response:
        return response.status, await response.text()


async def health(url: str) -> tuple[int, dict[str, Any]]:
    async with ClientSession() as session, session.get(f"{url}/health") as response:
        return response.status, await response.json()


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    # Those that answer must do so in time on a busy machine, too.
    monkeypatch.setattr(front, "ANSWER_WITHIN", 1.0)


async def test_any_process_is_asked_with_the_path_as_it_came(tmp_path: Path) -> None:
    async with worker_of(tmp_path, answers("one"), answers("two")) as url:
        assert await ask(f"{url}/customers/c%2F1") == (200, "one /customers/c%2F1")


@pytest.mark.parametrize("first", [None, hangs, answers("one", 503)])
async def test_the_next_one_is_asked_where_a_process_cant_tell(
    tmp_path: Path, first: Handler | None
) -> None:
    async with worker_of(tmp_path, first, answers("two", 404)) as url:
        assert await ask(f"{url}/customers/c1") == (404, "two /customers/c1")


async def test_where_nobody_can_tell_the_last_answer_says_why(tmp_path: Path) -> None:
    async with worker_of(tmp_path, answers("one", 503), None) as url:
        assert await ask(f"{url}/customers/c1") == (503, "one /customers/c1")
    async with worker_of(tmp_path, None, None) as url:
        assert await ask(f"{url}/customers/c1") == (503, '{"error": "no process answers"}')


async def test_one_process_is_asked_by_its_number(tmp_path: Path) -> None:
    async with worker_of(tmp_path, answers("one"), answers("two"), None) as url:
        assert await ask(f"{url}/processes/2/status?x=1") == (200, "two /status?x=1")
        assert (await ask(f"{url}/processes/3/status"))[0] == 503
        assert (await ask(f"{url}/processes/4/status"))[0] == 404


async def test_a_process_that_isnt_there_yet_is_no_failure_and_one_that_hangs_is(
    tmp_path: Path,
) -> None:
    one, two = answers("one"), answers("two")
    async with worker_of(tmp_path, one, two) as url:
        assert await health(url) == (200, {**READY, "tasks": 2, "running": 2})
    async with worker_of(tmp_path, one, None) as url:
        assert await health(url) == (200, {**READY, "is_ready": False})
    async with worker_of(tmp_path, one, hangs) as url:
        assert await health(url) == (503, {**READY, "is_ready": False, "status": "failed"})


async def test_a_port_that_is_taken_is_refused(tmp_path: Path) -> None:
    async with worker_of(tmp_path) as url:
        port = int(url.rpartition(":")[2])
        second = Front(Settings(web_host=HOST, web_port=port), [], lambda: False)
        with pytest.raises(Refused, match=f"port {port} is in use.*web_port"):
            await second.open()
        await second.close()
