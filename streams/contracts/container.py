"""Avro container files, for importers."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fastavro
from fastavro.schema import SchemaParseException

from streams.errors import Refused


def read_container(path: Path) -> Iterator[dict[str, Any]]:
    """Yields the records of a container file as Python values (times as `datetime`). Raises Refused
    for a file that is corrupt or of another format; OSError."""
    with path.open("rb") as file:
        try:
            for record in fastavro.reader(file):
                if not isinstance(record, dict):
                    raise Refused(f"{path}: contains single values, expected records")
                yield record
        except (ValueError, EOFError, IndexError, TypeError, SchemaParseException) as error:
            raise Refused(f"{path}: not an Avro container file, or corrupt: {error}") from error
