"""Advice: each rule with what it finds and what it leaves alone."""

from pathlib import Path
from typing import Any

import pytest

from streams.definitions import load_folder
from streams.definitions.lint import (
    LINT_RULES,
    Subject,
    advice,
    marketing_in_a_transactional_flow,
)
from streams.resources import example_flows_dir

MAIL = "{send: email, template: a}"


def said(folder: Path, *flows: str) -> list[str]:
    for number, text in enumerate(flows):
        name = "abc"[number]
        head = "" if "trigger:" in text else "trigger: {metric: order.placed}\n"
        (folder / f"{name}.yaml").write_text(f"flow: {name}\n{head}{text}\n")
    loaded = load_folder(folder)
    assert [str(problem) for problem in loaded.problems] == []
    return [str(one).replace(f"{folder}/", "") for one in advice(loaded)]


def test_the_example_flows_need_none() -> None:
    assert advice(load_folder(example_flows_dir())) == []


@pytest.mark.parametrize(
    ("flow", "line", "says"),
    [
        (f"steps: [exit, {MAIL}]", 3, "unreachable step"),
        (
            f"steps:\n  - {{if: {{consent: sms}}, then: [exit], else: [exit]}}\n  - {MAIL}",
            5,
            "unreachable step",
        ),
        (
            "steps:\n  - branch: [{when: {consent: sms}, then: [exit]}]\n    else: [exit]\n"
            f"  - {MAIL}",
            6,
            "unreachable step",
        ),
        (
            "steps:\n  - {wait_for: {metric: order.placed}, timeout: 1d, id: w, then: [exit], "
            f"else: [exit]}}\n  - {MAIL}",
            5,
            "unreachable step",
        ),
        (
            "steps:\n  - {sample: {x: 50, y: 50}, id: s, paths: {x: [exit], y: "
            f"[{{if: {{consent: sms}}, then: [exit], else: [exit]}}]}}}}\n  - {MAIL}",
            5,
            "unreachable step",
        ),
        (f"steps:\n  - {MAIL}\n  - {{wait: 7d, id: w}}", 5, "no step after this wait"),
        (
            f"steps:\n  - if: {{consent: sms}}\n    then:\n      - {MAIL}\n"
            "      - {wait: 7d, id: w}",
            7,
            "no step after this wait",
        ),
        (
            "status: draft\nsteps:\n  - branch:\n      - when: {consent: sms}\n        then:\n"
            f"          - {{sample: {{x: 100}}, id: s, paths: {{x: [{MAIL}, {{wait: 1d}}]}}}}",
            8,
            "no step after this wait",
        ),
        (
            f"steps:\n  - {MAIL}\n  - {{wait_for: {{metric: order.placed}}, timeout: 1d, id: w}}",
            5,
            "no step after this wait",
        ),
        (
            "trigger: {date: profile.birthday}\nsteps: [{send: email, template: a, items: cart}]",
            1,
            "this flow shows the cart and no order ends it",
        ),
        (f"trigger: {{metric: cart.updated}}\nsteps: [{MAIL}]", 1, "no order ends it"),
        (
            "steps:\n  - send: email\n    template: a\n    transactional: true\n"
            "    items: {recommend: popular}",
            7,
            "'items' is marketing",
        ),
        (
            f"steps:\n  - {MAIL}\n  - {{send: email, template: b}}",
            5,
            "Smart Sending skips this one",
        ),
        (
            f"steps:\n  - if: {{consent: sms}}\n    then: [{MAIL}, {{send: email, template: b}}]",
            5,
            "Smart Sending skips this one",
        ),
    ],
)
def test_what_is_found(tmp_path: Path, flow: str, line: int, says: str) -> None:
    (one,) = said(tmp_path, flow)
    assert one.startswith(f"a.yaml:{line}:")
    assert says in one


@pytest.mark.parametrize(
    "flow",
    [
        f"steps: [{MAIL}, exit]",
        f"steps:\n  - {{if: {{consent: sms}}, then: [exit]}}\n  - {MAIL}",
        f"steps:\n  - branch: [{{when: {{consent: sms}}, then: [exit]}}]\n  - {MAIL}",
        "steps:\n  - {wait_for: {metric: order.placed}, timeout: 1d, id: w, then: [exit]}\n"
        f"  - {MAIL}",
        f"steps:\n  - {{sample: {{x: 50, y: 50}}, id: s, paths: {{x: [exit]}}}}\n  - {MAIL}",
        f"steps: [{{wait: 7d, id: w}}, {MAIL}]",
        f"steps:\n  - {{if: {{consent: sms}}, then: [{{wait: 7d, id: w}}]}}\n  - {MAIL}",
        "steps:\n  - wait_for: {metric: order.placed}\n    timeout: 1d\n    id: w\n"
        f"    else: [{MAIL}]",
        "trigger: {date: profile.birthday}\nexit_on: [{metric: order.placed}]\n"
        "steps: [{send: email, template: a, items: cart}]",
        f"trigger: {{metric: cart.updated}}\nexit_on: [{{metric: order.placed}}]\nsteps: [{MAIL}]",
        "trigger: {metric: cart.updated}\n"
        f"filter: {{count: order.placed, since: flow_start, equals: 0}}\nsteps: [{MAIL}]",
        f"steps: [{MAIL}, {{wait: 1d, id: w}}, {{send: email, template: b}}]",
        f"steps: [{MAIL}, {{send: email, template: b, smart_sending: false}}]",
        f"steps: [{MAIL}, {{send: email, template: b, when_busy: wait}}]",
        f"steps: [{MAIL}, {{send: email, template: b, transactional: true}}]",
        f"steps: [{MAIL}, {{send: sms, template: b}}]",
        f"smart_sending: false\nsteps: [{MAIL}, {{send: email, template: b}}]",
        f"transactional: true\nsteps: [{MAIL}, {{send: email, template: b}}]",
        "steps:\n  - if: {consent: sms}\n"
        f"    then: [{MAIL}]\n    else: [{{send: email, template: b}}]",
        f"status: archived\nsteps: [exit, {MAIL}]",
    ],
)
def test_what_is_left_alone(tmp_path: Path, flow: str) -> None:
    assert said(tmp_path, flow) == []


def test_two_flows_that_skip_each_other(tmp_path: Path) -> None:
    (one,) = said(tmp_path, f"steps: [{MAIL}]", f"priority: 60\nsteps: [{MAIL}]")
    assert one.startswith("a.yaml:3:9: 'b' sends email for the same trigger at the same time")


def test_two_flows_that_one_segment_starts_skip_each_other(tmp_path: Path) -> None:
    (tmp_path / "segments").mkdir()
    (tmp_path / "segments" / "s.yaml").write_text("segment: s\nif: {consent: email}\n")
    trigger = "trigger: {segment: s}\n"
    (one,) = said(tmp_path, f"{trigger}steps: [{MAIL}]", f"{trigger}steps: [{MAIL}]")
    assert one.startswith("b.yaml:3:9: 'a' sends email for the same trigger at the same time")


def test_two_flows_that_do_not(tmp_path: Path) -> None:
    where = "trigger: {metric: order.placed, where: {total: {gt: 100}}}\n"
    waits = f"steps: [{{wait: 1d, id: w}}, {MAIL}]"
    assert said(tmp_path, f"steps: [{MAIL}]", f"{where}steps: [{MAIL}]", waits) == []


def test_a_set_with_problems_gets_none(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("flow: a\n")
    assert advice(load_folder(tmp_path)) == []


def test_every_rule_says_what_it_is_about() -> None:
    assert all(rule.__doc__ for rule in LINT_RULES)


def test_marketing_in_a_transactional_flow(tmp_path: Path) -> None:
    flow = f"transactional: true\nsteps: [{MAIL}]"
    assert said(tmp_path, flow) == []
    definitions = load_folder(tmp_path).definitions
    assert definitions is not None
    raw: dict[str, Any] = {
        "steps": [{"send": "email", "template": "a", "coupon": "ten", "items": "trigger"}]
    }
    (problem,) = marketing_in_a_transactional_flow(Subject(0, definitions.flows[0], raw))
    assert problem.path == ("flows", 0, "steps", 0, "coupon")
    raw["steps"][0] = {"send": "email", "template": "a", "items": {"recommend": "popular"}}
    (problem,) = marketing_in_a_transactional_flow(Subject(0, definitions.flows[0], raw))
    assert problem.path == ("flows", 0, "steps", 0, "items")


@pytest.mark.parametrize(("length", "number"), [(5, 1), (6, 0)])
def test_codes_that_can_be_guessed(tmp_path: Path, length: int, number: int) -> None:
    (tmp_path / "coupons").mkdir()
    (tmp_path / "coupons" / "ten.yaml").write_text(f"coupons: ten\nrule: {{length: {length}}}\n")
    found = said(tmp_path, f"steps: [{MAIL}]")
    assert len(found) == number
    assert all("coupons/ten.yaml:2:16: codes of 5 characters are guessable" in one for one in found)
