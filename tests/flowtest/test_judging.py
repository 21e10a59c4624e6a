"""A case that should fail does, and the picture shows why."""

# ruff: noqa: E501 - tables of cases, one a line

from pathlib import Path

import msgspec
import pytest

from streams.flowtest.cases import read_file
from streams.flowtest.judging import Result, judge_case
from streams.flowtest.junit import junit_xml
from streams.flowtest.run import Ran, run_case

TEXT = """
definitions:
  flows:
    - flow: cart
      trigger: {{metric: cart.updated}}
      steps:
        - {{wait: 4h, id: pause}}
        - send: email
          template: reminder
          items: trigger
          variables: {{total: $trigger.total}}
  store: {{profile: {{plan: text, score: number}}}}
customers:
  ada: {{email: ada@example.com, consent: [email], plan: gold, score: 1.5}}
cases:
  - name: the case
    events:
      - at: 2026-03-02 10:00
        cart.updated: {{customer: ada, total: 50, items: [{{sku: A, unit_price: 25, quantity: 2}}]}}
    until: 2026-03-09 00:00
    expect: {expect}
"""


def judge(folder: Path, expect: str, text: str = TEXT) -> Result:
    file = folder / "x.test.yaml"
    file.write_text(text.format(expect=expect))
    read = read_file(file)
    assert read.problems == [], [str(problem) for problem in read.problems]
    return judge_case(read.cases[0])


@pytest.mark.parametrize(
    "expect",
    [
        "{commands: [{at: 2026-03-02 14:00}]}",
        "{commands: [{at: 2026-03-02 14:00Z, template: reminder, transactional: false}]}",
        "{commands: [{expires_at: 2026-03-05 14:00, coupon: null, utm: {}}]}",
        "{commands: [{items: [{sku: A, unit_price: 25.00, quantity: 2}]}]}",
        '{commands: [{variables: {total: "50.00"}, recipient: ada@example.com}]}',
        "{reviews: []}",
        "{decisions: [{customer: ada, flow: cart, outcome: exited, reason: finished}]}",
        "{decisions: [{outcome: sent}, {outcome: exited}]}",
        "{decisions_exactly: [{outcome: entered}, {outcome: sent}, {outcome: exited, reason: finished}]}",
        "{profile: {ada: {plan: gold, score: 1.5, phone: null}}}",
    ],
)
def test_what_fits(tmp_path: Path, expect: str) -> None:
    assert judge(tmp_path, expect).picture == []


@pytest.mark.parametrize(
    ("expect", "says"),
    [
        ("{commands: []}", "commands: expected 0, got 1"),
        ("{commands: [{template: reminder}, {template: second}]}", "- 2. template: second"),
        ("{commands: [{at: 2026-03-02 14:01}]}", "at: expected 2026-03-02 14:01, got 2026-03-02 14:00"),
        ("{commands: [{items: [{sku: B}]}]}", "items: expected [{sku: B}], got [{sku: A, quantity: 2, unit_price: 25.00, currency: GBP}]"),
        ("{commands: [{items: []}]}", "items: expected [], got"),
        ("{commands: [{items: [{sku: A, unit_price: 24.99}]}]}", "unit_price: 25.00"),
        ("{commands: [{transactional: true}]}", "transactional: expected true, got False"),
        ("{commands: [{coupon: X}]}", "coupon: expected X, got nothing"),
        ("{commands: [{locale: null, template: null}]}", "template: expected nothing, got reminder"),
        ("{commands: [{variables: {totl: 50}}]}", "variables: expected {totl: 50}"),
        ("{commands: [{templat: x}]}", "unknown field 'templat': did you mean 'template'?"),
        ("{decisions: [{outcome: exited}, {outcome: sent}]}", "decisions: not found after outcome: exited:"),
        ("{decisions: [{outcome: skipped}]}", "decisions: not found:"),
        ("{decisions: [{outcome: sent}, {outcome: sent}]}", "decisions: not found after"),
        ("{decisions_exactly: [{outcome: entered}]}", "decisions_exactly: expected 1, got 3"),
        ("{profile: {ada: {plan: silver}}}", "profile: ada.plan: expected silver, got gold"),
        ("{profile: {bob: {plan: silver}}}", "unknown customer 'bob' (allowed: ada)"),
        ("{commands: [{customer: adda}]}", "21:36: unknown customer 'adda': did you mean 'ada'?"),
        ("{decisions: [{flow: crat}]}", "unknown flow 'crat': did you mean 'cart'?"),
        ("{decisions: [{outcome: skiped}]}", "unknown outcome 'skiped': did you mean 'skipped'?"),
        ("{decisions: [{outcome: skipped, reason: no_consnt}]}", "unknown reason of skipped 'no_consnt': did you mean 'no_consent'?"),
        ("{decisions: [{outcome: held, reason: no_consent}]}", "unknown reason of held 'no_consent' (allowed: "),
        ("{decisions: [{reason: exitt}]}", "unknown reason 'exitt': did you mean 'exit'?"),
        ("{commands: [{channel: mail}]}", "unknown channel 'mail': did you mean 'email'?"),
        ("{profile: {ada: {plan: null}}}", "profile: ada.plan: expected nothing, got gold"),
        ("{profile: {ada: {pln: x}}}", "unknown profile field 'pln'"),
        ("{refused: [{says: x}]}", "definitions are valid, expected a problem"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_shown(tmp_path: Path, expect: str, says: str) -> None:
    picture = judge(tmp_path, expect).picture
    assert any(says in line for line in picture), picture


def test_the_timeline_is_shown_with_what_differs(tmp_path: Path) -> None:
    picture = judge(tmp_path, "{commands: []}").picture
    start = picture.index("timeline:")
    assert [line.split("  ")[1:4] for line in picture[start + 1 :]] == [
        ["2026-03-02 10:00", "ada", "cart"],
        ["2026-03-02 14:00", "ada", "cart"],
        ["2026-03-02 14:00", "ada", "cart"],
    ]


REFUSED = """
definitions:
  flows:
    - flow: cart
      trigger: {{metric: cart.updated}}
      steps: [{{send: email, template: a}}, {{wait: 36h, at: "10:00", id: w}}]
cases: [{{name: refused, expect: {expect}}}]
"""


def test_moments_and_durations_are_shown_as_they_are_written(tmp_path: Path) -> None:
    text = TEXT.replace(
        "template: reminder", "when_busy: wait\n          template: reminder"
    ).replace(
        "    until: 2026-03-09",
        "      - {{at: 2026-03-02 15:00, cart.updated: {{customer: ada, total: 50, items: [{{sku: A}}]}}}}\n"
        "    until: 2026-03-09",
    )
    evidence = "{until: 2026-03-03 06:00, window_ms: 16h}"
    held = f"{{outcome: held, reason: smart_sending, evidence: {evidence}}}"
    assert judge(tmp_path, f"{{decisions: [{held}]}}", text).picture == []
    wrong = judge(tmp_path, f"{{decisions: [{held.replace('16h', '15h')}]}}", text)
    picture = "\n".join(wrong.picture)
    assert "until: 2026-03-03 06:00, window_ms: 16h}" in picture


def test_a_refusal_that_is_expected(tmp_path: Path) -> None:
    for path in ("steps[1].wait", "flows[0].steps[1].wait", "steps[1]", "steps"):
        expect = f'{{refused: [{{path: "{path}", says: whole days}}]}}'
        assert judge(tmp_path, expect, REFUSED).picture == []


@pytest.mark.parametrize(
    "expect",
    [
        '{refused: [{path: "steps[0].wait", says: whole days}]}',
        '{refused: [{path: "steps[1].wait", says: half days}]}',
        '{refused: [{path: "steps[1].w", says: whole days}]}',
        "{refused: [{says: whole days}, {says: another}]}",
    ],
)
def test_another_refusal(tmp_path: Path, expect: str) -> None:
    picture = judge(tmp_path, expect, REFUSED).picture
    assert any("flows[0].steps[1].wait: with 'at'" in line for line in picture)


def test_an_unexpected_problem_has_its_place(tmp_path: Path) -> None:
    head, line = judge(tmp_path, "{commands: []}", REFUSED).picture
    assert head == "invalid definitions:"
    assert line.startswith(f"  {tmp_path}/x.test.yaml:6:50: with 'at'")


def test_invalid_expectations_have_their_places(tmp_path: Path) -> None:
    expect = """
      commands: [{template: reminder, templat: x}]
      decisions: [{outcome: sent, why: x}]
      profile: {ada: {pln: x, score: high}}"""
    head, *lines = judge(tmp_path, expect).picture
    assert head == "invalid case:"
    places = [line.removeprefix(f"  {tmp_path}/x.test.yaml:").partition(": ") for line in lines]
    assert [(place, text.partition(" (")[0]) for place, _, text in places] == [
        ("22:39", "unknown field 'templat': did you mean 'template'?"),
        ("23:35", "unknown field 'why'"),
        ("24:23", "unknown profile field 'pln': did you mean 'plan'?"),
        ("24:38", "score: expected a number, found 'high'"),
    ]


def test_ways_of_running_that_differ_are_a_fault_of_ours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def run_with_a_difference(case: object) -> Ran:
        ran = run_case(case)  # type: ignore[arg-type]
        assert isinstance(ran, Ran)
        ran.differing["in another way"] = msgspec.structs.replace(ran.outputs, commands=[])
        return ran

    monkeypatch.setattr("streams.flowtest.judging.run_case", run_with_a_difference)
    picture = judge(tmp_path, "{reviews: []}").picture
    assert "internal error, please report" in picture[0]
    assert picture[1].startswith("  command 1: {")
    assert picture[2].endswith("but: nothing")


def test_junit(tmp_path: Path) -> None:
    xml = junit_xml([judge(tmp_path, "{reviews: []}"), judge(tmp_path, "{commands: []}")])
    assert 'tests="2" failures="1"' in xml
    assert '<failure message="commands: expected 0, got 1' in xml
