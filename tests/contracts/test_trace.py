import pytest

from streams.contracts.trace import trace_headers, traceparent_in

GOOD = b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@pytest.mark.parametrize(
    ("value", "is_taken"),
    [
        (GOOD, True),
        (b"01" + GOOD[2:] + b"-what.comes", True),
        (b"ff" + GOOD[2:], False),
        (GOOD.upper(), False),
        (GOOD[:-1], False),
        (GOOD + b"1", False),
        (GOOD + b"-" + b"x" * 64, True),
        (GOOD + b"-" + b"x" * 65, False),
        (b"00-" + b"0" * 32 + GOOD[35:], False),
        (GOOD[:36] + b"0" * 16 + GOOD[52:], False),
        (b"\xff" * 55, False),
        (b"", False),
    ],
)
def test_one_that_cannot_be_followed_is_ignored(value: bytes, is_taken: bool) -> None:
    found = traceparent_in([("other", b"1"), ("traceparent", value)])
    assert found == (value.decode() if is_taken else None)


def test_the_first_counts() -> None:
    second = GOOD.replace(b"b7ad", b"beef")
    assert traceparent_in([("traceparent", GOOD), ("traceparent", second)]) == GOOD.decode()


def test_a_header_without_a_value_is_none() -> None:
    found = [("traceparent", None)]
    assert traceparent_in(found) is None  # type: ignore[arg-type]


def test_it_is_written_as_it_was_read() -> None:
    assert trace_headers(GOOD.decode()) == [("traceparent", GOOD)]
    assert trace_headers(None) is None
