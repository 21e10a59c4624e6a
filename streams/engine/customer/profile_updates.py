"""Changes of profile and reachability: patches of the profile (SEMANTICS 7.5), consent, and
suppression of channels (4.6).

Causes of suppression, their effect and their end:

    cause          marketing  transactional  ends with
    unsubscribed   forbids    allows         a later subscription
    complaint      forbids    forbids        a later subscription; a new address lifts the ban on
                                             transactional messages (`unsubscribed` stays)
    hard_bounce    forbids    forbids        a new address
    soft_bounces   forbids    forbids        a new address, a delivery
"""

from typing import Any

from streams.engine.customer.state import CustomerState
from streams.engine.values import Instant

ADDRESS_FIELDS = {"email": "email", "sms": "phone", "push": "push_token"}
"""Channel -> profile field of the address. A web message is addressed to the customer id, which the
shop's page knows."""

PATCHED = "customer.updated"

UNSUBSCRIBED = "unsubscribed"
COMPLAINT = "complaint"
HARD_BOUNCE = "hard_bounce"
SOFT_BOUNCES = "soft_bounces"
SOFT_BOUNCE_LIMIT = 7

FORBID_ALL = frozenset({COMPLAINT, HARD_BOUNCE, SOFT_BOUNCES})
"""Causes that forbid transactional messages too."""

_CHANNEL_OF_FIELD = {field: channel for channel, field in ADDRESS_FIELDS.items()}


def address_of(state: CustomerState, channel: str) -> str | None:
    """The customer's address on `channel`; None without one, or if it is no text."""
    field = ADDRESS_FIELDS.get(channel)
    if field is None:
        return state.customer_id
    address = state.profile.get(field)
    return address if isinstance(address, str) else None


def is_profile_known(state: CustomerState) -> bool:
    """True if a patch of the profile was ever processed."""
    return PATCHED in state.recent


def is_first_patch(state: CustomerState) -> bool:
    """True if only one patch of the profile was ever processed."""
    return state.recent[PATCHED].total == 1


def may_be_marketed_to(state: CustomerState, channel: str) -> bool:
    """True if the customer consented to marketing on `channel` and it isn't suppressed."""
    return channel in state.profile.get("consent", ()) and channel not in state.suppressed


def patched_at(state: CustomerState, field: str) -> Instant | None:
    """The time of the last patch of a field, None if there was none. A field of the profile without
    a time of its own shares `state.patched_at`, as most do: a patch changes several."""
    if field in state.profile_at:
        return state.profile_at[field]
    return state.patched_at if field in state.profile else None


def patch_times(state: CustomerState) -> dict[str, Instant]:
    """The time of the last patch of each field."""
    fields = dict.fromkeys((*state.profile, *state.profile_at))
    return {field: at for field in fields if (at := patched_at(state, field)) is not None}


def apply_customer_updated(state: CustomerState, data: dict[str, Any], at: Instant) -> None:
    """Sets and unsets the fields of the patch that no later patch has changed (7.5)."""
    for field, value in (data.get("set") or {}).items():
        set_field(state, field, value, at)
    for field in data.get("unset") or ():
        set_field(state, field, None, at)


def set_field(state: CustomerState, field: str, value: Any, at: Instant) -> None:
    """Sets one field, or unsets it for None, unless a later patch has changed it."""
    touched = patched_at(state, field)
    if touched is not None and at < touched:
        return
    if not state.profile:
        state.patched_at = at
    if field == "consent":
        _set_consent(state, value if isinstance(value, list) else (), at)
        _mark_patched(state, field, at)
        return
    before = state.profile.get(field)
    if value is None:
        state.profile.pop(field, None)
    else:
        state.profile[field] = value
    _mark_patched(state, field, at)
    channel = _CHANNEL_OF_FIELD.get(field)
    if channel is not None and value != before:
        _start_clean(state, channel)


def apply_customer_subscribed(state: CustomerState, data: dict[str, Any], at: Instant) -> None:
    """Grants consent on a channel and lifts unsubscription and complaint."""
    channel = data["channel"]
    if not _is_newest(state, channel, at):
        return
    _lift(state, channel, UNSUBSCRIBED)
    _lift(state, channel, COMPLAINT)
    patched = patched_at(state, "consent")
    if patched is None:
        state.profile_at["consent"] = None
    if patched is None or at >= patched:
        granted = state.profile.get("consent", [])
        if channel not in granted:
            state.profile["consent"] = [*granted, channel]


def apply_customer_unsubscribed(state: CustomerState, data: dict[str, Any], at: Instant) -> None:
    """Suppresses marketing on a channel."""
    channel = data["channel"]
    if _is_newest(state, channel, at):
        _suppress(state, channel, UNSUBSCRIBED)


def apply_message_delivered(state: CustomerState, data: dict[str, Any], at: Instant) -> None:
    """Ends the series of soft bounces of the address (4.6)."""
    channel = data["channel"]
    if _is_present_address(state, channel, data):
        state.soft_bounces.pop(channel, None)
        _lift(state, channel, SOFT_BOUNCES)


def apply_message_bounced(state: CustomerState, data: dict[str, Any], at: Instant) -> None:
    """Suppresses the address after a hard bounce or the seventh soft bounce in a row. A bounce of a
    former address doesn't affect the present one."""
    channel = data["channel"]
    if not _is_present_address(state, channel, data):
        return
    if data["kind"] == "hard":
        _suppress(state, channel, HARD_BOUNCE)
        return
    in_a_row = state.soft_bounces.get(channel, 0) + 1
    state.soft_bounces[channel] = in_a_row
    if in_a_row >= SOFT_BOUNCE_LIMIT:
        _suppress(state, channel, SOFT_BOUNCES)


def apply_message_complained(state: CustomerState, data: dict[str, Any], at: Instant) -> None:
    """Suppresses all messages to the address, and marketing to any other."""
    channel = data["channel"]
    if _is_newest(state, channel, at):
        _suppress(state, channel, UNSUBSCRIBED)
        if _is_present_address(state, channel, data):
            _suppress(state, channel, COMPLAINT)


def _is_newest(state: CustomerState, channel: str, at: Instant) -> bool:
    """True unless a later subscription or unsubscription of the channel is known; records this
    one."""
    field = f"consent.{channel}"
    touched = state.profile_at.get(field)
    if touched is not None and at < touched:
        return False
    state.profile_at[field] = at
    return True


def _mark_patched(state: CustomerState, field: str, at: Instant) -> None:
    """Records the time of a patch. If no field of the profile shares `state.patched_at` any longer,
    this time takes its place."""
    own, profile = state.profile_at, state.profile
    if field in profile and at == state.patched_at:
        own.pop(field, None)
        return
    own[field] = at
    if field in profile and all(name in own for name in profile):
        state.patched_at = at
        for name in profile:
            if own[name] == at:
                del own[name]


def _set_consent(state: CustomerState, granted: Any, at: Instant) -> None:
    """Replaces the list, except for channels with a subscription later than the patch."""
    before = state.profile.get("consent", ())
    consent = []
    for channel in dict.fromkeys((*granted, *before)):
        subscribed_at = state.profile_at.get(f"consent.{channel}")
        is_older = subscribed_at is not None and at < subscribed_at
        if channel in (before if is_older else granted):
            consent.append(channel)
    if consent:
        state.profile["consent"] = consent
    else:
        state.profile.pop("consent", None)


def _is_present_address(state: CustomerState, channel: str, data: dict[str, Any]) -> bool:
    address = data.get("address")
    return address is None or address == address_of(state, channel)


def _start_clean(state: CustomerState, channel: str) -> None:
    state.soft_bounces.pop(channel, None)
    for cause in FORBID_ALL:
        _lift(state, channel, cause)


def _suppress(state: CustomerState, channel: str, cause: str) -> None:
    causes = state.suppressed.get(channel, [])
    if cause not in causes:
        state.suppressed[channel] = [*causes, cause]


def _lift(state: CustomerState, channel: str, cause: str) -> None:
    causes = state.suppressed.get(channel)
    if causes is None or cause not in causes:
        return
    remaining = [other for other in causes if other != cause]
    if remaining:
        state.suppressed[channel] = remaining
    else:
        del state.suppressed[channel]
