"""`sendflow flows`: flow definitions."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from streams.cli import options, output
from streams.cli.options import JsonOption

if TYPE_CHECKING:
    from streams.definitions import Loaded, PlacedProblem
    from streams.definitions.changes import Change, WaitingCounts
    from streams.operations.publish import DefinitionsSet, Published
    from streams.settings import Settings

FolderArgument = Annotated[Path, typer.Argument(metavar="FOLDER", help="Definitions folder.")]


def check(
    folder: FolderArgument = Path("flows"),
    fix: Annotated[
        bool, typer.Option("--fix", help="Write missing step ids into the files first.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Check a definitions folder and list all problems.

    \b
    Exit status: 0 valid, 1 problems, 2 no such folder.
    Example: sendflow flows check flows
    """
    loaded = _load(folder)
    if fix:
        _write_ids(loaded)
        loaded = _load(folder)
    if as_json:
        _print_json(loaded)
    else:
        _print(loaded, folder)
    if loaded.problems:
        raise typer.Exit(output.NOT_SO)


def show(
    flow: Annotated[str, typer.Argument(metavar="FLOW", help="Flow id.")],
    folder: FolderArgument = Path("flows"),
    mermaid: Annotated[bool, typer.Option("--mermaid", help="Mermaid flowchart output.")] = False,
) -> None:
    """Draw a flow: trigger, steps and branches.

    \b
    Exit status: 0 drawn, 1 unknown flow or problems, 2 no such folder.
    Example: sendflow flows show post-purchase --mermaid
    """
    from streams.definitions.picture import as_mermaid, as_text, picture_of
    from streams.engine.values import unknown_name

    loaded = _load(folder)
    if loaded.problems:
        _complain(loaded)
        raise typer.Exit(output.NOT_SO)
    flows = {one["flow"]: one for one in loaded.raw["flows"]}
    if flow not in flows:
        output.complain(unknown_name((), "flow", flow, flows).sentence())
        raise typer.Exit(output.NOT_SO)
    picture = picture_of(flows[flow])
    for line in as_mermaid(picture) if mermaid else as_text(picture):
        output.say(line)


def schema(
    folder: FolderArgument = Path("flows"),
) -> None:
    """Write the JSON Schemas for editors into a definitions folder, with the names of the shop:
    metrics and their fields, profile fields, segments, flows and coupon pools.

    \b
    Exit status: 0 written, 2 no such folder.
    Example: sendflow flows schema flows
    """
    from streams.definitions.json_schema import flow_schema_text
    from streams.definitions.schema_names import EVERY_SHOP, names_of
    from streams.engine.compiling import examine
    from streams.flowtest.json_schema import schema_of_tests_text

    loaded = _load(folder)
    readable, _ = examine(loaded.raw)
    names = EVERY_SHOP if readable is None else names_of(readable)
    schemas = folder / "schemas"
    schemas.mkdir(exist_ok=True)
    texts = {
        "flow.schema.json": flow_schema_text(names),
        "test.schema.json": schema_of_tests_text(names),
    }
    for name, text in texts.items():
        (schemas / name).write_text(text, encoding="utf-8")
        output.say(f"wrote {schemas / name}")
    output.note("first line of each file, with the path from there:")
    output.note("# yaml-language-server: $schema=schemas/flow.schema.json")
    if loaded.problems:
        output.note("the folder has problems: names in unreadable files are missing", "yellow")


def diff(
    folder: FolderArgument = Path("flows"),
    as_json: JsonOption = False,
    config: options.ConfigFileOption = None,
    brokers: options.BrokersOption = None,
    prefix: options.PrefixOption = None,
) -> None:
    """Show the changes that publishing a definitions folder would make, with the number of
    customers waiting at each changed step. Same warnings as publish.

    \b
    Exit status: 0 no changes, 1 changes, 2 problems in the folder.
    Example: sendflow flows diff flows
    """
    from streams.operations.publish import changes_after, publish_warnings, published_sets, read_set

    settings = options.settings_from_options(config, brokers, prefix)
    definitions = read_set(folder)
    before = next(reversed(published_sets(settings)), None)
    changes = changes_after(before, definitions)
    waiting = _waiting(settings, changes)
    warnings = [] if before is None else publish_warnings(before, definitions)
    if as_json:
        output.print_json(
            {
                "published": None if before is None else before.record.version,
                "folder": definitions.version,
                "changes": [_change_as_json(change, waiting) for change in changes],
                "warnings": warnings,
            }
        )
    else:
        if before is None:
            output.note("no definitions published yet")
        _say_changes(changes, waiting)
        _warn(warnings)
    if changes:
        raise typer.Exit(output.NOT_SO)


def publish(
    folder: FolderArgument = Path("flows"),
    at: Annotated[
        str | None,
        typer.Option(
            metavar="MOMENT",
            help="Simulated time: effective time of the definitions (default: before all records).",
        ),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Skip the confirmation.")] = False,
    config: options.ConfigFileOption = None,
    brokers: options.BrokersOption = None,
    prefix: options.PrefixOption = None,
    simulated: options.SimulatedOption = False,
) -> None:
    """Check a definitions folder, show the changes, ask for confirmation and publish it
    atomically.

    An error in any file publishes nothing. Warnings: conditions that need more history than is
    stored, amounts stored in another currency.

    \b
    Example: sendflow flows publish flows --yes
    """
    import time

    from streams.operations.publish import (
        is_in_force,
        publish_set,
        publish_warnings,
        published_sets,
        read_to_publish,
    )

    settings = options.settings_from_options(
        config, brokers, prefix, record_time=options.record_time(simulated)
    )
    moment = None if at is None else options.moment(at, "--at")
    definitions = read_to_publish(folder)
    before = published_sets(settings)
    if is_in_force(definitions, before):
        output.say(f"definitions {definitions.version} are already in force")
        return
    output.say(f"definitions {definitions.version}: {', '.join(definitions.flows)}")
    if before:
        output.say(f"replacing {before[-1].record.version}")
        _print_changes(settings, before[-1], definitions)
        _warn(publish_warnings(before[-1], definitions))
    if not yes and not typer.confirm("Publish?"):
        raise typer.Exit(output.NOT_SO)
    publish_set(settings, definitions, time.time_ns() // 1_000_000, moment)
    output.say("published")


_STYLES = {"+": "green", "-": "red", "~": "yellow"}


def _print_changes(settings: "Settings", before: "Published", folder: "DefinitionsSet") -> None:
    from streams.errors import Refused
    from streams.operations.publish import changes_after

    try:
        changes = changes_after(before, folder)
    except Refused as unreadable:  # a set of another version can still be replaced
        output.note(str(unreadable), "yellow")
        return
    _say_changes(changes, _waiting(settings, changes))


def _say_changes(changes: "list[Change]", waiting: "WaitingCounts") -> None:
    from streams.definitions.changes import change_text

    for change in changes:
        text = change_text(change, waiting)
        output.say(text, _STYLES[text[0]])
    if not changes:
        output.say("no changes")


def _warn(warnings: list[str]) -> None:
    for warning in warnings:
        output.note(f"warning: {warning}", "yellow")


def _waiting(settings: "Settings", changes: "list[Change]") -> "WaitingCounts":
    """Customers waiting at changed steps. Reads states only where a change can affect some."""
    from streams.definitions.changes import WaitingCounts, waiting_at

    none = WaitingCounts()
    if all(waiting_at(change, none) is None for change in changes):
        return none
    from streams.operations.waiting_counts import waiting_customers

    return waiting_customers(settings)


def _change_as_json(change: "Change", waiting: "WaitingCounts") -> dict[str, object]:
    import msgspec

    from streams.definitions.changes import change_text, waiting_at

    extra = {"waiting": waiting_at(change, waiting), "text": change_text(change, waiting)}
    return {**msgspec.to_builtins(change), **extra}


def _load(folder: Path) -> "Loaded":
    from streams.definitions import load_folder, no_folder
    from streams.errors import Refused

    if not folder.is_dir():
        raise Refused(f"{folder}: {no_folder(folder)}")
    return load_folder(folder)


def _write_ids(loaded: "Loaded") -> None:
    from streams.definitions.fix import with_ids

    for fixed in with_ids(loaded):
        Path(fixed.file).write_bytes(fixed.text.encode())  # with the line ends of the file
        output.note(f"{fixed.file}: wrote {', '.join(fixed.ids)}")


def _advice(loaded: "Loaded") -> "list[PlacedProblem]":
    import time

    from streams.definitions.lint import advice

    return advice(loaded, time.time_ns() // 1_000_000)


def _print_json(loaded: "Loaded") -> None:
    output.print_json(
        {
            "ok": not loaded.problems,
            "problems": [problem.as_json() for problem in loaded.problems],
            "advice": [one.as_json() for one in _advice(loaded)],
        }
    )


def _print(loaded: "Loaded", folder: Path) -> None:
    if loaded.problems:
        _complain(loaded)
        return
    raw = loaded.raw
    if not any(raw.values()):
        output.complain(f"{folder}: no definitions found; wrong folder?")
        raise typer.Exit(output.NOT_SO)
    counted = [
        output.several(len(raw[part]), one)
        for part, one in (
            ("flows", "flow"),
            ("segments", "segment"),
            ("coupons", "coupon pool"),
            ("metrics", "metric"),
        )
        if raw[part]
    ]
    for one in _advice(loaded):
        output.note(f"advice: {one}", "yellow")
    output.say(f"{folder}: {', '.join(counted) or 'store.yaml'}: valid")


def _complain(loaded: "Loaded") -> None:
    for problem in loaded.problems:
        output.complain(str(problem))
    number = len(loaded.problems)
    files = len({problem.file for problem in loaded.problems})
    output.complain(f"{output.several(number, 'problem')} in {output.several(files, 'file')}")
