"""Tables, JSON and progress, on a terminal and on none."""

import io
import re
from types import SimpleNamespace

import pytest

from streams.cli import output


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def terminal(monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("TERM", "xterm")
    out, errors = Terminal(), Terminal()
    monkeypatch.setattr(output, "sys", SimpleNamespace(stdout=out, stderr=errors))
    return out, errors


def test_several_of_a_kind():
    texts = [output.several(number, "customer") for number in (0, 1, 2, 1_234)]
    assert texts == ["0 customers", "1 customer", "2 customers", "1,234 customers"]


def test_a_plain_table_is_aligned_and_never_cut(capsys):
    long = "x" * 300
    output.print_table(("name", "count"), [("a", 5), (long, 12_345)], title="Things")
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "Things"
    assert lines[1] == "name".ljust(300) + "   count"
    assert lines[3] == long + "  12,345"


@pytest.mark.parametrize("style", ["", "bold"])
def test_what_customers_wrote_gives_a_terminal_no_orders(terminal, style):
    out, _ = terminal
    output.say("query \x1b]0;title\x07 \x00 \x7f é", style)
    text = re.sub(r"\x1b\[[0-9;]*m", "", out.getvalue())
    assert text.rstrip("\n") == "query \\x1b]0;title\\x07 \\x00 \\x7f é"


def test_a_table_without_rows_has_its_head(capsys):
    output.print_table(("a", "b"), [])
    assert capsys.readouterr().out == "a  b\n"


def test_cells_are_written_for_people(capsys):
    output.print_table(("a", "b", "c"), [(None, 1_000, 2.25), (True, 1, 3.0)])
    assert capsys.readouterr().out.splitlines()[1:] == ["      1,000  2.2", "True      1  3.0"]


def test_a_table_fits_a_terminal_of_80_columns(terminal):
    output.print_table(("name", "text"), [("a", "word " * 60), ("[b]", "x" * 200)])
    text = re.sub(r"\x1b\[[0-9;]*m", "", terminal[0].getvalue())
    assert max(map(len, text.splitlines())) <= 80
    assert "[b]" in text  # what looks like markup is text


def test_json_is_one_line(capsys):
    output.print_json({"name": "ä", "count": 1})
    assert capsys.readouterr().out == '{"name":"ä","count":1}\n'


def test_progress_without_a_terminal_tells_every_tenth_once(capsys):
    with output.progress("counting", 100) as bar:
        for done in range(0, 101, 5):
            bar.reach(done, f"({done})")
    captured = capsys.readouterr()
    lines = captured.err.splitlines()
    assert lines[0] == "counting …"
    assert lines[1] == "counting: 10 % (10)"
    assert len(lines) == 11
    assert captured.out == ""  # results alone go there


def test_progress_whose_end_is_not_known_yet(capsys):
    with output.progress("reading") as bar:
        bar.advance(5)
        bar.total = 10
        bar.advance(5)
    assert capsys.readouterr().err.splitlines() == ["reading …", "reading: 100 %"]


def test_progress_on_a_terminal_is_a_bar(terminal):
    with output.progress("counting", 10) as bar:
        bar.advance(10)
    assert "counting" in terminal[1].getvalue()
    assert "100 %" in terminal[1].getvalue()
    assert terminal[0].getvalue() == ""


def test_lines_that_are_too_long_for_the_terminal_go_on_below(terminal):
    output.say_wrapped("2011-03-02  " + "word " * 30, 12)
    lines = terminal[0].getvalue().splitlines()
    assert len(lines) > 1
    assert all(len(line) <= 80 for line in lines)
    assert all(line.startswith(" " * 12) for line in lines[1:])


def test_without_a_terminal_a_line_stays_a_line(capsys):
    output.say_wrapped("word " * 100, 12)
    assert len(capsys.readouterr().out.splitlines()) == 1


def test_colours_are_for_terminals(terminal):
    output.say("fine", "green")
    assert "\x1b[32m" in terminal[0].getvalue()


def test_no_colours_without_a_terminal(capsys):
    output.say("fine", "green")
    output.complain("wrong")
    assert capsys.readouterr() == ("fine\n", "wrong\n")
