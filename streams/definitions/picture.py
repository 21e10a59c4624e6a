"""Draws a flow: a tree of lines for the terminal, or Mermaid.

metric cart.updated where (total (gt 0))
│
├─ wait 4h  ‹first-pause›
├─ if trigger total gt 100
│  └─ then
│     └─ send email: vip
└─ send email: reminder
"""

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from streams.definitions.steps import RawStep, as_step, ways_of
from streams.engine.compiling import condition_text, step_text
from streams.engine.values import Path


class LabelledSteps(msgspec.Struct, frozen=True):
    """One list of steps inside a step, and the label of the way into it."""

    label: str
    steps: list["Node"]


class Node(msgspec.Struct, frozen=True):
    """One step. `id` is None if it has none other than its template."""

    text: str
    id: str | None
    ends: bool  # ends the journey: `exit`
    ways: list[LabelledSteps]
    onward: list[str]  # labels of branches that are not written and lead on


class Picture(msgspec.Struct, frozen=True):
    """A flow, ready to be drawn. `rules` are those of the whole flow, each a key and its text."""

    flow: str
    name: str | None
    rules: list[tuple[str, str]]
    trigger: str
    steps: list[Node]


_RULES = (
    "status",
    "transactional",
    "priority",
    "each",
    "key",
    "re_entry",
    "filter",
    "max_event_age",
)


def picture_of(flow: Mapping[str, Any]) -> Picture:
    """Returns the picture of a checked flow, from its plain data."""
    rules = [(key, condition_text(flow[key])) for key in _RULES if key in flow]
    rules += [("exit_on", condition_text(pattern)) for pattern in flow.get("exit_on", ())]
    return Picture(
        flow["flow"],
        flow.get("name"),
        rules,
        condition_text(flow["trigger"]),
        _nodes(flow["steps"]),
    )


def as_text(picture: Picture) -> Iterator[str]:
    """Yields the lines for a terminal."""
    yield picture.flow if picture.name is None else f"{picture.flow}: {picture.name}"
    for key, text in picture.rules:
        yield f"  {key} {text}"
    yield ""
    yield picture.trigger
    yield "│"
    yield from _tree([(_shown(node), node.ways) for node in picture.steps], "")


def as_mermaid(picture: Picture) -> Iterator[str]:
    """Yields the lines of a Mermaid flowchart."""
    drawing = _Mermaid()
    yield "flowchart TD"
    yield f"  start([{_quoted(picture.trigger)}])"
    drawing.sequence(picture.steps, [("start", "")])
    yield from drawing.lines
    ends = [text for key, text in picture.rules if key == "exit_on"]
    if ends:
        yield f"  exits>{_quoted('exits on: ' + '; '.join(ends))}]"


# ── From plain data ───────────────────────────────────────────────────────────────────────────────


def _nodes(steps: list[Any]) -> list[Node]:
    return [_node(as_step(step)) for step in steps]


def _node(step: RawStep) -> Node:
    ways = [LabelledSteps(_label(step, path), _nodes(inner)) for path, inner in ways_of(step)]
    written = step.get("paths") or {}
    idle = [name for name in step.get("sample") or {} if name not in written]
    ways += [LabelledSteps(_label(step, ("paths", name)), []) for name in idle]
    onward = [_label(step, (key,)) for key in _both_ways(step) if key not in step]
    return Node(step_text(step), step.get("id"), "exit" in step, ways, onward)


def _both_ways(step: RawStep) -> tuple[str, ...]:
    if "if" in step or "wait_for" in step:
        return ("then", "else")
    return ("else",) if "branch" in step else ()


def _label(step: RawStep, path: Path) -> str:
    match path:
        case ("branch", int() as place, _):
            return f"when {condition_text(step['branch'][place]['when'])}"
        case ("paths", str() as name):
            return f"{name} {step['sample'][name]} %"
        case ("else",) if "wait_for" in step:
            return f"else, after {step['timeout']}"
    return str(path[0])


# ── Lines ─────────────────────────────────────────────────────────────────────────────────────────


def _shown(node: Node) -> str:
    return node.text if node.id is None else f"{node.text}  ‹{node.id}›"


def _tree(branches: list[tuple[str, list[LabelledSteps]]], margin: str) -> Iterator[str]:
    for place, (text, ways) in enumerate(branches):
        is_last = place == len(branches) - 1
        yield f"{margin}{'└─' if is_last else '├─'} {text}"
        inner = f"{margin}{'   ' if is_last else '│  '}"
        for number, way in enumerate(ways):
            is_last_way = number == len(ways) - 1
            yield f"{inner}{'└─' if is_last_way else '├─'} {way.label}"
            below = f"{inner}{'   ' if is_last_way else '│  '}"
            yield from _tree([(_shown(node), node.ways) for node in way.steps], below)


_SHAPES = {(True, False): ("{", "}"), (False, True): ("([", "])"), (False, False): ("[", "]")}
"""Shapes of a step with branches, of one that ends the journey, and of all others."""


class _Mermaid:
    """Numbers nodes in order, and links each to its predecessors."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self._number = 0

    def sequence(self, nodes: list[Node], leading: list[tuple[str, str]]) -> list[tuple[str, str]]:
        """Draws a list of steps after `leading`, pairs of a node and the label of the way out of
        it; returns the pairs that lead on."""
        for node in nodes:
            if not leading:
                break  # unreachable
            leading = self._node(node, leading)
        return leading

    def _node(self, node: Node, leading: list[tuple[str, str]]) -> list[tuple[str, str]]:
        self._number += 1
        name = f"s{self._number}"
        opening, closing = _SHAPES[bool(node.ways), node.ends]
        self.lines.append(f"  {name}{opening}{_quoted(_shown(node))}{closing}")
        for before, label in leading:
            arrow = f"-- {_quoted(label)} -->" if label else "-->"
            self.lines.append(f"  {before} {arrow} {name}")
        if node.ends:
            return []
        if not node.ways and not node.onward:
            return [(name, "")]
        onward = [(name, label) for label in node.onward]
        for way in node.ways:
            onward += self.sequence(way.steps, [(name, way.label)])
        return onward


def _quoted(text: str) -> str:
    """Mermaid has entities, and no other escape for a quotation mark."""
    return f'"{text.replace("#", "#35;").replace(chr(34), "#quot;")}"'
