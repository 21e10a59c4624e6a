"""Changes of profile and reachability: patches of the profile (SEMANTICS 7.5), consent, and
suppression of channels (4.6).

Causes of suppression, their effect and their end:

    cause          marketing  transactional  ends with
    unsubscribed   forbids    allows         a later subscription
    complaint      forbids    forbids        a later subscription; a new address lifts the ban on
                                             transactional messages (`unsubscribed` stays)
    hard_bounce    forbids    forbids        a new address
    soft_bounces   forbids    forbids        a new address, a delivery

A topic that P has left on a channel is kept among the suppressed channels (`topic_left`), with the
cause `unsubscribed`. It forbids marketing about the topic, until P subscribes to it again.

A transactional message may go to the address of an order where the profile has none. If such an
address bounced for good or complained, it is kept there, too (`suppressed_address`). Once the
profile has it, its causes become those of the channel.
"""

from typing import Any

from streams.engine.customer.addresses import (
    ADDRESS_FIELDS,
    CHANNEL_OF_FIELD,
    as_compared,
    as_kept,
    is_well_formed,
)
from streams.engine.customer.followed import note_report
from streams.engine.customer.state import CustomerState
from streams.engine.values import (
    ALL_CHANNELS,
    CHANNELS,
    ID_HASH,
    Instant,
    id_hash,
    is_among,
    phone_country,
)

PATCHED = "customer.updated"

UNSUBSCRIBED = "unsubscribed"
COMPLAINT = "complaint"
HARD_BOUNCE = "hard_bounce"
SOFT_BOUNCES = "soft_bounces"
SOFT_BOUNCE_LIMIT = 7

MOST_BORROWED = 50
"""Limit on suppressed addresses that the profile doesn't have: the oldest is forgotten."""

FORBID_ALL = frozenset({COMPLAINT, HARD_BOUNCE, SOFT_BOUNCES})
"""Causes that forbid transactional messages too."""


def address_of(state: CustomerState, channel: str, country: str | None = None) -> str | None:
    """The customer's address on `channel`; None without one, or if it is no text. The profile may
    hold a phone number as it was given: a national one is of the customer's country, else of the
    store's `country`."""
    field = ADDRESS_FIELDS.get(channel)
    if field is None:
        return state.customer_id
    address = as_address(state, channel, state.profile.get(field), country)
    return address if isinstance(address, str) else None


def as_address(state: CustomerState, channel: str, found: Any, country: str | None) -> Any:
    """An address of the customer that was `found` somewhere, as the profile would keep it."""
    if not isinstance(found, str):
        return found
    if channel != "sms":
        return found.strip()
    if is_well_formed(channel, found):
        return found
    return as_kept(channel, found, phone_country(state.profile.get("country"), country))


def bad_addresses(state: CustomerState, data: dict[str, Any]) -> int:
    """How many addresses of the patch can't be read as such: they are kept as given, and never sent
    to (SEMANTICS 8.2)."""
    given = data.get("set") or {}
    return sum(
        field in given and field in state.profile and not is_well_formed(channel, address)
        for channel, field in ADDRESS_FIELDS.items()
        for address in [state.profile.get(field)]
    )


def is_profile_known(state: CustomerState) -> bool:
    """True if a patch of the profile was ever processed."""
    return PATCHED in state.recent


def is_first_patch(state: CustomerState) -> bool:
    """True if only one patch of the profile was ever processed."""
    return state.recent[PATCHED].total == 1


def may_be_marketed_to(state: CustomerState, channel: str) -> bool:
    """True if the customer consented to marketing on `channel` and it isn't suppressed."""
    return channel in state.profile.get("consent", ()) and channel not in state.suppressed


def topic_left(channel: str, topic: str) -> str:
    """The key in `CustomerState.suppressed` of a topic that P has left on a channel."""
    return f"{channel}:{topic.strip().lower()}"


def suppressed_address(
    state: CustomerState, channel: str, address: str, country: str | None
) -> str:
    """The key in `CustomerState.suppressed` of an address that the profile doesn't have."""
    country = phone_country(state.profile.get("country"), country)
    return f"{channel}={as_compared(channel, address, country)}"


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


def apply_customer_updated(
    state: CustomerState, data: dict[str, Any], at: Instant, country: str | None = None
) -> None:
    """Sets and unsets the fields of the patch that no later patch has changed (7.5). `country`: the
    store's, of national phone numbers."""
    given = data.get("set") or {}
    if "country" in given:  # before the phone number, which it explains
        set_field(state, "country", given["country"], at)
        _read_phone_again(state)
    for field, value in given.items():
        if field != "country":
            set_field(state, field, value, at, country)
    for field in data.get("unset") or ():
        set_field(state, field, None, at)


def _read_phone_again(state: CustomerState) -> None:
    """A national number that came before the country."""
    phone = state.profile.get("phone")
    if isinstance(phone, str) and not is_well_formed("sms", phone):
        state.profile["phone"] = as_kept("sms", phone, phone_country(state.profile.get("country")))


def set_field(
    state: CustomerState, field: str, value: Any, at: Instant, country: str | None = None
) -> None:
    """Sets one field, or unsets it for None, unless a later patch has changed it. `country`: the
    store's, of national phone numbers."""
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
    channel = CHANNEL_OF_FIELD.get(field)
    if channel is not None:
        country = phone_country(state.profile.get("country"), country)
        value = as_kept(channel, value, country) if isinstance(value, str) else value
    if value is None:
        state.profile.pop(field, None)
    else:
        state.profile[field] = value
    _mark_patched(state, field, at)
    if channel is not None and not _is_same_address(channel, value, before, country):
        _start_clean(state, channel)
        if state.suppressed and isinstance(value, str):
            known = state.suppressed.pop(suppressed_address(state, channel, value, country), ())
            for cause in known:
                _suppress(state, channel, cause)


def apply_customer_subscribed(state: CustomerState, data: dict[str, Any], at: Instant) -> None:
    """Grants consent on a channel and lifts unsubscription and complaint. With a topic, P takes up
    the topic on the channel again, and nothing else changes."""
    channel, topic = data["channel"], data.get("topic")
    if topic is not None:
        if _is_newest(state, topic_left(channel, topic), at):
            _lift(state, topic_left(channel, topic), UNSUBSCRIBED)
        return
    if not _is_newest(state, channel, at):
        return
    _lift(state, channel, UNSUBSCRIBED)
    _lift(state, channel, COMPLAINT)
    for key in [key for key in state.suppressed if key.startswith(f"{channel}=")]:
        _lift(state, key, COMPLAINT)
    patched = patched_at(state, "consent")
    if patched is None:
        state.profile_at["consent"] = None
    if patched is None or at >= patched:
        granted = state.profile.get("consent", [])
        if channel not in granted:
            state.profile["consent"] = [*granted, channel]


def apply_customer_unsubscribed(state: CustomerState, data: dict[str, Any], at: Instant) -> None:
    """Suppresses marketing on a channel, or on all; with a topic, marketing about it alone."""
    channel, topic = data["channel"], data.get("topic")
    for one in CHANNELS if channel == ALL_CHANNELS else (channel,):
        key = one if topic is None else topic_left(one, topic)
        if _is_newest(state, key, at):
            _suppress(state, key, UNSUBSCRIBED)


def apply_message_delivered(
    state: CustomerState, data: dict[str, Any], at: Instant, country: str | None = None
) -> None:
    """Ends the series of soft bounces of the address (4.6)."""
    if state.followed:
        note_report(state, data, at, "delivered")
    channel = data["channel"]
    if _is_present_address(state, channel, data, country):
        state.soft_bounces.pop(channel, None)
        _lift(state, channel, SOFT_BOUNCES)


def apply_message_bounced(
    state: CustomerState, data: dict[str, Any], at: Instant, country: str | None = None
) -> None:
    """Suppresses the address after a hard bounce or the seventh soft bounce in a row. A bounce of a
    former address doesn't affect the present one."""
    if state.followed:
        note_report(state, data, at, "bounced")
    channel = data["channel"]
    if not _is_present_address(state, channel, data, country):
        if data["kind"] == "hard":
            _suppress_if_borrowed(state, channel, data, HARD_BOUNCE, country)
        return
    if data["kind"] == "hard":
        _suppress(state, channel, HARD_BOUNCE)
        return
    in_a_row, message = state.soft_bounces.get(channel, b""), id_hash(data["send_id"])
    if is_among(message, in_a_row):
        return  # the same message reported again (8.8)
    in_a_row = (in_a_row + message)[-SOFT_BOUNCE_LIMIT * ID_HASH :]
    state.soft_bounces[channel] = in_a_row
    if len(in_a_row) >= SOFT_BOUNCE_LIMIT * ID_HASH:
        _suppress(state, channel, SOFT_BOUNCES)


def apply_message_complained(
    state: CustomerState, data: dict[str, Any], at: Instant, country: str | None = None
) -> None:
    """Suppresses all messages to the address, and marketing to any other."""
    channel = data["channel"]
    if _is_newest(state, channel, at):
        _suppress(state, channel, UNSUBSCRIBED)
        if _is_present_address(state, channel, data, country):
            _suppress(state, channel, COMPLAINT)
        else:
            _suppress_if_borrowed(state, channel, data, COMPLAINT, country)


def _suppress_if_borrowed(
    state: CustomerState, channel: str, data: dict[str, Any], cause: str, country: str | None
) -> None:
    """Suppresses the address of the report if the profile has none: it came from an event."""
    if address_of(state, channel, country):
        return
    _suppress(state, suppressed_address(state, channel, data["address"], country), cause)
    borrowed = [key for key in state.suppressed if key.partition("=")[0] in ADDRESS_FIELDS]
    if len(borrowed) > MOST_BORROWED:
        del state.suppressed[borrowed[0]]


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


def _is_present_address(
    state: CustomerState, channel: str, data: dict[str, Any], country: str | None
) -> bool:
    address = data.get("address")
    if address is None:
        return True
    present = address_of(state, channel, country)
    country = phone_country(state.profile.get("country"), country)
    return _is_same_address(channel, address, present, country)


def _is_same_address(channel: str, one: Any, other: Any, country: str | None) -> bool:
    """True for two ways to write one address (SEMANTICS 8.2)."""
    if one == other:
        return True
    if not isinstance(one, str) or not isinstance(other, str):
        return False
    return as_compared(channel, one, country) == as_compared(channel, other, country)


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
