"""Options shared by commands, and the settings built from them."""

import os
from pathlib import Path
from typing import Annotated

import typer

from streams.errors import Refused
from streams.settings import FILE_NAME, LoadedSettings, Settings, load_settings

_PANEL = "Settings"

ConfigFileOption = Annotated[
    Path | None,
    typer.Option(
        "--config",
        metavar="FILE",
        help=f"Settings file (default: ./{FILE_NAME}).",
        rich_help_panel=_PANEL,
    ),
]
BrokersOption = Annotated[
    str | None,
    typer.Option(
        "--brokers",
        metavar="HOST:PORT",
        help="Kafka bootstrap servers, comma-separated.",
        rich_help_panel=_PANEL,
    ),
]
PrefixOption = Annotated[
    str | None,
    typer.Option(
        "--prefix", metavar="TEXT", help="Prefix of all topic names.", rich_help_panel=_PANEL
    ),
]
SimulatedOption = Annotated[
    bool,
    typer.Option(
        "--simulated",
        help="Simulated time: record timestamps come from the producer (record_time = create).",
        rich_help_panel=_PANEL,
    ),
]
PartitionsOption = Annotated[
    int | None,
    typer.Option(
        "--partitions",
        metavar="N",
        help="Number of partitions per topic.",
        rich_help_panel=_PANEL,
    ),
]
YesOption = Annotated[bool, typer.Option("--yes", "-y", help="Skip the confirmation.")]
JsonOption = Annotated[bool, typer.Option("--json", help="JSON output.")]


def settings_from_options(
    config: Path | None = None,
    brokers: str | None = None,
    prefix: str | None = None,
    **others: object,
) -> Settings:
    """The settings of the file, `SENDFLOW_` variables and these options (None: not given); later
    ones win. Raises Refused with all problems."""
    return settings_with_origins(config, brokers, prefix, **others).settings


def settings_with_origins(
    config: Path | None = None,
    brokers: str | None = None,
    prefix: str | None = None,
    **others: object,
) -> LoadedSettings:
    """The settings, with the origin of each value."""
    file = config
    if file is None and Path(FILE_NAME).is_file():
        file = Path(FILE_NAME)
    return load_settings(file, os.environ, {"brokers": brokers, "prefix": prefix, **others})


def record_time(is_simulated: bool) -> str | None:
    """The value of the setting `record_time` for `--simulated`."""
    return "create" if is_simulated else None


def require_zone(name: str, option: str) -> None:
    """Raises Refused for an unknown time zone."""
    from zoneinfo import available_timezones

    if name not in available_timezones():
        raise Refused(f"{option} is {name!r}, expected a time zone such as Europe/London")


def moment(text: str, option: str, zone: str = "UTC") -> int:
    """The time given to an option, in ms since the epoch: 2026-03-02, 2026-03-02T10:00 (in `zone`,
    or with an offset), or milliseconds since the epoch. Raises Refused."""
    from datetime import datetime
    from zoneinfo import ZoneInfo

    if text.isdecimal() and len(text) > 8:
        return int(text)
    try:
        parsed = datetime.fromisoformat(text)
    except ValueError:
        raise Refused(
            f"{option} is {text!r}, expected a time such as 2026-03-02, 2026-03-02T10:00+01:00 "
            "or milliseconds since the epoch"
        ) from None
    if parsed.tzinfo is None:
        parsed = parsed.replace(tzinfo=ZoneInfo(zone))
    return round(parsed.timestamp() * 1000)
