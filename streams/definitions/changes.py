"""Differences between two sets of definitions, as plain records: shown by `flows diff`, and by
`flows publish` before the confirmation."""

import re
from collections.abc import Mapping

import msgspec


def _kind(name: str) -> str:
    """`step_removed` for StepRemoved."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


class WaitingCounts(msgspec.Struct, frozen=True):
    """Numbers of customers waiting at each step, and in each flow."""

    at_step: Mapping[tuple[str, str], int] = {}  # flow and step id
    in_flow: Mapping[str, int] = {}


class Change(msgspec.Struct, frozen=True, tag_field="change", tag=_kind):
    """One difference. In JSON, `change` is its kind."""


class FlowAdded(Change, frozen=True):
    """A new flow."""

    flow: str
    status: str
    steps: int


class FlowRemoved(Change, frozen=True):
    """A removed flow: it is archived (SEMANTICS 6.1)."""

    flow: str


class FlowRenamed(Change, frozen=True):
    """A flow under another id: a new flow, while the one of the old id is archived."""

    flow: str
    before: str


class FlowChanged(Change, frozen=True):
    """One key of a flow other than its steps; None where it is not written."""

    flow: str
    key: str
    before: str | None
    after: str | None


class StepAdded(Change, frozen=True):
    """A new step."""

    flow: str
    step: str
    text: str


class StepRemoved(Change, frozen=True):
    """A removed step. Waiting customers continue at `successor`; without one the journey ends
    (SEMANTICS 6.2)."""

    flow: str
    step: str
    text: str
    successor: str | None


class StepEdited(Change, frozen=True):
    """A changed step. Waiting customers keep their due time (SEMANTICS 6.2)."""

    flow: str
    step: str
    before: str
    after: str


class StepMoved(Change, frozen=True):
    """A step at another position: in another order, or inside another step."""

    flow: str
    step: str
    before: str
    after: str


class PartAdded(Change, frozen=True):
    """A new segment, coupon pool or metric."""

    part: str
    name: str


class PartRemoved(Change, frozen=True):
    """A removed segment, coupon pool or metric."""

    part: str
    name: str


class PartChanged(Change, frozen=True):
    """One key of a segment, coupon pool or metric."""

    part: str
    name: str
    key: str
    before: str | None
    after: str | None


class SettingChanged(Change, frozen=True):
    """One key of `store.yaml`."""

    key: str
    before: str | None
    after: str | None


UNWRITTEN = "(default)"
"""Stands for the value of a key that is not written."""


def waiting_at(change: Change, waiting: WaitingCounts) -> int | None:
    """Number of customers waiting where something changes; None where it does not matter."""
    match change:
        case StepRemoved(flow, step) | StepEdited(flow, step) | StepMoved(flow, step):
            return waiting.at_step.get((flow, step), 0)
        case FlowRemoved(flow) | FlowChanged(flow, "status") | FlowRenamed(_, flow):
            return waiting.in_flow.get(flow, 0)
    return None


def change_text(change: Change, waiting: WaitingCounts) -> str:
    """One line of text: `~ welcome · pause: wait 4h → wait 6h (12 waiting)`."""
    count = waiting_at(change, waiting)
    if not count:
        return _text_of(change)
    is_at_step = isinstance(change, StepRemoved | StepEdited | StepMoved)
    return f"{_text_of(change)} ({count:,} {'waiting' if is_at_step else 'in the flow'})"


def _text_of(change: Change) -> str:
    match change:
        case FlowAdded(flow, status, steps):
            return f"+ flow {flow}: {status}, {steps} step{'' if steps == 1 else 's'}"
        case FlowRemoved(flow):
            return f"- flow {flow}: no new entries, journeys end"
        case FlowRenamed(flow, before):
            return (
                f"~ flow {before}: renamed to {flow}, which is a new flow; journeys of {before} end"
            )
        case FlowChanged(flow, "status", before, after):
            inside = _INSIDE.get(after or "")
            then = "" if inside is None else f"; {inside}"
            return f"~ flow {flow}: status {_arrow(before, after)}{then}"
        case FlowChanged(flow, key, before, after):
            return f"~ flow {flow}: {key} {_arrow(before, after)}"
        case StepAdded(flow, step, text):
            return f"+ {flow} · {step}: {text}"
        case StepRemoved(flow, step, text, successor):
            goes = "leave the flow" if successor is None else f"continue at {successor}"
            return f"- {flow} · {step}: {text}; waiting customers {goes}"
        case StepEdited(flow, step, before, after):
            return f"~ {flow} · {step}: {before} → {after}"
        case StepMoved(flow, step, before, after):
            return f"~ {flow} · {step}: moved from {before} to {after}"
        case PartAdded(part, name):
            return f"+ {part} {name}"
        case PartRemoved(part, name):
            return f"- {part} {name}"
        case PartChanged(part, name, key, before, after):
            return f"~ {part} {name}: {key} {_arrow(before, after)}"
        case SettingChanged(key, before, after):
            return f"~ store: {key} {_arrow(before, after)}"
    raise TypeError(f"unknown change {change!r}")


_INSIDE = {
    "draft": "no new entries, customers inside continue",
    "paused": "no new entries, customers inside are held at their next message",
    "archived": "no new entries, journeys end",
}
"""Status -> the fate of the customers in the flow (SEMANTICS 6.1)."""


def _arrow(before: str | None, after: str | None) -> str:
    return f"{before or UNWRITTEN} → {after or UNWRITTEN}"
