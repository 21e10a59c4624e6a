"""What starts a flow: one module per trigger, named after its key."""

from collections.abc import Mapping

from streams.engine.reading import Member
from streams.engine.triggers import date, metric, once, schedule, segment

TRIGGERS: Mapping[str, Member] = {
    "metric": metric,
    "segment": segment,
    "schedule": schedule,
    "once": once,
    "date": date,
}
