"""`sendflow status`: lag of the inputs, and the tasks of one worker."""

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
            help="Worker to query (default: this host).",
        ),
    ] = None,
    as_json: options.JsonOption = False,
    config: options.ConfigFileOption = None,
    brokers: options.BrokersOption = None,
    prefix: options.PrefixOption = None,
) -> None:
    """Show the lag of each input, and the tasks of one worker.

    \b
    Example: sendflow status --worker worker-1:6066
    """
    settings = options.settings_from_options(config, brokers, prefix)
    lags = _lags(settings)
    url = worker or f"localhost:{settings.web_port}"
    if "://" not in url:
        url = f"http://{url}"
    answer = _status_of(url)
    if as_json:
        output.print_json({"inputs": lags, "worker": answer})
        return
    output.print_table(
        ("input", "records", "committed", "lag"),
        [(lag["topic"], lag["records"], lag["committed"], lag["lag"]) for lag in lags],
    )
    output.say("committed: consumer-group offset, written every few seconds, for monitoring only")
    if answer is None:
        output.say(f"no worker responds at {url} (--worker HOST:PORT)")
        return
    has_processes = "processes" in answer
    output.print_table(
        (*(("process",) if has_processes else ()), "task", "state", "clock", "waiting for", "lag"),
        [
            (
                *((str(task["process"]),) if has_processes else ()),
                str(task["partition"]),
                task["state"],
                _moment(task["clock"]),
                "none (up to date)" if task.get("is_up_to_date") else task["waits_for"],
                sum(task["lag"].values()),
            )
            for task in answer["tasks"]
        ],
        title=f"{url}, definitions {answer['definitions'] or 'none'}",
    )


def _lags(settings: "Settings") -> list[dict[str, Any]]:
    """By input: records, records before the committed offsets, and the difference."""
    from streams.engine import INPUTS
    from streams.kafka.topic_reader import TopicReader

    lags = []
    with TopicReader(settings, "status") as reader:
        for topic in INPUTS:
            places = reader.partition_ids(topic)
            bounds = {place: reader.bounds(place) for place in places}
            committed = reader.committed(places)
            records = sum(end - first for first, end in bounds.values())
            lag = sum(
                end - max(first, committed.get(place, first))
                for place, (first, end) in bounds.items()
            )
            lags.append(
                {"topic": topic, "records": records, "committed": records - lag, "lag": lag}
            )
    return lags


def _status_of(worker: str) -> dict[str, Any] | None:
    """The worker's `/status`; None without a response."""
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
