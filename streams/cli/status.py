"""`sendflow status`: how far the workers are."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from streams.cli import options, output

if TYPE_CHECKING:
    from streams.settings import Settings


def status(
    worker: Annotated[
        str | None,
        typer.Option(
            metavar="HOST:PORT",
            help="A worker to ask for its tasks (default: the one on this host).",
        ),
    ] = None,
    as_json: options.JsonOption = False,
    config: options.ConfigFileOption = None,
    brokers: options.BrokersOption = None,
    prefix: options.PrefixOption = None,
) -> None:
    """Show how many records of each input the workers haven't decided about yet, and what the
    worker on this host is doing.

    \b
    Example: sendflow status --worker worker-1:6066
    """
    settings = options.settings_from_options(config, brokers, prefix)
    lags = _lags(settings)
    asked = worker or f"localhost:{settings.web_port}"
    if "://" not in asked:
        asked = f"http://{asked}"
    answer = _ask(asked)
    if as_json:
        output.print_json({"inputs": lags, "worker": answer})
        return
    output.print_table(
        ("input", "records", "noted", "lag"),
        [(lag["topic"], lag["records"], lag["noted"], lag["lag"]) for lag in lags],
    )
    output.say("noted: what the workers have told their group, every few seconds")
    if answer is None:
        output.say(f"no worker answers at {asked} (--worker HOST:PORT)")
        return
    output.print_table(
        ("task", "state", "clock", "waits for", "lag"),
        [
            (
                str(task["partition"]),
                task["state"],
                _moment(task["clock"]),
                "nothing, it is up to date" if task.get("is_up_to_date") else task["waits_for"],
                sum(task["lag"].values()),
            )
            for task in answer["tasks"]
        ],
        title=f"{asked}, definitions {answer['definitions'] or 'none'}",
    )


def _lags(settings: "Settings") -> list[dict[str, Any]]:
    """By input: its records, those that were noted as done, and the difference."""
    from streams.engine import INPUTS
    from streams.kafka.topic_reader import TopicReader

    lags = []
    with TopicReader(settings, "status") as reader:
        for topic in INPUTS:
            places = reader.partition_ids(topic)
            bounds = {place: reader.bounds(place) for place in places}
            noted = reader.committed(places)
            records = sum(end - first for first, end in bounds.values())
            lag = sum(
                end - max(first, noted.get(place, first)) for place, (first, end) in bounds.items()
            )
            lags.append({"topic": topic, "records": records, "noted": records - lag, "lag": lag})
    return lags


def _ask(worker: str) -> dict[str, Any] | None:
    """The worker's own answer; None if there is none."""
    import json
    import urllib.error
    import urllib.request

    try:
        with urllib.request.urlopen(f"{worker.rstrip('/')}/status", timeout=2) as response:
            answer: dict[str, Any] = json.load(response)
            return answer
    except (urllib.error.URLError, OSError, ValueError):
        return None


def _moment(at: int | None) -> str:
    from datetime import UTC, datetime

    if not at:
        return ""
    return f"{datetime.fromtimestamp(at / 1000, UTC):%Y-%m-%d %H:%M:%S}"
