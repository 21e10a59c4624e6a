"""Log lines of dead letters: the first of a topic and kind of reason at once, then one a minute
with their number. A producer that is wrong is wrong in every record."""

import asyncio
import logging
import re

import msgspec

logger = logging.getLogger(__name__)

_REPORT_EVERY = 60.0  # seconds

_MOST_KINDS = 200
_OTHER = "other reasons"
_VALUE = re.compile(r" is .*?(?=, expected|$)|\d+|\"[^\"]*\"", re.DOTALL)


class _Held(msgspec.Struct):
    """Dead letters of one topic and kind that were not logged, and the text of the last."""

    number: int = 0
    last: str = ""


class DeadLetterFilter(logging.Filter):
    """Filter of the logger that names each dead letter, with the arguments topic, partition, offset
    and reason. Passes the first of a kind; `report` logs the number of the others."""

    def __init__(self) -> None:
        super().__init__()
        self._held: dict[tuple[str, str], _Held] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """True for a record to be logged: others are counted."""
        if record.levelno != logging.WARNING or not isinstance(record.args, tuple):
            return True
        topic, _, _, reason = record.args
        kind = str(topic), kind_of_reason(str(reason))
        if kind not in self._held and len(self._held) >= _MOST_KINDS:
            kind = str(topic), _OTHER
        held = self._held.get(kind)
        if held is None:
            self._held[kind] = _Held()
            return True
        held.number += 1
        held.last = record.getMessage()
        return False

    def report(self) -> None:
        """Logs a line for each kind with dead letters since the last call. A kind without any is
        forgotten: its next is logged at once."""
        for (topic, kind), held in list(self._held.items()):
            if held.number:
                logger.warning(
                    "%s: %d more dead letters within a minute; the last: %s",
                    topic,
                    held.number,
                    held.last,
                )
                self._held[topic, kind] = _Held()
            else:
                del self._held[topic, kind]


def kind_of_reason(reason: str) -> str:
    """A reason without the values found, so that it is the same for records wrong alike."""
    return _VALUE.sub(" …", reason)


async def report_dead_letters(held: DeadLetterFilter) -> None:
    """Calls `report` each minute, until cancelled."""
    while True:
        await asyncio.sleep(_REPORT_EVERY)
        held.report()
