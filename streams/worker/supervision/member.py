"""One process of a worker: `python -m streams.worker.supervision.member NUMBER`, started by its
supervisor (child.py), never by hand.

Standard input is a pipe whose only writing end is in the supervisor. Its first line is the
handover. Its end means that the supervisor is gone, kill -9 included: the process then stops like
after SIGTERM, which a supervisor that is started anew waits for at the stores' locks.
"""

import logging
import os
import shutil
import signal
import sys
import threading

from streams.errors import Refused
from streams.worker.ending import REFUSED, STOPPED
from streams.worker.logs import log_plainly
from streams.worker.process import run_worker
from streams.worker.supervision.handover import Handover, decode_handover

logger = logging.getLogger("streams.worker.supervision.member")  # run as __main__

STDIN = 0


def run_member() -> int:
    """Runs until SIGTERM or until the supervisor is gone; returns the exit status."""
    line = _read_line()
    if not line:
        return STOPPED
    handover = decode_handover(line)
    log_plainly(handover.settings.log_level, handover.place.number)
    threading.Thread(
        target=_stop_without_supervisor, args=[handover], name="supervisor", daemon=True
    ).start()
    try:
        return run_worker(handover.settings, place=handover.place)
    except Refused as refused:
        logger.error("%s", refused)
        return REFUSED


def _read_line() -> bytes:
    """The handover, or nothing where the supervisor is gone already. Unbuffered: a thread reads the
    rest, and an interpreter can't end while one waits in a buffered read of standard input."""
    line = b""
    while not line.endswith(b"\n"):
        part = os.read(STDIN, 1 << 16)
        if not part:
            return b""
        line += part
    return line


def _stop_without_supervisor(handover: Handover) -> None:
    while os.read(STDIN, 1 << 16):
        pass
    logger.error("the supervisor is gone: shutting down")
    shutil.rmtree(handover.place.socket.parent, ignore_errors=True)
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    sys.exit(run_member())
