"""The whole job in catch-up: CPU per event, events per second and memory of every job, in turns.

All read the same topics, filled once; what a job has written is deleted before the next one runs.
"""

import statistics
from collections.abc import Sequence
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
)
from benchmarks.pairs import spread
from benchmarks.progress import Progress, Rate, watch
from benchmarks.rounds import Rounds

COMPARED = (QUIX_STREAMS, SENDFLOW_SAME_JOB, KAFKA_STREAMS, SENDFLOW)
"""In each round; Sendflow stands between its peers."""
LIMIT_ONCE = 30.0
"""Seconds at most for a job that runs once: it is there for orientation."""


def measure(rounds: Rounds, events: int, limit: float) -> dict[str, Any]:
    """Catches up with `events` events, each job within `limit` seconds, and returns every run, the
    medians of each job, and Sendflow's ratios to the others."""
    prefixes = {flows: f"rate-{flows.name}-" for flows in map(_set_of, rounds.jobs())}
    for flows, prefix in prefixes.items():
        shop_topics.prepare(rounds.bootstrap, prefix, flows)
    workload.fill(rounds.bootstrap, prefixes.values(), workload.events(events))
    found: list[dict[str, Progress]] = []
    for number in range(rounds.number):
        found.append({})
        for job in rounds.turns(number):
            most = min(limit, LIMIT_ONCE) if job in rounds.once else limit
            found[-1][job.name] = _run(rounds, job, prefixes[_set_of(job)], number, events, most)
    for prefix in prefixes.values():
        shop_topics.delete(rounds.bootstrap, prefix)
    return {
        "events": events,
        "rounds": [{name: figures(run) for name, run in one.items()} for one in found],
        "medians": medians(found),
        "ratios": ratios_of(found, rounds.opponents()),
    }


def _set_of(job: Job) -> Path:
    """The folder of the definitions on a job's topics: the peers read Sendflow's."""
    return job.flows or SAME_JOB


def _run(rounds: Rounds, job: Job, prefix: str, number: int, events: int, limit: float) -> Progress:
    shop_topics.clear_outputs(rounds.bootstrap, prefix)
    rounds.between()
    run = Run.of(job, rounds.bootstrap, prefix, number, rounds.directory)
    with job.running(rounds.commands[job.name], run) as process:
        found = watch(process, rounds.bootstrap, run.group, prefix, events, limit)
    warm = f"{found.warm.cpu_us:.1f} warm, " if found.warm else ""
    rounds.say(
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
    """Of each job over its rounds, but of `peak_mib` the largest; `cpu_us_warm` is None where every
    run was too short for it."""
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
