"""The structure of streams/: no circle of imports, folders that say what they are, and engine
folders that are used through what they export."""

import ast
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
STREAMS = ROOT / "streams"
FOLDERS = sorted(path.parent for path in STREAMS.rglob("__init__.py"))
ENGINE = sorted(path for path in (STREAMS / "engine").iterdir() if (path / "__init__.py").exists())
LEAST_LINES = 3
"""Of the first words of a folder: what it is, what it knows, where to start."""


def module_of(path: Path) -> str:
    """`streams.engine.values.event` for its path."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module_of(path): ast.parse(path.read_text()) for path in STREAMS.rglob("*.py")}


def imports_of(module: str) -> Iterator[tuple[str, list[str], int]]:
    """Every import of `module`: lazy ones, and those for type checkers, too."""
    for node in ast.walk(MODULES[module]):
        if isinstance(node, ast.Import):
            for name in node.names:
                yield name.name, [], node.lineno
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module}:{node.lineno}: a relative import"
            yield node.module or "", [name.name for name in node.names], node.lineno


def modules_used_by(module: str) -> set[str]:
    used = set()
    for source, names, _ in imports_of(module):
        inner = {f"{source}.{name}" for name in names if f"{source}.{name}" in MODULES}
        used |= inner
        if source in MODULES and len(inner) < max(len(names), 1):
            used.add(source)
    return used - {module}


def circles(graph: dict[str, set[str]]) -> list[str]:
    """A way round, for each module from which one is found first."""
    found, done = [], set()

    def walk(module: str, way: list[str]) -> None:
        if module in way:
            found.append(" -> ".join([*way[way.index(module) :], module]))
            return
        if module in done:
            return
        for used in sorted(graph.get(module, ())):
            walk(used, [*way, module])
        done.add(module)

    for module in sorted(graph):
        walk(module, [])
    return found


def test_circles_are_found() -> None:
    assert circles({"a": {"b"}, "b": {"c"}, "c": {"a"}, "d": {"a"}}) == ["a -> b -> c -> a"]
    assert circles({"a": {"b", "c"}, "b": {"c"}, "c": set()}) == []


def test_no_circle_of_imports() -> None:
    assert circles({module: modules_used_by(module) for module in MODULES}) == []


def exports_of(package: str) -> set[str]:
    for node in MODULES[package].body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
            return set(ast.literal_eval(node.value))
    return set()


@pytest.mark.parametrize("folder", ["", *(path.name for path in ENGINE)])
def test_engine_folders_are_used_through_what_they_export(folder: str) -> None:
    """Within a folder its modules import each other; everybody else asks the folder."""
    package = f"streams.engine.{folder}".rstrip(".")
    exports, wrong = exports_of(package), []
    for module in MODULES:
        if module == package or module.startswith(f"{package}."):
            continue
        for source, names, line in imports_of(module):
            if source == package:
                wrong += [f"{module}:{line}: {name}" for name in names if name not in exports]
            elif folder and source.startswith(f"{package}."):
                wrong.append(f"{module}:{line}: {source}")
    assert wrong == []


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_folder_says_what_it_is(folder: Path) -> None:
    text = ast.get_docstring(MODULES[module_of(folder / "__init__.py")]) or ""
    assert len(text.splitlines()) >= LEAST_LINES, "what it is, what it knows, where to start"


def test_the_import_contract_names_every_folder() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    named = {
        f"{container}.{name.strip('() ')}"
        for contract in settings["contracts"]
        if contract["type"] == "layers"
        for container in contract["containers"]
        for layer in contract["layers"]
        for name in layer.replace("|", ":").split(":")
    }
    folders = {module_of(path / "__init__.py") for path in FOLDERS} - {"streams"}
    assert folders - named == set()
