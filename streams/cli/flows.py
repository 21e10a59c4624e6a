"""`sendflow flows`: the definitions of a shop."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from streams.cli import output
from streams.cli.options import AsJson

if TYPE_CHECKING:
    from streams.definitions import Loaded

Folder = Annotated[Path, typer.Argument(help="The folder with the definitions.")]


def check(folder: Folder = Path("flows"), as_json: AsJson = False) -> None:
    """Read a folder of definitions and show everything that is wrong with it.

    \b
    Exit status: 0 all is well, 1 something is wrong, 2 there is no such folder.
    Example: sendflow flows check flows
    """
    from streams.definitions import load_folder
    from streams.errors import Refused

    if not folder.is_dir():
        raise Refused(f"{folder}: there is no such folder; name the one with the definitions")
    loaded = load_folder(folder)
    if as_json:
        _print_json(loaded)
    else:
        _print(loaded, folder)
    if loaded.problems:
        raise typer.Exit(output.NOT_SO)


def _print_json(loaded: "Loaded") -> None:
    output.print_json(
        {
            "ok": not loaded.problems,
            "problems": [problem.as_json() for problem in loaded.problems],
        }
    )


def _print(loaded: "Loaded", folder: Path) -> None:
    for problem in loaded.problems:
        output.complain(str(problem))
    if loaded.problems:
        number = len(loaded.problems)
        files = len({problem.file for problem in loaded.problems})
        output.complain(
            f"{_several(number, 'problem')} in {_several(files, 'file')}; nothing was published"
        )
        return
    raw = loaded.raw
    counted = [
        _several(len(raw[part]), one)
        for part, one in (
            ("flows", "flow"),
            ("segments", "segment"),
            ("coupons", "coupon pool"),
            ("metrics", "metric"),
        )
        if raw[part]
    ]
    output.say(f"{folder}: {', '.join(counted) or 'no definitions'}, all well")


def _several(number: int, one: str) -> str:
    return f"{number} {one}" if number == 1 else f"{number} {one}s"
