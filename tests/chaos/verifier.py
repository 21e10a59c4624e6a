"""What must have come of the inputs, told from the inputs alone, and how what came differs from it.

It knows the flows of the storm and nothing of the product: a command for every order, one more for
everybody's third, one for every cart that was left; and in the states, how many orders there were.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import NamedTuple

FLOWS = {
    "thanks": """\
flow: thanks
status: live
trigger: {metric: order.placed}
transactional: true
steps: [{send: email, template: thanks}]
""",
    "third": """\
flow: third
status: live
trigger: {metric: order.placed}
filter: {count: order.placed, equals: 3}
transactional: true
steps: [{send: email, template: third}]
""",
    "cart": """\
flow: cart
status: live
trigger: {metric: cart.updated}
transactional: true
steps: [{wait: 1s, id: pause}, {send: email, template: cart}]
""",
}
"""The third order is only the third if each was applied once; a cart's timer has to survive."""


class Happened(NamedTuple):
    """One event of an input, in its partition's order."""

    metric: str
    customer: str
    event_id: str


class Command(NamedTuple):
    """One command, as a reader of committed records sees it."""

    send_id: str
    customer: str
    template: str
    event_id: str


Sent = tuple[str, str, str]
"""Customer, template, the event that it's about."""


def expected(events: Iterable[Happened]) -> Counter[Sent]:
    """The commands that must be there, each once."""
    commands: Counter[Sent] = Counter()
    orders: Counter[str] = Counter()
    for event in events:
        if event.metric == "cart.updated":
            commands[event.customer, "cart", event.event_id] += 1
            continue
        orders[event.customer] += 1
        commands[event.customer, "thanks", event.event_id] += 1
        if orders[event.customer] == 3:
            commands[event.customer, "third", event.event_id] += 1
    return commands


def differences(
    events: list[Happened], commands: list[Command], orders_in_states: dict[str, int]
) -> Iterator[str]:
    """What is wrong, in words; nothing, if all is well."""
    must, there = expected(events), Counter(command[1:] for command in commands)
    for sent in sorted((must - there).elements()):
        yield f"lost: {sent}"
    for sent in sorted((there - must).elements()):
        yield f"{'doubled' if sent in must else 'never to be sent'}: {sent}"
    for send_id, number in Counter(command.send_id for command in commands).items():
        if number > 1:
            yield f"{number} commands have the id {send_id}"
    orders = Counter(event.customer for event in events if event.metric == "order.placed")
    for customer in sorted(orders.keys() | orders_in_states.keys()):
        known, placed = orders_in_states.get(customer, 0), orders[customer]
        if known != placed:
            yield f"the state of {customer} knows of {known} orders, there were {placed}"
