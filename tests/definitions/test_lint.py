"""Advice: each rule with what it finds and what it leaves alone."""

from pathlib import Path
from typing import Any

import pytest

from streams.definitions import load_folder
from streams.definitions.lint import LINT_RULES, advice, marketing_in_a_transactional_flow
from streams.definitions.lint_subject import Subject
from streams.resources import example_flows_dir

NOW = 1_772_445_600_000  # 2026-03-02 10:00 UTC
MAIL = "{send: email, template: a}"


def said(folder: Path, *flows: str) -> list[str]:
    for number, text in enumerate(flows):
        name = "abc"[number]
        head = "" if "\ntrigger:" in f"\n{text}" else "trigger: {metric: order.placed}\n"
        (folder / f"{name}.yaml").write_text(f"flow: {name}\n{head}{text}\n")
    loaded = load_folder(folder)
    assert [str(problem) for problem in loaded.problems] == []
    return [str(one).replace(f"{folder}/", "") for one in advice(loaded, NOW)]


def test_the_example_flows_need_none() -> None:
    assert advice(load_folder(example_flows_dir()), NOW) == []


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
    assert advice(load_folder(tmp_path), NOW) == []


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


FILTER = "filter: {count: order.placed, equals: 0}\n"
LATER = "{wait: 1d, id: w}"


@pytest.mark.parametrize(
    ("flow", "line", "says"),
    [
        # A filter that never holds
        (f"{FILTER}steps: [{MAIL}]", 3, "fails for everybody who enters: the triggering order"),
        (
            "filter: {all: [{profile: locale, equals: en}, {profile: locale, equals: fr}]}\n"
            f"steps: [{MAIL}]",
            3,
            "no customer can meet this condition",
        ),
        (
            "trigger: {metric: order.placed, where: {total: {gt: 100}}}\n"
            f"filter: {{trigger: total, lt: 50}}\nsteps: [{MAIL}]",
            3,
            "fails for everybody who enters",
        ),
        (
            "trigger: {schedule: '0 9 * * *', audience: {count: order.placed, lt: 0}}\n"
            f"steps: [{MAIL}]",
            2,
            "no customer can meet this condition",
        ),
        (
            "steps: [{send: email, template: a, only_if: {all: [{consent: email}, "
            "{not: {consent: email}}]}}]",
            3,
            "no customer can meet this condition",
        ),
        (
            "filter: {count: order.placed, in_last: 30d, equals: 0}\n" + f"steps: [{MAIL}]",
            3,
            "fails for everybody who enters: the triggering order.placed counts",
        ),
        # Branches
        (
            "filter: {count: cart.updated, at_least: 3}\nsteps:\n"
            f"  - {{if: {{count: cart.updated, lt: 2}}, then: [{MAIL}]}}",
            5,
            "(count cart.updated lt 2) never holds here",
        ),
        (
            f"steps:\n  - {{if: {{count: order.placed, in_last: 7d, equals: 0}}, then: [{MAIL}]}}",
            4,
            "(count order.placed in_last 7d equals 0) never holds here",
        ),
        (
            "trigger: {metric: order.placed, where: {total: {gt: 100}}}\n"
            f"steps:\n  - if: {{trigger: total, gt: 50}}\n    then: [{MAIL}]\n"
            "    else: [{send: email, template: b}]",
            6,
            "nobody takes this branch: (trigger total gt 50) always holds here",
        ),
        (
            f"steps:\n  - if: {{count: order.placed, equals: 0}}\n    then: [{MAIL}]\n    else: "
            "[{send: sms, template: b}]",
            5,
            "nobody takes this branch: (count order.placed equals 0) never holds here",
        ),
        (
            "steps:\n  - branch:\n      - {when: {trigger: total, gt: 50}, then: [exit]}\n"
            f"      - {{when: {{trigger: total, gt: 100}}, then: [{MAIL}]}}",
            6,
            "nobody takes this branch: one above it holds whenever its condition does",
        ),
        (
            "steps:\n  - if: {segment: s}\n    then:\n      - if: {segment: s}\n"
            f"        then: [{MAIL}]\n        else: [{{send: sms, template: b}}]",
            8,
            "(segment s) always holds here",
        ),
        (
            f"steps:\n  - {{if: {{trigger: total, gt: 50}}, then: [exit]}}\n  - {LATER}\n"
            f"  - {{if: {{trigger: total, gt: 60}}, then: [{MAIL}]}}",
            6,
            "(trigger total gt 60) never holds here",
        ),
        (
            f"steps:\n  - {{sample: {{x: 100, y: 0}}, id: s, paths: {{x: [{MAIL}], y: [exit]}}}}",
            4,
            "nobody takes this path: its share is 0",
        ),
        # Messages that are never sent
        (
            f"steps:\n  - if: {{consent: email}}\n    then: [exit]\n    else: [{MAIL}]",
            6,
            "this branch is without consent for email",
        ),
        (
            f"steps:\n  - {{if: {{not: {{consent: email}}}}, then: [{MAIL}]}}",
            4,
            "this branch is without consent for email",
        ),
        (
            "steps:\n  - branch:\n      - {when: {profile: phone, exists: true}, then: [exit]}\n"
            "    else: [{send: sms, template: a}]",
            6,
            "this branch is without 'phone', so the message is never sent: no_recipient",
        ),
        (
            f"filter: {{not: {{segment: s}}}}\nsteps:\n  - {{if: {{segment: s}}, then: [{MAIL}]}}",
            5,
            "the flow's filter contradicts the branch",
        ),
        (
            "steps:\n  - if: {segment: s}\n    then: [{send: email, template: a, only_if: {not: "
            "{segment: s}}}]",
            5,
            "'only_if' contradicts the branch",
        ),
        # Waits for what ends the journey
        (
            "exit_on: [{metric: order.cancelled}]\nsteps:\n  - {wait_for: {metric: "
            "order.cancelled, where: {order_id: $trigger.order_id}}, timeout: 1d, id: w, then: "
            f"[{MAIL}]}}",
            5,
            "order.cancelled ends the journey (exit_on), so 'then' is never taken",
        ),
        # Texts
        (
            "steps: [{send: email, template: a, variables: {hello: 'Hi {{ first_name }}'}}]",
            3,
            "'{{ first_name }}' isn't filled in",
        ),
        (
            "steps:\n  - {send: email, template: a, variables: {hello: Dear $profile.first_name}}",
            4,
            "$profile.first_name inside of a text isn't filled in",
        ),
        ("utm: {campaign: '${campaign}'}\n" + f"steps: [{MAIL}]", 3, "isn't filled in"),
        # Once
        (
            f"trigger: {{once: 2026-03-02 10:00, audience: everyone}}\nsteps: [{MAIL}]",
            2,
            "2026-03-02 10:00 has passed, so nobody enters",
        ),
        # Smart Sending over branches and waits
        (
            f"steps:\n  - {{if: {{segment: s}}, then: [{MAIL}], else: [exit]}}\n"
            "  - {send: email, template: b}",
            5,
            "the email above is sent at the same time",
        ),
        (
            f"steps:\n  - {MAIL}\n  - {{if: {{segment: s}}, then: [{{send: email, template: b}}]}}",
            5,
            "the email above is sent at the same time",
        ),
        (
            f"steps:\n  - {MAIL}\n  - {{wait: 15h, id: w}}\n  - {{send: email, template: b}}",
            6,
            "the email above is sent 15h before, within the 16h of Smart Sending",
        ),
        # questions about a message further down
        (
            f"steps:\n  - if: {{any: [{{consent: sms}}, {{opened: a}}]}}\n    then: [{MAIL}]",
            4,
            "'a' is sent further down: nothing is known of it here",
        ),
        (
            f"steps:\n  - wait_for: {{clicked: a}}\n    timeout: 1d\n    id: w\n  - {MAIL}",
            4,
            "'a' is sent further down",
        ),
        ("steps:\n  - {send: email, template: a, only_if: {not: {sent: a}}}", 4, "'a' is sent"),
        (
            f"steps:\n  - branch: [{{when: {{skipped: a}}, then: [exit]}}]\n  - {MAIL}",
            4,
            "'a' is sent further down",
        ),
        # links
        (f"utm: {{campain: x}}\nsteps: [{MAIL}]", 3, "utm_campain: did you mean 'campaign'?"),
        (
            "steps:\n  - {send: email, template: a, utm: {utm_sorce: x}}",
            4,
            "utm_sorce: did you mean 'source'?",
        ),
    ],
)
def test_what_can_not_be_is_found(tmp_path: Path, flow: str, line: int, says: str) -> None:
    (tmp_path / "segments").mkdir()
    (tmp_path / "segments" / "s.yaml").write_text("segment: s\nif: {consent: email}\n")
    found = said(tmp_path, flow)
    assert [one for one in found if one.startswith(f"a.yaml:{line}:") and says in one], found


@pytest.mark.parametrize(
    "flow",
    [
        f"filter: {{count: order.placed, in_last: 7d, equals: 1}}\nsteps: [{MAIL}]",
        f"filter: {{count: cart.updated, equals: 0}}\nsteps: [{MAIL}]",
        f"trigger: {{metric: order.placed, where: {{total: {{gt: 100}}}}}}\n"
        f"filter: {{trigger: total, lt: 200}}\nsteps: [{MAIL}]",
        f"filter: {{count: order.placed, in_last: 4h, equals: 0}}\nsteps: [{MAIL}]",
        "max_event_age: 30d\n"
        f"filter: {{count: order.placed, in_last: 30d, equals: 0}}\nsteps: [{MAIL}]",
        "filter: {segment: s}\nsteps:\n  - {if: {segment: s}, then: [exit], else: [exit]}",
        # What was judged before a wait may be otherwise after it
        f"steps:\n  - {{if: {{segment: s}}, then: [exit]}}\n  - {LATER}\n"
        f"  - {{if: {{segment: s}}, then: [{MAIL}]}}",
        f"steps:\n  - {{if: {{consent: email}}, then: [exit]}}\n  - {LATER}\n  - {MAIL}",
        "steps:\n  - {if: {profile: locale, equals: en}, then: [exit]}\n"
        "  - update_profile: {locale: en}\n"
        f"  - {{if: {{profile: locale, equals: en}}, then: [{MAIL}]}}",
        "transactional: true\nsteps:\n"
        f"  - {{if: {{consent: email}}, then: [exit], else: [{MAIL}]}}",
        "steps:\n  - if: {consent: email}\n    then: [exit]\n"
        "    else: [{send: email, template: a, transactional: true}]",
        "steps:\n  - {if: {consent: sms}, then: [exit], else: [{send: email, template: a}]}",
        "exit_on: [{metric: order.cancelled, where: {order_id: $trigger.order_id}}]\nsteps:\n"
        "  - {wait_for: {metric: order.cancelled}, timeout: 1d, id: w, then: [exit]}\n"
        f"  - {MAIL}",
        "description: Hi {{ name }}, as in $profile.first_name\nsteps: [{send: email, template: a, "
        "variables: {price: 5 $, name: $profile.first_name}}]",
        f"trigger: {{once: 2026-03-02 10:01, audience: everyone}}\nsteps: [{MAIL}]",
        f"status: draft\ntrigger: {{once: 2026-03-01 10:00, audience: everyone}}\nsteps: [{MAIL}]",
        # Exclusive branches
        "steps:\n  - {if: {segment: s}, then: [{send: email, template: a}]}\n"
        "  - {if: {not: {segment: s}}, then: [{send: email, template: b}]}",
        "steps:\n  - {send: email, template: a, only_if: {trigger: total, gt: 100}}\n"
        "  - {send: email, template: b, only_if: {trigger: total, at_most: 100}}",
        f"steps:\n  - {{if: {{segment: s}}, then: [{MAIL}, exit]}}\n"
        "  - {send: email, template: b}",
        f"steps:\n  - {MAIL}\n  - {{wait: 16h, id: w}}\n  - {{send: email, template: b}}",
        "steps: [{send: web, template: a}, {send: web, template: b}]",
        f"steps: [{MAIL}, {{send: email, template: b, when_busy: wait}}]",
        f"steps: [{MAIL}, {{send: email, template: b, status: manual}}]",
        # of another journey, and a link parameter of the shop's own
        f"steps:\n  - if: {{opened: a/a, in_last: 7d}}\n    then: [exit]\n  - {MAIL}",
        f"utm: {{utm_source: x, medium: y, shop: z}}\nsteps: [{MAIL}]",
        # a key of the shop's own, with a hyphen
        (
            "steps:\n  - {send: email, template: a, variables: {source: "
            "$trigger.properties.utm-source}}"
        ),
    ],
)
def test_what_may_well_be_is_left_alone(tmp_path: Path, flow: str) -> None:
    (tmp_path / "segments").mkdir()
    (tmp_path / "segments" / "s.yaml").write_text("segment: s\nif: {consent: email}\n")
    assert said(tmp_path, flow) == []


def test_no_window_no_skipping(tmp_path: Path) -> None:
    (tmp_path / "store.yaml").write_text("smart_sending: {email: 0s, web: 1h}\n")
    both = f"steps: [{MAIL}, {{send: email, template: b}}]"
    assert said(tmp_path, both, both.replace("template: a", "template: c")) == []
    (one,) = said(tmp_path, "steps: [{send: web, template: a}, {send: web, template: b}]", both)
    assert "the web above is sent at the same time" in one


def test_two_flows_for_other_customers(tmp_path: Path) -> None:
    paid, free = (
        "filter: {profile: locale, OP: en}\n".replace("OP", op) for op in ("equals", "not_equals")
    )
    assert said(tmp_path, f"{paid}steps: [{MAIL}]", f"{free}steps: [{MAIL}]") == []
    assert len(said(tmp_path, f"{paid}steps: [{MAIL}]", f"{paid}steps: [{MAIL}]")) == 1


def test_a_segment_that_nobody_is_in(tmp_path: Path) -> None:
    (tmp_path / "segments").mkdir()
    (tmp_path / "segments" / "s.yaml").write_text(
        "segment: s\nif: {all: [{consent: email}, {not: {consent: email}}]}\n"
    )
    (one,) = said(tmp_path, f"steps: [{MAIL}]")
    assert one == "segments/s.yaml:2:5: no customer can meet this condition"
