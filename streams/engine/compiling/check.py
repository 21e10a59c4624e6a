"""Reads a whole set of definitions and lists its problems."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import msgspec

from streams.engine.compiling.definition import (
    Definitions,
    Flow,
    MetricDefinition,
    Segment,
    has_items,
    inside,
)
from streams.engine.compiling.families import FAMILIES
from streams.engine.conditions import check_pattern
from streams.engine.content import CouponPool, check_in_commands, check_link_parameters, check_pools
from streams.engine.language import (
    IN_WORDS,
    ITEM,
    PROFILE_FIELDS,
    UNREADABLE,
    FoundMember,
    Reading,
    Scope,
    StoreSettings,
    fields_of,
    read,
)
from streams.engine.program import id_of
from streams.engine.values import (
    COMMON_FIELDS,
    ITEM_FIELDS,
    METRICS,
    PRODUCT_METRICS,
    WEEKDAYS,
    FieldType,
    Path,
    Problem,
    nearest_name,
    path_text,
    unknown_name,
    zone_named,
    zone_names,
)


class _RawSet(msgspec.Struct, frozen=True, kw_only=True):
    """A published set: one mapping with a list for each kind."""

    flows: list[Flow] = []
    segments: list[Segment] = []
    coupons: list[CouponPool] = []
    metrics: list[MetricDefinition] = []
    store: StoreSettings = StoreSettings()


def read_definitions(raw: dict[str, Any]) -> Definitions | list[Problem]:
    """A whole set from plain data in which every scalar is text, or its problems.

    `raw`: {"flows": [...], "segments": [...], "coupons": [...], "metrics": [...], "store": {...}},
    each part optional.
    """
    definitions, problems = examine(raw)
    return definitions if definitions is not None and not problems else problems


def read_published(raw: dict[str, Any]) -> Definitions | list[Problem]:
    """As `read_definitions`, for a set that an earlier version may have published."""
    definitions, problems = examine(raw, is_published=True)
    return definitions if definitions is not None and not problems else problems


def examine(
    raw: dict[str, Any], *, is_published: bool = False
) -> tuple[Definitions | None, list[Problem]]:
    """As `read_definitions`, with the readable part of a set that has problems."""
    reading = Reading(FAMILIES, is_published)
    read_set = read(raw, _RawSet, (), reading)
    if read_set is UNREADABLE:
        return None, reading.problems
    definitions = Definitions(
        flows=read_set.flows,
        segments=read_set.segments,
        coupons=read_set.coupons,
        metrics=read_set.metrics,
        store=read_set.store,
        raw=raw,
    )
    check = _Check(definitions, raw, reading)
    problems = [*reading.problems, *check.run()]
    return definitions, sorted(problems, key=lambda problem: _order(problem.path))


def _order(path: Path) -> list[tuple[str, int]]:
    return [("", part) if isinstance(part, int) else (part, 0) for part in path]


class _Check:
    """Checks across values; paths are those of the raw set."""

    def __init__(self, definitions: Definitions, raw: dict[str, Any], reading: Reading) -> None:
        self.definitions = definitions
        self.raw = raw
        self.found = reading.found
        self.unreadable = reading.problems
        self.scope = self._with_all_names(definitions.scope())

    def _with_all_names(self, scope: Scope) -> Scope:
        """The scope with unreadable flows, segments and pools: references to them are valid."""
        return msgspec.structs.replace(
            scope,
            flows=scope.flows | set(self._raw_ids("flows", "flow")),
            segments={**dict.fromkeys(self._raw_ids("segments", "segment")), **scope.segments},
            coupons={**dict.fromkeys(self._raw_ids("coupons", "coupons")), **scope.coupons},
        )

    def _raw_ids(self, part: str, key: str) -> Iterator[str]:
        return (name for _, name in self._raw_names(part, key))

    def _raw_names(self, part: str, key: str) -> Iterator[tuple[int, str]]:
        for place, one in enumerate(self._raw_list(part)):
            name = one.get(key) if isinstance(one, dict) else None
            if isinstance(name, str):
                yield place, name

    def run(self) -> Iterator[Problem]:
        yield from self.ids("flows", "flow")
        yield from self.ids("segments", "segment")
        yield from self.ids("coupons", "coupons")
        yield from self.ids("metrics", "metric")
        yield from self.store()
        yield from self.metrics()
        yield from self.pools()
        for place, raw_flow in enumerate(self._raw_list("flows")):
            yield from self.flow(place, raw_flow)
        for place, _ in enumerate(self._raw_list("segments")):
            yield from self.members(("segments", place), self.scope)
        yield from self.cycles()

    def _raw_list(self, part: str) -> Sequence[Any]:
        listed = self.raw.get(part)
        return listed if isinstance(listed, list) else ()

    def ids(self, part: str, key: str) -> Iterator[Problem]:
        """Ids are unique."""
        seen: dict[str, int] = {}
        for place, name in self._raw_names(part, key):
            if name in seen:
                message = f"duplicate id {name!r}"
                first = (part, seen[name], key)
                yield Problem((part, place, key), message, found=name, first=first)
            seen.setdefault(name, place)

    def store(self) -> Iterator[Problem]:
        settings = self.definitions.store
        yield from _check_zone(settings.timezone, ("store", "timezone"))
        for name in settings.profile:
            if name in PROFILE_FIELDS:
                yield Problem(
                    ("store", "profile", name),
                    f"{name!r} is built in; choose another name",
                    found=name,
                    at_key=True,
                )
        for channel in settings.quiet_days:
            if len(settings.quiet_weekdays(channel)) == len(WEEKDAYS):
                yield Problem(
                    ("store", "quiet_days", channel),
                    f"every day is quiet, so no {channel} would ever be sent; leave a day out",
                    at_key=True,
                )
        for problem in check_in_commands(settings.in_commands, self.scope):
            yield problem.under(("store", "in_commands"))
        if settings.currency in settings.rates:
            yield Problem(
                ("store", "rates", settings.currency),
                f"{settings.currency} is the store's currency; remove its rate",
                at_key=True,
            )

    def metrics(self) -> Iterator[Problem]:
        for place, name in self._raw_names("metrics", "metric"):
            if name in METRICS or name in PRODUCT_METRICS:
                yield Problem(
                    ("metrics", place, "metric"), f"{name!r} is built in; choose another name"
                )
            own = next((one for one in self.definitions.metrics if one.metric == name), None)
            if own is not None:
                yield from self.fields_of(own, ("metrics", place, "fields"))

    def fields_of(self, metric: MetricDefinition, fields: Path) -> Iterator[Problem]:
        for name, kind in metric.fields.items():
            path = (*fields, name)
            if name in COMMON_FIELDS:
                yield Problem(path, f"{name!r} is a field of every event", found=name, at_key=True)
            elif name == "currency" and kind is not FieldType.TEXT:
                yield Problem(path, "'currency' must be text (ISO 4217), such as GBP")

    def pools(self) -> Iterator[Problem]:
        for place, pool in enumerate(self._raw_list("coupons")):
            if isinstance(pool, dict) and "rule" in pool and "codes" in pool:
                yield Problem(
                    ("coupons", place, "codes"),
                    "'rule' and 'codes' exclude each other",
                    at_key=True,
                )
            if isinstance(pool, dict) and "rule" in pool and "low" in pool:
                message = "'low' is for loaded codes: codes generated by rule never run out"
                yield Problem(("coupons", place, "low"), message, at_key=True)
        read_pools = {pool.coupons: pool for pool in self.definitions.coupons}
        yield from check_pools(
            [
                (("coupons", place), read_pools[name])
                for place, name in self._raw_names("coupons", "coupons")
                if name in read_pools
            ]
        )

    def flow(self, place: int, raw: Any) -> Iterator[Problem]:
        path: Path = ("flows", place)
        flow = next((one for one in self.definitions.flows if self._is_from(one, raw)), None)
        scope = self._scope_of(raw, flow, path)
        yield from self.members(path, scope)
        yield from self.step_ids(path, raw)
        if flow is None:
            return
        if flow.timezone is not None:
            yield from _check_zone(flow.timezone, (*path, "timezone"))
        for number, pattern in enumerate(flow.exit_on):
            for problem in check_pattern(pattern, scope):
                yield problem.under((*path, "exit_on", number))
        yield from self.each(flow, scope, path)
        for problem in check_link_parameters(flow.utm):
            yield problem.under(path)
        yield from self.key(flow, scope, path)

    def _is_from(self, flow: Flow, raw: Any) -> bool:
        return isinstance(raw, dict) and raw.get("flow") == flow.flow

    def _scope_of(self, raw: Any, flow: Flow | None, path: Path) -> Scope:
        if flow is not None:
            return inside(self.scope, flow)
        trigger = next(
            (found.definition for found in self.found if found.path == (*path, "trigger")), None
        )
        metric = getattr(trigger, "metric", None)
        is_known = metric in self.scope.metrics
        return msgspec.structs.replace(
            self.scope,
            flow="",
            gives_coupons=True,
            trigger=metric if is_known else None,
            is_trigger_unknown=trigger is None or (metric is not None and not is_known),
        )

    def members(self, path: Path, scope: Scope) -> Iterator[Problem]:
        """The checks of every step, condition and trigger under `path`."""
        for found in self._under(path):
            here = scope
            if found.path[2:3] == ("trigger",):  # a trigger has no journey yet
                here = msgspec.structs.replace(
                    scope, flow=None, trigger=None, is_per_item=False, is_trigger_unknown=False
                )
            for problem in found.member.check(found.definition, here):
                if not self._is_unreadable((*found.path, *problem.path)):
                    yield problem.under(found.path)

    def _is_unreadable(self, path: Path) -> bool:
        """True if a part of the value at `path` is unreadable: problems there may follow."""
        return any(problem.path[: len(path)] == path for problem in self.unreadable)

    def _under(self, path: Path) -> Iterator[FoundMember]:
        return (found for found in self.found if found.path[: len(path)] == path)

    def each(self, flow: Flow, scope: Scope, path: Path) -> Iterator[Problem]:
        """`each: items` needs items, and a key of the item wherever journeys of one event could
        keep each other out (SEMANTICS 1.13)."""
        if scope.is_trigger_unknown:
            return
        if flow.each is None:
            if flow.key is not None and flow.key.startswith(ITEM):
                message = f"{flow.key} needs `each: items`"
                yield Problem((*path, "key"), message, found=flow.key)
            return
        if not has_items(scope.trigger, scope):
            what = "this trigger" if scope.trigger is None else scope.trigger
            yield Problem((*path, "each"), f"{what} has no items", at_key=True)
        elif flow.key is not None and not flow.key.startswith(ITEM):
            message = f"with `each: items` the key is a field of the item, such as {ITEM}sku"
            yield Problem((*path, "key"), message, found=flow.key)
        elif flow.key is None and flow.re_entry not in (None, "always"):
            message = (
                "with `each: items` and without `key: $item.sku` the articles of one event keep "
                "each other out: add the key"
            )
            yield Problem((*path, "re_entry"), message, at_key=True)

    def key(self, flow: Flow, scope: Scope, path: Path) -> Iterator[Problem]:
        if flow.key is None or scope.is_trigger_unknown:
            return
        if scope.trigger is None:
            yield Problem(
                (*path, "key"), "'key' needs a metric trigger: it is a field of its event"
            )
            return
        if flow.key.startswith(ITEM):
            if flow.each is not None:
                yield from self.key_of_item(flow.key.removeprefix(ITEM), (*path, "key"))
            return
        fields = fields_of(scope.trigger, scope)
        usable = tuple(name for name in fields if fields[name].type in _KEY_TYPES)
        if flow.key not in fields:
            yield unknown_name((*path, "key"), f"field of {scope.trigger}", flow.key, usable)
        elif flow.key not in usable:
            kind = IN_WORDS[fields[flow.key].type]
            message = f"{flow.key!r} is {kind}: expected text, number or date"
            yield Problem((*path, "key"), message, found=flow.key, allowed=usable)

    def key_of_item(self, name: str, path: Path) -> Iterator[Problem]:
        usable = tuple(field for field in ITEM_FIELDS if ITEM_FIELDS[field].type in _KEY_TYPES)
        if name not in usable:
            yield unknown_name(path, "field of an item", name, usable)

    def step_ids(self, path: Path, raw: Any) -> Iterator[Problem]:
        """Ids are unique in a flow, and required of steps that wait (FLOWS "Ids")."""
        status = raw.get("status", "live") if isinstance(raw, dict) else None
        seen: dict[str, Path] = {}
        for found in self._under(path):
            if found.family != "step":
                continue
            definition = found.definition
            if status in ("live", "paused") and found.key in _NEED_AN_ID and not definition.id:
                yield Problem(
                    found.path,
                    f"a {found.key!r} needs an 'id' in a {status} flow, so that waiting customers "
                    f"keep their place across versions; `sendflow flows check --fix` writes it",
                    lacks_id=True,
                )
            name = id_of(definition, path_text(found.path[2:]))
            if name in seen:
                key = "id" if definition.id else "template"
                yield Problem(
                    (*found.path, key),
                    f"duplicate step id {name!r} (also at {path_text(seen[name][2:])}); "
                    + ("use another" if definition.id else "add an 'id'"),
                    found=name,
                )
            else:
                seen[name] = found.path

    def cycles(self) -> Iterator[Problem]:
        """References between segments have no cycles (SEMANTICS 3.4)."""
        refers: dict[str, list[tuple[str, Path]]] = {}
        for found in self.found:
            is_reference = found.family == "condition" and found.key == "segment"
            if is_reference and found.path[0] == "segments":
                owner = self._raw_list("segments")[int(found.path[1])].get("segment")
                path = (*found.path, "segment")
                if isinstance(owner, str):
                    refers.setdefault(owner, []).append((found.definition.segment, path))
        for owner, others in refers.items():
            for other, path in others:
                if _reaches(other, owner, lambda name: (to for to, _ in refers.get(name, ()))):
                    yield Problem(
                        path, f"the segment {owner!r} depends on itself through {other!r}"
                    )


_NEED_AN_ID = ("wait", "wait_for", "sample")
_KEY_TYPES = (FieldType.TEXT, FieldType.NUMBER, FieldType.DATE)


def _reaches(start: str, goal: str, neighbours: Callable[[str], Iterator[str]]) -> bool:
    visited: set[str] = set()
    waiting = [start]
    while waiting:
        name = waiting.pop()
        if name == goal:
            return True
        if name not in visited:
            visited.add(name)
            waiting.extend(neighbours(name))
    return False


def _check_zone(name: str, path: Path) -> Iterator[Problem]:
    if zone_named(name) is None:
        yield Problem(
            path,
            f"unknown time zone {name!r}",
            found=name,
            nearest=nearest_name(name, zone_names()),
        )
