"""The whole job in catch-up: CPU per event, events per second and memory of every job, in turns.

All read the same topics, filled once; what a job has written is deleted before the next one runs.
In each round all run once, every other round in the opposite order, and Sendflow stands between its
peers: the ratio of a round compares neighbours in time.
"""

import statistics
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import msgspec

from benchmarks import shop_topics, workload
from benchmarks.jobs import (
    KAFKA_STREAMS,
    QUIX_STREAMS,
    SAME_JOB,
    SENDFLOW,
    SENDFLOW_SAME_JOB,
    Job,
    Run,
    opponent_of,
)
from benchmarks.pairs import spread
from benchmarks.progress import Progress, Rate, watch

COMPARED = (QUIX_STREAMS, SENDFLOW_SAME_JOB, KAFKA_STREAMS, SENDFLOW)
"""In each round, in this order and then in the opposite one."""
LIMIT_ONCE = 30.0
"""Seconds at most for a job that runs once: it is there for orientation."""


class Plan(msgspec.Struct, frozen=True):
    """What is measured on which broker."""

    bootstrap: str
    directory: Path
    compared: Sequence[Job]
    once: Sequence[Job]  # in the first round only
    commands: dict[str, list[str]]  # by name of a job
    events: int
    rounds: int
    limit: float  # seconds of one run at most
    say: Callable[[str], None]
    between: Callable[[], None]  # before each run


def measure(plan: Plan) -> dict[str, Any]:
    """Runs all and returns every run, the medians of each job, and Sendflow's ratios to each."""
    sets = {job.flows or SAME_JOB for job in (*plan.compared, *plan.once)}
    prefixes = {flows: f"rate-{flows.name}-" for flows in sets}
    for flows, prefix in prefixes.items():
        shop_topics.prepare(plan.bootstrap, prefix, flows)
    workload.fill(plan.bootstrap, prefixes.values(), workload.events(plan.events))
    rounds: list[dict[str, Progress]] = []
    for number in range(plan.rounds):
        found: dict[str, Progress] = {}
        for job in turns(plan.compared, number, plan.once):
            limit = min(plan.limit, LIMIT_ONCE) if job in plan.once else plan.limit
            found[job.name] = _run(plan, job, prefixes[job.flows or SAME_JOB], number, limit)
        rounds.append(found)
    for prefix in prefixes.values():
        shop_topics.delete(plan.bootstrap, prefix)
    return {
        "events": plan.events,
        "rounds": [{name: figures(one) for name, one in found.items()} for found in rounds],
        "medians": medians(rounds),
        "ratios": ratios_of(rounds, opponents((*plan.compared, *plan.once))),
    }


def turns(compared: Sequence[Job], number: int, once: Sequence[Job] = ()) -> list[Job]:
    """The jobs of a round in their order."""
    if number == 0:
        return [*compared, *once]
    return list(compared if number % 2 == 0 else reversed(compared))


def _run(plan: Plan, job: Job, prefix: str, number: int, limit: float) -> Progress:
    shop_topics.clear_outputs(plan.bootstrap, prefix)
    plan.between()
    run = Run.of(job, plan.bootstrap, prefix, number, plan.directory)
    with job.running(plan.commands[job.name], run) as process:
        found = watch(process, plan.bootstrap, run.group, prefix, plan.events, limit)
    warm = f"{found.warm.cpu_us:.1f} warm, " if found.warm else ""
    plan.say(
        f"round {number + 1}, {job.name}: {warm}{found.whole.cpu_us:.1f} us CPU an event, "
        f"{found.whole.per_second:,.0f} events/s, {found.peak_mib:.0f} MiB"
    )
    return found


def figures(found: Progress) -> dict[str, Any]:
    """A run as plain numbers."""
    return {
        "whole": _plain(found.whole),
        "warm": None if found.warm is None else _plain(found.warm),
        "peak_mib": found.peak_mib,
        "is_whole": found.is_whole,
    }


def _plain(rate: Rate) -> dict[str, float]:
    return {
        "cpu_us": rate.cpu_us,
        "events_per_second": rate.per_second,
        "events": rate.events,
        "seconds": rate.seconds,
    }


def medians(rounds: Sequence[dict[str, Progress]]) -> dict[str, dict[str, float | None]]:
    """Of each job over its rounds; `cpu_us_warm` is None where a run was too short for it."""
    found: dict[str, dict[str, float | None]] = {}
    for name in {name: None for one in rounds for name in one}:
        runs = [one[name] for one in rounds if name in one]
        warm = [run.warm for run in runs if run.warm]
        found[name] = {
            "cpu_us_warm": statistics.median(one.cpu_us for one in warm) if warm else None,
            "cpu_us": statistics.median(run.whole.cpu_us for run in runs),
            "events_per_second": statistics.median(run.whole.per_second for run in runs),
            "peak_mib": max(run.peak_mib for run in runs),
        }
    return found


def opponents(jobs: Iterable[Job]) -> dict[str, str]:
    """Name of each job -> that of the Sendflow that does the same; without these themselves."""
    return {job.name: ours.name for job in jobs if (ours := opponent_of(job)) != job}


def ratios_of(
    rounds: Sequence[dict[str, Progress]], opponents: dict[str, str]
) -> dict[str, dict[str, Any]]:
    """Of Sendflow over every other job, round by round, with their spread: CPU per event warm and
    as a whole, and events per second. A job whose opponent was not measured has none."""
    found: dict[str, dict[str, Any]] = {}
    for name, ours in opponents.items():
        pairs = [(one[ours], one[name]) for one in rounds if ours in one and name in one]
        values = {
            "cpu_us_warm": [a.warm.cpu_us / b.warm.cpu_us for a, b in pairs if a.warm and b.warm],
            "cpu_us": [a.whole.cpu_us / b.whole.cpu_us for a, b in pairs],
            "events_per_second": [a.whole.per_second / b.whole.per_second for a, b in pairs],
        }
        found[name] = {
            what: {"pairs": each, **msgspec.structs.asdict(spread(each))}
            for what, each in values.items()
            if each
        }
    return found
