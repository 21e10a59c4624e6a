"""Lists in `expect`: the fields of their entries, and those that identify an entry in a picture."""

from collections.abc import Mapping

import msgspec


class Entries(msgspec.Struct, frozen=True):
    """One kind of list. `fields` maps names in a case to those of the record; `shown` are names
    in a case."""

    fields: Mapping[str, str]
    shown: tuple[str, ...]


def _same(*names: str) -> dict[str, str]:
    return {name: name for name in names}


_JOURNEY = _same("flow", "flow_version", "step", "journey_id", "trigger_event_id")
_MESSAGE = _same(
    "send_id",
    "channel",
    "recipient",
    "template",
    "transactional",
    "expires_at",
    "variables",
    "items",
    "coupon",
    "utm",
    "locale",
    "coupon_expires_at",
    "timezone",
    "samples",
    "profile",
    "variable_currencies",
    "topic",
)

COMMAND_ENTRIES = Entries(
    {
        "at": "decided_at",
        "customer": "customer_id",
        **_MESSAGE,
        **_JOURNEY,
        **_same("not_before"),
    },
    ("at", "customer", "channel", "template", "flow"),
)
REVIEW_ENTRIES = Entries(
    {"at": "requested_at", "customer": "customer_id", **_MESSAGE, **_JOURNEY},
    ("at", "customer", "channel", "template", "flow"),
)
WEBHOOK_ENTRIES = Entries(
    {
        "at": "decided_at",
        "customer": "customer_id",
        **_same("webhook_id", "webhook", "data"),
        **_JOURNEY,
    },
    ("at", "customer", "webhook", "flow"),
)
DECISION_ENTRIES = Entries(
    {
        "customer": "customer_id",
        **_same("at", "flow", "flow_version", "journey_id", "step"),
        **_same("outcome", "reason", "evidence", "event_id"),
    },
    ("at", "customer", "flow", "step", "outcome", "reason"),
)
