"""`sendflow broker`: the embedded broker in the foreground, for development."""

from pathlib import Path
from typing import Annotated

import typer

from streams.cli import output


def broker(
    port: Annotated[int, typer.Option(help="The port to listen on.")] = 9092,
    data_dir: Annotated[Path, typer.Option(help="Where its topics are kept.")] = Path(
        "broker-data"
    ),
) -> None:
    """Run the embedded broker until Ctrl-C. For development: production is Apache Kafka.

    \b
    Example: sendflow broker --port 9092
    """
    import time

    from streams.embedded.broker import EmbeddedBroker
    from streams.errors import Refused

    with EmbeddedBroker(data_dir, port) as embedded:
        output.say(f"the broker listens on {embedded.bootstrap}; Ctrl-C ends it")
        while embedded.is_running():
            time.sleep(0.2)
        raise Refused(f"the broker has ended by itself; its log is {embedded.log}")
