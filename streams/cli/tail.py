"""`sendflow tail`: records of a topic, decoded."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from streams.cli import options, output

if TYPE_CHECKING:
    from streams.contracts.wire import Decode
    from streams.kafka.topic_reader import TopicReader, TopicRecord
    from streams.ports import PartitionId

NEWEST = 10
"""Records shown without --limit and --from."""


def tail(
    topic: Annotated[str, typer.Argument(metavar="TOPIC", help="Topic name without the prefix.")],
    since: Annotated[
        str | None,
        typer.Option("--from", metavar="MOMENT", help="Start time, or `start` for the beginning."),
    ] = None,
    limit: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            min=1,
            help="Maximum number of records. A record of flow-decisions holds all decisions of one "
            "event or timer.",
        ),
    ] = None,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Follow new records.")] = False,
    as_json: options.JsonOption = False,
    config: options.ConfigFileOption = None,
    brokers: options.BrokersOption = None,
    prefix: options.PrefixOption = None,
) -> None:
    """Show the newest committed records of a topic, or all since a time.

    \b
    Example: sendflow tail send-commands --from 2026-03-02 --limit 100 --json
    """
    from streams.contracts.registry import registry_in
    from streams.contracts.wire import decode_with
    from streams.kafka.topic_reader import TopicReader

    settings = options.settings_from_options(config, brokers, prefix)
    decode = decode_with(registry_in(settings))

    def show(found: "TopicRecord") -> None:
        (_show_json if as_json else _show_text)(found, decode)

    with TopicReader(settings, "tail") as reader:
        places = reader.partition_ids(topic)
        if since is not None:
            start = None if since == "start" else options.moment(since, "--from")
            starts = reader.starts(places, start)
        else:
            starts = _show_newest(reader, places, limit or NEWEST, show)
            if not follow:
                return
            limit = None
        for number, found in enumerate(reader.read(starts, follow=follow), start=1):
            show(found)
            if number == limit:
                return


def _show_newest(
    reader: "TopicReader", places: list["PartitionId"], limit: int, show: Any
) -> dict["PartitionId", int]:
    """Shows the newest `limit` records of all partitions; returns the offsets after them."""
    starts: dict[PartitionId, int] = {}
    for place in places:
        first, end = reader.bounds(place)
        starts[place] = max(first, end - 2 * limit - 10)  # markers of transactions lie in between
    newest = list(reader.read(starts))
    newest.sort(key=lambda found: (found.record.time, found.record.offset))
    for found in newest[-limit:]:
        show(found)
    for found in newest:
        place = found.topic, found.partition
        starts[place] = max(starts[place], found.record.offset + 1)
    return starts


def _show_json(found: "TopicRecord", decode: "Decode") -> None:
    for name, value in _decode(found, decode):
        output.print_json(
            {
                "topic": found.topic,
                "partition": found.partition,
                "offset": found.record.offset,
                "time": found.record.time,
                "key": output.bytes_text(found.record.key),
                "schema": name,
                "value": value,
            }
        )


def _show_text(found: "TopicRecord", decode: "Decode") -> None:
    from datetime import UTC, datetime

    import msgspec

    moment = datetime.fromtimestamp(found.record.time / 1000, UTC)
    for name, value in _decode(found, decode):
        text = value if isinstance(value, str) else msgspec.json.encode(value).decode()
        output.say(
            f"{moment:%Y-%m-%d %H:%M:%S}  {found.partition}@{found.record.offset}  "
            f"{output.bytes_text(found.record.key) or '-'}  {name or ''}  {text}"
        )


def _decode(found: "TopicRecord", decode: "Decode") -> list[tuple[str | None, Any]]:
    """The schema name and the fields of a record; one entry per decision of flow-decisions."""
    import json

    from streams.contracts.dead_letters import retried_records
    from streams.contracts.decisions import DECISIONS, read_decisions
    from streams.contracts.wire import Undecodable
    from streams.ports import CHANGELOG
    from streams.runtime.time_policy.ticks import is_tick
    from streams.web.views import customer_view

    record = found.record
    if record.value is None:
        if is_tick(record):
            return [(None, "tick")]
        returned = ", ".join(retried_records(record))
        return [(None, f"{returned} returned to its topic" if returned else "deleted")]
    if found.topic == CHANGELOG:
        if record.key is not None and record.key[:1] != b"\x00":
            return [("customer", customer_view(record.value))]
        return [("task", f"{len(record.value)} bytes")]
    try:
        if found.topic == DECISIONS:
            return [("Decision", decision) for decision in read_decisions(record.value, decode)]
        name, fields = decode(record.value)
    except Undecodable as error:
        return [(None, f"cannot decode: {error}")]
    if name == "Definitions":
        fields["definitions"] = json.loads(fields["definitions"])
        fields["coupon_key"] = "secret" if fields.get("coupon_key") else ""
    if name in ("StoreFacts", "PartitionFacts"):
        return [(name, {key: _size_of(value) for key, value in fields.items()})]
    return [(name, {key: _plain(value) for key, value in fields.items()})]


def _size_of(value: Any) -> Any:
    """Binary values (counts for recommendations) as their size."""
    return f"{len(value)} bytes" if isinstance(value, bytes) else value


def _plain(value: Any) -> Any:
    return output.bytes_text(value) if isinstance(value, bytes) else value
