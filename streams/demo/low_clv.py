"""The work of the flow low-clv in the demo's year, and one customer for each way in which its week
can end. All of it is read off its decisions."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

import msgspec

from streams.engine.effects import Outcome
from streams.kafka.topic_reader import TopicReader
from streams.replay.history import read_history
from streams.replay.timeline import Line, Timeline, customer_timeline

FLOW = "low-clv"
COUPON_MAIL, REMINDER = "low-clv-coupon", "low-clv-reminder"
_ORDERS, _IS_MEMBER = "count order.placed", f"segment {FLOW}"

REMINDED, BOUGHT, LEFT = "reminded", "bought", "left"
"""Ways in which the week after the mail can end: the reminder; none because of an order, though the
customer is still in the segment; none because they are no longer in it."""
WAYS = (REMINDED, BOUGHT, LEFT)


class Example(msgspec.Struct, frozen=True):
    """One journey of the flow."""

    customer_id: str
    journey_id: str


class LowClvCounts(msgspec.Struct, frozen=True):
    """`entered`: journeys; `mailed`, `reminded`: commands of the two mails; `bought`, `left`: weeks
    that ended without a reminder. `examples`: one for each way."""

    entered: int
    mailed: int
    reminded: int
    bought: int
    left: int
    examples: dict[str, Example]


class LowClvTally:
    """Counts the decisions of the flow."""

    def __init__(self) -> None:
        self._number: Counter[str] = Counter()
        self._mailed: set[str] = set()  # journeys
        self._best: dict[str, tuple[Any, ...]] = {}

    def add(self, decision: Mapping[str, Any]) -> None:
        """Counts a decision of any flow."""
        if decision["flow"] != FLOW:
            return
        outcome = decision["outcome"]
        if outcome == Outcome.ENTERED.value:
            self._number[outcome] += 1
        elif outcome == Outcome.SENT.value:
            self._number[decision["step"]] += 1
            if decision["step"] == COUPON_MAIL:
                self._mailed.add(decision["journey_id"])
            else:
                self._keep(REMINDED, decision)
        elif outcome == Outcome.BRANCH.value and decision["reason"] == "else":
            way = _way_of(decision["evidence"])
            if way is not None:
                self._number[way] += 1
                self._keep(way, decision)

    def counts(self) -> LowClvCounts:
        """The counts so far."""
        number = self._number
        return LowClvCounts(
            entered=number[Outcome.ENTERED.value],
            mailed=number[COUPON_MAIL],
            reminded=number[REMINDER],
            bought=number[BOUGHT],
            left=number[LEFT],
            examples={way: Example(*self._best[way][-2:]) for way in WAYS if way in self._best},
        )

    def _keep(self, way: str, decision: Mapping[str, Any]) -> None:
        """Keeps the one example of a way: whoever got the first mail, and has left the segment
        without an order, comes before others; then the first by time and id, the same in every
        run."""
        found = (
            decision["journey_id"] not in self._mailed,
            way == LEFT and decision["evidence"].get(_ORDERS, 0) > 0,
            decision["at"],
            decision["customer_id"],
            decision["journey_id"],
        )
        self._best[way] = min(self._best.get(way, found), found)


def _way_of(evidence: Mapping[str, Any]) -> str | None:
    """The way in which a week without a reminder ended; None: by other conditions than those of the
    example shop."""
    if evidence.get(_IS_MEMBER) is False:
        return LEFT
    return BOUGHT if evidence.get(_ORDERS, 0) > 0 else None


class Story(msgspec.Struct, frozen=True):
    """The flow's decisions about one customer, and their orders in between."""

    way: str
    customer_id: str
    timezone: str
    lines: list[Line]


def tell_stories(reader: TopicReader, counts: LowClvCounts) -> list[Story]:
    """One story for each way in which a customer's week has ended. Raises Refused."""
    return [
        story_of(way, example, customer_timeline(read_history(reader, example.customer_id)))
        for way, example in counts.examples.items()
    ]


def story_of(way: str, example: Example, timeline: Timeline) -> Story:
    """The lines of the journey in the customer's timeline but its end, and the orders in
    between."""
    own = [line for line in timeline.lines if _is_of(example.journey_id, line)]
    began, ended = own[0].at, own[-1].at
    lines = [
        line
        for line in timeline.lines
        if line in own or (_is_order(line) and began <= line.at <= ended)
    ]
    return Story(way, timeline.customer_id, timeline.timezone, lines)


def _is_of(journey_id: str, line: Line) -> bool:
    return (
        line.kind == "decision"
        and line.data["journey_id"] == journey_id
        and line.data["outcome"] != Outcome.EXITED.value
    )


def _is_order(line: Line) -> bool:
    return line.kind == "event" and line.data["metric"] == "order.placed"
