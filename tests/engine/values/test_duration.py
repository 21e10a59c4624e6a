import pytest

from streams.engine.values.duration import (
    DAY,
    HOUR,
    LONGEST_DURATION,
    MINUTE,
    SECOND,
    duration_text,
    meant_duration,
    parse_duration,
    parse_offset,
    whole_days,
)


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("90s", 90 * SECOND),
        ("30m", 30 * MINUTE),
        ("4h", 4 * HOUR),
        ("1d 2h 30m", 26 * HOUR + 30 * MINUTE),  # W41
        ("1d2h30m", 26 * HOUR + 30 * MINUTE),
        ("2w", 14 * DAY),
        ("0s", 0),
        ("3660d", LONGEST_DURATION),
    ],
)
def test_a_duration_is_read(text: str, length: int) -> None:
    assert parse_duration(text) == length


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "4",  # of what?
        "h",
        "4 h",
        "4hours",
        "4H",
        "4h ",
        " 4h",
        "1d  2h",
        "-4h",
        "+4h",
        "1.5h",
        "1,5h",
        "2h 1d",  # the units fall
        "1h 1h",
        "1h,30m",
        "1d and 2h",
        "P1D",
        "10:00",
        "1M",
        "1y",
        "٤h",  # digits, but not ours
        "4h\n",
        "3661d",
        "9" * 400 + "s",
    ],
)
def test_what_is_no_duration_is_refused(text: str) -> None:
    assert parse_duration(text) is None


def test_an_offset_may_be_negative() -> None:
    assert parse_offset("-3d") == -3 * DAY
    assert parse_offset("+3d") == 3 * DAY
    assert parse_offset("12h") == 12 * HOUR
    assert parse_offset("--3d") is None
    assert parse_offset("-") is None


def test_whole_days() -> None:
    assert whole_days(2 * DAY) == 2
    assert whole_days(48 * HOUR) == 2
    assert whole_days(0) == 0
    assert whole_days(-3 * DAY) == -3
    assert whole_days(36 * HOUR) is None
    assert whole_days(DAY - 1) is None


@pytest.mark.parametrize(
    ("length", "text"),
    [
        (0, "0s"),
        (26 * HOUR + 30 * MINUTE, "1d 2h 30m"),
        (14 * DAY, "14d"),
        (-90 * SECOND, "-1m 30s"),
        (DAY - 1, "23h 59m 59s 999ms"),
    ],
)
def test_a_duration_is_shown_as_it_is_written(length: int, text: str) -> None:
    assert duration_text(length) == text


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("1 day", "1d"),
        ("4 hours", "4h"),
        ("1.5 hours", "1h 30m"),
        ("1 day and 2 hours", "1d 2h"),
        ("1d, 4h", "1d 4h"),
        ("3D", "3d"),
        ("2 weeks", "14d"),
        ("1 month", "30d"),
        ("PT4H", "4h"),
        ("P1D", "1d"),
        ("-3 days", "-3d"),
        ("90", None),
        ("a day", None),
        ("4 parsecs", None),
        ("0 days", None),
        ("0.0001 seconds", None),
        ("99 years", None),
    ],
)
def test_what_was_meant(text: str, meant: str | None) -> None:
    assert meant_duration(text) == meant
    assert meant is None or parse_offset(meant) is not None
