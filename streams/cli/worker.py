"""`sendflow worker`: decides, until it's stopped."""

import signal
from pathlib import Path
from types import FrameType
from typing import Annotated

import typer

from streams.cli import options, output


def worker(
    flows: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER",
            help="Definitions to publish at the start, unless this set was ever published.",
        ),
    ] = None,
    data_dir: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER", help="Where the tasks keep their state.", rich_help_panel="Settings"
        ),
    ] = None,
    web_port: Annotated[
        int | None,
        typer.Option(
            help="The port for customers, health, status and metrics.", rich_help_panel="Settings"
        ),
    ] = None,
    config: options.ConfigFileOption = None,
    brokers: options.BrokersOption = None,
    prefix: options.PrefixOption = None,
    simulated: options.SimulatedOption = False,
) -> None:
    """Decide who gets which message, until SIGTERM or Ctrl-C; as many workers as you like.

    \b
    Exit status: 0 stopped, 1 failed, 2 something must be changed first.
    Example: sendflow worker --flows flows --data-dir /var/lib/sendflow
    """
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _stop)
    settings = options.settings_from_options(
        config,
        brokers,
        prefix,
        record_time=options.record_time(simulated),
        data_dir=data_dir,
        web_port=web_port,
    )
    from streams.worker.logs import log_plainly
    from streams.worker.process import run_worker

    log_plainly(settings.log_level)
    status = run_worker(settings, flows)
    if status:
        raise typer.Exit(status)


def _stop(number: int, frame: FrameType | None) -> None:
    """While nothing has begun, there is nothing to finish: the worker takes over later."""
    raise SystemExit(output.FINE)
