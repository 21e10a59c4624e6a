"""Options that many commands share, and the settings that come of them."""

import os
from pathlib import Path
from typing import Annotated

import typer

from streams.settings import FILE_NAME, LoadedSettings, Settings, load_settings

_PANEL = "Settings"

ConfigFile = Annotated[
    Path | None,
    typer.Option(
        "--config",
        metavar="FILE",
        help=f"Settings to read instead of ./{FILE_NAME}.",
        rich_help_panel=_PANEL,
    ),
]
Brokers = Annotated[
    str | None,
    typer.Option(
        "--brokers",
        metavar="HOST:PORT",
        help="Where Kafka is; several with commas.",
        rich_help_panel=_PANEL,
    ),
]
Prefix = Annotated[
    str | None,
    typer.Option(
        "--prefix", metavar="TEXT", help="What topics' names begin with.", rich_help_panel=_PANEL
    ),
]
Simulated = Annotated[
    bool,
    typer.Option(
        "--simulated",
        help="Time is what the producer says (record_time = create).",
        rich_help_panel=_PANEL,
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="As JSON, for programs.")]


def load(
    config: Path | None = None,
    brokers: str | None = None,
    prefix: str | None = None,
    **others: object,
) -> Settings:
    """The settings in force: the file, `SENDFLOW_` variables, then these options (None: not
    given). Raises Refused with all that is wrong."""
    return load_with_origins(config, brokers, prefix, **others).settings


def load_with_origins(
    config: Path | None = None,
    brokers: str | None = None,
    prefix: str | None = None,
    **others: object,
) -> LoadedSettings:
    """As `load`, and where each value comes from."""
    file = config
    if file is None and Path(FILE_NAME).is_file():
        file = Path(FILE_NAME)
    return load_settings(file, os.environ, {"brokers": brokers, "prefix": prefix, **others})


def record_time(is_simulated: bool) -> str | None:
    """The setting that `--simulated` stands for."""
    return "create" if is_simulated else None
