"""A flow as a picture: every way is there, and leads on to where it leads."""

from typing import Any

from streams.definitions.picture import as_mermaid, as_text, picture_of
from streams.definitions.source import parse_yaml

FLOW = """\
flow: f
name: All of it
status: draft
trigger: {metric: order.placed, where: {total: {gt: 0}}}
exit_on: [{metric: order.cancelled}]
steps:
  - {wait: 1d, at: "10:00", id: pause}
  - if: {consent: sms}
    then:
      - {send: sms, template: "say \\"hello\\" #1"}
      - exit
  - wait_for: {metric: order.fulfilled}
    timeout: 10d
    id: come
    else: [{send: email, template: sorry}]
  - sample: {a: 60, b: 40}
    id: half
    paths:
      a: [{update_profile: {plan: x}}]
  - branch:
      - {when: {consent: email}, then: [{send: email, template: one}]}
    else: [{webhook: points, data: {order: $trigger.order_id, points: 10}}]
  - {send: email, template: last}
"""


def flow(text: str = FLOW) -> Any:
    source = parse_yaml(text)
    assert source.problems == []
    return source.raw


def test_a_tree_of_lines() -> None:
    assert (
        "\n".join(as_text(picture_of(flow())))
        == """\
f: All of it
  status draft
  exit_on metric order.cancelled

metric order.placed where (total (gt 0))
│
├─ wait 1d, at 10:00  ‹pause›
├─ if consent sms
│  └─ then
│     ├─ send sms: say "hello" #1
│     └─ exit
├─ wait_for metric order.fulfilled, timeout 10d  ‹come›
│  └─ else, after 10d
│     └─ send email: sorry
├─ sample  ‹half›
│  ├─ a 60 %
│  │  └─ update_profile plan x
│  └─ b 40 %
├─ branch
│  ├─ when consent email
│  │  └─ send email: one
│  └─ else
│     └─ webhook points, data (order $trigger.order_id, points 10)
└─ send email: last"""
    )


def test_a_flowchart_in_mermaid() -> None:
    assert list(as_mermaid(picture_of(flow()))) == [
        "flowchart TD",
        '  start(["metric order.placed where (total (gt 0))"])',
        '  s1["wait 1d, at 10:00  ‹pause›"]',
        "  start --> s1",
        '  s2{"if consent sms"}',
        "  s1 --> s2",
        '  s3["send sms: say #quot;hello#quot; #35;1"]',
        '  s2 -- "then" --> s3',
        '  s4(["exit"])',
        "  s3 --> s4",
        '  s5{"wait_for metric order.fulfilled, timeout 10d  ‹come›"}',
        '  s2 -- "else" --> s5',
        '  s6["send email: sorry"]',
        '  s5 -- "else, after 10d" --> s6',
        '  s7{"sample  ‹half›"}',
        '  s5 -- "then" --> s7',
        "  s6 --> s7",
        '  s8["update_profile plan x"]',
        '  s7 -- "a 60 %" --> s8',
        '  s9{"branch"}',
        "  s8 --> s9",
        '  s7 -- "b 40 %" --> s9',
        '  s10["send email: one"]',
        '  s9 -- "when consent email" --> s10',
        '  s11["webhook points, data (order $trigger.order_id, points 10)"]',
        '  s9 -- "else" --> s11',
        '  s12["send email: last"]',
        "  s10 --> s12",
        "  s11 --> s12",
        '  exits>"exits on: metric order.cancelled"]',
    ]


def test_an_unreachable_step_is_not_linked() -> None:
    steps = "steps: [exit, {send: email, template: never}]"
    drawn = list(
        as_mermaid(picture_of(flow(f"flow: f\ntrigger: {{metric: order.placed}}\n{steps}")))
    )
    assert drawn == [
        "flowchart TD",
        '  start(["metric order.placed"])',
        '  s1(["exit"])',
        "  start --> s1",
    ]


def test_a_flow_without_steps_is_its_trigger() -> None:
    bare = picture_of(flow("flow: f\ntrigger: {date: profile.birthday, yearly: true}\nsteps: []"))
    assert list(as_text(bare)) == ["f", "", "date profile.birthday yearly true", "│"]
    assert len(list(as_mermaid(bare))) == 2
