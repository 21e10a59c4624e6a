"""Facts of the customer in a command, beside the message: time zone, sample arms, and the fields of
the profile that `in_commands` of `store.yaml` lists."""

from collections.abc import Callable, Iterable, Iterator

import msgspec

from streams.engine.content.texts import Texts, check_texts, compile_texts
from streams.engine.customer import Journey
from streams.engine.language import Scope
from streams.engine.program import CompiledFlow, Turn
from streams.engine.values import Problem, is_among, zone_named


class AboutCustomer(msgspec.Struct, frozen=True):
    """The readers of these facts."""

    timezone: Callable[[Turn], str | None]
    samples: Callable[[Turn, Journey], dict[str, str]]
    profile: Texts


def compile_about_customer(
    flow: CompiledFlow, fields: Iterable[str], scope: Scope
) -> AboutCustomer:
    """The readers for the messages of `flow`; `fields` are those of the profile."""
    profile = compile_texts({name: f"$profile.{name}" for name in fields}, scope)
    return AboutCustomer(_own_zone, lambda turn, journey: _arms(flow, turn, journey), profile)


def check_in_commands(fields: Iterable[str], scope: Scope) -> Iterator[Problem]:
    """The fields exist and have a text form."""
    for place, name in enumerate(fields):
        for problem in check_texts({name: f"$profile.{name}"}, "profile", scope):
            yield msgspec.structs.replace(problem, path=(place,), found=name)


def _own_zone(turn: Turn) -> str | None:
    """P's own zone; None if it is missing or unknown (SEMANTICS 2.3)."""
    name = turn.state.profile.get("timezone")
    return name if isinstance(name, str) and zone_named(name) is not None else None


_NO_ARMS: dict[str, str] = {}


def _arms(flow: CompiledFlow, turn: Turn, journey: Journey) -> dict[str, str]:
    """The arm of each sample that P has passed in this journey, by step."""
    if not flow.samples:  # the common case
        return _NO_ARMS
    arms = {}
    for step, arm_of in flow.samples.items():
        mark = flow.steps[step].mark
        if mark and is_among(mark, journey.passed):
            arms[step] = arm_of(turn, journey)
    return arms
