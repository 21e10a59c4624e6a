"""What deciding costs: the engine alone, on the mix of the comparison, with the shop's flows.

    python -m benchmarks.engine [--events N] [--profile]

20 % orders with three items, 30 % carts with two, 50 % searches. Each line is the best of a few
rounds, because other work on the machine only ever adds time.
"""

import argparse
import cProfile
import gc
import pstats
import random
import time
from collections.abc import Callable, Iterator
from typing import Any

from streams.definitions.load import load_folder
from streams.engine import (
    CustomerState,
    Effects,
    Event,
    Program,
    compile_program,
    decide,
    decode_state,
    encode_state,
    new_state,
    read_definitions,
)
from streams.resources import example_flows_dir

EVENTS_EACH = 20
START = 1_772_445_600_000
MINUTE = 60_000
ROUNDS = 3
ORDERS, CARTS = 0.2, 0.5  # cumulative shares; the rest are searches
NOBODYS_METRIC = "view.list"


def mix(count: int, seed: int = 1) -> list[Event]:
    """`count` events, a minute apart for each customer."""
    chance = random.Random(seed)
    customers = max(1, count // EVENTS_EACH)
    events = []
    for number in range(count):
        share = chance.random()
        if share < ORDERS:
            metric, data = (
                "order.placed",
                {"order_id": str(number), "tags": [], **_basket(chance, 3)},
            )
        elif share < CARTS:
            metric, data = "cart.updated", {"cart_id": str(number), **_basket(chance, 2)}
        else:
            metric, data = "search.performed", {"query": "white heart", "filters": {}, "results": 9}
        customer = f"C{number % customers:07}"
        at = START + number // customers * MINUTE
        events.append(Event(metric, f"e{seed}-{number}", customer, at, data))
    return events


def _basket(chance: random.Random, lines: int) -> dict[str, Any]:
    items = [
        {
            "sku": f"SKU{chance.randrange(4000):05}",
            "name": "WHITE HANGING HEART T-LIGHT HOLDER",
            "quantity": chance.randrange(1, 9),
            "unit_price": chance.randrange(100, 5000),
            "category": "home",
            "url": None,
            "image_url": None,
        }
        for _ in range(lines)
    ]
    total = sum(item["quantity"] * item["unit_price"] for item in items)
    return {"total": total, "currency": "GBP", "items": items}


def customers_of(program: Program, events: list[Event]) -> dict[str, CustomerState]:
    """States of the events' customers, who can all be written to."""
    states: dict[str, CustomerState] = {}
    for event in events:
        if event.customer_id not in states:
            state = states[event.customer_id] = new_state(event.customer_id)
            profile = {"email": f"{event.customer_id}@example.com", "consent": ["email"]}
            data = {"set": profile, "unset": []}
            patch = Event("customer.updated", "p", event.customer_id, START - 1, data)
            decide(program, state, patch, START - 1, Effects())
    return states


def run(program: Program, events: list[Event], states: dict[str, CustomerState]) -> Effects:
    """All events, one after the other."""
    effects = Effects()
    for event in events:
        decide(program, states[event.customer_id], event, event.occurred_at, effects)
    return effects


def without_collector() -> None:
    """As in a worker, where the collector is frozen and run by hand."""
    gc.collect()
    gc.freeze()
    gc.disable()


def best(measure: Callable[[], float]) -> float:
    """The best of a few rounds."""
    return min(measure() for _ in range(ROUNDS))


def decide_cost(program: Program, events: list[Event]) -> dict[str, float]:
    """Microseconds per event: of all, and by metric."""
    whole, by_metric = float("inf"), dict.fromkeys({event.metric for event in events}, float("inf"))
    for _ in range(ROUNDS):
        states = customers_of(program, events)
        start = time.perf_counter()
        run(program, events, states)
        whole = min(whole, time.perf_counter() - start)
        for metric, cost in _by_metric(program, events).items():
            by_metric[metric] = min(by_metric[metric], cost)
    return {"all": whole / len(events) * 1e6, **by_metric}


def _by_metric(program: Program, events: list[Event]) -> dict[str, float]:
    states = customers_of(program, events)
    effects, clock = Effects(), time.perf_counter
    spent: dict[str, float] = {}
    number: dict[str, int] = {}
    for event in events:
        state = states[event.customer_id]
        start = clock()
        decide(program, state, event, event.occurred_at, effects)
        spent[event.metric] = spent.get(event.metric, 0.0) + clock() - start
        number[event.metric] = number.get(event.metric, 0) + 1
    return {metric: spent[metric] / number[metric] * 1e6 for metric in spent}


def codec_cost(states: list[CustomerState]) -> tuple[float, float, float]:
    """Microseconds to encode and to decode a state, and its bytes, on average."""
    encoded = [encode_state(state) for state in states]

    def timed(work: Callable[[Any], object], values: list[Any]) -> float:
        start = time.perf_counter()
        for value in values:
            work(value)
        return (time.perf_counter() - start) / len(values) * 1e6

    encode = best(lambda: timed(encode_state, states))
    decode = best(lambda: timed(decode_state, encoded))
    return encode, decode, sum(map(len, encoded)) / len(encoded)


def figures(count: int) -> Iterator[tuple[str, str]]:
    """Name and value of every figure."""
    program = shop_program()
    events = mix(count)
    for name, cost in decide_cost(program, events).items():
        yield f"decide, {name}", f"{cost:.2f} us"
    nobodys = [Event(NOBODYS_METRIC, e.event_id, e.customer_id, e.occurred_at, {}) for e in events]
    yield "decide, a metric of no flow", f"{decide_cost(program, nobodys)['all']:.2f} us"
    states = customers_of(program, events)
    effects = run(program, events, states)
    yield "commands per event", f"{len(effects.commands) / count:.2f}"
    yield "decisions per event", f"{len(effects.decisions) / count:.2f}"
    encode, decode, size = codec_cost(list(states.values()))
    yield "encode a state", f"{encode:.2f} us"
    yield "decode a state", f"{decode:.2f} us"
    yield f"state after {EVENTS_EACH} events", f"{size:.0f} bytes"


def shop_program() -> Program:
    """The shop's flows, compiled."""
    loaded = load_folder(example_flows_dir())
    definitions = read_definitions(loaded.raw)
    if isinstance(definitions, list):
        raise SystemExit("\n".join(str(problem) for problem in definitions))
    return compile_program(definitions, version="shop")


def main() -> None:
    """Prints the figures, or with --profile where the time goes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=100_000)
    parser.add_argument("--profile", action="store_true")
    options = parser.parse_args()
    without_collector()
    if options.profile:
        program, events = shop_program(), mix(options.events)
        states = customers_of(program, events)
        with cProfile.Profile() as profile:
            run(program, events, states)
        pstats.Stats(profile).sort_stats("tottime").print_stats(30)
        return
    for name, value in figures(options.events):
        print(f"{name:32} {value:>12}")


if __name__ == "__main__":
    main()
