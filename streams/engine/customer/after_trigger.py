"""The past events that happened after a journey's trigger (SEMANTICS 1.9).

Shops date to the second, and webhooks overtake each other. So an event of the trigger's own moment
counts too, unless it has the trigger's metric and was processed before it:

    before the trigger   |  the trigger's own moment                  |  later
    doesn't count        |  another metric: counts                    |  counts
                         |  the same metric: counts if processed later |

A segment, a date or a schedule has no metric; of the events of its moment, only the one that made P
a member doesn't count.
"""

import bisect
from collections.abc import Sequence

from streams.engine.customer.journey import Journey
from streams.engine.customer.past import Occurrence, Past


def after_trigger(past: Past, metric: str, journey: Journey) -> Sequence[Occurrence]:
    """The events of `past`, which are of `metric`, that happened after the trigger of `journey`."""
    started_at = journey.started_at
    if not past.times or past.at(-1) < started_at:  # the common case
        return ()
    if journey.trigger_metric == metric:
        bound = (started_at, journey.sequence + 1)
        return past[bisect.bisect_left(past, bound, key=_place) :]
    events = past[bisect.bisect_left(range(len(past)), started_at, key=past.at) :]
    if journey.trigger_metric is None and journey.trigger_event_id is not None:
        return [event for event in events if event.sequence != journey.sequence]
    return events


def _place(event: Occurrence) -> tuple[int, int]:
    return event.at, event.sequence
