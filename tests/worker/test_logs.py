import logging
import re

import pytest

from streams.settings import LogLevel
from streams.worker.logs import PlainFormatter, log_plainly


def test_a_line_has_time_level_place_and_what_happened():
    record = logging.LogRecord("streams.worker.tasks", logging.INFO, "", 0, "task %d", (3,), None)
    line = PlainFormatter().format(record)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z INFO worker\.tasks: task 3", line)


def test_a_line_of_one_of_several_processes_names_it():
    record = logging.LogRecord("streams.worker.tasks", logging.INFO, "", 0, "task 3", None, None)
    assert PlainFormatter(2).format(record).endswith("Z INFO worker.tasks[2]: task 3")


@pytest.fixture
def root():
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    levels = {name: logging.getLogger(name).level for name in ("faust", "mode", "aiokafka")}
    yield root
    root.handlers[:] = handlers
    root.setLevel(level)
    for name, before in levels.items():
        logging.getLogger(name).setLevel(before)


def test_what_others_say_is_shown_when_it_is_serious(root):
    log_plainly(LogLevel.DEBUG)
    assert logging.getLogger("streams.task").isEnabledFor(logging.DEBUG)
    assert not logging.getLogger("faust.app").isEnabledFor(logging.INFO)
    assert logging.getLogger("aiokafka.consumer").isEnabledFor(logging.ERROR)
    log_plainly(LogLevel.ERROR)
    assert not logging.getLogger("faust.app").isEnabledFor(logging.WARNING)
