"""Errors of a store and their reactions: the first match of the table wins.

Errors of RocksDB and of the system share nothing but their text. Only known damage counts as
damage: else a full disk would quarantine a healthy store, and restoring it takes hours.
"""

import errno
import os
from pathlib import Path

from streams.errors import Refused, SendflowError, StoreUnusable

CATCHES_UP = "committed data is in the changelog; the store in data_dir catches up from it"
AGAIN = f"restart: {CATCHES_UP}"
_PERMIT = f"grant this user read and write access to data_dir and its content and {AGAIN}"

REACTIONS: tuple[tuple[str, type[SendflowError], str], ...] = (
    (
        os.strerror(errno.ENOSPC),
        Refused,
        f"free disk space and restart: {CATCHES_UP}",
    ),
    (os.strerror(errno.EDQUOT), Refused, f"raise this user's disk quota and {AGAIN}"),
    (
        os.strerror(errno.EFBIG),
        Refused,
        f"raise the file size limit (ulimit -f) and {AGAIN}",
    ),
    (
        os.strerror(errno.EMFILE),
        Refused,
        f"raise the limit of open files (ulimit -n, LimitNOFILE) and {AGAIN}",
    ),
    (
        os.strerror(errno.ENFILE),
        Refused,
        f"the system-wide limit of open files is reached; {AGAIN}",
    ),
    (os.strerror(errno.EACCES), Refused, _PERMIT),
    (os.strerror(errno.EPERM), Refused, _PERMIT),
    (os.strerror(errno.EROFS), Refused, f"mount the disk writable and restart: {CATCHES_UP}"),
    # A file of the database is missing or corrupt.
    (os.strerror(errno.ENOENT), StoreUnusable, ""),
    ("Corruption", StoreUnusable, ""),
    # Other disk errors.
    ("IO error", Refused, f"check the disk and {AGAIN}"),
)


def store_error(directory: Path, doing: str, exception: Exception) -> Exception:
    """Translates `exception`, raised while `doing` something with the store in `directory`. An
    unknown one is a bug: no SendflowError."""
    said = str(exception)
    text = f"{directory}: {doing}: {said}"
    for part, reaction, advice in REACTIONS:
        if part in said:
            return reaction(f"{text}; {advice}" if advice else text)
    if isinstance(exception, OSError):
        return Refused(f"{text}; check data_dir and {AGAIN}")
    return RuntimeError(text)
