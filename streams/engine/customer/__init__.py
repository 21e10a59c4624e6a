"""The state of one customer, and how events change it (step 2 of SEMANTICS 5.1).

Profile and consent, orders and cart, past events, touches, interests, journeys. Nothing here knows
a flow. Start with `state.py`; `update.py` says what each metric does to the state, `orders.py` how
an order changes a customer's value.
"""

from streams.engine.customer.entries import KEYS_KEPT, entries_of, last_entry, remember_entry
from streams.engine.customer.handled import is_handled, note_handled
from streams.engine.customer.interest import (
    BOUGHT,
    LONGEST_SKU,
    PERIODS,
    SHOWN,
    Watching,
    is_key,
    is_waited_for,
    withdraw_all,
)
from streams.engine.customer.journey import (
    REACHED,
    SENT,
    TIMEOUT_AT,
    Journey,
    JourneyState,
    encode_data,
    move,
    note_of,
    noted_of,
    put_off,
)
from streams.engine.customer.learning import Counts, counts_in, each_word, hashed_words
from streams.engine.customer.limits import LARGE_STATE, check_fits, has_room_for_another, make_room
from streams.engine.customer.orders import bought_lately, has_bought
from streams.engine.customer.past import Occurrence, Past
from streams.engine.customer.profile import (
    ADDRESS_FIELDS,
    FORBID_ALL,
    address_of,
    may_be_marketed_to,
    set_field,
)
from streams.engine.customer.situation import Situation
from streams.engine.customer.state import (
    CustomerState,
    Held,
    LastSend,
    Membership,
    NewerState,
    Sent,
    cart_of,
    decode_background,
    decode_state,
    encode_state,
    forget,
    is_forgotten,
    new_state,
)
from streams.engine.customer.touches import last_touch
from streams.engine.customer.update import (
    ALWAYS_READ,
    APPLY,
    SEARCHED,
    Apply,
    Memory,
    purchase_of,
    remember,
)
from streams.engine.customer.value import (
    VALUES,
    mean_fact,
    stand_in_fact,
    value_of_fact,
    value_reader,
)

__all__ = [
    "ADDRESS_FIELDS",
    "ALWAYS_READ",
    "APPLY",
    "BOUGHT",
    "FORBID_ALL",
    "KEYS_KEPT",
    "LARGE_STATE",
    "LONGEST_SKU",
    "PERIODS",
    "REACHED",
    "SEARCHED",
    "SENT",
    "SHOWN",
    "TIMEOUT_AT",
    "VALUES",
    "Apply",
    "Counts",
    "CustomerState",
    "Held",
    "Journey",
    "JourneyState",
    "LastSend",
    "Membership",
    "Memory",
    "NewerState",
    "Occurrence",
    "Past",
    "Sent",
    "Situation",
    "Watching",
    "address_of",
    "bought_lately",
    "cart_of",
    "check_fits",
    "counts_in",
    "decode_background",
    "decode_state",
    "each_word",
    "encode_data",
    "encode_state",
    "entries_of",
    "forget",
    "has_bought",
    "has_room_for_another",
    "hashed_words",
    "is_forgotten",
    "is_handled",
    "is_key",
    "is_waited_for",
    "last_entry",
    "last_touch",
    "make_room",
    "may_be_marketed_to",
    "mean_fact",
    "move",
    "new_state",
    "note_handled",
    "note_of",
    "noted_of",
    "purchase_of",
    "put_off",
    "remember",
    "remember_entry",
    "set_field",
    "stand_in_fact",
    "value_of_fact",
    "value_reader",
    "withdraw_all",
]
