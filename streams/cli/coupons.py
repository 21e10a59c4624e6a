"""`sendflow coupons`: codes of coupon pools."""

import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from streams.cli import options, output

if TYPE_CHECKING:
    from streams.engine.content import CouponPool
    from streams.operations.coupon_counts import CodeCounts
    from streams.settings import Settings


def load(
    pool: Annotated[str, typer.Argument(metavar="POOL", help="Pool id.")],
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE",
            help="CSV, JSONL or Parquet file with a column of codes, or .txt with one code per "
            "line.",
        ),
    ],
    column: Annotated[str, typer.Option(metavar="NAME", help="Column of the codes.")] = "code",
    new: Annotated[
        bool, typer.Option("--new", help="Accept a pool that is not published yet.")
    ] = False,
    by: Annotated[
        str | None, typer.Option(metavar="NAME", help="Name of the person loading.")
    ] = None,
    config: options.ConfigFileOption = None,
    brokers: options.BrokersOption = None,
    prefix: options.PrefixOption = None,
    simulated: options.SimulatedOption = False,
) -> None:
    """Load codes into a coupon pool. Loading a file again is safe: known codes are skipped.

    \b
    Exit status: 0 loaded, 1 invalid codes, nothing loaded.
    Example: sendflow coupons load win-back-10 codes.csv
    """
    from streams.operations.coupon_loading import (
        code_problems,
        loaded_codes,
        refuse_if_late,
        write_codes,
    )
    from streams.ports import CouponCode

    settings = options.settings_from_options(
        config, brokers, prefix, record_time=options.record_time(simulated)
    )
    codes = _codes_in(file, column)
    pools = _pools(settings)
    _check_pool(pool, pools, is_new=new)
    loaded = loaded_codes(settings)
    problems = list(code_problems(pool, codes, loaded.pool_of, pools))
    for problem in problems[: output.MOST_SHOWN]:
        output.complain(f"{file}: {problem}")
    if problems:
        more = len(problems) - output.MOST_SHOWN
        output.complain(f"{f'{more} more problems; ' if more > 0 else ''}nothing loaded")
        raise typer.Exit(output.NOT_SO)
    wanted = [code for code in codes if code not in loaded.pool_of]
    if wanted:
        refuse_if_late(settings, loaded)
    now = time.time_ns() // 1_000_000
    write_codes(settings, (CouponCode(pool, code, by, now) for code in wanted))
    known = len(codes) - len(wanted)
    output.say(
        f"{pool}: {output.count(len(wanted))} {'code' if len(wanted) == 1 else 'codes'} loaded"
        + (f", {output.count(known)} already loaded" if known else "")
    )


def status(
    pool: Annotated[str | None, typer.Argument(metavar="POOL", help="Pool id.")] = None,
    as_json: options.JsonOption = False,
    config: options.ConfigFileOption = None,
    brokers: options.BrokersOption = None,
    prefix: options.PrefixOption = None,
    simulated: options.SimulatedOption = False,
) -> None:
    """Show per task and in all how many codes were loaded, moved between tasks, given, redeemed,
    expired and are left, and when the last is given if it goes on as in the last 14 days. It reads
    the changelog: no worker needs to run. Exit status 1 if there are no codes.

    \b
    Example: sendflow coupons status win-back-10 --json
    """
    import msgspec

    from streams.engine.values import unknown_name
    from streams.operations.coupon_counts import coupon_counts
    from streams.operations.members import clock_now
    from streams.operations.publish import pools_of, published_sets

    settings = options.settings_from_options(
        config, brokers, prefix, record_time=options.record_time(simulated)
    )
    now = clock_now(settings, time.time_ns() // 1_000_000)
    published = published_sets(settings)
    pools = pools_of(reversed(published))
    found = coupon_counts(settings, pools, now)
    known = {one.pool for one in found} | {one.coupons for one in pools}
    if pool is not None and pool not in known:
        output.complain(unknown_name((), "coupon pool", pool, known).sentence())
        raise typer.Exit(output.NOT_SO)
    counts = [one for one in found if pool in (None, one.pool)]
    if as_json:
        output.print_json({"at": now, "pools": [msgspec.structs.asdict(one) for one in counts]})
    elif counts:
        output.print_table(_COLUMNS, [_row(one, now) for one in counts])
        output.note(_FORECAST)
    if not as_json:
        in_force = [one for one in pools_of(published[-1:]) if pool in (None, one.coupons)]
        _note_low_pools(counts, in_force)
        _note_pools_without_codes(counts, in_force)
    if not counts:
        if not as_json:
            output.note("no codes" + ("" if pool is None else f" of {pool}"))
        raise typer.Exit(output.NOT_SO)


_COLUMNS = (
    "pool",
    "task",
    "loaded",
    "moved in",
    "moved out",
    "given",
    "redeemed",
    "expired",
    "left",
    "a day",
    "runs dry",
)
_FORECAST = (
    "a day: codes given on the last 14 days and today (UTC), by the days since then or since the "
    "first; runs dry: what is left, given at this rate"
)


def _row(one: "CodeCounts", now: int) -> tuple[str | int | float | None, ...]:
    is_made = one.left is None  # generated by rule
    return (
        one.pool,
        "all" if one.partition is None else str(one.partition),
        None if is_made else one.loaded,
        None if is_made else one.moved_in,
        None if is_made else one.moved_out,
        one.given,
        one.redeemed,
        one.expired,
        "generated" if is_made else one.left,
        round(one.per_day, 1),
        _runs_dry(one, now),
    )


def _runs_dry(one: "CodeCounts", now: int) -> str | None:
    """The date (UTC), and the days until then."""
    if one.runs_dry_at is None:
        return None
    if one.left == 0 and not one.in_transit:
        return "now"
    date = datetime.fromtimestamp(one.runs_dry_at / 1000, UTC).date()
    days = round((one.runs_dry_at - now) / 86_400_000)
    return f"{date} ({output.several(days, 'day') if days > 0 else 'within a day'})"


def _note_low_pools(counts: list["CodeCounts"], in_force: list["CouponPool"]) -> None:
    lows = {pool.coupons: pool.runs_low_below for pool in in_force}
    for one in counts:
        left = 0 if one.left is None else one.left + one.in_transit
        if one.pool not in lows:
            if left and one.partition is None:
                output.note(f"{one.pool} isn't published any more: its codes aren't given")
        elif one.left is None:
            continue
        elif one.partition is not None:
            if left == 0:
                output.note(f"{one.pool}: task {one.partition} has no codes left", "yellow")
        elif left < lows[one.pool]:
            low = lows[one.pool]
            output.note(f"{one.pool} runs low: {left} codes left, fewer than {low}", "yellow")


def _note_pools_without_codes(counts: list["CodeCounts"], in_force: list["CouponPool"]) -> None:
    with_codes = {one.pool for one in counts}
    for pool in in_force:
        name = pool.coupons
        if name in with_codes:
            continue
        if pool.rule is not None:
            output.note(f"{name}: no code generated yet")
        else:
            output.note(
                f"{name}: no codes loaded; load some with sendflow coupons load {name} FILE, and "
                "see that a worker reads them",
                "yellow",
            )


def _codes_in(file: Path, column: str) -> list[str]:
    """Codes in a file. Raises Refused."""
    from streams.errors import Refused

    if file.suffix.lower() == ".txt":
        try:
            lines = file.read_text(encoding="utf-8-sig").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise Refused(f"{file}: cannot read: {error}") from error
        return [line.strip() for line in lines if line.strip()]
    return list(_column_of(file, column))


def _column_of(file: Path, column: str) -> list[str]:
    from streams.errors import Refused
    from streams.files.rejected_row import RejectedRow
    from streams.files.tables import read_rows

    codes = []
    for row in read_rows(file):
        if isinstance(row, RejectedRow):
            raise Refused(f"{row}")
        number, values = row
        if column not in values:
            raise Refused(
                f"{file}, row {number}: no column {column!r}; found {', '.join(values)}; choose "
                "one with --column (or use a .txt file with one code per line)"
            )
        codes.append("" if values[column] is None else str(values[column]).strip())
    return codes


def _pools(settings: "Settings") -> list["CouponPool"]:
    """Pools of the newest set, then pools of older sets with other rules."""
    from streams.operations.publish import pools_of, published_sets

    return pools_of(reversed(published_sets(settings)))


def _check_pool(name: str, pools: list["CouponPool"], *, is_new: bool) -> None:
    """Raises Refused for an unknown pool (unless `is_new`) and for one that generates its codes."""
    from streams.engine.values import nearest_name
    from streams.errors import Refused

    found = next((pool for pool in pools if pool.coupons == name), None)
    if found is not None and found.rule is not None:
        raise Refused(f"{name!r} generates its codes by rule; codes cannot be loaded")
    if found is None and not is_new:
        nearest = nearest_name(name, [pool.coupons for pool in pools])
        raise Refused(
            f"coupon pool {name!r} is not published"
            + (f" (did you mean {nearest!r}?)" if nearest else "")
            + "; publish it, or load with --new"
        )
