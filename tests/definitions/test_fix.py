"""`sendflow flows check --fix` writes ids and touches nothing else."""

from pathlib import Path

from streams.definitions import load_folder
from streams.definitions.fix import with_ids

FLOW = """\
# A flow, with a comment that stays
flow: a
status: live
trigger: {metric: order.placed}
steps:
  - {wait: 1d}            # one day
  - {wait: 2d, at: "10:00" , }
  - wait: 3d              # three
    only_on: [mon]
  - send: email
    template: wait-2
  - if: {consent: email}
    then: [{wait: {until: "10:00"}}, {send: sms, template: t}]
    else:
      -   wait:
            window: ["10:00", "12:00"]
      - {wait: 4h, id: wait-1}
      - {send: email, template: u}
  - {send: email, template: end}
"""

FIXED = """\
# A flow, with a comment that stays
flow: a
status: live
trigger: {metric: order.placed}
steps:
  - {wait: 1d, id: wait-3}            # one day
  - {wait: 2d, at: "10:00" , id: wait-4}
  - id: wait-5
    wait: 3d              # three
    only_on: [mon]
  - send: email
    template: wait-2
  - if: {consent: email}
    then: [{wait: {until: "10:00"}, id: wait-6}, {send: sms, template: t}]
    else:
      -   id: wait-7
          wait:
            window: ["10:00", "12:00"]
      - {wait: 4h, id: wait-1}
      - {send: email, template: u}
  - {send: email, template: end}
"""


def test_ids_are_written_and_all_else_stays(tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    file.write_text(FLOW)
    (fixed,) = with_ids(load_folder(tmp_path))
    assert fixed.text == FIXED
    assert fixed.ids == ["wait-3", "wait-4", "wait-5", "wait-6", "wait-7"]
    file.write_text(fixed.text)
    loaded = load_folder(tmp_path)
    assert loaded.problems == []
    assert with_ids(loaded) == []


def test_a_file_with_other_problems_gets_its_ids_too(tmp_path: Path) -> None:
    text = FLOW.replace("status: live", "status: live\nprio: 1")
    (tmp_path / "a.yaml").write_text(text)
    (fixed,) = with_ids(load_folder(tmp_path))
    assert fixed.text == FIXED.replace("status: live", "status: live\nprio: 1")


def test_line_ends_and_the_byte_order_mark_stay(tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    written = ("\ufeff" + FLOW.replace("\n", "\r\n")).encode()
    file.write_bytes(written)
    (fixed,) = with_ids(load_folder(tmp_path))
    assert fixed.text.encode() == ("\ufeff" + FIXED.replace("\n", "\r\n")).encode()
