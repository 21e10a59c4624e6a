"""Errors of the YAML parser in words of the file: what is wrong, at the place to mend it.

The parser reports where it stopped. A brace that was never closed is reported lines later, so the
place shown is that of the brace.
"""

import re
from collections.abc import Callable

from ruamel.yaml.error import MarkedYAMLError

PlacedMessage = tuple[int, int, str]
"""Line and column, from 1, and the message."""

_CLOSES = {"{": "}", "[": "]"}
_KEY_WITHOUT_BLANK = re.compile(r"\s*(?:- )?[A-Za-z_][\w.-]*:[^\s]")
_NO_BRACKETS = re.compile(r"""(?:^|\s)#.*|"[^"]*"|'[^']*'""")
_KEY = re.compile(r"\s*([A-Za-z_][\w.-]*):(?:\s|$)")
_NOTHING_ABOVE = (1, 1)


def describe_error(text: str, error: MarkedYAMLError) -> PlacedMessage:
    """Line, column and message of an error in `text`."""
    mark = error.problem_mark or error.context_mark
    line, column = _NOTHING_ABOVE if mark is None else (mark.line + 1, mark.column + 1)
    found = _Error(text.splitlines(), error, line, column)
    for judge in _JUDGES:
        placed = judge(found)
        if placed is not None:
            return placed
    words = ", ".join(part for part in (error.context, error.problem) if part)
    return line, column, f"invalid YAML: {words}"


class _Error:
    """An error of the parser, and the lines around it."""

    def __init__(self, lines: list[str], error: MarkedYAMLError, line: int, column: int) -> None:
        self.lines = lines
        self.context = error.context or ""
        self.problem = error.problem or ""
        self.line = line
        self.column = column
        mark = error.context_mark
        self.begins = (line, column) if mark is None else (mark.line + 1, mark.column + 1)

    def text(self, line: int) -> str:
        return self.lines[line - 1] if 0 < line <= len(self.lines) else ""

    def here(self, message: str) -> PlacedMessage:
        return self.line, self.column, message

    def at_begin(self, message: str) -> PlacedMessage:
        return (*self.begins, message)


def _tab(error: _Error) -> PlacedMessage | None:
    if "'\\t'" in error.problem:
        return error.here("tab indentation; use spaces")
    return None


def _open_quote(error: _Error) -> PlacedMessage | None:
    if error.context.endswith("quoted scalar") and "end of stream" in error.problem:
        quote = error.text(error.begins[0])[error.begins[1] - 1 :][:1]
        return error.at_begin(f"the quote {quote} is never closed")
    return None


def _escape(error: _Error) -> PlacedMessage | None:
    found = re.search("unknown escape character '(.)'", error.problem)
    if found is None:
        return None
    return error.here(f"unknown escape \\{found[1]} in double quotes; use single quotes")


def _open_bracket(error: _Error) -> PlacedMessage | None:
    """Inside of {...} or [...]: an entry that doesn't go on as one."""
    if not error.context.startswith("while parsing a flow "):
        return None
    if error.context.endswith("node"):
        begins = _last_open(error)
        if begins is None:
            return None
        error.begins = begins
    quote = _quote_over_lines(error)
    if quote is not None:
        return quote
    line, column = error.begins
    opened = error.text(line)[column - 1 :][:1]
    closing = _CLOSES.get(opened, "}")
    found = re.split("but (?:got|found) ", error.problem)[-1].strip("'")
    unquoted = _text_with_brackets(error)
    if unquoted is not None:
        return unquoted
    is_over = found in ("}", "]", "<stream end>") or _begins_anew(error)
    if is_over:
        return error.at_begin(f"{opened!r} is never closed; write {closing!r} at its end")
    return error.here(
        f"expected ',' or {closing!r}: the {opened!r} of line {line}, column {column} is still open"
    )


def _text_with_brackets(error: _Error) -> PlacedMessage | None:
    """A text such as `$trigger.items[].sku`, whose bracket YAML reads as a list."""
    line = error.text(error.line)
    written = re.search(r"[\w$.]+$", line[: error.column - 1])
    brackets = re.match(r"\[[^\[\]]*\][\w.]*", line[error.column - 1 :])
    if written is None or brackets is None:
        return None
    text = written[0] + brackets[0]
    return (
        error.line,
        written.start() + 1,
        f'a text with brackets is written in quotes: "{text}"',
    )


def _last_open(error: _Error) -> tuple[int, int] | None:
    """The last bracket before the error that is still open."""
    opened: list[tuple[int, int]] = []
    for number in range(1, error.line + 1):
        line = _NO_BRACKETS.sub(lambda one: " " * len(one[0]), error.text(number))
        for place, character in enumerate(line, start=1):
            if (number, place) >= (error.line, error.column):
                break
            if character in _CLOSES:
                opened.append((number, place))
            elif character in _CLOSES.values() and opened:
                opened.pop()
    return opened[-1] if opened else None


def _begins_anew(error: _Error) -> bool:
    """True if the line of the error is no further in than the line with the open bracket: another
    entry of the mapping or list around it."""
    first, last = error.text(error.begins[0]), error.text(error.line)
    return error.line > error.begins[0] and _indent(last) <= len(first) - len(first.lstrip(" -"))


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip(" "))


def _quote_over_lines(error: _Error) -> PlacedMessage | None:
    """The quote that opened a text over several lines which ends where the error is: it was meant
    to end on its own line, and the next quote, which was to open a text, closed it."""
    open_at: tuple[int, int] | None = None
    for number in range(error.begins[0], error.line + 1):
        line = error.text(number)
        for place, character in enumerate(line, start=1):
            if (number, place) >= (error.line, error.column):
                return None
            if open_at is not None:
                quote = error.text(open_at[0])[open_at[1] - 1]
                if character == quote:
                    is_here = number == error.line and open_at[0] < number
                    if is_here:
                        return (*open_at, f"the quote {quote} is never closed")
                    open_at = None
            elif character in "\"'" and line[: place - 1].rstrip(" ")[-1:] in ("", *":,[{-"):
                open_at = (number, place)
            elif character == "#" and line[place - 2 : place - 1] in ("", " "):
                break
    return None


def _value_with_colon(error: _Error) -> PlacedMessage | None:
    if not error.problem.startswith("mapping values are not allowed"):
        return None
    before = error.text(error.line)[: error.column - 1]
    if ": " in before:
        return error.here("a second ':' in one value; write the value in quotes")
    above = next((n for n in range(error.line - 1, 0, -1) if error.text(n).strip()), 0)
    if _KEY_WITHOUT_BLANK.match(error.text(above)):
        column = error.text(above).index(":") + 1
        return above, column, "a blank is missing after ':'"
    return (
        error.line,
        _indent(before) + 1,
        f"indented further than line {above}, which has a value already",
    )


def _key_without_colon(error: _Error) -> PlacedMessage | None:
    if "could not find expected ':'" not in error.problem:
        return None
    written = error.text(error.begins[0])[error.begins[1] - 1 :].strip()
    return error.at_begin(f"expected 'key: value', found {written!r}")


def _character(error: _Error) -> PlacedMessage | None:
    found = re.match("found character '(.)' that cannot start any token", error.problem)
    if found is None:
        return None
    if found[1] == ">":
        return error.here("a value can't begin with '>': write {gt: 100} or {at_least: 100}")
    return error.here(f"a value can't begin with {found[1]!r}; write it in quotes")


def _closes_nothing(error: _Error) -> PlacedMessage | None:
    found = re.search("but found '([]}])'", error.problem)
    return None if found is None else error.here(f"{found[1]!r} closes nothing")


def _after_a_quote(error: _Error) -> PlacedMessage | None:
    if not error.problem.endswith("but found '<scalar>'"):
        return None
    return error.here("text after a closing quote; write the whole value in quotes")


def _indentation(error: _Error) -> PlacedMessage | None:
    if not error.problem.startswith("expected <block end>"):
        return None
    line, column = error.begins
    key = _KEY.match(error.text(error.line))
    if error.context.endswith("collection") and column == error.column and key is not None:
        return error.here(
            f"{key[1]!r} is at the depth of the list of line {line}, whose entries begin with "
            "'- ': indent it further if it belongs to the entry above"
        )
    what = "list" if error.context.endswith("collection") else "mapping"
    return error.here(
        f"the indentation fits no line above: the {what} around it begins on line {line}, "
        f"in column {column}"
    )


def _list_on_the_line(error: _Error) -> PlacedMessage | None:
    if not error.problem.startswith("sequence entries are not allowed"):
        return None
    return error.here("a list begins on a line of its own; or write it as [...]")


_JUDGES: tuple[Callable[[_Error], PlacedMessage | None], ...] = (
    _tab,
    _open_quote,
    _escape,
    _open_bracket,
    _value_with_colon,
    _key_without_colon,
    _character,
    _closes_nothing,
    _after_a_quote,
    _indentation,
    _list_on_the_line,
)
