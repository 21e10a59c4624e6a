"""`sendflow coupons`: the codes of coupon pools."""

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from streams.cli import options, output

if TYPE_CHECKING:
    from streams.engine.content import CouponPool
    from streams.settings import Settings
    from streams.worker.coupons import PoolCounts

MOST_SHOWN = 10
"""A file of the wrong kind is wrong in every line."""


def load(
    pool: Annotated[str, typer.Argument(help="The pool, as its definition names it.")],
    file: Annotated[
        Path,
        typer.Argument(help="CSV, JSONL or Parquet with a column of codes; .txt: one a line."),
    ],
    column: Annotated[
        str, typer.Option(metavar="NAME", help="The column that holds the codes.")
    ] = "code",
    new: Annotated[
        bool, typer.Option("--new", help="The pool isn't published yet, and that is meant.")
    ] = False,
    by: Annotated[str | None, typer.Option(metavar="NAME", help="Who loads them.")] = None,
    config: options.ConfigFile = None,
    brokers: options.Brokers = None,
    prefix: options.Prefix = None,
    simulated: options.Simulated = False,
) -> None:
    """Load the codes that a coupon pool gives. Codes that it has already stay as they are, so that
    a file can be loaded again.

    \b
    Exit status: 0 they are loaded, 1 some can't be and none was.
    Example: sendflow coupons load win-back-10 codes.csv
    """
    from streams.ports import CouponCode
    from streams.worker.coupons import code_problems, loaded_codes, refuse_if_late
    from streams.worker.coupons import load as write

    settings = options.load(config, brokers, prefix, record_time=options.record_time(simulated))
    codes = _codes_in(file, column)
    pools = _pools(settings)
    _check_pool(pool, pools, is_new=new)
    loaded = loaded_codes(settings)
    problems = list(code_problems(pool, codes, loaded.pool_of, pools))
    for problem in problems[:MOST_SHOWN]:
        output.complain(f"{file}: {problem}")
    if problems:
        more = len(problems) - MOST_SHOWN
        output.complain(f"{f'and {more} more; ' if more > 0 else ''}nothing was loaded")
        raise typer.Exit(output.NOT_SO)
    wanted = [code for code in codes if code not in loaded.pool_of]
    if wanted:
        refuse_if_late(settings, loaded)
    now = time.time_ns() // 1_000_000
    write(settings, (CouponCode(pool, code, by, now) for code in wanted))
    known = len(codes) - len(wanted)
    output.say(
        f"{pool}: {output.count(len(wanted))} {'code' if len(wanted) == 1 else 'codes'} loaded"
        + (f", {output.count(known)} there already" if known else "")
    )


def status(
    pool: Annotated[str | None, typer.Argument(help="Only this pool.")] = None,
    as_json: options.AsJson = False,
    config: options.ConfigFile = None,
    brokers: options.Brokers = None,
    prefix: options.Prefix = None,
) -> None:
    """Show how many codes each task of the workers has given, and how many it has left. Loaded
    codes belong to one task each, so that one may run out while others have some.

    \b
    Exit status: 0 there is something to show, 1 there is nothing.
    Example: sendflow coupons status win-back-10 --json
    """
    import msgspec

    from streams.worker.coupons import counted

    settings = options.load(config, brokers, prefix)
    counts = [one for one in counted(settings, _pools(settings)) if pool in (None, one.pool)]
    if as_json:
        output.print_json([msgspec.structs.asdict(one) for one in counts])
    elif counts:
        columns = ("pool", "task", "loaded", "given", "left", "loaded again")
        output.print_table(columns, [_row(one) for one in counts])
    if not counts:
        output.note("no task has codes" + ("" if pool is None else f" of {pool}"))
        raise typer.Exit(output.NOT_SO)
    for one in counts:
        if one.left == 0 and not as_json:
            output.note(f"{one.pool}: task {one.partition} has none left", "yellow")


def _row(one: "PoolCounts") -> tuple[str | int | None, ...]:
    if one.left is None:  # made by rule, one by one
        return one.pool, str(one.partition), None, one.given, "made by rule", None
    return one.pool, str(one.partition), one.loaded, one.given, one.left, one.duplicates


def _codes_in(file: Path, column: str) -> list[str]:
    """The codes of a file. Raises Refused."""
    from streams.errors import Refused

    if file.suffix.lower() == ".txt":
        try:
            lines = file.read_text(encoding="utf-8-sig").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise Refused(f"{file}: can't be read: {error}") from error
        return [line.strip() for line in lines if line.strip()]
    return list(_column_of(file, column))


def _column_of(file: Path, column: str) -> list[str]:
    from streams.errors import Refused
    from streams.files.refusal import Refusal
    from streams.files.tables import read_rows

    codes = []
    for row in read_rows(file):
        if isinstance(row, Refusal):
            raise Refused(f"{row}")
        number, values = row
        if column not in values:
            raise Refused(
                f"{file}, row {number}: there is no column {column!r}, but {', '.join(values)}; "
                "name another one with --column (codes alone, one a line, are a .txt file)"
            )
        codes.append("" if values[column] is None else str(values[column]).strip())
    return codes


def _pools(settings: "Settings") -> list["CouponPool"]:
    """The pools of the newest set, then those of older ones whose rules were another."""
    from streams.worker.publish import pools_of, published_sets

    return pools_of(reversed(published_sets(settings)))


def _check_pool(name: str, pools: list["CouponPool"], *, is_new: bool) -> None:
    """The pool takes loaded codes. Raises Refused."""
    from streams.engine.values import nearest_name
    from streams.errors import Refused

    found = next((pool for pool in pools if pool.coupons == name), None)
    if found is not None and found.rule is not None:
        raise Refused(f"the codes of {name!r} are made by rule; none can be loaded for it")
    if found is None and not is_new:
        nearest = nearest_name(name, [pool.coupons for pool in pools])
        raise Refused(
            f"there is no coupon pool {name!r} in what is published"
            + (f" (did you mean {nearest!r}?)" if nearest else "")
            + "; publish it first, or load codes for it all the same with --new"
        )
