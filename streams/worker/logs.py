"""Logging of a worker: one plain line per event, on standard error."""

import logging
import time

from streams.settings import LogLevel

PACKAGE = "streams."
OTHERS = {"faust": logging.WARNING, "mode": logging.WARNING, "aiokafka": logging.ERROR}
"""Log levels of libraries: only serious messages are useful."""


class PlainFormatter(logging.Formatter):
    """2026-11-23T18:31:02.417Z INFO worker.tasks: message

    A process of several is named after its number: `worker.tasks[2]`."""

    converter = staticmethod(time.gmtime)
    default_time_format = "%Y-%m-%dT%H:%M:%S"
    default_msec_format = "%s.%03dZ"

    def __init__(self, process: int | None = None) -> None:
        place = "" if process is None else f"[{process}]"
        super().__init__(f"%(asctime)s %(levelname)s %(name)s{place}: %(message)s")

    def format(self, record: logging.LogRecord) -> str:
        record.name = record.name.removeprefix(PACKAGE)
        return super().format(record)


def log_plainly(level: LogLevel, process: int | None = None) -> None:
    """Configures all loggers to write such lines, from `level` on. `process`: the number of this
    process, where a worker has several."""
    handler = logging.StreamHandler()
    handler.setFormatter(PlainFormatter(process))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.value.upper())
    for name, least in OTHERS.items():
        logging.getLogger(name).setLevel(max(least, root.level))
