"""`sendflow topics`: create and check the topics."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from streams.cli import options, output
from streams.settings import FILE_NAME, Settings

if TYPE_CHECKING:
    from streams.kafka.admin import KafkaAdmin


def create(
    config: options.ConfigFileOption = None,
    brokers: options.BrokersOption = None,
    prefix: options.PrefixOption = None,
    partitions: options.PartitionsOption = None,
    simulated: options.SimulatedOption = False,
) -> None:
    """Create missing topics. Existing topics are not changed.

    All workers must use the same `partitions` setting; it cannot be changed later.

    \b
    Example: sendflow topics create --brokers localhost:9092 --partitions 8
    """
    record_time = options.record_time(simulated)
    settings = options.settings_from_options(
        config, brokers, prefix, partitions=partitions, record_time=record_time
    )
    with _admin(settings) as admin:
        created = admin.create_topics()
        for name in created:
            output.say(f"created {name}")
        if not created:
            output.say("all topics exist")
        problems = admin.check_topics()
    for problem in problems:
        if not problem.is_advice:
            output.complain(str(problem))
    if any(not problem.is_advice for problem in problems):
        raise typer.Exit(output.NOT_SO)
    if partitions is not None:
        _warn_of_other_partitions(partitions, config, brokers, prefix)


def _warn_of_other_partitions(
    partitions: int, config: Path | None, brokers: str | None, prefix: str | None
) -> None:
    """An option applies to one command; a worker with another number refuses to start."""
    kept = options.settings_from_options(config, brokers, prefix).partitions
    if kept != partitions:
        file = config or FILE_NAME
        output.note(
            f"workers and other commands still use partitions = {kept}: set partitions = "
            f"{partitions} in {file} or SENDFLOW_PARTITIONS={partitions}",
            "yellow",
        )


def check(
    config: options.ConfigFileOption = None,
    brokers: options.BrokersOption = None,
    prefix: options.PrefixOption = None,
    partitions: options.PartitionsOption = None,
    simulated: options.SimulatedOption = False,
    as_json: options.JsonOption = False,
) -> None:
    """Check the topics and print a fix for each problem. Exit status 1 if a worker would refuse to
    start.

    \b
    Example: sendflow topics check --brokers localhost:9092
    """
    record_time = options.record_time(simulated)
    settings = options.settings_from_options(
        config, brokers, prefix, partitions=partitions, record_time=record_time
    )
    with _admin(settings) as admin:
        problems = admin.check_topics()
    if as_json:
        output.print_json(problems)
    else:
        for problem in problems:
            output.say(f"{'advice: ' if problem.is_advice else ''}{problem}")
        if not problems:
            output.say("all topics are valid")
    if any(not problem.is_advice for problem in problems):
        raise typer.Exit(output.NOT_SO)


@contextmanager
def _admin(settings: Settings) -> "Iterator[KafkaAdmin]":
    """An admin client with a reachable broker. Raises as `KafkaAdmin.wait_for_broker`."""
    from streams.kafka.admin import KafkaAdmin

    admin = KafkaAdmin(settings)
    try:
        admin.wait_for_broker()
        yield admin
    finally:
        admin.close()
