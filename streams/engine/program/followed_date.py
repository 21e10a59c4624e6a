"""A date of the customer that a flow or a wait follows when it changes (SEMANTICS 1.14, 2.10)."""

from collections.abc import Callable
from typing import Any

import msgspec

from streams.engine.customer import CustomerState
from streams.engine.language import Scope, read_as
from streams.engine.values import FieldType, Instant, to_date, zone_of

OF_PROFILE = "profile."
OF_ORDERS = ("order.first", "order.last")
"""The dates of the customer's first and last order: days of the customer's calendar."""


class FollowedDate(msgspec.Struct, frozen=True, eq=False):
    """One date: its name in definitions, and its value for a customer: a text YYYY-MM-DD, or an
    Instant for a field that is a moment; None if it is missing."""

    name: str
    value_of: Callable[[CustomerState], Any]

    @property
    def metric(self) -> str:
        """The metric whose events may change it."""
        return "customer.updated" if self.name.startswith(OF_PROFILE) else "order.placed"


def followed_date(name: str, scope: Scope) -> FollowedDate:
    """The date with that name: `profile.FIELD`, or one of OF_ORDERS."""
    if name.startswith(OF_PROFILE):
        field = name.removeprefix(OF_PROFILE)
        as_type = read_as(scope.profile[field].type, scope)
        return FollowedDate(name, lambda state: as_type(state.profile.get(field)))
    otherwise = scope.zone

    def day_of_order(state: CustomerState) -> str | None:
        at: Instant | None = state.first_order_at if name == OF_ORDERS[0] else state.last_order_at
        if at is None:
            return None
        return to_date(at, zone_of(state.profile.get("timezone"), otherwise)).isoformat()

    return FollowedDate(name, day_of_order)


def type_of_date(name: str, scope: Scope) -> FieldType:
    """DATE or MOMENT, of a date that may be followed."""
    if name.startswith(OF_PROFILE):
        return scope.profile[name.removeprefix(OF_PROFILE)].type
    return FieldType.DATE


def followable_dates(scope: Scope) -> list[str]:
    """The names of all dates that may be followed."""
    of_profile = [name for name, field in scope.profile.items() if field.type in _TYPES]
    return [*(f"{OF_PROFILE}{name}" for name in of_profile), *OF_ORDERS]


_TYPES = (FieldType.DATE, FieldType.MOMENT)
