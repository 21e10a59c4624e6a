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
from collections.abc import Iterator
from typing import Any

import msgspec

from streams.definitions.load import load_folder
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
from streams.resources import example_flows_dir

EVENTS_EACH = 20
START = 1_772_445_600_000
MINUTE = 60_000
ROUNDS = 3
ORDERS, CARTS = 0.2, 0.5  # cumulative shares; the rest are searches
NOBODYS_METRIC = "view.list"
DECODE, ENCODE = "decode", "encode"

_encode_event = msgspec.msgpack.Encoder().encode
_decode_event = msgspec.msgpack.Decoder(Event).decode


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
    items: list[dict[str, Any]] = [
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


def profile_of(customer: str) -> Event:
    """What makes a customer one who can be written to."""
    profile = {"email": f"{customer}@example.com", "consent": ["email"]}
    return Event("customer.updated", "p", customer, START - 1, {"set": profile, "unset": []})


def without_collector() -> None:
    """As in a worker, where the collector is frozen and run by hand."""
    gc.collect()
    gc.freeze()
    gc.disable()


class Round(msgspec.Struct):
    """What one pass over the events cost, in seconds, and what came of it."""

    spent: dict[str, float] = {}  # by part: decode, encode, and by metric what deciding took
    number: dict[str, int] = {}
    sizes: list[int] = []
    commands: int = 0
    decisions: int = 0


def run(program: Program, events: list[bytes]) -> Round:
    """Every event as a worker sees it: just decoded, with a state that is decoded for it and
    encoded after it."""
    clock, result = time.perf_counter, Round()
    spent, number = result.spent, result.number
    stored: dict[str, bytes] = {}
    for encoded in events:
        event = _decode_event(encoded)
        before = stored.get(event.customer_id)
        if before is None:
            state = new_state(event.customer_id)
            act(program, state, profile_of(event.customer_id), START - 1, Effects())
            before = encode_state(state)
        effects = Effects()
        start = clock()
        state = decode_state(before)
        decoded = clock()
        act(program, state, event, event.occurred_at, effects)
        decided = clock()
        after = encode_state(state)
        end = clock()
        stored[event.customer_id] = after
        for part, cost in (
            (DECODE, decoded - start),
            (event.metric, decided - decoded),
            (ENCODE, end - decided),
        ):
            spent[part] = spent.get(part, 0.0) + cost
            number[part] = number.get(part, 0) + 1
        result.commands += len(effects.commands)
        result.decisions += len(effects.decisions)
    result.sizes = [len(state) for state in stored.values()]
    return result


def figures(count: int) -> Iterator[tuple[str, str]]:
    """Name and value of every figure."""
    program = shop_program()
    events = [_encode_event(event) for event in mix(count)]
    rounds = [run(program, events) for _ in range(ROUNDS)]
    parts = rounds[0].number
    cost = {part: min(one.spent[part] for one in rounds) / parts[part] * 1e6 for part in parts}
    metrics = [part for part in parts if part not in (DECODE, ENCODE)]
    mean = sum(cost[metric] * parts[metric] for metric in metrics) / count
    yield "decide, mean of the mix", f"{mean:.2f} us"
    for metric in metrics:
        yield f"decide, {metric}", f"{cost[metric]:.2f} us"
    nobodys = [
        _encode_event(msgspec.structs.replace(event, metric=NOBODYS_METRIC, data={}))
        for event in mix(count)
    ]
    alone = min(run(program, nobodys).spent[NOBODYS_METRIC] for _ in range(ROUNDS))
    yield "decide, a metric of no flow", f"{alone / count * 1e6:.2f} us"
    yield "decode a state", f"{cost[DECODE]:.2f} us"
    yield "encode a state", f"{cost[ENCODE]:.2f} us"
    sizes = rounds[0].sizes
    yield f"state after {EVENTS_EACH} events", f"{sum(sizes) / len(sizes):.0f} bytes"
    yield "commands per event", f"{rounds[0].commands / count:.2f}"
    yield "decisions per event", f"{rounds[0].decisions / count:.2f}"


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
        program, events = shop_program(), [_encode_event(event) for event in mix(options.events)]
        with cProfile.Profile() as profile:
            run(program, events)
        pstats.Stats(profile).sort_stats("tottime").print_stats(40)
        return
    for name, value in figures(options.events):
        print(f"{name:32} {value:>12}")


if __name__ == "__main__":
    main()
