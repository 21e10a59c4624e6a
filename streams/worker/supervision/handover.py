"""The handover of a supervisor to a process that it starts: one line on its standard input.

Not as arguments, which every user of the host can read: the settings hold secrets.
"""

from pathlib import Path
from typing import Any

import msgspec

from streams.settings import Settings
from streams.worker.group import ProcessPlace


class Handover(msgspec.Struct, frozen=True):
    """The settings of a process and its place among the others."""

    settings: Settings
    place: ProcessPlace


def encode_handover(handover: Handover) -> bytes:
    """One line, with its end."""
    return msgspec.json.encode(handover, enc_hook=_text) + b"\n"


def decode_handover(line: bytes) -> Handover:
    """The inverse of `encode_handover`."""
    return msgspec.json.decode(line, type=Handover, dec_hook=_path)


def _text(value: Any) -> str:
    assert isinstance(value, Path)
    return str(value)


def _path(kind: type, value: Any) -> Any:
    assert kind is Path
    return Path(value)
