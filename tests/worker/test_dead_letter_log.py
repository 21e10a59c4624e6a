"""Log lines of dead letters: one a minute for each topic and kind of reason."""

import logging
from collections.abc import Iterator

import pytest

from streams.runtime.side_outputs import dead_letter_logger
from streams.worker.dead_letter_log import DeadLetterFilter, kind_of_reason


@pytest.fixture
def letters(caplog: pytest.LogCaptureFixture) -> Iterator[DeadLetterFilter]:
    caplog.set_level(logging.INFO)
    letters = DeadLetterFilter()
    dead_letter_logger.addFilter(letters)
    yield letters
    dead_letter_logger.removeFilter(letters)


def reject(topic: str, offset: int, reason: str) -> None:
    dead_letter_logger.warning("%s[%d]@%d: %s; written to dead-letters", topic, 0, offset, reason)


def wrong(found: str) -> str:
    return f"field 'currency' is {found!r}, expected an ISO 4217 code such as GBP"


def test_the_first_is_logged_at_once_and_the_others_are_counted(
    letters: DeadLetterFilter, caplog: pytest.LogCaptureFixture
) -> None:
    for offset in range(1_000):
        reject("orders", offset, wrong(f"X{offset}"))
    assert len(caplog.messages) == 1
    assert caplog.messages[0].startswith("orders[0]@0: field 'currency' is 'X0'")
    letters.report()
    assert len(caplog.messages) == 2
    assert caplog.messages[1].startswith("orders: 999 more dead letters within a minute; the last:")
    assert "orders[0]@999" in caplog.messages[1]
    letters.report()  # a minute without any
    assert len(caplog.messages) == 2
    reject("orders", 1_000, wrong("X"))
    assert len(caplog.messages) == 3


def test_each_topic_and_each_field_has_lines_of_its_own(
    letters: DeadLetterFilter, caplog: pytest.LogCaptureFixture
) -> None:
    reject("orders", 1, wrong("?"))
    reject("carts", 1, wrong("?"))
    reject("orders", 2, "field 'total' is missing")
    assert len(caplog.messages) == 3
    letters.report()
    assert len(caplog.messages) == 3


def test_reasons_without_end_take_a_bounded_number_of_lines(
    letters: DeadLetterFilter, caplog: pytest.LogCaptureFixture
) -> None:
    for number in range(1_000):
        reject("orders", number, f"unknown metric {'x' * number}")
    assert len(caplog.messages) == 201
    letters.report()
    assert len(caplog.messages) == 202
    assert "799 more" in caplog.messages[-1]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (wrong("a, expected"), wrong("b")),
        ("unknown fingerprint 17ab of 4 bytes", "unknown fingerprint 18ab of 5 bytes"),
        ('no schema "a"', 'no schema "b"'),
    ],
)
def test_the_values_found_make_no_kinds(one: str, other: str) -> None:
    assert kind_of_reason(one).split("expected")[-1] == kind_of_reason(other).split("expected")[-1]
