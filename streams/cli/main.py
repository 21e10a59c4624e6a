"""The tree of commands, and their exit statuses.

A command is a function in the file of its name; its docstring is its help text. Slow imports are
inside the functions, so that `sendflow --help` responds immediately.
"""

import inspect
import sys
from collections.abc import Callable
from typing import Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup

from streams.cli import (
    backfill,
    broker,
    config,
    coupons,
    dead_letters,
    demo,
    explain,
    flows,
    import_,
    model,
    output,
    review,
    segment_history,
    segment_overlap,
    segments,
    status,
    tail,
    test,
    topics,
    worker,
)
from streams.cli.stop_signals import STOP_SIGNALS
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
        "Flow definitions: check, test, show, schema, diff, publish, backfill.",
        {
            "check": flows.check,
            "test": test.run_tests,
            "schema": flows.schema,
            "show": flows.show,
            "diff": flows.diff,
            "publish": flows.publish,
            "backfill": backfill.backfill,
        },
    ),
    "coupons": (
        "Coupon pools: load codes, count remaining codes.",
        {"load": coupons.load, "status": coupons.status},
    ),
    "review": (
        "Messages awaiting review (status: manual): list, send, drop.",
        {"list": review.list_, "send": review.send, "drop": review.drop},
    ),
    "segments": (
        "Published segments: their members, overlaps and sizes.",
        {
            "list": segments.list_,
            "members": segments.members,
            "overlap": segment_overlap.overlap,
            "history": segment_history.history,
        },
    ),
    "model": (
        "Purchase model: fit to orders, test, publish, refit, show.",
        {"fit": model.fit, "refit": model.refit_model, "show": model.show_model},
    ),
    "dead-letters": (
        "Rejected records: list, show, export, retry.",
        {
            "list": dead_letters.list_,
            "show": dead_letters.show_letters,
            "export": dead_letters.export,
            "retry": dead_letters.retry_letters,
        },
    ),
    "topics": (
        "Kafka topics: create and check.",
        {"create": topics.create, "check": topics.check},
    ),
}
"""By name: help text and commands."""


def main() -> None:
    """The command line. Ctrl-C and SIGTERM raise SystemExit in a command, which cleans up."""
    STOP_SIGNALS.handle()
    status = run(sys.argv[1:])
    STOP_SIGNALS.settle()
    sys.exit(status)


def run(arguments: list[str]) -> int:
    """Runs one command and returns its exit status. Mistakes in the input and unreachable brokers
    are messages on standard error, never tracebacks."""
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


class Command(TyperCommand):
    """A command whose help shows no type after flags, which take no value."""

    def get_params(self, ctx: Any) -> list[Any]:
        """The parameters, with the help option."""
        return without_types_of_flags(super().get_params(ctx))


class Group(TyperGroup):
    """A group of commands; see Command."""

    def get_params(self, ctx: Any) -> list[Any]:
        """The parameters, with the help option."""
        return without_types_of_flags(super().get_params(ctx))


def without_types_of_flags(parameters: list[Any]) -> list[Any]:
    """Returns the parameters of a command, flags with an empty metavar instead of `<bool>`."""
    for parameter in parameters:
        if getattr(parameter, "is_flag", False):
            parameter.metavar = ""
    return parameters


def build_cli() -> typer.Typer:
    """The Typer application with all commands."""
    app = typer.Typer(
        cls=Group,
        callback=_sendflow,
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    for name, command in TOP_LEVEL.items():
        app.command(name, cls=Command, help=help_of(command))(command)
    for name, (about, commands) in GROUPS.items():
        group = typer.Typer(cls=Group, no_args_is_help=True, help=about)
        for inner, command in commands.items():
            group.command(inner, cls=Command, help=help_of(command))(command)
        app.add_typer(group, name=name)
    return app


def help_of(command: CommandFunction) -> str:
    """The docstring with each paragraph on one line, because terminals differ in width. Paragraphs
    that begin with `\b` keep their lines."""
    paragraphs = inspect.cleandoc(command.__doc__ or "").split("\n\n")
    return "\n\n".join(
        paragraph if paragraph.startswith("\b") else paragraph.replace("\n", " ")
        for paragraph in paragraphs
    )


def _show_version(is_requested: bool) -> None:
    if is_requested:
        from importlib.metadata import version

        from streams.compiled import form

        output.say(f"sendflow {version('sendflow')} ({form()})")
        raise typer.Exit


def _sendflow(
    version: Annotated[
        bool,
        typer.Option(
            "--version", help="Show the version and exit.", callback=_show_version, is_eager=True
        ),
    ] = False,
) -> None:
    """Real-time decisions: which message to send to which customer."""


if __name__ == "__main__":
    main()
