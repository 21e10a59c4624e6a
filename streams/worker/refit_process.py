"""The process in which a worker fits the purchase model anew: `python -m
streams.worker.refit_process`, started by refit_agent.py. Its standard input has the settings, which
hold secrets."""

import logging
import sys
import time

from streams.errors import SendflowError
from streams.worker.ending import FAILED, STOPPED
from streams.worker.logs import log_plainly
from streams.worker.refit_agent import FITTED, settings_in

logger = logging.getLogger("streams.worker.refit_process")  # run as __main__


def fit_once() -> int:
    """Returns the exit status: STOPPED if no fit was due, FITTED after one, or FAILED."""
    settings = settings_in(sys.stdin.buffer.read())
    log_plainly(settings.log_level)
    try:
        from streams.operations.refitting import refit_if_due

        was_due = refit_if_due(settings, time.time_ns() // 1_000_000)
    except ModuleNotFoundError as error:
        logger.error("refit needs pip install 'sendflow[value]': %s", error)
        return FAILED
    except SendflowError as error:
        logger.error("purchase model not fitted anew: %s", error)
        return FAILED
    return FITTED if was_due else STOPPED


if __name__ == "__main__":
    sys.exit(fit_once())
