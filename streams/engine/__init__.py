"""The pure engine: definitions, conditions, steps, journeys, sending rules. No Kafka, no clock, no
input or output; the same code live, in replay and in flow tests."""

from streams.engine.backfill import Backfill, NotAdded, Placed, backfill
from streams.engine.change import adapt
from streams.engine.check import read_definitions
from streams.engine.compile import compile_program
from streams.engine.decide import decide, fire
from streams.engine.definition import Definitions
from streams.engine.duration import next_midnight
from streams.engine.effects import (
    COUNTED,
    Decision,
    Effects,
    Interest,
    Outcome,
    ReviewRequest,
    SendCommand,
    WebhookCommand,
)
from streams.engine.event import (
    BETWEEN_TASKS,
    INPUTS,
    METRICS,
    TOPIC_ORDER,
    Event,
    Instant,
    topic_of,
)
from streams.engine.learning import Counts, counts_in
from streams.engine.looking_back import FurtherBack, further_back
from streams.engine.problem import Problem
from streams.engine.product import Change, Product, changes, follow, news
from streams.engine.program import Program
from streams.engine.purchase import Purchase
from streams.engine.recommendations import FACT as RECOMMENDATIONS
from streams.engine.recommendations import Recommendations
from streams.engine.review import Review, review
from streams.engine.room import LARGE_STATE, check_fits, make_room
from streams.engine.state import (
    CustomerState,
    Journey,
    JourneyState,
    NewerState,
    cart_of,
    decode_state,
    encode_state,
    is_forgotten,
    new_state,
    next_due_of,
)
from streams.engine.successor import successors
from streams.engine.visit import (
    Sieve,
    Visit,
    are_concerned_by,
    is_visit_needed,
    sieve,
    visit,
)

__all__ = [
    "BETWEEN_TASKS",
    "COUNTED",
    "INPUTS",
    "LARGE_STATE",
    "METRICS",
    "RECOMMENDATIONS",
    "TOPIC_ORDER",
    "Backfill",
    "Change",
    "Counts",
    "CustomerState",
    "Decision",
    "Definitions",
    "Effects",
    "Event",
    "FurtherBack",
    "Instant",
    "Interest",
    "Journey",
    "JourneyState",
    "NewerState",
    "NotAdded",
    "Outcome",
    "Placed",
    "Problem",
    "Product",
    "Program",
    "Purchase",
    "Recommendations",
    "Review",
    "ReviewRequest",
    "SendCommand",
    "Sieve",
    "Visit",
    "WebhookCommand",
    "adapt",
    "are_concerned_by",
    "backfill",
    "cart_of",
    "changes",
    "check_fits",
    "compile_program",
    "counts_in",
    "decide",
    "decode_state",
    "encode_state",
    "fire",
    "follow",
    "further_back",
    "is_forgotten",
    "is_visit_needed",
    "make_room",
    "new_state",
    "news",
    "next_due_of",
    "next_midnight",
    "read_definitions",
    "review",
    "sieve",
    "successors",
    "topic_of",
    "visit",
]
