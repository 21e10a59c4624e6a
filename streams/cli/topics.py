"""`sendflow topics`: make the topics, or say what is wrong with them."""

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
    config: options.ConfigFile = None,
    brokers: options.Brokers = None,
    prefix: options.Prefix = None,
    partitions: options.Partitions = None,
    simulated: options.Simulated = False,
) -> None:
    """Create the topics that are missing; those that are there stay as they are.

    Workers must know the same number of partitions, for ever: the setting `partitions`.

    \b
    Example: sendflow topics create --brokers localhost:9092 --partitions 8
    """
    record_time = options.record_time(simulated)
    settings = options.load(config, brokers, prefix, partitions=partitions, record_time=record_time)
    with _admin(settings) as admin:
        created = admin.create_topics()
        for name in created:
            output.say(f"created {name}")
        if not created:
            output.say("all topics are there")
        problems = admin.check_topics()
    for problem in problems:
        if not problem.is_advice:
            output.complain(str(problem))
    if any(not problem.is_advice for problem in problems):
        raise typer.Exit(output.NOT_SO)
    if partitions is not None:
        _tell_who_else_must_know(partitions, config, brokers, prefix)


def _tell_who_else_must_know(
    partitions: int, config: Path | None, brokers: str | None, prefix: str | None
) -> None:
    """An option holds for one command, and a worker that expects another number doesn't start."""
    kept = options.load(config, brokers, prefix).partitions
    if kept != partitions:
        file = config or FILE_NAME
        output.note(
            f"workers and the other commands still expect partitions = {kept}: set partitions = "
            f"{partitions} in {file}, or SENDFLOW_PARTITIONS={partitions}",
            "yellow",
        )


def check(
    config: options.ConfigFile = None,
    brokers: options.Brokers = None,
    prefix: options.Prefix = None,
    partitions: options.Partitions = None,
    simulated: options.Simulated = False,
    as_json: options.AsJson = False,
) -> None:
    """Say what is wrong with the topics, and what mends it. Exit status 1 if workers would refuse.

    \b
    Example: sendflow topics check --brokers localhost:9092
    """
    record_time = options.record_time(simulated)
    settings = options.load(config, brokers, prefix, partitions=partitions, record_time=record_time)
    with _admin(settings) as admin:
        problems = admin.check_topics()
    if as_json:
        output.print_json(problems)
    else:
        for problem in problems:
            output.say(f"{'advice: ' if problem.is_advice else ''}{problem}")
        if not problems:
            output.say("all topics are as they should be")
    if any(not problem.is_advice for problem in problems):
        raise typer.Exit(output.NOT_SO)


@contextmanager
def _admin(settings: Settings) -> "Iterator[KafkaAdmin]":
    """An admin client whose brokers answer. Raises as `KafkaAdmin.wait_for_broker`."""
    from streams.kafka.admin import KafkaAdmin

    admin = KafkaAdmin(settings)
    try:
        admin.wait_for_broker()
        yield admin
    finally:
        admin.close()
