"""Schemas of a Confluent-compatible registry, by id.

An id never changes its meaning, so fetched schemas are cached: in memory and, with a cache folder,
over restarts. A registry that is down blocks only records with an id never seen before.

    known      from memory; never blocks
    contract   queries the registry where needed, and blocks: in a thread (PITFALLS 67)
"""

import base64
import json
import logging
import re
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit, urlunsplit

import msgspec
from fastavro.schema import SchemaParseException, UnknownType, parse_schema

from streams.contracts.schemas import Contract, contract_of
from streams.errors import Refused, Unreachable
from streams.settings import Settings

logger = logging.getLogger(__name__)

_HOST = re.compile(r"([\w.-]+|\[[0-9a-fA-F:.]+\])(:\d+)?")
_TIMEOUT = 5.0  # seconds, for a request
_RETRY_AFTER = 30.0  # seconds; records with an unknown id must not cost a request each


class RegistryUnreachable(Unreachable):
    """The registry did not answer, so a record can be neither accepted nor rejected: a dead letter
    would make the outcome depend on the registry's health."""


class NotAContract(msgspec.Struct, frozen=True):
    """The reason why the schema under an id cannot be used."""

    reason: str


class SchemaRegistry:
    """Queries one registry, and caches the answers.

    `cache` is a folder of this registry's schemas. `login` is a name and a password, for basic
    authentication. Thread-safe.
    """

    def __init__(
        self,
        url: str,
        cache: Path | None = None,
        login: tuple[str, str] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        parts = urlsplit(url)
        host = parts.netloc
        if parts.scheme not in ("http", "https") or "@" in url or not _HOST.fullmatch(host):
            before, at, shown = url.rpartition("@")  # the part before @ may be a password
            raise Refused(
                f"the schema registry's address (setting schema_registry) is "
                f"{'***' if before else ''}{at}{shown}, expected http://HOST:PORT/PATH"
            )
        self.url = urlunsplit((parts.scheme, host, parts.path.rstrip("/"), "", ""))
        self._headers = {"Accept": "application/vnd.schemaregistry.v1+json"}
        if login is not None:
            pair = base64.b64encode(":".join(login).encode())
            self._headers["Authorization"] = f"Basic {pair.decode()}"
        self._cache = cache
        self._clock = clock
        self._known: dict[int, Contract | NotAContract] = {}
        # id -> time of the request, answer
        self._rejected: dict[int, tuple[float, NotAContract]] = {}
        self._lookup_lock = threading.Lock()  # many tasks may need a new id at the same time

    def known(self, schema_id: int) -> Contract | NotAContract | None:
        """Returns the contract with this id, if in memory; None otherwise (see `contract`)."""
        known = self._known.get(schema_id)
        if known is not None:
            return known
        rejected = self._rejected.get(schema_id)
        if rejected is not None and self._clock() - rejected[0] < _RETRY_AFTER:
            return rejected[1]
        return None

    def contract(self, schema_id: int) -> Contract | NotAContract:
        """Returns the contract with this id; blocks. Raises RegistryUnreachable, only for ids not
        seen before, and Refused."""
        with self._lookup_lock:
            return self.known(schema_id) or self._found(schema_id)

    def _found(self, schema_id: int) -> Contract | NotAContract:
        answer = self._cached(schema_id) or self._fetch(schema_id)
        if answer is None:
            missing = NotAContract(f"schema id {schema_id} not found in the registry at {self.url}")
            self._rejected[schema_id] = (self._clock(), missing)
            return missing
        contract = self._parse(schema_id, answer)
        self._known[schema_id] = contract
        return contract

    def register(self, contract: Contract) -> int:
        """Registers a contract under its full name (the RecordName strategy), unless registered
        already; returns its id. Raises RegistryUnreachable; Refused if it is rejected."""
        body = json.dumps({"schema": json.dumps(contract.source)}).encode()
        answer = self._request(f"/subjects/{quote(contract.full_name, safe='')}/versions", body)
        if answer is None or "id" not in answer:
            raise Refused(
                f"the registry at {self.url} has no subjects: wrong address? "
                f"(Apicurio: it ends in /apis/ccompat/v7)"
            )
        schema_id = int(answer["id"])
        self._known[schema_id] = contract
        return schema_id

    def _parse(self, schema_id: int, answer: dict[str, Any]) -> Contract | NotAContract:
        where = f"schema id {schema_id} of the registry at {self.url}"
        if (kind := answer.get("schemaType", "AVRO")) != "AVRO":
            return NotAContract(f"{where} is {kind}, expected AVRO")
        try:
            named: dict[str, Any] = {}
            for reference in answer.get("referenced", ()):
                parse_schema(json.loads(reference), named, expand=True)
            return contract_of(json.loads(answer["schema"]), named)
        except (ValueError, KeyError, SchemaParseException, UnknownType) as error:
            return NotAContract(f"{where}: {error}")

    def _fetch(self, schema_id: int) -> dict[str, Any] | None:
        answer = self._request(f"/schemas/ids/{schema_id}")
        if answer is None:
            return None
        answer["referenced"] = self._referenced(answer)
        if self._cache is not None:
            try:
                self._keep(self._cache, schema_id, answer)
            except OSError as error:  # only costs another request after a restart
                logger.warning("schema id %d cannot be cached on disk: %s", schema_id, error)
        return answer

    def _keep(self, cache: Path, schema_id: int, answer: dict[str, Any]) -> None:
        """Writes the file atomically: several workers may share the folder."""
        cache.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(
            "w", encoding="utf-8", dir=cache, suffix=".new", delete=False
        ) as unfinished:
            json.dump(answer, unfinished)
        Path(unfinished.name).replace(cache / f"{schema_id}.json")

    def _referenced(self, answer: dict[str, Any]) -> list[str]:
        """Returns the schemas that this one refers to by name, each after its own references."""
        schemas: list[str] = []
        for reference in answer.get("references") or ():
            subject = quote(reference["subject"], safe="")
            found = self._request(f"/subjects/{subject}/versions/{reference['version']}")
            if found is not None:
                schemas += [*self._referenced(found), found["schema"]]
        return list(dict.fromkeys(schemas))

    def _cached(self, schema_id: int) -> dict[str, Any] | None:
        if self._cache is None:
            return None
        try:
            text = (self._cache / f"{schema_id}.json").read_text(encoding="utf-8")
            return dict(json.loads(text))
        except (OSError, ValueError):  # missing or truncated: fetch it again
            return None

    def _request(self, path: str, body: bytes | None = None) -> dict[str, Any] | None:
        """Returns the answer to a request; None for 404. Raises RegistryUnreachable, Refused."""
        headers = dict(self._headers)
        if body is not None:
            headers["Content-Type"] = "application/vnd.schemaregistry.v1+json"
        request = urllib.request.Request(self.url + path, body, headers)
        try:
            with urllib.request.urlopen(request, timeout=_TIMEOUT) as response:
                return dict(json.load(response))
        except urllib.error.HTTPError as error:
            if error.code == 404:
                return None
            said = error.read(200).decode(errors="replace")
            if error.code in (401, 403):
                raise Refused(
                    f"the schema registry at {self.url} rejected the credentials "
                    f"({error.code}): check schema_registry_username and the password"
                ) from error
            if error.code in (409, 422):
                raise Refused(
                    f"the schema registry at {self.url} rejected the request: {said}"
                ) from error
            raise RegistryUnreachable(
                f"the schema registry at {self.url} returned {error.code}: {said}"
            ) from error
        except (OSError, ValueError) as error:  # down, too slow, or not JSON
            raise RegistryUnreachable(
                f"the schema registry at {self.url} is unreachable: {error}"
            ) from error


def registry_in(settings: Settings, caches: Path | None = None) -> SchemaRegistry | None:
    """Returns the registry of the settings; None if none is set. `caches` is a folder for fetched
    schemas, one subfolder per registry: the same id is another schema in another registry."""
    url = settings.schema_registry
    if url is None:
        return None
    username, password = settings.schema_registry_username, settings.schema_registry_password
    login = None if username is None or password is None else (username, password)
    cache = None if caches is None else caches / quote(url.rstrip("/"), safe="")
    return SchemaRegistry(url, cache, login)
