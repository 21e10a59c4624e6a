"""`sendflow broker`: the embedded broker in the foreground, for development."""

from pathlib import Path
from typing import Annotated

import typer

from streams.cli import output


def broker(
    port: Annotated[int, typer.Option(help="Port.")] = 9092,
    data_dir: Annotated[Path, typer.Option(help="Data directory.")] = Path("broker-data"),
) -> None:
    """Run the embedded broker until Ctrl-C (development only).

    \b
    Example: sendflow broker --port 9092
    """
    import time

    from streams.embedded.broker_process import EmbeddedBroker
    from streams.errors import Refused

    with EmbeddedBroker(data_dir, port) as embedded:
        output.say(f"broker listening on {embedded.bootstrap}; stop with Ctrl-C")
        while embedded.is_running():
            time.sleep(0.2)
        raise Refused(f"the broker exited; log: {embedded.log}")
