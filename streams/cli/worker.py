"""`sendflow worker`: runs a worker until it is stopped."""

from pathlib import Path
from typing import Annotated

import typer

from streams.cli import options, output
from streams.cli.stop_signals import STOP_SIGNALS


def worker(
    flows: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER",
            help="Definitions to publish on start, unless this set has been published before.",
        ),
    ] = None,
    data_dir: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="State directory.", rich_help_panel="Settings"),
    ] = None,
    web_port: Annotated[
        int | None,
        typer.Option(
            help="HTTP port for health, status, metrics and customer lookups.",
            rich_help_panel="Settings",
        ),
    ] = None,
    processes: Annotated[
        str | None,
        typer.Option(
            metavar="N",
            help="Number of processes that share the tasks; auto: one per available core.",
            rich_help_panel="Settings",
        ),
    ] = None,
    config: options.ConfigFileOption = None,
    brokers: options.BrokersOption = None,
    prefix: options.PrefixOption = None,
    simulated: options.SimulatedOption = False,
) -> None:
    """Run a worker until SIGTERM. Start at most one process per partition.

    \b
    Exit status: 0 stopped, 1 failed, 2 configuration error.
    Example: sendflow worker --flows flows --data-dir /var/lib/sendflow --processes auto
    """
    STOP_SIGNALS.handle(lambda number: output.FINE)  # nothing has started yet
    settings = options.settings_from_options(
        config,
        brokers,
        prefix,
        record_time=options.record_time(simulated),
        data_dir=data_dir,
        web_port=web_port,
        processes=processes,
    )
    from streams.worker.logs import log_plainly
    from streams.worker.supervision.cores import number_of_processes

    log_plainly(settings.log_level)
    members = number_of_processes(settings)
    if members == 1:
        from streams.worker.process import run_worker

        STOP_SIGNALS.settle()  # the worker installs handlers of its own
        status = run_worker(settings, flows)
    else:  # without what a worker imports
        from streams.worker.supervision.supervisor import run_supervisor

        STOP_SIGNALS.settle()
        status = run_supervisor(settings, members, flows)
    if status:
        raise typer.Exit(status)
