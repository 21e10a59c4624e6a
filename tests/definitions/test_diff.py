"""Two sets of definitions to a list of what changes, and its sentences."""

from typing import Any

import pytest

from streams.definitions.changes import (
    Change,
    FlowAdded,
    FlowChanged,
    FlowRemoved,
    FlowRenamed,
    PartAdded,
    PartChanged,
    PartRemoved,
    SettingChanged,
    StepAdded,
    StepEdited,
    StepMoved,
    StepRemoved,
    WaitingCounts,
    change_text,
    waiting_at,
)
from streams.definitions.diff import changes_between
from streams.engine import Definitions, read_definitions
from tests.harness.customer import flow, send


def read(*flows: dict[str, Any], **parts: Any) -> Definitions:
    definitions = read_definitions({"flows": list(flows), **parts})
    assert isinstance(definitions, Definitions), definitions
    return definitions


def wait(name: str = "w", length: str = "5d", **options: Any) -> dict[str, Any]:
    return {"wait": length, "id": name, **options}


def when(condition: str, *then: Any, **others: Any) -> dict[str, Any]:
    return {"if": {"consent": condition}, "then": list(then), **others}


def steps(before: list[Any], after: list[Any]) -> list[Change]:
    return changes_between(read(flow(*before)), read(flow(*after)))


A, B, C = send("a"), send("b"), send("c")


@pytest.mark.parametrize(
    ("before", "after", "changes"),
    [
        ([wait(), A], [wait(), A], []),
        ([wait(length="1d")], [wait(length="24h")], []),
        ([wait(), A], [wait(length="6d"), A], [StepEdited("flow", "w", "wait 5d", "wait 6d")]),
        ([A], [A, B], [StepAdded("flow", "b", "send email: b")]),
        ([wait("w"), A], [A], [StepRemoved("flow", "w", "wait 5d", "a")]),
        ([A, wait("w")], [A], [StepRemoved("flow", "w", "wait 5d", None)]),
        (
            [A],
            [send("b", id="a")],
            [StepEdited("flow", "a", "send email: a", "send email: b")],
        ),
        ([A, B, C], [C, A, B], [StepMoved("flow", "c", "steps[2]", "steps[0]")]),
        ([A, B], [when("sms", A), B], [
            StepAdded("flow", "steps[0]", "if consent sms"),
            StepMoved("flow", "a", "steps[0]", "steps[0].then[0]"),
        ]),
        # What stands inside of a step that only moved down hasn't moved.
        ([when("sms", A)], [B, when("sms", A)], [StepAdded("flow", "b", "send email: b")]),
        (
            [when("sms", A)],
            [when("push", A)],
            [StepEdited("flow", "steps[0]", "if consent sms", "if consent push")],
        ),
        (
            [when("sms", A), when("push", B)],
            [when("push", B)],
            [
                StepRemoved("flow", "steps[0]", "if consent sms", None),
                StepRemoved("flow", "a", "send email: a", "steps[0]"),
            ],
        ),
        (
            [when("sms", A, "exit"), B],
            [when("sms", A), B],
            [StepRemoved("flow", "steps[0].then[1]", "exit", None)],
        ),
        (
            [when("sms", "exit"), B, when("push", A)],
            [when("push", A), B, when("sms", "exit")],
            [
                StepMoved("flow", "steps[0]", "steps[2]", "steps[0]"),
                StepMoved("flow", "steps[2]", "steps[0]", "steps[2]"),
            ],
        ),
        (
            [{"branch": [{"when": {"consent": "sms"}, "then": [A]}]}],
            [{"branch": [{"when": {"consent": "push"}, "then": [A]}]}],
            [StepEdited("flow", "steps[0]", "branch consent sms", "branch consent push")],
        ),
        (
            [{"sample": {"x": "50", "y": "50"}, "id": "s", "paths": {"x": [A]}}],
            [{"sample": {"x": "40", "y": "60"}, "id": "s", "paths": {"x": [A], "y": [B]}}],
            [
                StepEdited("flow", "s", "sample x 50, y 50", "sample x 40, y 60"),
                StepAdded("flow", "b", "send email: b"),
            ],
        ),
    ],
)  # fmt: skip
def test_steps(before: list[Any], after: list[Any], changes: list[Change]) -> None:
    assert steps(before, after) == changes


def test_flows_and_their_keys() -> None:
    before = read(flow(A, name="gone"), flow(A, name="kept", status="live"))
    now = read(flow(A, name="kept", status="paused", priority="60"), flow(A, B, name="new"))
    assert changes_between(before, now) == [
        FlowChanged("kept", "status", "live", "paused"),
        FlowChanged("kept", "priority", None, "60"),
        FlowAdded("new", "live", 2),
        FlowRemoved("gone"),
    ]


def test_a_flow_under_another_id() -> None:
    before = read(flow(A, wait(), name="old"), flow(B, name="other"))
    now = read(flow(A, wait(), name="new", status="draft"), flow(A, wait(), name="copy"))
    assert changes_between(before, now) == [
        FlowRenamed("new", "old"),
        FlowAdded("copy", "live", 2),
        FlowRemoved("other"),
    ]


def test_what_is_written_as_the_default_is_no_change() -> None:
    assert changes_between(read(flow(A)), read(flow(A, status="live", priority="50"))) == []


def test_segments_pools_metrics_and_settings() -> None:
    def parts(*, segment: str, length: str, kind: str, zone: str) -> dict[str, Any]:
        return {
            "segments": [{"segment": "s", "if": {"consent": segment}}],
            "coupons": [{"coupons": "c", "rule": {"length": length}}],
            "metrics": [{"metric": "my.own", "fields": {"x": kind}}],
            "store": {"timezone": zone},
        }

    before = parts(segment="sms", length="8", kind="text", zone="UTC")
    now = parts(segment="push", length="9", kind="number", zone="Europe/London")
    assert changes_between(read(**before), read(**now)) == [
        PartChanged("segment", "s", "if", "consent sms", "consent push"),
        PartChanged("coupon pool", "c", "rule", "length 8", "length 9"),
        PartChanged("metric", "my.own", "fields", "x text", "x number"),
        SettingChanged("timezone", "UTC", "Europe/London"),
    ]
    assert changes_between(read(), read(segments=now["segments"])) == [PartAdded("segment", "s")]
    assert changes_between(read(segments=now["segments"]), read()) == [PartRemoved("segment", "s")]


def test_a_successor_is_the_one_that_is_published() -> None:
    known: dict[str, dict[str, str | None]] = {"flow": {"older": "w"}}
    before, now = read(flow(wait("w"), wait("v"), A)), read(flow(A))
    assert changes_between(before, now, known) == [
        StepRemoved("flow", "w", "wait 5d", "a"),
        StepRemoved("flow", "v", "wait 5d", "a"),
    ]


WAITING = WaitingCounts({("f", "w"): 1, ("f", "v"): 1200}, {"f": 3})


@pytest.mark.parametrize(
    ("change", "count", "says"),
    [
        (FlowAdded("g", "live", 1), None, "+ flow g: live, 1 step"),
        (
            FlowRemoved("f"),
            3,
            "- flow f: no new entries, journeys end (3 in the flow)",
        ),
        (
            FlowChanged("f", "status", None, "archived"),
            3,
            "~ flow f: status (default) → archived; no new entries, journeys end (3 in the flow)",
        ),
        (
            FlowChanged("f", "status", "live", "draft"),
            3,
            "~ flow f: status live → draft; no new entries, customers inside continue "
            "(3 in the flow)",
        ),
        (
            FlowChanged("f", "status", "live", "paused"),
            3,
            "~ flow f: status live → paused; no new entries, customers inside are held at their "
            "next message (3 in the flow)",
        ),
        (
            FlowChanged("f", "status", "draft", None),
            3,
            "~ flow f: status draft → (default) (3 in the flow)",
        ),
        (
            FlowRenamed("g", "f"),
            3,
            "~ flow f: renamed to g, which is a new flow; journeys of f end (3 in the flow)",
        ),
        (FlowChanged("f", "key", "order_id", None), None, "~ flow f: key order_id → (default)"),
        (StepAdded("f", "w", "wait 1d"), None, "+ f · w: wait 1d"),
        (
            StepRemoved("f", "w", "wait 1d", "hello"),
            1,
            "- f · w: wait 1d; waiting customers continue at hello (1 waiting)",
        ),
        (
            StepRemoved("f", "x", "wait 1d", None),
            0,
            "- f · x: wait 1d; waiting customers leave the flow",
        ),
        (
            StepEdited("f", "v", "wait 1d", "wait 2d"),
            1200,
            "~ f · v: wait 1d → wait 2d (1,200 waiting)",
        ),
        (
            StepMoved("f", "w", "steps[0]", "steps[2]"),
            1,
            "~ f · w: moved from steps[0] to steps[2] (1 waiting)",
        ),
        (PartAdded("segment", "s"), None, "+ segment s"),
        (PartRemoved("coupon pool", "c"), None, "- coupon pool c"),
        (PartChanged("segment", "s", "if", "a", "b"), None, "~ segment s: if a → b"),
        (SettingChanged("caps", None, "[x]"), None, "~ store: caps (default) → [x]"),
    ],
)
def test_a_sentence_for_each_with_how_many_wait(
    change: Change, count: int | None, says: str
) -> None:
    assert waiting_at(change, WAITING) == count
    assert change_text(change, WAITING) == says
