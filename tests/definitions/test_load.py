from pathlib import Path

import pytest

from streams.definitions import Loaded, load_folder
from streams.resources import example_flows_dir

FLOW = "flow: {name}\ntrigger: {{metric: order.placed}}\nsteps: [{{send: email, template: t}}]\n"


def load(folder: Path, **files: str) -> Loaded:
    """A folder with these files (`segments__vip` for segments/vip.yaml)."""
    for name, text in files.items():
        file = folder / f"{name.replace('__', '/')}.yaml"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return load_folder(folder)


def said(loaded: Loaded, folder: Path) -> list[str]:
    return [str(problem).replace(f"{folder}/", "") for problem in loaded.problems]


def test_the_example_flows_are_well() -> None:
    loaded = load_folder(example_flows_dir())
    assert loaded.problems == []
    assert loaded.definitions is not None
    assert {flow.flow for flow in loaded.definitions.flows} >= {"cart-recovery", "post-purchase"}


def test_a_folder_is_one_set(tmp_path: Path) -> None:
    loaded = load(
        tmp_path,
        a=FLOW.format(name="a"),
        b=FLOW.format(name="b") + "filter: {segment: vip}\n",
        segments__vip="segment: vip\nif: {profile: plan, equals: gold}\n",
        coupons__ten="coupons: ten\nrule: {length: 8}\n",
        store="timezone: Europe/London\nprofile: {plan: text}\n",
    )
    assert loaded.problems == []
    assert loaded.definitions is not None
    assert [flow.flow for flow in loaded.definitions.flows] == ["a", "b"]
    assert [pool.coupons for pool in loaded.definitions.coupons] == ["ten"]
    assert loaded.definitions.store.timezone == "Europe/London"
    assert loaded.raw["segments"] == [
        {"segment": "vip", "if": {"profile": "plan", "equals": "gold"}}
    ]


def test_tests_and_other_files_are_left_out(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("# not YAML: [")
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "a.test.yaml").write_text("cases: []")
    loaded = load(tmp_path, **{"a": FLOW.format(name="a"), "a.test": "cases: []"})
    assert loaded.problems == []


def test_all_problems_of_all_files_in_order(tmp_path: Path) -> None:
    loaded = load(
        tmp_path,
        b="flow: b\ntrigger: {metric: order.placd}\nsteps: []\nprio: 1\n",
        a="flow: a\n",
        segments__s="segment: s\nif: {segment: t}\n",
        store="zone: UTC\n",
    )
    assert loaded.definitions is None
    places = [text.partition(" ")[0] for text in said(loaded, tmp_path)]
    assert places == [
        "a.yaml:1:1:",
        "a.yaml:1:1:",
        "b.yaml:2:19:",
        "b.yaml:4:1:",
        "segments/s.yaml:2:15:",
        "store.yaml:1:1:",
    ]


def test_an_id_that_is_used_twice(tmp_path: Path) -> None:
    flow = FLOW.format(name="a")
    (tmp_path / "a.yml").write_text(flow)
    loaded = load(tmp_path, a=flow)
    assert said(loaded, tmp_path) == [
        "a.yml:1:7: duplicate id 'a' (first in a.yaml, line 1); use another"
    ]


def test_a_file_that_cannot_be_read_does_not_hide_the_others(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_bytes(b"flow: \xff\n")
    loaded = load(tmp_path, b="flow: b\n")
    assert said(loaded, tmp_path) == [
        "a.yaml:1:7: not UTF-8: cannot read byte 6",
        "b.yaml:1:1: missing key 'trigger'",
        "b.yaml:1:1: missing key 'steps'",
    ]


def test_a_misspelt_folder(tmp_path: Path) -> None:
    loaded = load(tmp_path, segmets__vip="segment: vip\nif: {consent: email}\n")
    assert said(loaded, tmp_path) == [
        "segmets: unknown folder with definitions in it: did you mean 'segments'? "
        "(allowed: segments, coupons, metrics)"
    ]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("nowhere", "no such folder"),
        ("file.yaml", "is a file, expected a definitions folder (perhaps {0})"),
    ],
)
def test_no_folder(tmp_path: Path, name: str, message: str) -> None:
    (tmp_path / "file.yaml").write_text("")
    loaded = load_folder(tmp_path / name)
    assert said(loaded, tmp_path) == [f"{name}: {message.format(tmp_path)}"]


def test_an_empty_folder_is_an_empty_set(tmp_path: Path) -> None:
    loaded = load_folder(tmp_path)
    assert loaded.problems == []
    assert loaded.definitions is not None
    assert loaded.definitions.flows == []


def test_a_problem_as_json(tmp_path: Path) -> None:
    (problem,) = load(tmp_path, a=FLOW.format(name="a") + "statsu: live\n").problems
    assert problem.as_json() == {
        "file": str(tmp_path / "a.yaml"),
        "line": 4,
        "column": 1,
        "path": "statsu",
        "message": "unknown key 'statsu'",
        "found": "statsu",
        "allowed": sorted(problem.problem.allowed),
        "nearest": "status",
    }


def test_endings_in_capitals_are_those_of_definitions(tmp_path: Path) -> None:
    (tmp_path / "segments").mkdir()
    (tmp_path / "segments" / "s.YML").write_text("segment: s\nif: {consent: email}\n")
    (tmp_path / "a.YAML").write_text(FLOW.format(name="a"))
    (tmp_path / "Store.Yaml").write_text("timezone: Europe/London\n")
    (tmp_path / "a.Test.YAML").write_text("cases: []\n")
    loaded = load_folder(tmp_path)
    assert said(loaded, tmp_path) == []
    assert loaded.definitions is not None
    assert [flow.flow for flow in loaded.definitions.flows] == ["a"]
    assert [segment.segment for segment in loaded.definitions.segments] == ["s"]
    assert loaded.definitions.store.timezone == "Europe/London"


def test_two_files_of_settings(tmp_path: Path) -> None:
    (tmp_path / "store.yml").write_text("timezone: UTC\n")
    loaded = load(tmp_path, store="timezone: Europe/London\n")
    (problem,) = said(loaded, tmp_path)
    assert problem == "store.yml: the settings are in store.yaml already"
