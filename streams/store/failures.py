"""What goes wrong with a store, sorted by what the caller must do: the first of the table wins.

RocksDB's errors and the system's have nothing but their text in common. What isn't known to be
damage is none: a healthy store would be quarantined, and restored for hours, for a full disk.
"""

import errno
import os
from pathlib import Path

from streams.errors import Refused, SendflowError, StoreUnusable

CATCHES_UP = "what was committed is in the changelog, and the store in data_dir catches up from it"
AGAIN = f"start again: {CATCHES_UP}"
_PERMIT = f"let this user read and write data_dir and all that is in it, and {AGAIN}"

REACTIONS: tuple[tuple[str, type[SendflowError], str], ...] = (
    (
        os.strerror(errno.ENOSPC),
        Refused,
        f"make room on this disk and start again: {CATCHES_UP}",
    ),
    (os.strerror(errno.EDQUOT), Refused, f"raise the quota of this user on the disk, and {AGAIN}"),
    (
        os.strerror(errno.EFBIG),
        Refused,
        f"raise the limit of a file's size (ulimit -f), and {AGAIN}",
    ),
    (
        os.strerror(errno.EMFILE),
        Refused,
        f"raise the limit of open files (ulimit -n, LimitNOFILE), and {AGAIN}",
    ),
    (os.strerror(errno.ENFILE), Refused, f"the system has no more open files; {AGAIN}"),
    (os.strerror(errno.EACCES), Refused, _PERMIT),
    (os.strerror(errno.EPERM), Refused, _PERMIT),
    (os.strerror(errno.EROFS), Refused, f"mount the disk so that it can be written, and {AGAIN}"),
    # A file of the database is missing, or isn't what it should be.
    (os.strerror(errno.ENOENT), StoreUnusable, ""),
    ("Corruption", StoreUnusable, ""),
    # Whatever else a disk can do.
    ("IO error", Refused, f"look after the disk, and {AGAIN}"),
)


def store_error(directory: Path, doing: str, exception: Exception) -> Exception:
    """The error of ours for `exception`, which happened while `doing` something with the store in
    `directory`. What isn't known here is a bug: no SendflowError."""
    said = str(exception)
    text = f"{directory}: {doing}: {said}"
    for part, reaction, advice in REACTIONS:
        if part in said:
            return reaction(f"{text}; {advice}" if advice else text)
    if isinstance(exception, OSError):
        return Refused(f"{text}; look after data_dir, and {AGAIN}")
    return RuntimeError(text)
