"""The differences between two sets of definitions (changes.py). A default that is written equals
one that is not, and `1d` equals `24h`."""

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

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
)
from streams.definitions.diff_steps import step_changes
from streams.definitions.steps import placed
from streams.engine import Definitions, successors
from streams.engine.compiling import Successors, condition_text
from streams.engine.language import keys_of

_PARTS = {
    "segments": ("segment", "segment"),
    "coupons": ("coupons", "coupon pool"),
    "metrics": ("metric", "metric"),
}
"""Part of the set -> key of its ids, name in texts."""


def changes_between(
    previous: Definitions, current: Definitions, known: Successors | None = None
) -> list[Change]:
    """Returns the changes from `previous` to `current`, in the order of its flows; `known` are the
    successors published with `previous`."""
    flows = _flows(previous, current, known or {})
    return [*flows, *_parts(previous, current), *_settings(previous, current)]


def _flows(previous: Definitions, current: Definitions, known: Successors) -> Iterator[Change]:
    before = {flow.flow: flow for flow in previous.flows}
    raws_before = _by_id(previous, "flows", "flow")
    raws = _by_id(current, "flows", "flow")
    follow = successors(previous, current, known)
    renamed = _renamed(previous, current)
    for flow in current.flows:
        name = flow.flow
        old, raw = before.get(name), raws[name]
        if old is None and name in renamed:
            yield FlowRenamed(name, renamed[name])
            continue
        if old is None:
            number = sum(1 for _ in placed(raw["steps"]))
            yield FlowAdded(name, flow.status.value, number)
            continue
        for key, was, now in _keys(old, flow, raws_before[name], raw, skip=("flow", "steps")):
            yield FlowChanged(name, key, was, now)
        versions = ((old, raws_before[name]), (flow, raw))
        yield from step_changes(*versions, follow.get(name, {}))
    gone = (name for name in before if name not in raws and name not in renamed.values())
    yield from (FlowRemoved(name) for name in gone)


def _renamed(previous: Definitions, current: Definitions) -> dict[str, str]:
    """New ids to old ones, for flows that are gone and are there under another id with the same
    trigger and steps."""
    ids_before = {flow.flow for flow in previous.flows}
    ids = {flow.flow for flow in current.flows}
    gone = [flow for flow in previous.flows if flow.flow not in ids]
    renamed = {}
    for flow in current.flows:
        if flow.flow in ids_before or not flow.steps:
            continue
        for old in gone:
            if old.steps == flow.steps and old.trigger == flow.trigger:
                renamed[flow.flow] = old.flow
                gone.remove(old)
                break
    return renamed


def _parts(previous: Definitions, current: Definitions) -> Iterator[Change]:
    for part, (id_key, what) in _PARTS.items():
        before = {getattr(one, id_key): one for one in getattr(previous, part)}
        now = {getattr(one, id_key): one for one in getattr(current, part)}
        raws_before, raws = _by_id(previous, part, id_key), _by_id(current, part, id_key)
        for name, one in now.items():
            if name not in before:
                yield PartAdded(what, name)
                continue
            keys = _keys(before[name], one, raws_before[name], raws[name], skip=(id_key,))
            yield from (PartChanged(what, name, *change) for change in keys)
        yield from (PartRemoved(what, name) for name in before if name not in now)


def _settings(previous: Definitions, current: Definitions) -> Iterator[Change]:
    raws = previous.raw.get("store", {}), current.raw.get("store", {})
    for change in _keys(previous.store, current.store, *raws, skip=()):
        yield SettingChanged(*change)


def _keys(
    before: msgspec.Struct,
    now: msgspec.Struct,
    raw_before: Mapping[str, Any],
    raw: Mapping[str, Any],
    skip: tuple[str, ...],
) -> Iterator[tuple[str, str | None, str | None]]:
    """Yields the keys in which two definitions differ, each with its text before and now."""
    for key in keys_of(type(now)).values():
        if key.name not in skip and getattr(before, key.attribute) != getattr(now, key.attribute):
            yield key.name, _written(raw_before, key.name), _written(raw, key.name)


def _written(raw: Mapping[str, Any], key: str) -> str | None:
    return condition_text(raw[key]) if key in raw else None


def _by_id(definitions: Definitions, part: str, key: str) -> dict[str, dict[str, Any]]:
    return {one[key]: one for one in definitions.raw.get(part, ())}
