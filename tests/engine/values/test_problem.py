import pytest

from streams.engine.values.problem import nearest_name

NAMES = ("draft", "live", "paused", "archived", "mon", "priority", "smart_sending")


@pytest.mark.parametrize(
    ("found", "meant"),
    [
        ("smart_sendng", "smart_sending"),
        ("Paused", "paused"),
        ("monday", "mon"),
        ("prio", "priority"),
        ("active", None),
        ("running", None),
        ("", None),
    ],
)
def test_a_name_that_is_near_enough_or_none(found: str, meant: str | None) -> None:
    assert nearest_name(found, NAMES) == meant
