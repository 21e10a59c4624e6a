"""Avro container files, as importers read them."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fastavro
from fastavro.schema import SchemaParseException

from streams.errors import Refused


def read_container(path: Path) -> Iterator[dict[str, Any]]:
    """The records of a container file, one after another, in natural Python values (moments as
    `datetime`). Raises Refused if it is no such file, or is damaged; OSError."""
    with path.open("rb") as file:
        try:
            for record in fastavro.reader(file):
                if not isinstance(record, dict):
                    raise Refused(f"{path}: contains single values, expected records")
                yield record
        except (ValueError, EOFError, IndexError, TypeError, SchemaParseException) as error:
            raise Refused(f"{path}: not an Avro container file, or corrupt: {error}") from error
