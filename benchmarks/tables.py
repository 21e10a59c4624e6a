"""The result of `make bench` as tables."""

from collections.abc import Iterable
from typing import Any

from rich.console import Console
from rich.table import Table

RATIOS = {"cpu_us_warm": "CPU, warm", "cpu_us": "CPU, whole", "events_per_second": "events/s"}


def show(console: Console, result: dict[str, Any]) -> None:
    """Prints every part that was measured."""
    for part, print_part in _PARTS.items():
        if part in result:
            print_part(console, result[part])


def _loudness(console: Console, found: dict[str, float]) -> None:
    console.print(
        f"the machine: a no-op loop between the runs took {found['least']:.1f} ms at least, "
        f"{found['median']:.1f} in the median, {found['most']:.1f} at most"
    )


def _throughput(console: Console, found: dict[str, Any]) -> None:
    _table(
        console,
        f"The whole job in catch-up, {found['events']:,} events, medians of the rounds",
        ("", "CPU us/event, warm", "CPU us/event, whole", "events/s", "peak MiB"),
        (
            (
                name,
                _number(one["cpu_us_warm"], 1),
                _number(one["cpu_us"], 1),
                _number(one["events_per_second"], 0),
                _number(one["peak_mib"], 0),
            )
            for name, one in found["medians"].items()
        ),
    )
    _table(
        console,
        "Sendflow over each other job that does the same, round by round",
        ("over", "of", "median", "min", "q1", "q3", "each round"),
        (
            (
                name,
                RATIOS[what],
                *(_number(ratio[one], 2) for one in ("median", "least", "q1", "q3")),
                " ".join(_number(one, 2) for one in ratio["pairs"]),
            )
            for name, ratios in found["ratios"].items()
            for what, ratio in ratios.items()
        ),
    )


def _latency(console: Console, found: dict[str, Any]) -> None:
    _table(
        console,
        "From an order to its command, ms; medians of the rounds",
        (
            "",
            "events/s",
            "p50",
            "p90",
            "p99",
            "max",
            "commands",
            "idle",
            "CPU us/event",
            "load late",
        ),
        (
            (
                line["job"],
                _number(line["rate"], 0),
                *(_number(line[one], 0) for one in ("p50", "p90", "p99", "most")),
                f"{line['commands']:,.0f} of {line['orders']:,.0f}",
                f"{line['idle']:.0%}",
                _number(line["cpu_us"], 0),
                _number(line["load_late_ms_p99"], 1),
            )
            for line in sorted(found["medians"], key=lambda line: line["rate"])
        ),
    )

    _table(
        console,
        "Sendflow over each other job that does the same",
        ("over", "events/s", "of", "median", "min", "most", "each round"),
        (
            (
                line["job"],
                _number(line["rate"], 0),
                line["percentile"],
                *(_number(line[one], 2) for one in ("median", "least", "most")),
                " ".join(_number(one, 2) for one in line["pairs"]),
            )
            for line in found["ratios"]
        ),
    )


def _offline(console: Console, found: dict[str, Any]) -> None:
    _table(
        console,
        "The task alone, offline: us an event",
        ("", "run, q1", "run, median", "prepare", "store", "outputs", "states", "bytes/customer"),
        (
            (
                name,
                *(_number(one[part], 1) for part in ("run_q1", "run_median", "prepare", "store")),
                one["outputs"][:12],
                one["states"][:12],
                _number(one["state_bytes"], 0),
            )
            for name, one in found.items()
        ),
    )


def _pauses(console: Console, found: dict[str, Any]) -> None:
    console.print(
        f"catch-up with {found['customers']:,} customers: the loop was held up for "
        f"{_number(found['longest_pause_ms'], 0)} ms at most, "
        f"{_number(found['ended_after_seconds'], 0)} s after the start, and for "
        f"{_number(found['recent_pause_ms'], 0)} ms in the last minutes; "
        f"{found['peak_mib']:.0f} MiB"
    )


def _parts(console: Console, found: dict[str, Any]) -> None:
    rows = ((name, _number(us, 2)) for name, us in found["us_per_event"].items())
    _table(console, "CPU of the parts, us an event", ("part", "us"), rows)


def _many_flows(console: Console, lines: list[dict[str, Any]]) -> None:
    _lines(console, "Live flows in which a customer takes no part", lines)


def _schedule(console: Console, lines: list[dict[str, Any]]) -> None:
    _lines(console, "Scans of all customers of a task", lines)


_PARTS = {
    "loudness": _loudness,
    "offline": _offline,
    "throughput": _throughput,
    "latency": _latency,
    "pauses": _pauses,
    "parts": _parts,
    "many_flows": _many_flows,
    "schedule": _schedule,
}


def _lines(console: Console, title: str, lines: list[dict[str, Any]]) -> None:
    headings = tuple(heading.replace("_", " ") for heading in lines[0])
    rows = (
        tuple(_number(one, 2) if isinstance(one, float) else str(one) for one in line.values())
        for line in lines
    )
    _table(console, title, headings, rows)


def _table(
    console: Console, title: str, headings: tuple[str, ...], rows: Iterable[tuple[str, ...]]
) -> None:
    table = Table(title=title, title_justify="left")
    for number, heading in enumerate(headings):
        table.add_column(heading, justify="left" if number == 0 else "right")
    for row in rows:
        table.add_row(*row)
    console.print(table)


def _number(value: float | None, digits: int) -> str:
    return "–" if value is None else f"{value:,.{digits}f}"
