"""The state of one customer, and how events change it (step 2 of SEMANTICS 5.1).

Profile and consent, orders and cart, past events, touches, interests, journeys. Nothing here knows
a flow. Start with `state.py`; `update.py` maps metrics to their changes of the state, `orders.py`
holds how an order changes a customer's value.
"""

from streams.engine.customer.after_trigger import after_trigger
from streams.engine.customer.concluded import is_concluded, mark_concluded
from streams.engine.customer.flow_entries import KEYS_KEPT, entries_of, last_entry, remember_entry
from streams.engine.customer.held_coupons import end_coupon, valid_coupon
from streams.engine.customer.interest import (
    ENDS_INTEREST,
    LONGEST_SKU,
    PERIODS,
    STARTS_INTEREST,
    InterestChange,
    is_valid_sku,
    is_watched,
    withdraw_all_interests,
)
from streams.engine.customer.journey import (
    REACHED,
    SENT,
    TIMEOUT_AT,
    Journey,
    JourneyState,
    move,
    remember_at,
    remembered_at,
    reschedule,
)
from streams.engine.customer.lifetime_value import (
    VALUES,
    mean_fact,
    stand_in_fact,
    value_of_fact,
    value_reader,
)
from streams.engine.customer.limits import LARGE_STATE, check_fits, forget_oldest, may_add_journey
from streams.engine.customer.orders import bought_lately, has_bought
from streams.engine.customer.past import Occurrence, Past
from streams.engine.customer.profile_updates import (
    ADDRESS_FIELDS,
    FORBID_ALL,
    address_of,
    may_be_marketed_to,
    patch_times,
    set_field,
)
from streams.engine.customer.purchase_counts import Counts, counts_in, each_word, hashed_words
from streams.engine.customer.situation import Situation
from streams.engine.customer.state import (
    CustomerState,
    GivenCoupon,
    LastSend,
    Membership,
    NewerState,
    Sent,
    StateHead,
    StatePrefix,
    cart_of,
    decode_head,
    decode_prefix,
    decode_state,
    due_header,
    encode_state,
    forget_all,
    is_forgotten,
    new_state,
    next_due_in,
)
from streams.engine.customer.touches import last_touch
from streams.engine.customer.trigger_item import (
    about_item,
    item_as_written,
    item_of,
    places_of_articles,
)
from streams.engine.customer.update import (
    ALWAYS_READ,
    APPLY,
    SEARCHED,
    Apply,
    Retention,
    purchase_of,
    remember,
)

__all__ = [
    "ADDRESS_FIELDS",
    "ALWAYS_READ",
    "APPLY",
    "ENDS_INTEREST",
    "FORBID_ALL",
    "KEYS_KEPT",
    "LARGE_STATE",
    "LONGEST_SKU",
    "PERIODS",
    "REACHED",
    "SEARCHED",
    "SENT",
    "STARTS_INTEREST",
    "TIMEOUT_AT",
    "VALUES",
    "Apply",
    "Counts",
    "CustomerState",
    "GivenCoupon",
    "InterestChange",
    "Journey",
    "JourneyState",
    "LastSend",
    "Membership",
    "NewerState",
    "Occurrence",
    "Past",
    "Retention",
    "Sent",
    "Situation",
    "StateHead",
    "StatePrefix",
    "about_item",
    "address_of",
    "after_trigger",
    "bought_lately",
    "cart_of",
    "check_fits",
    "counts_in",
    "decode_head",
    "decode_prefix",
    "decode_state",
    "due_header",
    "each_word",
    "encode_state",
    "end_coupon",
    "entries_of",
    "forget_all",
    "forget_oldest",
    "has_bought",
    "hashed_words",
    "is_concluded",
    "is_forgotten",
    "is_valid_sku",
    "is_watched",
    "item_as_written",
    "item_of",
    "last_entry",
    "last_touch",
    "mark_concluded",
    "may_add_journey",
    "may_be_marketed_to",
    "mean_fact",
    "move",
    "new_state",
    "next_due_in",
    "patch_times",
    "places_of_articles",
    "purchase_of",
    "remember",
    "remember_at",
    "remember_entry",
    "remembered_at",
    "reschedule",
    "set_field",
    "stand_in_fact",
    "valid_coupon",
    "value_of_fact",
    "value_reader",
    "withdraw_all_interests",
]
