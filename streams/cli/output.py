"""Output of commands: tables, JSON, progress, and exit statuses (DESIGN 8).

Results go to standard output; progress and errors to standard error, so that a pipe holds results
alone. In colour on a terminal, plain text elsewhere, never truncated.
"""

import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from rich.console import Console

FINE = 0
NOT_SO = 1
"""The answer is no: a check failed, or nothing was found."""
USED_WRONGLY = 2
PARTLY = 3
"""Done in part: some of what was given was refused."""

MOST_SHOWN = 10
"""Problems of one kind that are printed one by one: a file of the wrong kind is wrong in every
line."""

Cell = str | int | float | None


def say(text: str = "", style: str = "") -> None:
    """Prints one or more lines of a result. `style` is rich's, for terminals."""
    _print(sys.stdout, text, style)


def say_wrapped(text: str, indent: int, style: str = "") -> None:
    """Prints one line of a result; wrapped on a narrow terminal, with the rest indented."""
    if sys.stdout.isatty():
        import shutil
        import textwrap

        width = shutil.get_terminal_size().columns
        text = textwrap.fill(text, width, subsequent_indent=" " * indent, drop_whitespace=True)
    say(text, style)


def note(text: str, style: str = "") -> None:
    """Prints progress or a remark to standard error."""
    _print(sys.stderr, text, style)


def complain(text: str) -> None:
    """Prints an error to standard error."""
    note(text, "red")


def print_json(value: Any) -> None:
    """Prints one JSON document on one line; takes structs and dataclasses too."""
    sys.stdout.write(msgspec.json.encode(value).decode() + "\n")
    sys.stdout.flush()


def print_table(columns: Sequence[str], rows: Iterable[Sequence[Cell]], title: str = "") -> None:
    """Prints rows under their columns; numbers right-aligned, with thousands separators."""
    held = [list(row) for row in rows]
    to_the_right = [
        any(
            isinstance(row[index], int | float) and not isinstance(row[index], bool) for row in held
        )
        for index in range(len(columns))
    ]
    texts = [[_text(cell) for cell in row] for row in held]
    if sys.stdout.isatty():
        from rich import box
        from rich.table import Table
        from rich.text import Text

        table = Table(box=box.SIMPLE_HEAD, title=title or None, title_justify="left")
        for column, is_right in zip(columns, to_the_right, strict=True):
            table.add_column(column, justify="right" if is_right else "left", overflow="fold")
        for row in texts:
            table.add_row(*(Text(cell) for cell in row))
        _console(sys.stdout).print(table)
        return
    if title:
        say(title)
    widths = [max(map(len, column)) for column in zip(columns, *texts, strict=True)]
    for row in [list(columns), *texts]:
        cells = zip(row, widths, to_the_right, strict=True)
        say("  ".join(c.rjust(w) if r else c.ljust(w) for c, w, r in cells).rstrip())


def print_csv(columns: Sequence[str], rows: Iterable[Sequence[str | None]]) -> None:
    """Prints rows as CSV (RFC 4180) for a spreadsheet, which takes no cell of them for a formula
    (CWE-1236)."""
    import csv

    writer = csv.writer(sys.stdout)
    writer.writerow(columns)
    for row in rows:
        writer.writerow([_harmless(cell or "") for cell in row])
    sys.stdout.flush()


def _harmless(cell: str) -> str:
    """The cell, with an apostrophe before what a spreadsheet might run. A number with a sign, such
    as a phone number, is no formula."""
    is_number = cell[:1] in ("+", "-") and cell[1:].isdecimal()
    return f"'{cell}" if cell[:1] in _BEGINS_FORMULA and not is_number else cell


_BEGINS_FORMULA = frozenset("=+-@\t\r\n")


class Progress:
    """Progress as lines of text, for output that is not a terminal (see `progress`)."""

    def advance(self, by: int = 1) -> None:
        """Adds `by` to the number done."""
        self.reach(self._done + by)

    def __init__(self, description: str, total: int | None) -> None:
        self.total = total
        self._description = description
        self._done = 0
        self._tenths_printed = 0

    def reach(self, done: int, detail: str = "") -> None:
        """Sets the number done; `detail` is shown beside it."""
        self._done = done
        if self.total:
            tenth = min(10, 10 * done // self.total)
            if tenth > self._tenths_printed:
                self._tenths_printed = tenth
                note(f"{self._description}: {tenth * 10} % {detail}".rstrip())


class _Bar(Progress):
    """A progress bar on a terminal."""

    def __init__(self, description: str, total: int | None, bar: Any) -> None:
        super().__init__(description, total)
        self._bar = bar
        self._task = bar.add_task(description, total=total, detail="")

    def reach(self, done: int, detail: str = "") -> None:
        self._done = done
        self._bar.update(self._task, completed=done, total=self.total, detail=detail)


@contextmanager
def progress(description: str, total: int | None = None) -> Iterator[Progress]:
    """A progress bar for the block; a line per tenth where standard error is not a terminal.
    `total` may be set later on the Progress; without one only the activity is shown."""
    if not sys.stderr.isatty():
        note(f"{description} …")
        yield Progress(description, total)
        return
    from rich.progress import BarColumn, SpinnerColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as RichProgress

    columns = (
        SpinnerColumn(finished_text="[green]✓"),
        TextColumn("{task.description}"),
        BarColumn(bar_width=24),
        TextColumn("{task.percentage:>3.0f} %"),
        TimeElapsedColumn(),
        TextColumn("{task.fields[detail]}", style="dim"),
    )
    with RichProgress(*columns, console=_console(sys.stderr)) as bar:
        yield _Bar(description, total, bar)


def bytes_text(value: bytes | None) -> str | None:
    """Bytes as text, in hexadecimal digits if they are none: 0x00ff."""
    if value is None:
        return None
    try:
        return value.decode()
    except UnicodeDecodeError:
        return f"0x{value.hex()}"


def count(number: int) -> str:
    """A number with thousands separators: 1,234."""
    return f"{number:,}"


def several(number: int, one: str) -> str:
    """1 customer, 1,234 customers."""
    return f"{count(number)} {one}" if number == 1 else f"{count(number)} {one}s"


def _text(cell: Cell) -> str:
    match cell:
        case None:
            return ""
        case int() if not isinstance(cell, bool):
            return f"{cell:,}"
        case float():
            return f"{cell:,.1f}"
    return str(cell)


_CONTROLS = {code: f"\\x{code:02x}" for code in (*range(9), *range(11, 32), *range(127, 160))}
"""Control characters but tab and newline: a search or a key may hold some, and a terminal would
obey them."""


def _print(stream: IO[str], text: str, style: str) -> None:
    text = text.translate(_CONTROLS)
    if style and stream.isatty():
        _console(stream).print(text, style=style, markup=False, highlight=False, soft_wrap=True)
    else:
        stream.write(text + "\n")
        stream.flush()


def _console(stream: IO[str]) -> "Console":
    from rich.console import Console

    return Console(file=stream, highlight=False)
