"""The words of the code: no text opens with a relative pronoun, and no public name means two
things."""

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
STREAMS = ROOT / "streams"
MODULES = {
    path.relative_to(ROOT).as_posix(): ast.parse(path.read_text())
    for path in sorted(STREAMS.rglob("*.py"))
}

PRONOUN = re.compile(r"\s*(Who|What|Whom|Whose|Whoever|Whatever|Whether)\b", re.IGNORECASE)
LOGGED = frozenset({"debug", "info", "warning", "error", "exception", "critical"})

FAMILIES = {
    "Definition": "conditions, steps and triggers: one module per member",
    "check": "the same, and commands of the command line",
    "compile": "the same, and the rules of sending",
    "evidence": "conditions",
    "FAMILY": "conditions, steps",
    "SUCCESSORS": "the table of an enum of states (STYLE.md)",
    "list_": "commands",
    "status": "commands",
    "PARAMETERS": "purchase models",
    "expected_orders": "purchase models",
    "probability_active": "purchase models",
    "logger": "one per module",
    "T": "type parameters",
}
"""Names that several modules define alike, by design."""


def docstrings(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Docstrings of modules, classes and functions, and strings below values."""
    for node in ast.walk(tree):
        match node:
            case ast.Expr(value=ast.Constant(value=str() as text)):
                yield node.lineno, text


def shown_texts(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Help texts of options, and formats of log lines."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        texts = [keyword.value for keyword in node.keywords if keyword.arg == "help"]
        function = node.func
        if isinstance(function, ast.Attribute) and function.attr in LOGGED and node.args:
            texts.append(node.args[0])
        for text in texts:
            if isinstance(text, ast.Constant) and isinstance(text.value, str):
                yield node.lineno, text.value


def public_names(tree: ast.Module) -> Iterator[str]:
    """Classes, functions and values at the top of a module."""
    for node in tree.body:
        names = []
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            names = [node.name]
        elif isinstance(node, ast.Assign):
            names = [target.id for target in node.targets if isinstance(target, ast.Name)]
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            names = [node.target.id]
        yield from (name for name in names if not name.startswith("_"))


@pytest.mark.parametrize("text", ["What a task hears.", "  who is told", "Whether it runs."])
def test_pronouns_are_found(text: str) -> None:
    assert PRONOUN.match(text)
    assert not PRONOUN.match("Whole days.")


def test_no_text_opens_with_a_pronoun() -> None:
    assert [
        f"{module}:{line}: {text.strip().splitlines()[0]}"
        for module, tree in MODULES.items()
        for line, text in chain(docstrings(tree), shown_texts(tree))
        if PRONOUN.match(text)
    ] == []


def test_a_public_name_means_one_thing() -> None:
    defined = defaultdict(list)
    for module, tree in MODULES.items():
        for name in public_names(tree):
            defined[name].append(module)
    several = {name: modules for name, modules in defined.items() if len(modules) > 1}
    assert {name: modules for name, modules in several.items() if name not in FAMILIES} == {}
    assert FAMILIES.keys() <= several.keys(), "a family without members"
