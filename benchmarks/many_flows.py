"""What live flows and segments cost customers who have nothing to do with them: the same events
with 10 and with 200 live flows, of which each event touches 5.

    python -m benchmarks.many_flows [--events N] [--profile | --json]

The engine as in a worker: the state is decoded before each event and encoded after it. CPU time,
the best of a few rounds that take turns.
"""

import argparse
import cProfile
import json
import pstats
import time
from typing import Any

from benchmarks.engine import MINUTE, ROUNDS, START, profile_of, without_collector
from streams.engine import (
    Effects,
    Event,
    Program,
    act,
    compile_program,
    decode_state,
    encode_state,
    new_state,
    read_definitions,
)

TOUCHED = 5
FEW, MANY = 10, 200
AT_MOST = 1.1
"""Times the cost with `FEW` flows."""
EVENTS_EACH = 8
TOUCHING = "search.performed"


def definitions(number: int) -> dict[str, Any]:
    """So many flows: `TOUCHED` that each search restarts, and others of all kinds."""
    flows = [_touched(n) for n in range(TOUCHED)]
    segments: list[dict[str, Any]] = []
    for n in range(number - TOUCHED):
        flow, segment = _OTHERS[n % len(_OTHERS)](n)
        flows.append(flow)
        segments += segment
    return {"flows": flows, "segments": segments, "store": {"profile": {"size": "number"}}}


def _touched(n: int) -> dict[str, Any]:
    return {
        "flow": f"touched-{n}",
        "trigger": {"metric": TOUCHING},
        "re_entry": "restart",
        "exit_on": [{"metric": "order.placed"}],
        "steps": [{"wait": f"{n + 1}d", "id": "pause"}, {"send": "email", "template": f"t{n}"}],
    }


Other = tuple[dict[str, Any], list[dict[str, Any]]]


def _flow(n: int, trigger: Any, *steps: Any) -> dict[str, Any]:
    mail = {"send": "email", "template": f"other-{n}"}
    return {"flow": f"other-{n}", "trigger": trigger, "steps": [*steps, mail]}


def _by_metric(n: int) -> Other:
    flow = _flow(n, {"metric": "view.list", "where": {"category": f"c{n}"}})
    return {**flow, "exit_on": [{"metric": "order.placed"}]}, []


def _by_segment_of_events(n: int) -> Other:
    condition = {"count": "wishlist.added", "in_last": f"{n + 1}d", "at_least": "3"}
    return _in_segment(n, condition)


def _by_segment_of_silence(n: int) -> Other:
    return _in_segment(n, {"since_last": "order.placed", "at_least": f"{90 + n}d"})


def _by_segment_of_the_profile(n: int) -> Other:
    return _in_segment(n, {"profile": "size", "equals": str(n)})


def _in_segment(n: int, condition: Any) -> Other:
    segment = f"segment-{n}"
    return _flow(n, {"segment": segment}), [{"segment": segment, "if": condition}]


def _with_a_wait_for_truth(n: int) -> Other:
    truth = {"count": "view.item", "in_last": "7d", "at_least": "2"}
    wait = {"wait_for": truth, "timeout": "30d", "id": "pause"}
    return _flow(n, {"metric": "wishlist.added"}, wait), []


def _by_date(n: int) -> Other:
    return _flow(n, {"date": "profile.birthday", "yearly": "true", "offset": f"-{n}d"}), []


_OTHERS = (
    _by_metric,
    _by_segment_of_events,
    _with_a_wait_for_truth,
    _by_segment_of_silence,
    _by_segment_of_the_profile,
    _by_date,
)


def program_of(number: int) -> Program:
    """The compiled set of so many flows."""
    read = read_definitions(definitions(number))
    if isinstance(read, list):
        raise SystemExit("\n".join(str(problem) for problem in read))
    return compile_program(read, version=f"{number} flows")


def searches(count: int) -> list[Event]:
    """So many searches, a minute apart for each customer."""
    customers = max(1, count // EVENTS_EACH)
    data = {"query": "white heart", "filters": {}, "results": 9}
    return [
        Event(
            TOUCHING,
            f"e{number}",
            f"C{number % customers:07}",
            START + number // customers * MINUTE,
            data,
        )
        for number in range(count)
    ]


def cost(program: Program, events: list[Event]) -> tuple[float, float]:
    """CPU microseconds of an event, the customer's first included; bytes of a state at the end."""
    stored: dict[str, bytes] = {}
    began = time.process_time()
    for event in events:
        before, effects = stored.get(event.customer_id), Effects()
        if before is None:
            state = new_state(event.customer_id)
            act(program, state, profile_of(event.customer_id), START - 1, effects)
        else:
            state = decode_state(before)
        act(program, state, event, event.occurred_at, effects)
        stored[event.customer_id] = encode_state(state)
    spent = time.process_time() - began
    return spent / len(events) * 1e6, sum(map(len, stored.values())) / len(stored)


def measure(count: int) -> list[dict[str, Any]]:
    """A line for each number of flows."""
    programs = {number: program_of(number) for number in (FEW, MANY)}
    events = searches(count)
    rounds = [
        {number: cost(program, events) for number, program in programs.items()}
        for _ in range(ROUNDS)
    ]
    best = {number: min(one[number][0] for one in rounds) for number in programs}
    return [
        {
            "flows": number,
            "us_an_event": best[number],
            "bytes_of_a_state": rounds[0][number][1],
            "times_the_cost": best[number] / best[FEW],
        }
        for number in programs
    ]


def main() -> None:
    """Prints the figures, or with --profile where the time goes with many flows."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=40_000)
    parser.add_argument("--profile", action="store_true")
    parser.add_argument("--json", action="store_true", help="print one list of lines")
    options = parser.parse_args()
    without_collector()
    if options.profile:
        program, events = program_of(MANY), searches(options.events)
        with cProfile.Profile() as profile:
            cost(program, events)
        pstats.Stats(profile).sort_stats("tottime").print_stats(25)
        return
    lines = measure(options.events)
    if options.json:
        print(json.dumps(lines))
        return
    for line in lines:
        print("  ".join(f"{name} {value:,.2f}" for name, value in line.items()))
    if lines[-1]["times_the_cost"] > AT_MOST:
        raise SystemExit(f"{MANY} flows cost more than {AT_MOST} times what {FEW} cost")


if __name__ == "__main__":
    main()
