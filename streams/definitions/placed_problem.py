"""A problem with its position in a file."""

from pathlib import Path as FilePath

import msgspec

from streams.engine.values import Problem, path_text


class PlacedProblem(msgspec.Struct, frozen=True):
    """A problem and its position: `line` and `column` count from 1; None for a problem of the file
    as a whole."""

    file: str
    line: int | None
    column: int | None
    problem: Problem

    def __str__(self) -> str:
        """`flows/cart.yaml:7:5: unknown key 'smart_sendng': did you mean 'smart_sending'?`"""
        place = self.file if self.line is None else f"{self.file}:{self.line}:{self.column}"
        return f"{place}: {self.problem.sentence()}"

    def as_json(self) -> dict[str, object]:
        """Returns the fields of the JSON output."""
        return {
            "file": self.file,
            "line": self.line,
            "column": self.column,
            "path": path_text(self.problem.path),
            "message": self.problem.message,
            "found": self.problem.found,
            "allowed": list(self.problem.allowed),
            "nearest": self.problem.nearest,
        }


def with_first(placed: PlacedProblem, first: PlacedProblem) -> PlacedProblem:
    """Returns the problem of a duplicate with the position of the first one (that of `first`)."""
    where = f"on line {first.line}"
    if first.file != placed.file:
        where = f"in {first.file}, line {first.line}"
    problem = placed.problem
    message = f"{problem.message} (first {where}); use another"
    return msgspec.structs.replace(
        placed, problem=msgspec.structs.replace(problem, message=message, first=None)
    )


def sort_key(placed: PlacedProblem) -> tuple[str, int, int]:
    """Sorts by file, then from top to bottom."""
    return placed.file, placed.line or 0, placed.column or 0


def whole_file(file: FilePath | str, message: str) -> PlacedProblem:
    """Returns a problem of a file as a whole."""
    return PlacedProblem(str(file), None, None, Problem((), message))
