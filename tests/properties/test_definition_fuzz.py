"""A mutated set of definitions, as data or as YAML text, gets a clear error or compiles; nothing
else ever happens."""

import copy
import tempfile
from pathlib import Path
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from streams.definitions import PlacedProblem, load_folder, parse_yaml
from streams.engine import Definitions, Problem, compile_program, read_definitions
from streams.resources import example_flows_dir
from tests.harness.cases import OF_THE_SEMANTICS, all_files
from tests.harness.examples import examples

BAD = Path(__file__).parents[1] / "definitions" / "bad"


def sets() -> list[dict[str, Any]]:
    """The example flows, those of the numbered cases, and wrong ones."""
    found = [load_folder(example_flows_dir()).raw]
    for file, read in all_files().items():
        if file.parent == OF_THE_SEMANTICS:
            for case in read.cases[0].places.source.raw["cases"]:
                if isinstance(case.get("definitions"), dict):
                    found.append(case["definitions"])
    flows = [parse_yaml(file.read_text()).raw for file in sorted(BAD.glob("*.yaml"))]
    found.append({"flows": [flow for flow in flows if isinstance(flow, dict) and "flow" in flow]})
    return found


SETS = sets()
WORDS = sorted(
    {"", "$trigger.total", "$profile.locale", "$trigger.items[].sku", "$flow.started_at", "$x"}
    | {"-1", "0", "1e9", "4h", "-3d", "10:00", "2026-02-30", "2026-03-02 10:00", "true", "null"}
    | {"order.placed", "cart.updated", "items", "total", "tags", "birthday", "any", "equals"}
)
scalars = st.one_of(st.none(), st.sampled_from(WORDS), st.text(max_size=8))
values = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.one_of(st.sampled_from(WORDS), st.text(max_size=5)), inner, max_size=3),
    ),
    max_leaves=5,
)


def places(raw: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place in plain data."""
    found = [path] if path else []
    if isinstance(raw, dict):
        for key, value in raw.items():
            found += places(value, (*path, key))
    elif isinstance(raw, list):
        for number, value in enumerate(raw):
            found += places(value, (*path, number))
    return found


@st.composite
def mutated(draw: st.DrawFn) -> dict[str, Any]:
    """A set with one to three places replaced, removed, renamed or taken from elsewhere."""
    raw = copy.deepcopy(draw(st.sampled_from(SETS)))
    for _ in range(draw(st.integers(1, 3))):
        all_places = places(raw)
        if not all_places:
            break
        path = draw(st.sampled_from(all_places))
        around = raw
        for part in path[:-1]:
            around = around[part]
        action = draw(st.sampled_from(("replace", "remove", "rename", "copy")))
        if action == "replace":
            around[path[-1]] = draw(values)
        elif action == "remove":
            del around[path[-1]]
        elif action == "rename" and isinstance(around, dict):
            around[draw(st.sampled_from(WORDS))] = around.pop(path[-1])
        elif action == "copy":
            value: Any = raw
            for part in draw(st.sampled_from(all_places)):
                value = value[part]
            around[path[-1]] = copy.deepcopy(value)
    return raw


@examples(300)
@given(mutated())
@example({"metrics": [{"metric": [{"metric": "survey.answered"}], "fields": {"score": "text"}}]})
def test_a_mutated_set_is_refused_clearly_or_compiles(raw: dict[str, Any]) -> None:
    definitions = read_definitions(raw)
    if isinstance(definitions, Definitions):
        compile_program(definitions, version="mutated")
        return
    assert definitions
    for problem in definitions:
        assert isinstance(problem, Problem)
        assert problem.sentence()


@examples(100)
@given(values)
def test_anything_at_all(raw: Any) -> None:
    if isinstance(raw, dict):
        definitions = read_definitions(raw)
        assert isinstance(definitions, Definitions) or definitions


# ── As text ───────────────────────────────────────────────────────────────────────────────────────

FILES = {
    str(file.relative_to(example_flows_dir())): file.read_text()
    for file in sorted(example_flows_dir().rglob("*.yaml"))
    if not file.name.endswith(".test.yaml")
}
TEXTS = [*FILES.values(), *(file.read_text() for file in sorted(BAD.glob("*.yaml")))]
PIECES = st.one_of(
    st.sampled_from([*"{}[]:,-#&*!|>'\"%@`?\\", "\t", "\n", "\n  ", ": ", "- ", "---\n", "...\n"]),
    st.sampled_from(
        ["\ufeff", "\x00", "\x85", "\u2028", "\x1b", "<<: *a", "!!python/name:os.system"]
    ),
    st.sampled_from(WORDS),
    st.text(max_size=4),
)


@st.composite
def mutated_texts(draw: st.DrawFn) -> str:
    """A file of which one to four places were overwritten, cut out, doubled or swapped."""
    text = draw(st.sampled_from(TEXTS))
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(text)))
        end = min(len(text), start + draw(st.integers(0, 12)))
        action = draw(st.sampled_from(("insert", "replace", "cut", "double", "lines")))
        if action == "insert":
            text = text[:start] + draw(PIECES) + text[start:]
        elif action == "replace":
            text = text[:start] + draw(PIECES) + text[end:]
        elif action == "cut":
            text = text[:start] + text[end:]
        elif action == "double":
            text = text[:end] + text[start:]
        else:
            text = "".join(draw(st.permutations(text.splitlines(keepends=True)[:12])))
    return text


places_of_a_file = st.sampled_from(
    [*FILES, "new.yaml", "segments/new.yaml", "coupons/new.yaml", "metrics/new.yaml"]
)


def loaded_with(name: str, content: bytes) -> None:
    """The problems of the shop's folder with this file in it have a file, a line and a column."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        for other, text in {**SMALL, name: None}.items():
            file = folder / other
            file.parent.mkdir(exist_ok=True)
            file.write_bytes(content if text is None else text.encode())
        loaded = load_folder(folder)
        lines = content.count(b"\n") + content.count(b"\r") + 2
        for problem in loaded.problems:
            assert isinstance(problem, PlacedProblem)
            assert Path(problem.file).is_relative_to(folder)
            assert problem.line is not None
            assert problem.column is not None
            assert min(problem.line, problem.column) >= 1
            assert problem.problem.sentence()
            assert str(problem).startswith(f"{problem.file}:")
            if problem.file.endswith(name):
                assert problem.line <= lines
        assert loaded.problems or loaded.definitions is not None
        if loaded.definitions is not None and not loaded.problems:
            compile_program(loaded.definitions, version="mutated")


SMALL = {
    name: FILES[name] for name in ("store.yaml", "cart-recovery.yaml", "segments/dormant.yaml")
}
"""The rest of the folder: what the files name, and little more, because reading takes time."""


@examples(150)
@given(places_of_a_file, mutated_texts())
def test_a_mutated_file_is_refused_at_its_place_or_compiles(name: str, text: str) -> None:
    loaded_with(name, text.encode("utf-8", "surrogatepass"))


@examples(100)
@given(places_of_a_file, st.binary(max_size=60))
def test_bytes_that_are_no_text_at_all(name: str, content: bytes) -> None:
    loaded_with(name, content)
