"""The tables of defaults in docs/flows.md hold what the code does."""

import re
from pathlib import Path
from typing import Any

import pytest

from streams.engine.compiling import Flow, FlowStatus
from streams.engine.compiling.compile_flow import DEFAULT_EVENT_AGE, TRANSACTIONAL_EVENT_AGE
from streams.engine.customer import KEYS_KEPT
from streams.engine.customer.profile_updates import SOFT_BOUNCE_LIMIT
from streams.engine.customer.touches import WINDOWS
from streams.engine.language import StoreSettings, keys_of
from streams.engine.sending import DEFAULT_QUIET_HOURS
from streams.engine.steps import send
from streams.engine.values import CHANNELS, DAY, HOUR, MINUTE, Clock, parse_duration

PAGE = (Path(__file__).parents[2] / "docs" / "flows.md").read_text()
SECTION = PAGE.partition("\n## Defaults\n")[2].partition("\n## ")[0]


def table(of: str) -> dict[str, str]:
    """The rows of a table: key and text."""
    rows = SECTION.partition(f"| {of} | without it |\n|---|---|\n")[2].partition("\n\n")[0]
    cells = [row.strip("|").split("|") for row in rows.splitlines()]
    return {key.strip(" `"): text.strip() for key, text in cells}


def values(text: str) -> list[str]:
    return re.findall("`([^`]+)`", text)


def durations(text: str) -> list[Any]:
    return [parse_duration(value) for value in values(text)]


FLOW, MESSAGE = table("key of a flow"), table("key of a message")
STORE = table("key of `store.yaml`")


def test_every_optional_key_is_there() -> None:
    optional = {key.name for key in keys_of(Flow).values() if not key.is_required}
    assert FLOW.keys() == optional - {"name", "description", "each"}
    assert STORE.keys() == keys_of(StoreSettings).keys() - {"name"}
    assert MESSAGE.keys() < keys_of(send.Definition).keys()


@pytest.mark.parametrize(
    ("text", "default"),
    [
        (FLOW["status"], FlowStatus.LIVE.value),
        (FLOW["priority"], str(keys_of(Flow)["priority"].default)),
        (FLOW["transactional"], str(keys_of(Flow)["transactional"].default).lower()),
        (MESSAGE["status"], keys_of(send.Definition)["status"].default),
        (MESSAGE["when_busy"], keys_of(send.Definition)["when_busy"].default),
        (STORE["timezone"], StoreSettings().timezone),
        (STORE["currency"], StoreSettings().currency),
        (STORE["low_stock"], str(StoreSettings().low_stock)),
    ],
)
def test_a_word(text: str, default: str) -> None:
    assert values(text) == [default]


def test_durations() -> None:
    assert durations(FLOW["max_event_age"]) == [DEFAULT_EVENT_AGE, TRANSACTIONAL_EVENT_AGE]
    assert durations(MESSAGE["expires"]) == [
        send.DEFAULT_EXPIRES["email"],
        vars(send)["_OTHERS_EXPIRE"],
    ]
    windows = [StoreSettings().smart_sending_window(channel) for channel in CHANNELS]
    assert durations(STORE["smart_sending"]) == windows
    assert durations(STORE["profile_grace"]) == [StoreSettings().profile_grace] == [2 * MINUTE]


def test_the_rest_of_the_store() -> None:
    settings = StoreSettings()
    keep, occurrences = settings.history.keep // DAY, settings.history.occurrences
    assert values(STORE["history"]) == [f"keep: {keep}d", f"occurrences: {occurrences}"]
    assert values(STORE["in_commands"]) == settings.in_commands
    hours = (Clock(21, 0), Clock(8, 0))
    assert {"sms": hours, "push": hours} == DEFAULT_QUIET_HOURS
    assert values(STORE["quiet_hours"]) == ["21:00", "08:00"]
    empty = ("rates", "profile", "quiet_days", "quiet_dates", "caps", "topics")
    assert not any(getattr(settings, name) for name in empty)
    assert settings.country is None


def test_what_is_no_setting() -> None:
    last = SECTION.rstrip().splitlines()[-1]
    windows = {
        ("message.opened", "email"): 5 * DAY,
        ("message.clicked", "email"): 5 * DAY,
        ("message.clicked", "sms"): 5 * DAY,
        ("message.opened", "push"): 24 * HOUR,
    }
    assert windows == WINDOWS
    assert durations(last) == [5 * DAY, 24 * HOUR, KEYS_KEPT]
    assert SOFT_BOUNCE_LIMIT == 7
    assert "seven soft bounces" in last
