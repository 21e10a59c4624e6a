"""A schema registry in memory, over HTTP on this machine: what tests of ours stop and start.

It answers the three requests that `SchemaRegistry` makes as Confluent's does. The real thing is
tried in test_registry.py where Java and Maven are there.
"""

import base64
import json
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Any, Self
from urllib.parse import unquote


class RegistryServer:
    """Listens while it is entered; may be entered again, then on the same port."""

    def __init__(self, password: str | None = None) -> None:
        self.schemas: dict[int, dict[str, Any]] = {}  # id -> answer to /schemas/ids/ID
        self.subjects: dict[tuple[str, int], dict[str, Any]] = {}  # (name, version) -> answer
        self.requests: list[str] = []
        self.fails_with: int | None = None
        self.answers = Event()
        """While it isn't set, requests are taken and hang."""
        self.answers.set()
        self.password = password
        self._port = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}/api"

    def add(self, schema: Any, **more: Any) -> int:
        """Enters a schema; returns its id."""
        schema_id = 100 + len(self.schemas)
        self.schemas[schema_id] = {"schema": json.dumps(schema), **more}
        return schema_id

    def __enter__(self) -> Self:
        owner = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                owner._answer(self, None)

            def do_POST(self) -> None:
                length = int(self.headers["Content-Length"])
                owner._answer(self, json.loads(self.rfile.read(length)))

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
                """Says nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", self._port), Handler)
        self._port = self._server.server_address[1]
        self._thread = Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.answers.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _answer(self, handler: BaseHTTPRequestHandler, body: Any) -> None:
        self.requests.append(handler.path)
        assert self.answers.wait(20), "it was to hang, not for ever"
        status, answer = self._answer_to(handler, handler.path.removeprefix("/api"), body)
        handler.send_response(status)
        handler.end_headers()
        with suppress(BrokenPipeError):  # whoever asked has given up
            handler.wfile.write(json.dumps(answer).encode())

    def _answer_to(
        self, handler: BaseHTTPRequestHandler, path: str, body: Any
    ) -> tuple[int, dict[str, Any]]:
        if self.password is not None:
            expected = base64.b64encode(f"worker:{self.password}".encode()).decode()
            if handler.headers["Authorization"] != f"Basic {expected}":
                return 401, {"message": "Unauthorized"}
        if self.fails_with is not None:
            return self.fails_with, {"message": "as the test wants it"}
        match path.strip("/").split("/"):
            case ["schemas", "ids", schema_id] if int(schema_id) in self.schemas:
                return 200, self.schemas[int(schema_id)]
            case ["subjects", name, "versions"] if body is not None:
                new_id = self.add(json.loads(body["schema"]))
                self.subjects[unquote(name), 1] = self.schemas[new_id]
                return 200, {"id": new_id}
            case ["subjects", name, "versions", number]:
                found = self.subjects.get((unquote(name), int(number)))
                return (404, {"error_code": 40401}) if found is None else (200, found)
        return 404, {"error_code": 40403}
