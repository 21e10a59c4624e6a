"""The tree of commands, and how they end.

A command is a function in the file that is named after it; its docstring is its help. Whatever
takes time to import is imported inside it: `sendflow --help` answers at once.
"""

import inspect
import signal
import sys
from collections.abc import Callable
from types import FrameType
from typing import Annotated, Any

import typer

from streams.cli import (
    backfill,
    broker,
    config,
    coupons,
    demo,
    explain,
    flows,
    import_,
    output,
    review,
    segments,
    status,
    tail,
    test,
    topics,
    worker,
)
from streams.errors import Refused, SendflowError

CommandFunction = Callable[..., None]

TOP_LEVEL: dict[str, CommandFunction] = {
    "demo": demo.demo,
    "worker": worker.worker,
    "import": import_.import_,
    "test": test.run_tests,
    "explain": explain.explain,
    "tail": tail.tail,
    "status": status.status,
    "broker": broker.broker,
    "config": config.config,
}

GROUPS: dict[str, tuple[str, dict[str, CommandFunction]]] = {
    "flows": (
        "The definitions: check, test and show them, put them in force, add past customers.",
        {
            "check": flows.check,
            "test": test.run_tests,
            "show": flows.show,
            "diff": flows.diff,
            "publish": flows.publish,
            "backfill": backfill.backfill,
        },
    ),
    "coupons": (
        "The codes of coupon pools: load them, count what is left.",
        {"load": coupons.load, "status": coupons.status},
    ),
    "review": (
        "Messages that wait for a person (status: manual): show, send or drop them.",
        {"list": review.list_, "send": review.send, "drop": review.drop},
    ),
    "segments": (
        "The segments that are published, and who is a member.",
        {"list": segments.list_, "members": segments.members},
    ),
    "topics": (
        "The topics: make them, or say what is wrong with them.",
        {"create": topics.create, "check": topics.check},
    ),
}
"""A name, what it is about, and its commands."""


def main() -> None:
    """The command line. Ctrl-C and SIGTERM end a command alike: it cleans up on its way out."""
    signal.signal(signal.SIGINT, _stop)
    signal.signal(signal.SIGTERM, _stop)
    sys.exit(run(sys.argv[1:]))


def run(arguments: list[str]) -> int:
    """Runs one command; the exit status. A mistake of the user's, or brokers that don't answer in
    the middle, are told on the standard error and are never a traceback."""
    try:
        build_cli()(args=arguments, prog_name="sendflow")
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else output.FINE
    except Refused as refused:
        output.complain(str(refused))
        return output.USED_WRONGLY
    except SendflowError as failed:
        output.complain(str(failed))
        return output.NOT_SO
    return output.FINE


def build_cli() -> typer.Typer:
    """All commands as Typer knows them."""
    app = typer.Typer(
        callback=_sendflow,
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    for name, command in TOP_LEVEL.items():
        app.command(name, help=help_of(command))(command)
    for name, (about, commands) in GROUPS.items():
        group = typer.Typer(no_args_is_help=True, help=about)
        for inner, command in commands.items():
            group.command(inner, help=help_of(command))(command)
        app.add_typer(group, name=name)
    return app


def help_of(command: CommandFunction) -> str:
    """The docstring, its paragraphs in one line each: terminals are of any width. What follows
    a line with `\b` stays as it is written."""
    paragraphs = inspect.cleandoc(command.__doc__ or "").split("\n\n")
    return "\n\n".join(
        paragraph if paragraph.startswith("\b") else paragraph.replace("\n", " ")
        for paragraph in paragraphs
    )


def _show_version(is_asked: bool) -> None:
    if is_asked:
        from importlib.metadata import version

        output.say(f"sendflow {version('sendflow')}")
        raise typer.Exit


def _sendflow(
    version: Annotated[
        bool,
        typer.Option(
            "--version", help="Show the version and exit.", callback=_show_version, is_eager=True
        ),
    ] = False,
) -> None:
    """Decide, per customer and in the moment, which message a shop should send."""


def _stop(number: int, frame: FrameType | None) -> Any:
    raise SystemExit(128 + number)


if __name__ == "__main__":
    main()
