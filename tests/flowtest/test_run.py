"""Entries of `events` in a case."""

# ruff: noqa: E501 - tables of cases, one a line

from pathlib import Path

import pytest

from streams.flowtest.cases import read_file
from streams.flowtest.judging import judge_case

HEAD = """
definitions:
  flows:
    - flow: cart
      status: live
      trigger: {metric: cart.updated}
      steps: [{wait: 4h, id: pause}, {send: email, template: reminder, smart_sending: false}]
customers:
  ada: {email: ada@example.com, consent: [email]}
cases:
"""


def picture_of(folder: Path, case: str) -> list[str]:
    file = folder / "x.test.yaml"
    file.write_text(HEAD + case)
    read = read_file(file)
    assert read.problems == [], [str(problem) for problem in read.problems]
    return [line for one in read.cases for line in judge_case(one).picture]


def test_events_in_any_order_are_merged_by_time(tmp_path: Path) -> None:
    case = """
  - name: one
    events:
      - {at: 2026-03-02 12:00, cart.updated: {customer: ada}}
      - {at: 2026-03-02 10:00, cart.updated: {customer: ada}}
    until: 2026-03-02 16:00
    expect: {commands: [{at: 2026-03-02 14:00}, {at: 2026-03-02 16:00}]}
"""
    assert picture_of(tmp_path, case) == []


def test_what_is_due_after_until_does_not_happen(tmp_path: Path) -> None:
    case = """
  - name: one
    events: [{at: 2026-03-02 10:00, cart.updated: {customer: ada}}]
    until: 2026-03-02 13:59:59.999
    expect: {commands: []}
"""
    assert picture_of(tmp_path, case) == []


def test_without_until_everything_that_comes_of_it_happens(tmp_path: Path) -> None:
    case = """
  - name: FLOWS "Tests of flows" commands that come later are seen
    events: [{at: 2026-03-02 10:00, cart.updated: {customer: ada}}]
    expect: {commands: []}
"""
    assert "commands: expected 0, got 1" in picture_of(tmp_path, case)[0]
    case = case.replace("commands: []", "commands: [{at: 2026-03-02 14:00}]")
    assert picture_of(tmp_path, case) == []


@pytest.mark.parametrize(("length", "number"), [("399d", 1), ("400d", 1), ("401d", 0)])
def test_without_until_it_ends_400_days_after_the_last_event(
    tmp_path: Path, length: str, number: int
) -> None:
    case = f"""
  - name: one
    definitions:
      flows:
        - flow: cart
          trigger: {{metric: cart.updated}}
          steps: [{{wait: {length}, id: pause}}, {{send: email, template: reminder}}]
    events: [{{at: 2026-03-02 10:00, cart.updated: {{customer: ada}}}}]
    expect: {{commands: [{"{template: reminder}" if number else ""}]}}
"""
    assert picture_of(tmp_path, case) == []


def test_without_until_a_schedule_that_never_ends_does(tmp_path: Path) -> None:
    case = """
  - name: one
    definitions:
      flows:
        - flow: daily
          trigger: {schedule: "0 9 1 * *", audience: {consent: email}}
          steps: [{send: email, template: hello}]
    events: [{at: 2026-03-02 10:00, cart.updated: {customer: ada}}]
    expect: {commands: [COMMANDS]}
"""
    expected = ", ".join(["{template: reminder}", *["{template: hello}"] * 13])
    assert picture_of(tmp_path, case.replace("COMMANDS", expected)) == []


def test_flows_that_are_left_out_keep_their_names(tmp_path: Path) -> None:
    case = """
  - name: one
    only: [cart]
    definitions:
      flows:
        - flow: cart
          trigger: {metric: cart.updated}
          steps:
            - if: {in_flow: other}
              then: [{send: email, template: both}]
              else: [{send: email, template: alone}]
        - {flow: other, trigger: {metric: cart.updated}, steps: [{wait: 1d, id: w}, exit]}
        - {flow: broken, trigger: {segment: of-nobody}, steps: []}
    events: [{at: 2026-03-02 10:00, cart.updated: {customer: ada}}]
    expect: {commands: [{template: alone}]}
"""
    assert picture_of(tmp_path, case) == []
    assert picture_of(tmp_path, case.replace("only: [cart]", "only: [cart, other]")) != []


def test_customers_are_there_before_and_trigger_nothing(tmp_path: Path) -> None:
    case = """
  - name: one
    definitions:
      flows:
        - flow: hello
          status: live
          trigger: {metric: customer.updated}
          steps: [{send: email, template: hello}]
    events: [{at: 2026-03-02 10:00, customer.updated: {customer: ada, first_name: Ada, phone: null}}]
    expect:
      commands: [{at: 2026-03-02 10:00, template: hello}]
      profile: {ada: {first_name: Ada, phone: null, email: ada@example.com}}
"""
    assert picture_of(tmp_path, case) == []


def test_a_crash_changes_nothing(tmp_path: Path) -> None:
    case = """
  - name: one
    events:
      - {at: 2026-03-02 10:00, cart.updated: {customer: ada}}
      - {at: 2026-03-02 12:00, crash: true}
    until: 2026-03-02 16:00
    expect: {commands: [{at: 2026-03-02 14:00}]}
"""
    assert picture_of(tmp_path, case) == []


def test_definitions_that_are_published_in_between(tmp_path: Path) -> None:
    case = """
  - name: W39 a wait of 4h that becomes one of 1h while P waits is still 4h
    events:
      - {at: 2026-03-02 10:00, cart.updated: {customer: ada}}
      - at: 2026-03-02 11:00
        publish:
          flows:
            - flow: cart
              status: live
              trigger: {metric: cart.updated}
              steps: [{wait: 1h, id: pause}, {send: email, template: other, smart_sending: false}]
      - {at: 2026-03-02 12:00, cart.updated: {customer: ada}}
    until: 2026-03-02 16:00
    expect:
      commands: [{at: 2026-03-02 13:00, template: other}, {at: 2026-03-02 14:00, template: other}]
"""
    assert picture_of(tmp_path, case) == []


def test_a_message_event_names_the_newest_command(tmp_path: Path) -> None:
    case = """
  - name: M98 a hard bounce suppresses the address
    events:
      - {at: 2026-03-02 10:00, cart.updated: {customer: ada}}
      - {at: 2026-03-02 15:00, message.bounced: {customer: ada, template: reminder, kind: hard}}
      - {at: 2026-03-02 16:00, cart.updated: {customer: ada}}
    until: 2026-03-03 16:00
    expect:
      commands: [{at: 2026-03-02 14:00}]
      decisions: [{outcome: skipped, reason: suppressed, at: 2026-03-02 20:00}]
"""
    assert picture_of(tmp_path, case) == []


def test_moments_are_the_stores_unless_they_have_an_offset(tmp_path: Path) -> None:
    case = """
  - name: one
    store: {timezone: America/New_York}
    events:
      - {at: 2026-03-02 10:00, cart.updated: {customer: ada}}
      - {at: 2026-03-02 16:00Z, cart.updated: {customer: ada}}
    until: 2026-03-03 00:00
    expect: {commands: [{at: 2026-03-02 14:00}, {at: 2026-03-02 20:00Z}]}
"""
    assert picture_of(tmp_path, case) == []


@pytest.mark.parametrize(
    ("entry", "says"),
    [
        ("{at: 2026-03-02 10:00, cart.update: {customer: ada}}", "did you mean 'cart.updated'?"),
        ("{at: 2026-03-02 10:00, cart.updated: {total: 5}}", "cart.updated: needs a customer"),
        ("{at: 2026-03-02 10:00, cart.updated: {customer: ada, totl: 5}}", "did you mean 'total'?"),
        ("{at: 2026-03-02 10:00, cart.updated: {customer: ada, total: much}}", "total: expected an amount of money, found 'much'"),
        ("{at: 2026-03-02 10:00, cart.updated: {customer: ada, currency: pounds}}", "currency"),
        ("{at: 2026-03-02 10:00, customer.updated: {customer: ada, colour: red}}", "unknown profile field 'colour'"),
        ("{at: noon, cart.updated: {customer: ada}}", "expected a moment"),
        ("{cart.updated: {customer: ada}}", "expected a moment"),
        ("{at: 2026-03-02 10:00, message.opened: {customer: ada, template: x}}", "no earlier command 'x' to 'ada'"),
        ("{at: 2026-03-02 10:00, publish: {flows: [{flow: x}]}}", "missing key 'trigger'"),
        ("{at: 2026-03-02 10:00, publish: {flow: []}}", "unknown key 'flow'"),
        ("{at: 2026-03-10 10:00, cart.updated: {customer: ada}}", "until: is before the last event"),
    ],
)  # fmt: skip
def test_a_case_that_says_what_cannot_be(tmp_path: Path, entry: str, says: str) -> None:
    case = f"\n  - {{name: one, events: [{entry}], until: 2026-03-09 00:00, expect: {{commands: []}}}}\n"
    head, line, *others = picture_of(tmp_path, case)
    assert head == "invalid case:"
    assert line.startswith(f"  {tmp_path}/x.test.yaml:")
    assert any(says in one for one in (line, *others))


def test_all_problems_of_all_cases_have_their_places(tmp_path: Path) -> None:
    case = """
  - name: one
    customers: {bob: {colour: red}}
    events:
      - {at: 2026-03-02 10:00, cart.updated: {customer: ada, totl: 5, items: [{sku: A, unit_price: x}]}}
      - {at: noon, cart.update: {customer: ada}}
      - {at: 2026-03-02 12:00, message.opened: {customer: ada, template: not-sent, by: me}}
      - at: 2026-03-02 13:00
        publish:
          flows:
            - {flow: x, trigger: {metric: cart.updated}, steps: [{sned: email}]}
    expect: {commands: [{templat: a}]}
  - name: two
    events: [{at: 2026-03-02 10:00, order.placed: {customer: ada, total: 1.234}}]
    expect: {commands: []}
"""
    lines = [line for line in picture_of(tmp_path, case) if line.startswith("  ")]
    places = [line.removeprefix(f"  {tmp_path}/x.test.yaml:").partition(": ") for line in lines]
    assert [(place, text.partition(" (")[0]) for place, _, text in places] == [
        ("13:23", "unknown profile field 'colour'"),
        ("15:62", "unknown field of cart.updated 'totl': did you mean 'total'?"),
        ("15:100", "unit_price: expected an amount of money, found 'x'"),
        ("16:14", "at: expected a moment such as 2026-03-02 10:00, found 'noon'"),
        ("16:20", "unknown metric or step 'cart.update': did you mean 'cart.updated'?"),
        ("17:84", "unknown field of message.opened 'by'"),
        ("21:67", "unknown step 'sned': did you mean 'send'?"),
        ("22:26", "unknown field 'templat': did you mean 'template'?"),
        ("24:74", "total: expected an amount of money, found '1.234'"),
    ]


def test_a_message_that_was_not_sent_may_only_follow_from_what_is_wrong(tmp_path: Path) -> None:
    case = """
  - name: one
    events:
      - {at: 2026-03-02 10:00, cart.updated: {customer: ada, totl: 5}}
      - {at: 2026-03-02 15:00, message.opened: {customer: ada, template: reminder}}
    expect: {commands: []}
"""
    (line,) = picture_of(tmp_path, case)[1:]
    assert "'totl'" in line
    (line,) = picture_of(
        tmp_path, case.replace("cart.updated: {customer: ada, totl: 5}", "crash: true")
    )[1:]
    assert line == f"  {tmp_path}/x.test.yaml:15:74: no earlier command 'reminder' to 'ada'"


@pytest.mark.parametrize(
    ("flow", "says"),
    [
        ("crat", "unknown flow 'crat': did you mean 'cart'? (allowed: cart, dated, idle)"),
        ("idle", "idle is not live or has no metric trigger"),
        ("dated", "dated is not live or has no metric trigger"),
    ],
)
def test_a_backfill_that_cannot_be_is_refused(tmp_path: Path, flow: str, says: str) -> None:
    case = f"""
  - name: one
    definitions:
      flows:
        - {{flow: cart, trigger: {{metric: cart.updated}}, steps: [{{send: email, template: a}}]}}
        - {{flow: idle, status: paused, trigger: {{metric: cart.updated}}, steps: [{{send: email, template: a}}]}}
        - {{flow: dated, trigger: {{date: profile.birthday}}, steps: [{{send: email, template: a}}]}}
    events:
      - {{at: 2026-03-02 10:00, cart.updated: {{customer: ada}}}}
      - {{at: 2026-03-02 12:00, backfill: {flow}}}
    expect: {{commands: []}}
"""
    _, line = picture_of(tmp_path, case)
    assert says in line


def test_a_backfill_asks_for_all_that_came_so_far(tmp_path: Path) -> None:
    case = """
  - name: one
    events:
      - {at: 2026-03-02 10:00, cart.updated: {customer: ada, occurred_at: 2026-03-01 10:00}}
      - {at: 2026-03-02 11:00, cart.updated: {customer: ada, occurred_at: 2026-03-02 07:00}}
      - {at: 2026-03-02 11:01, crash: true}
      - {at: 2026-03-02 09:00, backfill: cart}
    until: 2026-03-02 23:00
    expect: {commands: [{at: 2026-03-02 15:00}]}
"""
    assert picture_of(tmp_path, case) == []


def test_a_misspelt_customer_is_named(tmp_path: Path) -> None:
    case = """
  - name: one
    events: [{at: 2026-03-02 10:00, cart.updated: {customer: adda}}]
    expect: {commands: []}
"""
    _, line = picture_of(tmp_path, case)
    assert "13:62: unknown customer 'adda': did you mean 'ada'?" in line
    assert picture_of(tmp_path, case.replace("adda", "bob")) == []
    both = "[{at: 2026-03-02 09:00, view.item: {customer: ada}}, "
    assert picture_of(tmp_path, case.replace("events: [", f"events: {both}")) == []
