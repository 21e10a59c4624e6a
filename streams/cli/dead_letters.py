"""`sendflow dead-letters`: rejected records, and their return to their topics."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from streams.cli import options, output

if TYPE_CHECKING:
    from streams.contracts.dead_letters import DeadLetter
    from streams.contracts.wire import Decode
    from streams.operations.dead_letters import FoundLetter
    from streams.settings import Settings

RecordsArgument = Annotated[
    list[str] | None,
    typer.Argument(metavar="RECORD", help="Rejected records: 'orders[3]@81223', from `list`."),
]
OfTopicOption = Annotated[
    str | None, typer.Option("--topic", metavar="TOPIC", help="Records of this topic.")
]
OfReasonOption = Annotated[
    str | None, typer.Option("--reason", metavar="TEXT", help="Records whose reason has this text.")
]
RejectedSinceOption = Annotated[
    str | None, typer.Option("--from", metavar="MOMENT", help="Rejected at this time or later.")
]


def list_(
    topic: OfTopicOption = None,
    reason: OfReasonOption = None,
    since: RejectedSinceOption = None,
    limit: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="The newest N of them.")
    ] = None,
    as_json: options.JsonOption = False,
    config: options.ConfigFileOption = None,
    brokers: options.BrokersOption = None,
    prefix: options.PrefixOption = None,
) -> None:
    """List rejected records, oldest first. Exit status 1 if none.

    \b
    Example: sendflow dead-letters list --topic orders --from 2026-03-02
    """
    settings = options.settings_from_options(config, brokers, prefix)
    found = _chosen(settings, _decode(settings), [], (topic, reason, since))
    found = found if limit is None else found[-limit:]
    if as_json:
        output.print_json([_summary(one) for one in found])
    elif found:
        columns = ("at", "record", "schema", "key", "returned", "reason")
        output.print_table(columns, [_row(one) for one in found])
    if not found:
        raise typer.Exit(output.NOT_SO)


def show_letters(
    ids: RecordsArgument = None,
    as_json: options.JsonOption = False,
    config: options.ConfigFileOption = None,
    brokers: options.BrokersOption = None,
    prefix: options.PrefixOption = None,
) -> None:
    """Show rejected records whole: reason, position, headers and content.

    \b
    Example: sendflow dead-letters show 'orders[3]@81223'
    """
    settings = options.settings_from_options(config, brokers, prefix)
    decode = _decode(settings)
    found = _chosen(settings, decode, ids or [], (None, None, None))
    if as_json:
        output.print_json([_whole(one, decode) for one in found])
        return
    for number, one in enumerate(found):
        if number:
            output.say()
        for name, value in _whole(one, decode).items():
            output.say(f"{name:<10} {_as_text(name, value)}".rstrip())


def export(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="New file of JSON lines; `-`: standard output.")
    ],
    topic: OfTopicOption = None,
    reason: OfReasonOption = None,
    since: RejectedSinceOption = None,
    config: options.ConfigFileOption = None,
    brokers: options.BrokersOption = None,
    prefix: options.PrefixOption = None,
) -> None:
    """Write rejected records to a file, a line of JSON each: the original bytes as base64, and the
    content as far as it can be decoded. Exit status 1, and no file, if none.

    \b
    Example: sendflow dead-letters export rejected.jsonl --topic orders
    """
    import msgspec

    from streams.errors import Refused

    settings = options.settings_from_options(config, brokers, prefix)
    decode = _decode(settings)
    found = _chosen(settings, decode, [], (topic, reason, since))
    lines = [msgspec.json.encode(_whole(one, decode, with_bytes=True)).decode() for one in found]
    if not found:
        raise typer.Exit(output.NOT_SO)
    if str(file) == "-":
        for line in lines:
            output.say(line)
    else:
        try:
            with file.open("x", encoding="utf-8") as written:
                written.writelines(f"{line}\n" for line in lines)
        except OSError as error:
            raise Refused(f"{file}: cannot write: {error}") from error
        output.say(f"{output.several(len(lines), 'dead letter')} written to {file}")


def retry_letters(
    ids: RecordsArgument = None,
    topic: OfTopicOption = None,
    reason: OfReasonOption = None,
    since: RejectedSinceOption = None,
    wait: Annotated[
        float, typer.Option("--wait", metavar="SECONDS", min=0, help="Wait for workers.")
    ] = 30.0,
    yes: options.YesOption = False,
    as_json: options.JsonOption = False,
    config: options.ConfigFileOption = None,
    brokers: options.BrokersOption = None,
    prefix: options.PrefixOption = None,
) -> None:
    """Return rejected records to their topics: the original bytes with the same key, each record
    once, and say what became of them.

    \b
    Exit status: 0 all accepted, 1 some rejected again, not returned, or not processed in time.
    Example: sendflow dead-letters retry --topic orders --reason currency
    """
    from streams.errors import Refused
    from streams.operations import dead_letters

    if not ids and topic is None and reason is None and since is None:
        raise Refused("give records ('orders[3]@81223'), --topic, --reason or --from")
    settings = options.settings_from_options(config, brokers, prefix)
    decode = _decode(settings)
    found = _chosen(settings, decode, ids or [], (topic, reason, since))
    fit = [one.letter for one in found if dead_letters.why_not_retried(one.letter) is None]
    for one in found:
        if (problem := dead_letters.why_not_retried(one.letter)) is not None:
            output.complain(f"{one.letter.where}: {problem}")
    if not yes and len(fit) > 1 and not typer.confirm(f"Return {len(fit)} records?", err=True):
        raise typer.Exit(output.NOT_SO)
    retried, before = dead_letters.return_records(settings, decode, fit) if fit else ([], 0)
    dead_letters.follow_returned(settings, decode, retried, wait)
    if as_json:
        output.print_json(
            [
                {
                    "record": one.letter.where,
                    "now": one.place,
                    "outcome": one.outcome,
                    "reason": one.reason,
                }
                for one in retried
            ]
        )
    else:
        for returned in retried:
            after = f": {returned.reason}" if returned.reason else _AFTER[returned.outcome]
            output.say(f"{returned.letter.where} → {returned.place}: {returned.outcome}{after}")
    if before:
        output.note(f"{output.several(before, 'record')} returned before, and not again")
    is_done = all(returned.outcome is dead_letters.RetryOutcome.ACCEPTED for returned in retried)
    if not is_done or len(fit) < len(found) or not found:
        raise typer.Exit(output.NOT_SO)


_AFTER = {"accepted": "", "rejected": "", "pending": " (no worker has processed it yet)"}


def _chosen(
    settings: "Settings",
    decode: "Decode",
    ids: list[str],
    filters: tuple[str | None, str | None, str | None],
) -> "list[FoundLetter]":
    """The dead letters named by `ids`, or those of the topic, the reason and the time. Raises Exit
    for an unknown one, Refused for an unknown topic."""
    from streams.engine import INPUTS
    from streams.engine.values import unknown_name
    from streams.errors import Refused
    from streams.operations.dead_letters import read_letters
    from streams.ports import CONTROL

    topic, reason, since = filters
    start = None if since is None else options.moment(since, "--from")
    found, problems = read_letters(settings, decode, start)
    for problem in problems:
        output.complain(problem)
    topics = {*INPUTS, CONTROL, *(one.letter.topic for one in found)}
    if topic is not None and topic not in topics:
        raise Refused(unknown_name((), "topic", topic, topics).sentence())
    if ids:
        by_place = {one.letter.where: one for one in found}
        unknown = [name for name in ids if name not in by_place]
        for name in unknown:
            output.complain(f"{name}: no such dead letter; see `sendflow dead-letters list`")
        if unknown:
            raise typer.Exit(output.NOT_SO)
        found = [by_place[name] for name in ids]
    chosen = [
        one
        for one in found
        if topic in (None, one.letter.topic) and (reason is None or reason in one.letter.reason)
    ]
    if not chosen:
        output.note("no dead letters" if not found else f"none of {len(found)} dead letters fits")
    return chosen


def _decode(settings: "Settings") -> "Decode":
    from streams.contracts.registry import registry_in
    from streams.contracts.wire import decode_with

    return decode_with(registry_in(settings))


def _row(found: "FoundLetter") -> tuple[str | None, ...]:
    letter = found.letter
    return (
        _moment(letter.at),
        letter.where,
        letter.schema,
        output.bytes_text(letter.key),
        "yes" if found.is_retried else "",
        letter.reason,
    )


def _summary(found: "FoundLetter") -> dict[str, Any]:
    letter = found.letter
    return {
        "record": letter.where,
        "at": letter.at,
        "time": letter.time,
        "schema": letter.schema,
        "key": output.bytes_text(letter.key),
        "returned": found.is_retried,
        "reason": letter.reason,
    }


def _whole(found: "FoundLetter", decode: "Decode", *, with_bytes: bool = False) -> dict[str, Any]:
    import base64

    letter = found.letter
    whole = _summary(found)
    whole["headers"] = {name: output.bytes_text(value) for name, value in letter.headers}
    whole["content"] = _content(letter, decode)
    if with_bytes:
        for name, value in (("key_base64", letter.key), ("value_base64", letter.value)):
            whole[name] = None if value is None else base64.b64encode(value).decode()
    return whole


def _content(letter: "DeadLetter", decode: "Decode") -> Any:
    """The fields of the record, or its text where it can't be decoded."""
    from streams.contracts.wire import Undecodable

    if letter.value is None:
        return None
    try:
        return {
            name: output.bytes_text(value) if isinstance(value, bytes) else value
            for name, value in decode(letter.value)[1].items()
        }
    except Undecodable:
        return output.bytes_text(letter.value)


def _as_text(name: str, value: Any) -> str:
    import msgspec

    if name in ("at", "time"):
        return f"{_moment(value)} UTC"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict):
        return msgspec.json.encode(value).decode()
    return "" if value is None else str(value)


def _moment(at: int) -> str:
    from datetime import UTC, datetime

    return f"{datetime.fromtimestamp(at / 1000, UTC):%Y-%m-%d %H:%M:%S}"
