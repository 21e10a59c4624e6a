"""`sendflow flows`: the definitions of a shop."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from streams.cli import options, output
from streams.cli.options import AsJson

if TYPE_CHECKING:
    from streams.definitions import Loaded
    from streams.definitions.changes import Change, Waiting
    from streams.settings import Settings
    from streams.worker.publish import DefinitionsSet, Published

Folder = Annotated[Path, typer.Argument(help="The folder with the definitions.")]


def check(
    folder: Folder = Path("flows"),
    fix: Annotated[
        bool, typer.Option("--fix", help="First write the ids that steps lack into the files.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Read a folder of definitions and show everything that is wrong with it.

    \b
    Exit status: 0 all is well, 1 something is wrong, 2 there is no such folder.
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
    flow: Annotated[str, typer.Argument(help="The flow's id.")],
    folder: Folder = Path("flows"),
    mermaid: Annotated[
        bool, typer.Option("--mermaid", help="As a Mermaid flowchart, for documents.")
    ] = False,
) -> None:
    """Draw a flow: what starts it, its steps, and the ways that customers take.

    \b
    Exit status: 0 drawn, 1 there is no such flow or it has problems, 2 there is no such folder.
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


def diff(
    folder: Folder = Path("flows"),
    as_json: AsJson = False,
    config: options.ConfigFile = None,
    brokers: options.Brokers = None,
    prefix: options.Prefix = None,
) -> None:
    """Show what would change if a folder of definitions were published: flows, steps, segments,
    coupon pools, metrics and settings, with how many customers wait at each changed step. Warnings
    are those of publish.

    \b
    Exit status: 0 no difference, 1 there are differences, 2 the folder has problems.
    Example: sendflow flows diff flows
    """
    from streams.worker.publish import changes_after, published_sets, read_set, reservations

    settings = options.load(config, brokers, prefix)
    definitions = read_set(folder)
    before = next(reversed(published_sets(settings)), None)
    changes = changes_after(before, definitions)
    waiting = _waiting(settings, changes)
    warnings = [] if before is None else reservations(before, definitions)
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
            output.note("nothing is published yet")
        _say_changes(changes, waiting)
        _warn(warnings)
    if changes:
        raise typer.Exit(output.NOT_SO)


def publish(
    folder: Folder = Path("flows"),
    at: Annotated[
        str | None,
        typer.Option(
            metavar="MOMENT",
            help="In simulated time: from when on it decides (default: before all records).",
        ),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Don't ask.")] = False,
    config: options.ConfigFile = None,
    brokers: options.Brokers = None,
    prefix: options.Prefix = None,
    simulated: options.Simulated = False,
) -> None:
    """Check a folder of definitions, show what changes, ask, and put them in force, all at once.

    With an error in any of them nothing is published. A warning says where they ask for more of
    the past than states have kept, and where amounts of the past are in another currency.

    \b
    Example: sendflow flows publish flows --yes
    """
    import time

    from streams.worker.publish import publish as write
    from streams.worker.publish import published_sets, read_to_publish, reservations

    settings = options.load(config, brokers, prefix, record_time=options.record_time(simulated))
    moment = None if at is None else options.moment(at, "--at")
    definitions = read_to_publish(folder)
    before = published_sets(settings)
    if before and before[-1].record.version == definitions.version:
        output.say(f"definitions {definitions.version} are in force already")
        return
    output.say(f"definitions {definitions.version}: {', '.join(definitions.flows)}")
    if before:
        output.say(f"in place of {before[-1].record.version}")
        _print_changes(settings, before[-1], definitions)
        _warn(reservations(before[-1], definitions))
    if not yes and not typer.confirm("Publish them?"):
        raise typer.Exit(output.NOT_SO)
    write(settings, definitions, time.time_ns() // 1_000_000, moment)
    output.say("published")


_STYLES = {"+": "green", "-": "red", "~": "yellow"}


def _print_changes(settings: "Settings", before: "Published", folder: "DefinitionsSet") -> None:
    from streams.errors import Refused
    from streams.worker.publish import changes_after

    try:
        changes = changes_after(before, folder)
    except Refused as unreadable:  # of another version: it can be replaced all the same
        output.note(str(unreadable), "yellow")
        return
    _say_changes(changes, _waiting(settings, changes))


def _say_changes(changes: "list[Change]", waiting: "Waiting") -> None:
    from streams.definitions.changes import sentence

    for change in changes:
        text = sentence(change, waiting)
        output.say(text, _STYLES[text[0]])
    if not changes:
        output.say("no difference from what is published")


def _warn(warnings: list[str]) -> None:
    for warning in warnings:
        output.note(f"warning: {warning}", "yellow")


def _waiting(settings: "Settings", changes: "list[Change]") -> "Waiting":
    """Who waits where something changes. States are read only if that may be somebody."""
    from streams.definitions.changes import Waiting, waiting_at

    nobody = Waiting()
    if all(waiting_at(change, nobody) is None for change in changes):
        return nobody
    from streams.worker.waiting import waiting_customers

    return waiting_customers(settings)


def _change_as_json(change: "Change", waiting: "Waiting") -> dict[str, object]:
    import msgspec

    from streams.definitions.changes import sentence, waiting_at

    told = {"waiting": waiting_at(change, waiting), "text": sentence(change, waiting)}
    return {**msgspec.to_builtins(change), **told}


def _load(folder: Path) -> "Loaded":
    from streams.definitions import load_folder, no_folder
    from streams.errors import Refused

    if not folder.is_dir():
        raise Refused(f"{folder}: {no_folder(folder)}")
    return load_folder(folder)


def _write_ids(loaded: "Loaded") -> None:
    from streams.definitions.fix import with_ids

    for fixed in with_ids(loaded):
        Path(fixed.file).write_text(fixed.text, encoding="utf-8")
        output.note(f"{fixed.file}: wrote {', '.join(fixed.ids)}")


def _print_json(loaded: "Loaded") -> None:
    from streams.definitions.lint import advice

    output.print_json(
        {
            "ok": not loaded.problems,
            "problems": [problem.as_json() for problem in loaded.problems],
            "advice": [one.as_json() for one in advice(loaded)],
        }
    )


def _print(loaded: "Loaded", folder: Path) -> None:
    from streams.definitions.lint import advice

    if loaded.problems:
        _complain(loaded)
        return
    raw = loaded.raw
    if not any(raw.values()):
        output.complain(f"{folder}: there are no definitions; is it the right folder?")
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
    for one in advice(loaded):
        output.note(f"advice: {one}", "yellow")
    output.say(f"{folder}: {', '.join(counted) or 'store.yaml'}, all well")


def _complain(loaded: "Loaded") -> None:
    for problem in loaded.problems:
        output.complain(str(problem))
    number = len(loaded.problems)
    files = len({problem.file for problem in loaded.problems})
    output.complain(f"{output.several(number, 'problem')} in {output.several(files, 'file')}")
